"""JupyterLab on a learner's folder, or on the course itself, with the course's own settings."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

SETTINGS = Path(__file__).resolve().parent.parent / "lab_settings"


def lab_command(folder: Path, place: str) -> list[str]:
    """Return the command that opens JupyterLab.

    Args:
        folder: what is opened.
        place: the file in it that is shown first.

    """
    command = [*_jupyter("jupyterlab", folder), f"--LabApp.default_url=/lab/tree/{quote(place)}"]
    if os.environ.get("NO_BROWSER"):
        command.append("--no-browser")
    if os.name == "posix" and os.geteuid() == 0:
        command.append("--allow-root")  # in a container there is often nobody else
    return command


def hub_command(folder: Path, place: str, more: Sequence[str]) -> list[str]:
    """Return the command that a JupyterHub starts for somebody: JupyterLab behind the hub's login.

    Args:
        folder: what is opened.
        place: the file in it that is shown first, "" for none.
        more: what the hub adds.

    """
    address = f"/lab/tree/{quote(place)}" if place else "/lab"
    return [*_jupyter("jupyterhub.singleuser", folder), f"--ServerApp.default_url={address}", *more]


def _jupyter(module: str, folder: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        module,
        f"--ServerApp.root_dir={folder}",
        # The course's own defaults: no pop-up that asks about news, and no calls to the network.
        f"--LabApp.app_settings_dir={SETTINGS}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        # A widget that is saved says “model not found” the next day; its still picture does not.
        "--FileContentsManager.pre_save_hook=cnncourse.notebooks.save_without_widgets",
    ]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Say where the extension of Jupyter's server is, which lab_settings/cnncourse.json enables."""
    return [{"module": __name__}]


def _load_jupyter_server_extension(server: "ServerApp") -> None:
    """Have widgets left out of the course's notebooks in any JupyterLab, as in the course's own."""
    from cnncourse.notebooks import save_without_widgets

    server.contents_manager.register_pre_save_hook(save_without_widgets)
