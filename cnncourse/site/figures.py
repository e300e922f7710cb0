"""The chapters' figures on a page: the still picture, and what makes it answer without a kernel."""

import ast
import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from cnncourse.display import RUN_IT
from cnncourse.drawing.explorer import NetworkExplorer
from cnncourse.drawing.hands_on import MADE_FROM, HandsOn, made_again
from cnncourse.site.opening import opened
from cnncourse.site.shared import packed
from cnncourse.site.slicing import value_of
from cnncourse.site.turning import Control, Turned, turned

MOST_BYTES = 150_000  # of one figure's script
STANDS_STILL = "<noscript><p><i>This figure answers where JavaScript is allowed.</i></p></noscript>"
TRAINED = "This is a still picture: it depends on what was trained in the chapter. In JupyterLab you turn it by hand."
UNSTABLE = "nbval-ignore-output"


@dataclass(frozen=True)
class LiveFigure:
    """A figure that a page makes answer.

    Attributes:
        name: by which the page's script asks for its states.
        script: the states, to be loaded when they are first asked for.
        before: HTML before the still picture.
        after: HTML after it.

    """

    name: str
    script: str
    before: str
    after: str

    def around(self, still: str, way: str) -> str:
        """Return the whole figure as HTML.

        Args:
            still: the picture as the notebook has it.
            way: from the page to the folder of the scripts.

        """
        picture = still.replace(f"<div><i>{html.escape(RUN_IT)}</i></div>", "")
        before = self.before.replace("SCRIPT", f"{way}/{self.name}.js")
        return f'{before}<div class="cnncourse-picture">{picture}</div>{STANDS_STILL}{self.after}</figure>'

    def write(self, folder: Path) -> None:
        """Write the states into a folder; made if it is not there."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.js").write_text(self.script, encoding="utf-8")


def is_figure(cell: NotebookNode) -> bool:
    """Whether a cell shows an interactive figure: its last statement calls something named explore."""
    if cell.cell_type != "code":
        return False
    match ast.parse(cell.source).body:
        case [*_, ast.Expr(ast.Call(ast.Name(name)))]:
            return name.startswith("explore")
    return False


def live_figure(cells: Sequence[NotebookNode], number: int, name: str) -> LiveFigure | None:
    """Return a chapter's figure, ``None`` if its picture is not the one that the chapter was committed with.

    Args:
        cells: the chapter's code cells.
        number: of the cell that shows the figure.
        name: of the figure, unique on the site.

    """
    committed = next(output.data for output in cells[number].outputs if "data" in output)
    if MADE_FROM in committed:
        shown = made_again(committed[MADE_FROM])
    elif UNSTABLE in cells[number].metadata.get("tags", ()):
        return None
    else:
        shown = value_of([cell.source for cell in cells], number)
    if shown._repr_mimebundle_()["text/html"] != "".join(committed["text/html"]):
        return None
    return _opened(shown, name) if isinstance(shown, NetworkExplorer) else _turned(shown, name)


def _turned(figure: HandsOn, name: str) -> LiveFigure:
    states = turned(figure)
    script = packed(name, states.content)
    while len(script) > MOST_BYTES:
        states = states.thinner()
        script = packed(name, states.content)
    controls = "".join(_control(control, f"{name}-{place}") for place, control in enumerate(states.controls))
    return LiveFigure(
        name,
        script,
        f'<figure class="cnncourse-turned" data-name="{name}" data-script="SCRIPT">',
        f'<div class="cnncourse-controls" role="group" aria-label="Turn this figure">{controls}</div>'
        f'<p class="cnncourse-words" role="status"></p>{_note(states)}',
    )


def _control(control: Control, place: str) -> str:
    name, number = html.escape(control.name), control.values.index(control.first)
    match control.kind:
        case "range":
            labels, first = html.escape(json.dumps(control.labels)), control.labels[number]
            field = (
                f'<input type="range" autocomplete="off" id="{place}" min="0" max="{len(control.labels) - 1}" '
                f'value="{number}" '
                f'data-labels="{labels}" aria-valuetext="{html.escape(first)}">'
                f'<span class="cnncourse-value" aria-hidden="true">{html.escape(first)}</span>'
            )
        case "choice":
            options = "".join(
                f"<option{' selected' if each == number else ''}>{html.escape(label)}</option>"
                for each, label in enumerate(control.labels)
            )
            field = f'<select autocomplete="off" id="{place}">{options}</select>'
        case _:
            field = f'<input type="checkbox" autocomplete="off" id="{place}"{" checked" if control.first else ""}>'
    return f'<div class="cnncourse-control"><label for="{place}">{name}</label> {field}</div>'


def _note(states: Turned) -> str:
    return f"<figcaption>{html.escape(states.said)}</figcaption>" if states.said else ""


def _opened(explorer: NetworkExplorer, name: str) -> LiveFigure:
    title = html.escape(explorer.first_state.drawing.title)
    return LiveFigure(
        name,
        packed(name, opened(explorer).content),
        f'<figure class="cnncourse-opened" data-name="{name}" data-script="SCRIPT">'
        f'<button type="button" class="cnncourse-open-it">Open, fold and colour {title}</button>',
        "<figcaption>In JupyterLab you also change the size of the image.</figcaption>",
    )
