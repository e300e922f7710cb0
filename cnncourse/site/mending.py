"""What the theme and Markdown leave out for readers who do not see a page, or whose browser runs no scripts.

It is put into the pages that Sphinx has built.
"""

import re
from pathlib import Path

# Where no script runs, what would need one is not there: a line, or the question as in the notebook, is in its place.
NEED_SCRIPTS = ".cnncourse-controls, .cnncourse-words, .cnncourse-open-it, .cnncourse-answer, .cnncourse-come"
MENDED = (
    (re.compile("</head>"), f"<noscript><style>{NEED_SCRIPTS} {{ display: none }}</style></noscript></head>"),
    # Headings of the navigation say how deep they are.
    (re.compile(r'<p class="caption" role="heading">'), '<p class="caption" role="heading" aria-level="2">'),
    # Two asides are told apart by their names.
    (re.compile(r'<aside class="sidebar-drawer">'), '<aside class="sidebar-drawer" aria-label="All pages">'),
    (re.compile(r'<aside class="toc-drawer([^"]*)">'), r'<aside class="toc-drawer\1" aria-label="On this page">'),
    # The upper left corner of a table is no heading.
    (re.compile(r"<th(?: [^>]*)?>(?:<p></p>)?</th>"), "<td></td>"),
    (re.compile(r'<div id="search-results"></div>'), '<h1>Search</h1><div id="search-results"></div>'),
)


def mend(folder: Path) -> None:
    """Mend every page of a folder and what is in it."""
    for path in folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for pattern, replacement in MENDED:
            text = pattern.sub(replacement, text)
        path.write_text(text, encoding="utf-8")
