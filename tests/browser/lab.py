"""A real JupyterLab, opened with ``cnncourse lab`` by somebody whose computer has never seen the course."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# A wrong answer to the first part of chapter 1.
DENSE_C3 = """
class C3(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.convolution = nn.Conv2d(6, len(table), 5)

    def forward(self, maps):
        return self.convolution(maps)
"""

SEEN = """[...document.querySelectorAll('.jp-OutputArea-output img')]
    .filter(picture => picture.complete && picture.naturalWidth > 0 && picture.getBoundingClientRect().width > 50)
    .map(picture => picture.alt)"""


def folders_of_their_own(home: Path) -> dict[str, str]:
    """Return an environment in which Jupyter knows no setting, no signature and no place of whoever runs the tests."""
    return os.environ | {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "CNNCOURSE_PROGRESS": str(home / "progress.jsonl"),
    }


@contextmanager
def opened(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[str]:
    """Open JupyterLab with a command of the course, and give its address."""
    home = Path(environment["HOME"])
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "ServerApp": {"ip": "127.0.0.1", "port": port, "port_retries": 0},
        "IdentityProvider": {"token": ""},
        "LabApp": {"expose_app_in_browser": True},
    }
    (home / "config").mkdir(exist_ok=True)
    (home / "config/jupyter_server_config.json").write_text(json.dumps(settings))
    log = home / "lab.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "cnncourse.cli", *command],
            cwd=folder,
            env=environment | {"NO_BROWSER": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(server, address + "/api/status", log)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:  # JupyterLab may wait for ever if it is stopped while a page loads
            server.kill()
            server.wait()


def wait_for(server: subprocess.Popen, address: str, log: Path) -> None:
    """Wait until a server answers at an address; fail with what it has said if it ends, or does not in ten minutes."""
    for _ in range(2400):
        if server.poll() is not None:
            pytest.fail(f"the server ended at once:\n{log.read_text()}")
        try:
            urllib.request.urlopen(address, timeout=60).read()
            return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"the server did not answer within ten minutes:\n{log.read_text()}")


@contextmanager
def new_page(browser, *, width, height):
    """Open an empty page of some size, on which everything may take long."""
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_default_timeout(300_000)
    yield page
    page.close()


def open_notebook(page, address):
    """Open a notebook, and wait until its kernel has nothing to do."""
    page.goto(address, wait_until="domcontentloaded")
    _wait_for_kernel(page)


def go_to_notebook(page, lab, path):
    """Open a notebook in the place of all others; in a JupyterLab that is there already, which spares its start."""
    if not page.url.startswith(lab):
        open_notebook(page, f"{lab}/lab/tree/{path}?reset")
        return
    page.evaluate(
        """async path => {
            const { shell, commands } = window.jupyterapp;
            for (const widget of [...shell.widgets("main")]) {
                if (widget.context) widget.context.model.dirty = false;  // nobody is asked whether to save it
                widget.close();
            }
            await commands.execute("docmanager:open", { path });
        }""",
        path,
    )
    page.wait_for_function("path => window.jupyterapp.shell.currentWidget?.context?.path === path", arg=path)
    _wait_for_kernel(page)


def _wait_for_kernel(page):
    page.wait_for_selector(".jp-Notebook .jp-CodeCell")
    page.wait_for_function(
        "window.jupyterapp?.shell?.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
    )


def run_all_cells(page):
    """Run a notebook from top to bottom."""
    # Lab's command resolves only when all cells are done; the page must stay free to be asked.
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.wait_for_function(
        """() => window.jupyterapp.shell.currentWidget.content.widgets
            .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.source.trim())
            .every(cell => cell.model.executionCount && cell.model.executionState !== 'running')""",
        timeout=600_000,
    )


def save(page):
    """Save the notebook that is open."""
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")


def errors(page):
    """Return what cells raised, or wrote to stderr."""
    return page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells
            .filter(cell => cell.cell_type === 'code')
            .flatMap(cell => cell.toJSON().outputs)
            .filter(output => output.output_type === 'error' || output.name === 'stderr')
            .map(output => output.evalue || output.text)"""
    )


def seen_pictures(page, number):
    """Wait until so many pictures are seen, as JupyterLab fills a notebook little by little, and return their words."""
    page.wait_for_function(f"number => {SEEN}.length >= number", arg=number)
    return page.evaluate(SEEN)


def answer(page, cell_number, text):
    """Replace a code cell's text as a learner does, run it and the check below it, and return the report."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(cell_number)
    report = page.locator(".jp-Notebook .jp-CodeCell").nth(cell_number + 1).locator(".cnncourse-report")
    report.evaluate("element => element.setAttribute('data-old', '')")
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text.strip())
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    new = page.locator(".jp-Notebook .jp-CodeCell").nth(cell_number + 1).locator(".cnncourse-report:not([data-old])")
    new.wait_for()
    return new
