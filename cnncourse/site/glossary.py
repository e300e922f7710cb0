"""The words of the glossary's appendix: an anchor for each, and a link where a page first uses it."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

PAGE = "chapters/appendix-glossary"
LINKED = ("chapters/", "exercises/")  # pages whose words are linked
ROW = re.compile(r"^\| (?!word )(?!---)([^|]+?) \| ([^|]+?) \|", re.MULTILINE)
LEFT_ALONE = (
    nodes.title,
    nodes.reference,
    nodes.literal,
    nodes.literal_block,
    nodes.raw,
    nodes.table,
    nodes.comment,
    nodes.caption,
)


@dataclass(frozen=True)
class Word:
    """A word of the glossary.

    Attributes:
        name: as it is used in a text, without brackets.
        meaning: in a sentence.
        anchor: of its row on the glossary's page.

    """

    name: str
    meaning: str
    anchor: str

    @property
    def pattern(self) -> str:
        """What it is found by: the word by itself, in the singular or the plural."""
        if self.name.endswith("y"):
            return rf"{re.escape(self.name[:-1])}(?:y|ies)"
        return rf"{re.escape(self.name)}(?:e?s)?"


def words_of(course: Path) -> list[Word]:
    """Read the glossary.

    Args:
        course: the course's folder.

    """
    notebook = json.loads((course / f"{PAGE}.ipynb").read_text(encoding="utf-8"))
    text = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    return [
        Word(name, meaning.replace("*", ""), anchor_of(head))
        for head, meaning in ROW.findall(text)
        for name in _names(head)
    ]


def anchor_of(head: str) -> str:
    """Return the anchor of a row that begins with these words."""
    return "word-" + re.sub(r"[^a-z0-9]+", "-", head.lower()).strip("-")


def _names(head: str) -> Iterator[str]:
    """Return the words that a row explains: "channel, (feature) map" has channel, feature map and map."""
    for each in head.split(", "):
        within = re.search(r"\(([^)]+)\)", each)
        outside = re.sub(r"\s*\([^)]+\)\s*", " ", each).strip()
        yield outside
        if within:
            yield within[1] if within[1].isupper() else re.sub(r"[()]", "", each)


def setup(app: Sphinx) -> dict[str, object]:
    """Tell Sphinx what to do with the words."""
    app.add_config_value("glossary_words", [], "env")
    app.connect("doctree-read", _mark_rows)
    app.connect("doctree-resolved", _link_words)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def _mark_rows(app: Sphinx, doctree: nodes.document) -> None:
    if app.env.docname != PAGE:
        return
    for row in doctree.findall(nodes.row):
        row["ids"].append(anchor_of(row.children[0].astext()))


def _link_words(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    words: Sequence[Word] = app.config.glossary_words
    if docname == PAGE or not docname.startswith(LINKED) or not words:
        return
    left = {word.name.lower(): word for word in words}
    home = app.builder.get_relative_uri(docname, PAGE)
    for text in list(doctree.findall(nodes.Text)):
        if left and not _is_inside(text, LEFT_ALONE) and _is_inside(text, (nodes.paragraph,)):
            parts = list(_linked(str(text), left, home))
            if len(parts) > 1:
                text.parent.replace(text, parts)


def _is_inside(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def _linked(text: str, left: dict[str, Word], home: str) -> Iterator[nodes.Node]:
    """Return a text in pieces, with links where a word is that was not linked before; longer words first."""
    end = 0
    longest_first = sorted(left.values(), key=lambda word: -len(word.name))
    pattern = "|".join(f"({word.pattern})" for word in longest_first)
    for found in re.finditer(rf"(?<![\w-])(?:{pattern})(?![\w-])", text, re.IGNORECASE):
        word = longest_first[found.lastindex - 1]
        if word.name.lower() not in left:
            continue
        del left[word.name.lower()]
        yield nodes.Text(text[end : found.start()])
        link = nodes.reference(
            "",
            found[0],
            internal=True,
            refuri=f"{home}#{word.anchor}",
            classes=["cnncourse-word"],
            reftitle=word.meaning,
        )
        yield link
        end = found.end()
    yield nodes.Text(text[end:])
