"""The first page of a learner's folder: what the course is, how far one has come, and where to go on."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cnncourse.architectures import Architecture, reading_order
from cnncourse.display import still
from cnncourse.learner.progress import ChapterProgress

NAME = "START.md"
TIMELINE = "timeline.svg"  # drawn once: it takes some seconds
WORDS_A_MINUTE, MINUTES_A_CELL = 150, 0.5  # of reading slowly; of running a cell and looking at what comes out
ROUND = 5  # minutes

PAGE = """# Convolutional networks, from LeNet-5 to ResNeXt

{go_on}

Each chapter draws a network from its own code, builds it block by block, and puts the paper's claim to the test on your
machine. Run its cells from top to bottom with Shift+Enter; where one asks for your prediction, make it before you run
on. Then do the exercise: you write the new idea yourself, and each answer is checked at once, with hints to unfold. A
few questions at the end of the chapter show what has stayed. You work on copies of your own: `cnncourse update` brings
a newer course and leaves what you wrote, and `cnncourse reset 3` starts exercise 3 over and keeps your old answers.

{table}

{timeline}

*This page is written anew whenever you open the course. In trouble? `cnncourse doctor` says what to type.*
"""


def write_start_page(folder: Path, progress: Sequence[ChapterProgress], latest: Path | None) -> Path:
    """Write the start page into a learner's folder and return it.

    Args:
        folder: the learner's folder, with the chapters and exercises.
        progress: how far the learner has come, a record a chapter.
        latest: the notebook to go on with, ``None`` for the first chapter.

    """
    records = reading_order()
    come = {chapter.chapter: chapter for chapter in progress}
    rows = [_row(folder, record, come[record.chapter]) for record in records if record.chapter in come]
    heads = "| | chapter | year | minutes | exercise | minutes | points | quiz |\n|" + " --- |" * 8
    page = folder / NAME
    text = PAGE.format(
        go_on=_go_on(folder, records, latest),
        table="\n".join([heads, *rows]),
        timeline=still(_timeline(folder)),
    )
    page.write_text(text, encoding="utf-8")
    return page


def chapter_minutes(notebook: Mapping) -> int:
    """Return about how long a chapter takes, from its words and cells.

    Args:
        notebook: as JSON.

    """
    words = sum(len("".join(cell["source"]).split()) for cell in notebook["cells"] if cell["cell_type"] == "markdown")
    cells = sum(cell["cell_type"] == "code" for cell in notebook["cells"])
    return ROUND * round((words / WORDS_A_MINUTE + cells * MINUTES_A_CELL) / ROUND)


def _go_on(folder: Path, records: Sequence[Architecture], latest: Path | None) -> str:
    if latest is None:
        first = records[0]
        return f"**Begin with [chapter {first.number}, {first.title}](chapters/{first.chapter}.ipynb).**"
    place = latest.relative_to(folder).as_posix()
    record = next((record for record in records if record.chapter in place), None)
    kind = "exercise" if place.startswith("exercises/") else "chapter"
    name = f"{kind} {record.number}, {record.title}" if record else latest.stem
    return f"**Go on with [{name}]({place.replace(' ', '%20')}).**"


def _row(folder: Path, record: Architecture, come: ChapterProgress) -> str:
    path = folder / f"chapters/{record.chapter}.ipynb"
    try:
        minutes = str(chapter_minutes(json.loads(path.read_bytes())))
    except (OSError, ValueError, KeyError, TypeError):  # moved, or cut short: the learner's folder is the learner's
        minutes = ""
    exercise = record.exercise()
    cells = (
        record.number,
        f"[{record.title}](chapters/{record.chapter}.ipynb)",
        record.year,
        minutes,
        " ".join(
            f"[{path.stem}](exercises/{record.chapter}/{path.name.replace(' ', '%20')})"
            for path in sorted((folder / "exercises" / record.chapter).glob("*.ipynb"))
        ),
        sum(part.minutes for part in exercise.parts),
        f"{come.points:g} of {come.possible}",
        f"{come.right} of {come.questions}",
    )
    return "| " + " | ".join(map(str, cells)) + " |"


def _timeline(folder: Path) -> str:
    path = folder / TIMELINE
    if not path.exists():
        from cnncourse.history.timeline import timeline

        timeline().save(path)
    return path.read_text(encoding="utf-8")
