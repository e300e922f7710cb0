"""A machine with a JupyterHub for a class, set up by what the instructor's guide says."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.lab import wait_for

LEARNERS = ("ada", "bob")  # those whom the guide makes
TEACHER = "teacher"
# Not of the class's settings: it lets tests ask JupyterLab what it has done.
FOR_TESTS = '{"LabApp": {"expose_app_in_browser": true}}'


def password(user: str) -> str:
    """Return a user's password."""
    return f"{user}, and nobody else"


@dataclass(frozen=True)
class Machine:
    """A machine that runs.

    Attributes:
        address: of its hub.
        folder: what is in its /etc, /home and /srv.

    """

    address: str
    folder: Path

    def home(self, user: str) -> Path:
        """Return a user's home, as it is seen from outside."""
        return self.folder / "home" / user


def typed_in_guide(project: Path, heading: str) -> str:
    """Return what the guide says to type, from the first box after a bold heading."""
    guide = (project / "docs/instructors-guide.md").read_text(encoding="utf-8")
    return re.search(rf"\*\*{re.escape(heading)}\*\*.*?^```\n(.*?)^```", guide, re.MULTILINE | re.DOTALL)[1]


@contextmanager
def machine(project: Path, folder: Path) -> Iterator[Machine]:
    """Set a machine up in a folder, and start its hub."""
    environment = project / "build/hub"
    for needed in ("bin/jupyterhub", "node_modules/.bin/configurable-http-proxy"):
        if not (environment / needed).exists():
            pytest.fail(f"there is no build/hub/{needed}: make hub-test installs it")
    if os.geteuid() != 0:
        pytest.fail("only root can make users and let a hub switch to them: sudo make hub-test, or in a container")
    for name in ("home", "root", "srv", "state"):
        (folder / name).mkdir()
    subprocess.run(["cp", "--archive", "/etc", folder], check=True)
    hub, *others = _free_ports(3)
    path, start = _as_the_unit(project, environment, hub, *others)
    passwords = "\n".join(f"{user}:{password(user)}" for user in (*LEARNERS, TEACHER))
    script = f"""set -eu
        systemctl() {{ :; }}  # there is none in here: what it would start follows
        {typed_in_guide(project, "Users and settings.")}
        chpasswd <<'END'\n{passwords}\nEND
        echo '{FOR_TESTS}' > /etc/jupyter/jupyter_server_config.json
        cd {folder / "state"}
        exec {start}
    """
    log = folder / "hub.log"
    with log.open("w") as output:
        running = subprocess.Popen(
            [
                *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                *("/bin/sh", project / "tests/hub/own_machine.sh", folder, "/bin/sh", "-c", script),
            ],
            cwd=project,
            env={"HOME": "/root", "KEEP": f"{project}:{sys.base_prefix}", "PATH": path},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{hub}"
        wait_for(running, address + "/hub/health", log)
        yield Machine(address, folder)
    finally:
        running.kill()  # and all that runs in there
        running.wait()
        shutil.rmtree(folder / "etc")


def _as_the_unit(project: Path, environment: Path, port: int, hub_port: int, proxy_port: int) -> tuple[str, str]:
    """Return the path and the command of the system's unit, with what was installed here and ports that are free."""
    unit = (project / "docs/jupyterhub/jupyterhub.service").read_text(encoding="utf-8")
    unit = unit.replace("/opt/cnncourse", str(environment)).replace(":8000", f":{port}")
    path, start = (re.search(rf"^{name}=(.*)$", unit, re.MULTILINE)[1] for name in ("Environment=PATH", "ExecStart"))
    node = Path(shutil.which("node") or "/usr/bin/node").parent
    proxy = f"http://127.0.0.1:{proxy_port}"
    return (
        f"{path}:{environment}/node_modules/.bin:{node}:/usr/sbin:/sbin",
        f"{start} --JupyterHub.hub_port={hub_port} --ConfigurableHTTPProxy.api_url={proxy}",
    )


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
