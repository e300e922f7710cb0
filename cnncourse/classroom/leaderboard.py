"""The capstone of a class: every design trained in the same way, and a leaderboard that can be published.

A learner's code runs in the sandbox only to write the design down. What is trained is built from that text, in the
judging process: there is nothing of the learner's in it that could cheat.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache, partial
from pathlib import Path

import torch
from markupsafe import Markup
from tqdm import tqdm

from cnncourse.capstone import BRIEF, Blueprint, BlueprintError, Brief, Score, reference_network, score
from cnncourse.capstone.scoring import IMAGE, PATCHES
from cnncourse.checking.exercise import RefusedAnswerError
from cnncourse.checking.raised import AnswerError
from cnncourse.classroom.collecting.collect import collect, read
from cnncourse.classroom.collecting.names import plain_text
from cnncourse.classroom.collecting.submissions import Collection
from cnncourse.classroom.grading.assignment import capstone
from cnncourse.classroom.grading.batch import Task, isolation_here, read_secret
from cnncourse.classroom.grading.grade import LARGEST_NOTEBOOK, Answers, Setup, UnrunnableError, fingerprint, seed_of
from cnncourse.classroom.grading.processes import in_processes
from cnncourse.classroom.grading.writing import UTF_8, Row, replacing, write_table
from cnncourse.classroom.isolation.sandbox import Sandbox, SandboxError
from cnncourse.classroom.reports.disclosure import without_paths
from cnncourse.classroom.reports.pages import TEMPLATES
from cnncourse.data import photo_patches
from cnncourse.drawing import draw

SEEDS = 5
LONGEST_NAME = 40  # characters of a network's name
REFERENCE = "the course's reference network"


@dataclass(frozen=True)
class Entry:
    """One design and what became of it.

    Attributes:
        student: who handed it in, "" for the reference network.
        network: what its maker calls it.
        accuracies: on patches that nobody has seen before, one a seed, 0 to 1; none if it does not count.
        parameters: trainable numbers.
        multiply_adds: for one image.
        time: of a training step, as a multiple of the reference network's.
        passes: whether it keeps to the budget and reaches the accuracy that is asked for.
        problem: why it does not count, "" if it does.
        blueprint: the design as text.
        fingerprint: of all that the result depends on.

    """

    student: str
    network: str
    accuracies: tuple[float, ...] = ()
    parameters: int = 0
    multiply_adds: int = 0
    time: float = 0.0
    passes: bool = False
    problem: str = ""
    blueprint: str = ""
    fingerprint: str = ""

    @classmethod
    def of(cls, student: str, network: str, blueprint: str, scored: Score, mark: str = "") -> "Entry":
        """Return the entry of a design that was scored."""
        return cls(
            student,
            network,
            scored.accuracies,
            scored.cost.parameters if scored.cost else 0,
            scored.cost.multiply_adds if scored.cost else 0,
            round(scored.time.median, 2) if scored.time else 0.0,
            scored.passes,
            "; ".join(scored.problems),
            blueprint,
            mark,
        )

    @property
    def accuracy(self) -> float:
        """Mean over the seeds; 0 if it does not count."""
        return sum(self.accuracies) / len(self.accuracies) if self.accuracies else 0.0

    @property
    def rank_by(self) -> tuple[float, int, int]:
        """Better designs have less of it: more accurate, then fewer multiply-adds, then fewer parameters."""
        return (-round(self.accuracy, 4), self.multiply_adds, self.parameters)

    @classmethod
    def from_json(cls, text: str) -> "Entry":
        """Read an entry.

        Raises:
            ValueError: if the text is none.

        """
        try:
            written = json.loads(text)
            return cls(**(written | {"accuracies": tuple(written["accuracies"])}))
        except (TypeError, KeyError) as error:
            raise ValueError("this is no entry") from error


@dataclass(frozen=True)
class Contest:
    """What all designs of a class are scored by.

    Attributes:
        setup: the capstone's notebook and the secret.
        brief: what a design may cost and must reach.
        seeds: how often each design is trained.

    """

    setup: Setup
    brief: Brief
    seeds: int

    @property
    def seed(self) -> int:
        """What decides patches, initial weights and the order of images."""
        return seed_of(self.setup.secret, self.setup.assignment.exercise.name, "capstone")

    def mark(self, notebook: bytes) -> str:
        """Return a digest of all that a design's score depends on."""
        rules = repr((self.brief, self.seeds))
        return hashlib.sha256((fingerprint(notebook, self.setup, "") + rules).encode()).hexdigest()


@dataclass(frozen=True)
class Leaderboard:
    """What scoring a class did.

    Attributes:
        page: the leaderboard, to be published: networks' names, no learners'.
        entries: all of them, best first; those that do not count at the end.
        missing: learners who handed in nothing.
        problem: why nobody is known to be missing, "" if there is no such problem.
        remarks: what else somebody should know of the whole class.

    """

    page: Path
    entries: tuple[Entry, ...]
    missing: tuple[str, ...]
    problem: str = ""
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        designs = [entry for entry in self.entries if entry.student]
        passed, failed = sum(e.passes for e in designs), sum(bool(e.problem) for e in designs)
        counts = f"{len(designs)} designs, {passed} pass, {failed} do not count, {len(self.missing)} missing"
        return f"{counts}: {self.page}"


def make_leaderboard(
    source: Path,
    folder: Path,
    project: Path,
    *,
    secret: Path | None = None,
    due: datetime | None = None,
    roster: Path | None = None,
    jobs: int = 1,
    require_sandbox: bool = False,
    brief: Brief = BRIEF,
    seeds: int = SEEDS,
) -> Leaderboard:
    """Train and rank what a class designed; interrupted, it goes on where it stopped when it is called again.

    Args:
        source: nbgrader's ``submitted``, a flat folder, or the zip that Canvas or Moodle gives.
        folder: where results, table and page go.
        project: the folder that holds ``exercises``.
        secret: a file whose content decides patches and initial weights; one in ``folder`` is made if left out.
        due: when the capstone was due.
        roster: a table of all learners, to find those who handed in nothing.
        jobs: number of judging processes on this machine.
        require_sandbox: whether to refuse to run learners' code without one.
        brief: what a design may cost and must reach.
        seeds: how often each design is trained.

    Raises:
        LookupError: if the capstone's notebook is not there.
        ValueError: if nothing was handed in, or a file cannot be understood.
        SandboxError: if learners' code cannot be run as asked for.

    """
    handed_out = capstone(project)
    name = handed_out.exercise.name
    collection = collect(source, name, due=due, roster=roster, expected_names=handed_out.notebooks)
    isolation_here(require_sandbox=require_sandbox)
    contest = Contest(Setup.of(handed_out, read_secret(secret or folder / "secret.txt")), brief, seeds)
    entries: dict[str, Entry] = {}
    todo = _todo(collection, contest, folder, entries)
    with (
        closing(in_processes(partial(score_task, contest, require_sandbox), todo, jobs, _given_up)) as scored,
        tqdm(total=len(collection.submissions) + 1, desc="capstone", unit="design") as bar,
    ):
        for student, text in scored:
            entries[student] = Entry.from_json(text)
            with replacing(_path(folder, student)) as file:
                file.write(text)
            bar.update()
        bar.update(bar.total - bar.n)  # those that were up to date
    ranked = sorted(entries.values(), key=lambda entry: (bool(entry.problem), entry.rank_by))
    write_table(folder / "leaderboard.csv", _rows(ranked, collection), mark=UTF_8)
    page = _write_page(folder / "leaderboard.html", ranked, contest)
    missing, of_the_class = collection.surely_missing, collection.of_the_class
    return Leaderboard(page, tuple(ranked), missing, collection.problem, of_the_class)


def _path(folder: Path, student: str) -> Path:
    return folder / "designs" / f"{student or 'reference network'}.json"


def _todo(collection: Collection, contest: Contest, folder: Path, entries: dict[str, Entry]) -> Iterator[Task]:
    """Yield what is still to be scored; what is up to date goes to the entries at once. The first is the reference."""
    reference = _kept(folder, "", contest.mark(b""))
    if reference is None:
        yield Task("", b"")
    else:
        entries[""] = reference
    for submission in collection.submissions:
        try:
            notebook = read(submission, LARGEST_NOTEBOOK)
        except ValueError as error:
            entries[submission.student] = Entry(submission.student, "", problem=str(error))
            continue
        kept = _kept(folder, submission.student, contest.mark(notebook))
        if kept is None:
            yield Task(submission.student, notebook)
        else:
            entries[submission.student] = kept


def _kept(folder: Path, student: str, mark: str) -> Entry | None:
    try:
        entry = Entry.from_json(_path(folder, student).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return entry if entry.fingerprint == mark else None


def _given_up(task: Task, why: str) -> str:
    return json.dumps(asdict(Entry(task.student, "", problem=why)))


# In a judging process ------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _sandbox(setup: Setup, require_sandbox: bool) -> Sandbox:
    """Return this process's sandbox, which stays for all designs that are scored in it."""
    sandbox = Sandbox(isolation_here(require_sandbox=require_sandbox), setup.assignment.modules)
    sandbox.start()
    return sandbox


def score_task(contest: Contest, require_sandbox: bool, task: Task) -> str:
    """Score one design in this process and return the entry as text; the task of no student is the reference network.

    Raises:
        SandboxError: if no code can be run in the sandbox.

    """
    mark = contest.mark(task.notebook)
    if not task.student:
        entry = _scored("", REFERENCE, Blueprint.of(reference_network()).to_json(), contest, mark)
        return json.dumps(asdict(entry))
    sandbox = _sandbox(contest.setup, require_sandbox)
    try:
        entry = score_submission(task, contest, sandbox, mark)
    except SandboxError:
        raise
    except Exception as error:  # nobody else's place may depend on it
        why = f"it could not be scored: {type(error).__name__}: {error}"
        entry = Entry(task.student, "", problem=without_paths(why)[:400], fingerprint=mark)
    return json.dumps(asdict(entry))


def score_submission(task: Task, contest: Contest, sandbox: Sandbox, mark: str) -> Entry:
    """Ask a learner's notebook for its design, and score that."""
    answers = Answers(task.notebook, contest.setup, sandbox)
    try:
        network, blueprint = _written_down(answers, contest.setup)
    except (UnrunnableError, RefusedAnswerError, AnswerError) as error:
        return Entry(task.student, "", problem=_why(error), fingerprint=mark)
    finally:
        answers.close()
    return _scored(task.student, network, blueprint, contest, mark)


def _why(error: Exception) -> str:
    """Say why there is no design."""
    if not isinstance(error, AnswerError):
        return without_paths(str(error))[:400]
    if error.raised.is_stub:
        return "the design is not written yet"
    return without_paths(f"writing the design down raises {error.raised}")[:400]


def _written_down(answers: Answers, setup: Setup) -> tuple[str, str]:
    """Let the notebook write its design down; return the network's name and the text."""
    (asked,) = setup.assignment.asked
    if not answers.run().found.get(asked.name):
        raise UnrunnableError("the notebook's last cell is missing or cannot be run")
    answers.allow(asked.name, 0)
    given = answers.call(asked.name)
    if not (isinstance(given, list) and len(given) == 2 and all(isinstance(text, str) for text in given)):
        raise UnrunnableError("the notebook's last cell gives something else than a name and a design")
    return plain_text(given[0])[:LONGEST_NAME] or "a network without a name", given[1]


def _scored(student: str, network: str, blueprint: str, contest: Contest, mark: str) -> Entry:
    try:
        design = Blueprint.from_json(blueprint)
        seeds = range(contest.seed, contest.seed + contest.seeds)
        data = photo_patches(*PATCHES, seed=contest.seed)
        scored = score(design, seeds=seeds, data=data, brief=contest.brief, progress=False)
    except BlueprintError as error:
        return Entry(student, network, problem=str(error), fingerprint=mark)
    return Entry.of(student, network, blueprint, scored, mark)


def ranks(ranked: Sequence[Entry]) -> Iterator[tuple[int, Entry]]:
    """Yield entries, best first, each with its rank; designs that are as good as each other share one."""
    rank = 1
    for place, entry in enumerate(ranked, start=1):
        rank = rank if place > 1 and entry.rank_by == ranked[place - 2].rank_by else place
        yield rank, entry


# What is written -----------------------------------------------------------------------------------------------------


def _rows(ranked: Sequence[Entry], collection: Collection) -> Iterator[Row]:
    """Yield a line an entry for the instructor, with learners' names."""
    submissions = {submission.student: submission for submission in collection.submissions}
    yield ["rank", "student", "name", "network", "accuracy", "passes", "parameters", "multiply-adds", "time", "remark"]
    for rank, entry in ranks(ranked):
        submission = submissions.get(entry.student)
        remarks = [entry.problem, *(collection.remarks.get(entry.student, ()) if entry.student else ())]
        remarks += ["handed in late"] if submission and submission.late else []
        yield [
            "" if entry.problem else rank,
            entry.student,
            collection.names.get(entry.student, entry.student),
            entry.network,
            f"{entry.accuracy:.4f}" if entry.accuracies else "",
            "yes" if entry.passes else "no",
            entry.parameters or "",
            entry.multiply_adds or "",
            entry.time or "",
            "; ".join(remark for remark in remarks if remark),
        ]
    for student in sorted({*collection.missing, *collection.unread}):
        is_missing = student in collection.surely_missing
        remark = "nothing was handed in" if is_missing else "; ".join(collection.remarks.get(student, ("not found",)))
        yield ["", student, collection.names.get(student, student), "", "", "no", "", "", "", remark]


def _write_page(path: Path, ranked: Sequence[Entry], contest: Contest) -> Path:
    """Write the page that can be published: it names networks, not learners."""
    counted = [entry for entry in ranked if not entry.problem]
    rows = [
        {
            "rank": rank,
            "network": entry.network,
            "is_reference": not entry.student,
            "accuracy": f"{entry.accuracy:.1%}",
            "spread": f"{min(entry.accuracies):.1%} to {max(entry.accuracies):.1%}",
            "passes": entry.passes,
            "parameters": f"{entry.parameters:,}",
            "multiply_adds": f"{entry.multiply_adds:,}",
            "time": f"{entry.time:.1f}",
            "picture": _picture(entry),
        }
        for rank, entry in ranks(counted)
    ]
    page = TEMPLATES.get_template("leaderboard.html").render(
        brief=contest.brief, rows=rows, seeds=contest.seeds, others=len(ranked) - len(counted)
    )
    with replacing(path) as file:
        file.write(page)
    return path


def _picture(entry: Entry) -> Markup:
    """Draw a design; it is built without weights, from text in which nothing but the fixed lists can stand."""
    with torch.device("meta"):
        network = Blueprint.from_json(entry.blueprint).build()
    return Markup(draw(network, IMAGE, entry.network).svg)
