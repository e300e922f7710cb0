"""A notebook as a page: as it was committed, but its figures, predictions and quiz answer."""

import ast
import html
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cnncourse.architectures import CATALOGUE
from cnncourse.architectures.catalogue import Architecture
from cnncourse.display import RUN_IT
from cnncourse.site.answers import prediction_form, quiz_form, recall, summary
from cnncourse.site.figures import TRAINED, LiveFigure, is_figure, live_figure
from cnncourse.site.repository import Repository
from cnncourse.site.stills import Stills

ASKS = {"predict", "predicted", "quiz", "progress"}
TITLE = re.compile(r"^# .+\n?")


@dataclass(frozen=True)
class Chapter:
    """A notebook of the course.

    Attributes:
        path: within the course, such as "chapters/01-lenet-5.ipynb".
        notebook: as it was committed.

    """

    path: str
    notebook: NotebookNode

    @classmethod
    def read(cls, course: Path, path: str) -> "Chapter":
        """Read a notebook of the course."""
        return cls(path, nbformat.read(course / path, as_version=4))

    @property
    def record(self) -> Architecture | None:
        """The architecture that it is about, ``None`` for appendices about none."""
        return next((record for record in CATALOGUE if record.chapter in self.path), None)

    @property
    def master(self) -> str:
        """The file to edit: exercises are made from the instructor's masters."""
        return self.path.replace("exercises/", "solutions/", 1)

    @property
    def kind(self) -> str:
        """What it is: "chapter", "appendix" or "exercise"."""
        if self.path.startswith("exercises/"):
            return "exercise"
        return "appendix" if "appendix" in self.path else "chapter"

    @property
    def title(self) -> str:
        """Its heading."""
        return TITLE.match(self.notebook.cells[0].source)[0].removeprefix("# ").strip()

    @property
    def entry(self) -> str:
        """What stands for it in a table of contents."""
        name = self.path.removesuffix(".ipynb")
        if self.kind != "exercise":
            return name
        return f"{self.title.partition(':')[0].removeprefix('Exercise ')} <{name}>"

    @property
    def up(self) -> str:
        """The way from its page to the top of the site."""
        return "../" * self.path.count("/")

    def figures(self) -> dict[int, LiveFigure]:
        """Make its figures alive; by the number of their code cell."""
        cells = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        name = Path(self.path).stem
        numbers = [number for number, cell in enumerate(cells) if is_figure(cell)]
        made = {number: live_figure(cells, number, f"{name}-{number}") for number in numbers}
        return {number: figure for number, figure in made.items() if figure is not None}

    def page(self, figures: dict[int, LiveFigure], stills: Stills, repository: Repository) -> NotebookNode:
        """Return the notebook that Sphinx makes a page of.

        Args:
            figures: those that are alive, by the number of their code cell.
            stills: where its pictures are kept.
            repository: where the course is kept in public.

        """
        cells, number = [], 0
        for cell in self.notebook.cells:
            shown = nbformat.from_dict(cell)
            if cell.cell_type == "code":
                shown.outputs = self._outputs(cell, figures.get(number), stills)
                shown.metadata = nbformat.from_dict({})
                number += 1
            cells.append(shown)
        title = TITLE.match(cells[0].source)[0]
        cells[0].source = f"{title}\n{self._line(repository)}\n\n{cells[0].source[len(title) :]}"
        return nbformat.v4.new_notebook(cells=cells, metadata=self.notebook.metadata)

    def _outputs(self, cell: NotebookNode, figure: LiveFigure | None, stills: Stills) -> list[NotebookNode]:
        asked = self._asked(cell.source)
        if "predict" in asked or "quiz" in asked or "progress" in asked:
            forms = "".join(self._form(name, arguments) for name, arguments in asked.items())
            # Without JavaScript the questions stand there as in a notebook without a kernel, their answers to unfold.
            plain = "" if "progress" in asked else "".join(map(_html, cell.outputs))
            return [_shown(f"{forms}<noscript>{plain}</noscript>" if plain else forms)]
        outputs = [self._output(output, figure, stills) for output in cell.outputs]
        if "predicted" in asked:
            names = asked["predicted"]
            outputs.append(_shown("".join(recall(self.record.chapter, self._prediction(name)) for name in names)))
        return outputs

    def _output(self, output: NotebookNode, figure: LiveFigure | None, stills: Stills) -> NotebookNode:
        shown = nbformat.from_dict(output)
        if "text/html" in shown.get("data", {}):
            picture = stills.moved_out(shown.data["text/html"], f"{self.up}_static/stills")
            if figure is not None:
                picture = figure.around(picture, f"{self.up}_static/figures")
            shown.data = nbformat.from_dict({"text/html": picture.replace(html.escape(RUN_IT), html.escape(TRAINED))})
        return shown

    def _asked(self, source: str) -> dict[str, list[str]]:
        """Return what a cell asks the learner or recalls: by the function, the last argument of each call."""
        asked: dict[str, list[str]] = {}
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ASKS:
                words = [each.value for each in node.args if isinstance(each, ast.Constant)]
                asked.setdefault(node.func.id, []).append(words[1] if len(words) > 1 else "")
        return asked

    def _form(self, name: str, arguments: list[str]) -> str:
        record = self.record
        match name:
            case "predict":
                return "".join(prediction_form(record.chapter, self._prediction(each)) for each in arguments)
            case "quiz":
                return quiz_form(record.chapter, record.questions())
            case _:
                return summary(record.chapter, len(record.predictions()), len(record.questions()))

    def _prediction(self, name: str) -> object:
        return next(each for each in self.record.predictions() if each.name == name)

    def _line(self, repository: Repository) -> str:
        """Return what one can do with the notebook, as HTML."""
        links = (
            (f"{self.up}notebooks/{self.path}", "Download", " download"),
            (repository.colab(self.path), "Colab", ""),
            (repository.kaggle(self.path), "Kaggle", ""),
            (repository.binder(self.path), "Binder", ""),
            (repository.edit(self.master), "Edit", ""),
        )
        each = "".join(f'<li><a href="{html.escape(to)}"{more}>{name}</a></li>' for to, name, more in links)
        return f'<nav class="cnncourse-line" aria-label="This notebook"><ul>{each}</ul></nav>'


def ready(chapter: Chapter, repository: Repository) -> NotebookNode:
    """Return a notebook that installs the course where it is missing, for Colab, Kaggle and whoever downloads it.

    Args:
        chapter: as it was committed; its outputs stay.
        repository: where the course is installed from.

    """
    source = (
        "# Where the course is not installed, as on Colab and Kaggle, this installs it; elsewhere it does nothing.\n"
        "import importlib.util\n\n"
        'if importlib.util.find_spec("cnncourse") is None:\n'
        f'    %pip install --quiet "{repository.install}"'
    )
    notebook = nbformat.from_dict(chapter.notebook)
    notebook.cells.insert(1, nbformat.v4.new_code_cell(source, id="install-the-course"))
    return notebook


def _html(output: NotebookNode) -> str:
    return "".join(output.get("data", {}).get("text/html", ""))


def _shown(shown: str) -> NotebookNode:
    return nbformat.v4.new_output("display_data", {"text/html": shown})
