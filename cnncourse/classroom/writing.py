"""Write a file in one step, so that an interruption leaves the old file or the new one, never half of it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Open a text file that takes the place of ``path`` once all is written; the folder is made if it is not there.

    Only the user can read it: grades are nobody else's business.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # newline="": the same bytes on every system, and those that the csv module chooses.
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, suffix=".tmp", delete=False, encoding="utf-8", newline="", errors="replace"
    ) as file:
        unfinished = Path(file.name)
        try:
            yield file
        except BaseException:
            file.close()
            unfinished.unlink()
            raise
    unfinished.replace(path)
