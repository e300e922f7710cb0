"""The site's pages as Sphinx reads them, each made from the one place where its text is kept."""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cnncourse.history.gallery import drawings
from cnncourse.history.timeline import timeline
from cnncourse.site.repository import BRANCH, Repository
from cnncourse.site.stills import Stills

# Which of the README's sections are on which page; the first page begins with what stands above them all.
README_PAGES = {
    "index": ("", "The chapters", "How to read a chapter"),
    "install": ("Two commands", "Without installing", "Your own folder"),
    "networks": ("Look at a network",),
    "trained": ("Use a trained network, or train one",),
    "instructors": ("For instructors",),
}
TITLES = {
    "index": "Convolutional networks, from LeNet-5 to ResNeXt",
    "install": "Install it",
    "networks": "Look at a network",
    "trained": "Use a trained network, or train one",
    "instructors": "For instructors",
}
ELSEWHERE = ("Changing the course",)  # sections that only say where another page is
REFERENCE = {
    "cnncourse": "What notebooks call",
    "cnncourse.architectures": "The networks",
    "cnncourse.measure": "Measuring",
    "cnncourse.training": "Training",
    "cnncourse.experiments": "Experiments",
    "cnncourse.data": "Images",
    "cnncourse.drawing": "Drawing",
    "cnncourse.weights": "Published weights",
}
HEADING = re.compile(r"^## (.+)\n", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)(#[^)\s]+)?\)")


@dataclass(frozen=True)
class Pages:
    """Where the pages come from and where they go.

    Attributes:
        course: the course's folder.
        source: the folder that Sphinx reads.
        repository: where the course is kept in public.

    """

    course: Path
    source: Path
    repository: Repository

    @property
    def stills(self) -> Stills:
        """The folder of pictures."""
        return Stills(self.source / "_static/stills")

    def write(self, name: str, text: str, edited: str = "") -> None:
        """Write a page.

        Args:
            name: without its ending.
            text: in Markdown.
            edited: the file of the course that it is made from, "" for none.

        """
        path = self.source / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        if edited:
            title, _, rest = text.partition("\n")
            line = (
                f'<nav class="cnncourse-line" aria-label="This page"><ul><li><a href="{self.repository.edit(edited)}">'
            )
            text = f"{title}\n\n{line}Edit</a></li></ul></nav>\n\n{rest}"
        path.write_text(text, encoding="utf-8")

    def from_readme(self, trees: str) -> None:
        """Write the pages that the README has the text of.

        Args:
            trees: the tables of contents, at the end of the first page.

        """
        sections = readme_sections(self.course)
        for name, heads in README_PAGES.items():
            one = len(heads) == 1
            text = "\n".join(sections[head] if one or not head else f"## {head}\n{sections[head]}" for head in heads)
            text = f"# {TITLES[name]}\n\n{self._rewritten(text, Path())}"
            text = _headings_up(text) if one else text
            self.write(name, f"{text}\n\n{trees}" if name == "index" else text, "README.md")

    def from_file(self, path: str, name: str) -> None:
        """Write a page from a Markdown file of the course.

        Args:
            path: within the course.
            name: of the page.

        """
        text = (self.course / path).read_text(encoding="utf-8")
        self.write(name, self._rewritten(text, Path(path).parent), path)

    def _rewritten(self, text: str, folder: Path) -> str:
        """Return a text of the course with links that lead to the site's pages, and pictures that are its own."""

        def image(found: re.Match) -> str:
            content = (self.course / folder / found[1]).read_bytes()
            return self.stills.image(content, f'{found[2]} class="cnncourse-beside"', "_static/stills")

        def link(found: re.Match) -> str:
            target = (self.course / folder / found[1]).resolve().relative_to(self.course.resolve()).as_posix()
            return f"]({self._target(target, found[2] or '', folder)})"

        return LINK.sub(link, re.sub(r'<img src="([^"]+)"([^>]*)>', image, text))

    def _target(self, path: str, anchor: str, folder: Path) -> str:
        up = "../" * len(folder.parts)
        if path == "README.md":
            pages = {_anchor(head): name for name, heads in README_PAGES.items() for head in heads}
            return f"{up}{pages.get(anchor, 'index')}.md"
        if path == "CONTRIBUTING.md":
            return f"{up}contributing.md"
        if (self.course / path).is_dir() and path.startswith("exercises/"):
            path = sorted(each.relative_to(self.course).as_posix() for each in (self.course / path).glob("*.ipynb"))[0]
        if (self.course / path).suffix in (".ipynb", ".md"):
            return f"{up}{path}{anchor}"
        return f"{self.repository.url}/blob/{BRANCH}/{path}"

    def gallery(self) -> None:
        """Write the page with all networks, and that of their history."""
        parts = [
            "# Gallery\n\nEvery figure is drawn from the network's own code. B and R in a box stand for batch "
            "normalisation and ReLU, “/2” for a stride of 2, ×4 for four such blocks in a row."
        ]
        for record, drawing in drawings():
            picture = self.stills.drawing(drawing.svg, drawing.alternative_text, "_static/stills")
            chapter = f" [Chapter {record.number}](chapters/{record.chapter}.ipynb)." if record.has_chapter else ""
            parts.append(
                f"## {record.title}\n\n{record.authors}: *{record.paper}*. {record.venue}. New: {record.what_is_new}."
                f'{chapter}\n\n<div class="cnncourse-picture">{picture}</div>'
            )
        self.write("gallery", "\n\n".join(parts))
        history = timeline()
        picture = self.stills.drawing(history.svg, history.alternative_text, "_static/stills")
        self.write(
            "timeline",
            "# Timeline\n\nThe course's networks in order of publication: what is new in each, what it took over from "
            f'whom, and how large it is.\n\n<div class="cnncourse-picture">{picture}</div>',
        )

    def reference(self, parsers: Mapping[str, argparse.ArgumentParser]) -> None:
        """Write the reference of the public names and of the commands.

        Args:
            parsers: of the commands, by their names.

        """
        names = [*REFERENCE, "commands"]
        self.write("reference/index", "# Reference\n\n" + tree("", names))
        for module, title in REFERENCE.items():
            body = f"```{{eval-rst}}\n.. automodule:: {module}\n   :members:\n   :imported-members:\n```"
            self.write(f"reference/{module}", f"# {title}\n\n`{module}`\n\n{body}")
        commands = [f"## cnncourse {name}\n\n```text\n{_help(parser)}\n```" for name, parser in parsers.items()]
        self.write("reference/commands", "# The command\n\n" + "\n\n".join(commands))


def tree(caption: str, names: Sequence[str]) -> str:
    """Return a table of contents in Markdown.

    Args:
        caption: above it, "" for none.
        names: of the pages, without their endings.

    """
    head = f":caption: {caption}\n:hidden:\n" if caption else ""
    return f"```{{toctree}}\n{head}:maxdepth: 1\n\n" + "\n".join(names) + "\n```\n"


def readme_sections(course: Path) -> dict[str, str]:
    """Return the README's text by its headings; what stands above the first is called ""."""
    text = (course / "README.md").read_text(encoding="utf-8").partition("\n")[2]
    _, *rest = pieces = HEADING.split(text)
    return {"": pieces[0], **dict(zip(rest[::2], rest[1::2], strict=True))}


def _anchor(head: str) -> str:
    return "#" + re.sub(r"[^a-z0-9]+", "-", head.lower()).strip("-")


def _headings_up(text: str) -> str:
    return re.sub(r"^##(#+) ", r"#\1 ", text, flags=re.MULTILINE)


def _help(parser: argparse.ArgumentParser) -> str:
    formatter = argparse.HelpFormatter
    parser.formatter_class = lambda prog: formatter(prog, width=90)
    return parser.format_help().strip()
