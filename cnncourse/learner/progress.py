"""The learner's own record: what was answered, predicted and checked, a line an event, never sent anywhere.

The file is only ever added to, each event with a single write, so that notebooks that run at the same time do not cut
into each other's lines.
"""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path


@dataclass(frozen=True)
class Answered:
    """A question of a quiz was answered.

    Attributes:
        chapter: for example "01-lenet-5".
        question: the question's name.
        chosen: the option that was chosen.
        is_right: whether it is the right one.
        time: seconds since 1970.

    """

    chapter: str
    question: str
    chosen: str
    is_right: bool
    time: int | float = field(default_factory=time.time)


@dataclass(frozen=True)
class Predicted:
    """A prediction was made, or changed.

    Attributes:
        chapter: for example "01-lenet-5".
        prediction: the prediction's name.
        value: what was predicted, in the learner's words.
        time: seconds since 1970.

    """

    chapter: str
    prediction: str
    value: str
    time: int | float = field(default_factory=time.time)


@dataclass(frozen=True)
class Checked:
    """An answer to a part of an exercise was checked in a notebook.

    Attributes:
        chapter: for example "01-lenet-5".
        part: the part's name.
        points: points earned.
        possible: points that could be earned.
        passed: by the checks' names, whether each passed.
        time: seconds since 1970.

    """

    chapter: str
    part: str
    points: int | float
    possible: int | float
    passed: dict
    time: int | float = field(default_factory=time.time)


@dataclass(frozen=True)
class Forgotten:
    """All that was recorded of a chapter until then is forgotten.

    Attributes:
        chapter: for example "01-lenet-5".
        time: seconds since 1970.

    """

    chapter: str
    time: int | float = field(default_factory=time.time)


Event = Answered | Predicted | Checked | Forgotten
KINDS: dict[str, type] = {"answer": Answered, "prediction": Predicted, "check": Checked, "reset": Forgotten}


def record_file() -> Path:
    """Return the file that keeps the record: $CNNCOURSE_PROGRESS, or one in the user's data folder."""
    from platformdirs import user_data_path

    return Path(os.environ.get("CNNCOURSE_PROGRESS") or user_data_path("cnncourse") / "progress.jsonl")


def record_event(event: Event) -> str:
    """Add an event to the record; return "", or the reason if it cannot be written: nothing else depends on it."""
    kind = next(name for name, of_kind in KINDS.items() if isinstance(event, of_kind))
    line = json.dumps({"event": kind, **asdict(event)}, ensure_ascii=False)
    # The line end in front keeps the event whole if a crash cut the line before it short.
    data = f"\n{line}\n".encode()
    try:
        path = record_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            written = os.write(descriptor, data)
        finally:
            os.close(descriptor)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
        return str(error)
    return "" if written == len(data) else "the disk is full"


class UnreadableRecordError(Exception):
    """There is a record, and it cannot be read; says where it is, and where it is kept."""


def recorded_events() -> list[Event]:
    """Return what was recorded and not forgotten since, oldest first; lines that cannot be read are passed over."""
    try:
        return read_record()
    except UnreadableRecordError:
        return []


def read_record() -> list[Event]:
    """Return what was recorded and not forgotten since, oldest first; single lines that cannot be read are passed over.

    Raises:
        UnreadableRecordError: if there is a record of which nothing can be read. It is kept under another name, so that
            a new one can begin.

    """
    try:
        path = record_file()
        lines = path.read_bytes().split(b"\n")
    except (FileNotFoundError, RuntimeError):
        return []
    except OSError as error:
        raise UnreadableRecordError(f"Your record cannot be read, and nothing of it is lost: {error}") from error
    found = [event for event in map(_event, lines) if event is not None]
    if not found and any(map(bytes.strip, lines)):
        kept = path.with_name(f"{path.stem}-unreadable-{time.time():.0f}{path.suffix}")
        path.rename(kept)
        raise UnreadableRecordError(f"Of your record nothing can be read. It is kept as {kept}; a new one begins.")
    events: list[Event] = []
    for event in found:
        if isinstance(event, Forgotten):
            events = [earlier for earlier in events if earlier.chapter != event.chapter]
        else:
            events.append(event)
    return events


def _event(line: bytes) -> Event | None:
    """Return the event that a line holds, ``None`` if it cannot be read."""
    try:
        values = json.loads(line)
        kind = KINDS[values.pop("event", "answer")]  # the first records held answers only and did not say so
        event = kind(**values)
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
    return event if all(isinstance(getattr(event, each.name), each.type) for each in fields(event)) else None


@dataclass(frozen=True)
class PartProgress:
    """How far a learner has come with a part of an exercise.

    Attributes:
        name: the part's name.
        possible: points that can be earned in the notebook.
        best: points of the best attempt; ``None`` if there was none.
        latest: points of the latest attempt; ``None`` if there was none.

    """

    name: str
    possible: int
    best: int | float | None = None
    latest: int | float | None = None


@dataclass(frozen=True)
class ChapterProgress:
    """How far a learner has come with a chapter.

    Attributes:
        chapter: for example "01-lenet-5".
        title: the chapter's title.
        parts: the parts of its exercise.
        questions: how many its quiz has.
        answered: how many of them were answered.
        right: how many of the latest answers are right.
        predictions: how many it asks for.
        predicted: how many of them were made.

    """

    chapter: str
    title: str
    parts: tuple[PartProgress, ...]
    questions: int
    answered: int
    right: int
    predictions: int
    predicted: int

    @property
    def points(self) -> int | float:
        """Points of the best attempts at all parts."""
        return sum(part.best or 0 for part in self.parts)

    @property
    def possible(self) -> int:
        """Points that can be earned in the notebook."""
        return sum(part.possible for part in self.parts)


def chapter_progress(
    chapter: str,
    title: str,
    possible: dict[str, int],
    questions: Sequence[str],
    predictions: Sequence[str],
    events: Sequence[Event],
) -> ChapterProgress:
    """Sum up what was recorded of a chapter.

    Args:
        chapter: for example "01-lenet-5".
        title: the chapter's title.
        possible: by the names of the exercise's parts, what each is worth in the notebook.
        questions: names of the quiz's questions.
        predictions: names of the predictions that the chapter asks for.
        events: as ``recorded_events`` gives them; what belongs to other chapters is passed over.

    """
    of_chapter = [event for event in events if event.chapter == chapter]
    attempts: dict[str, list[int | float]] = {name: [] for name in possible}
    for event in of_chapter:
        if isinstance(event, Checked) and event.part in attempts:
            attempts[event.part].append(event.points)
    latest_answers = {e.question: e for e in of_chapter if isinstance(e, Answered) and e.question in questions}
    return ChapterProgress(
        chapter,
        title,
        parts=tuple(
            PartProgress(name, possible[name], max(points, default=None), points[-1] if points else None)
            for name, points in attempts.items()
        ),
        questions=len(questions),
        answered=len(latest_answers),
        right=sum(answer.is_right for answer in latest_answers.values()),
        predictions=len(predictions),
        predicted=len({e.prediction for e in of_chapter if isinstance(e, Predicted) and e.prediction in predictions}),
    )
