"""Nothing that the secret draws for hidden checks reaches a learner, whatever an answer does with it.

Each answer below keeps all that it is ever given, and in each call tries to get it out by a way of its own. What is
drawn for hidden checks only is looked for in everything that is sent out.
"""

import dataclasses
import textwrap
from datetime import UTC, datetime

import pytest

from cnncourse.classroom.collecting.submissions import Collection, Submission
from cnncourse.classroom.grading import grade as grading
from cnncourse.classroom.grading.assignment import assignment
from cnncourse.classroom.grading.grade import Patience, Setup, grade, seed_of
from cnncourse.classroom.isolation.sandbox import Sandbox, strongest_isolation
from cnncourse.classroom.reports.pages import write_reports
from tests.classroom.handed_in import EXERCISE, answered, as_file, right_answers

SECRET = b"a secret"
QUICK = Patience(check=5, answer_cell=5, other_cell=3, other_cells=5, cells=12, part=15)
KEEPING = """
import builtins, os, sys, tempfile
from pathlib import Path
kept = builtins.__dict__.setdefault("kept", [])  # the same in all cells and all definitions
places = [Path("kept.txt"), Path("/tmp/kept.txt"), Path("/dev/shm/kept.txt"), Path.home() / "kept.txt"]

def keep(*given):
    for each in given:
        is_tensor = torch.is_tensor(each)
        words = [f"{n:.7f}" for n in each.detach().double().flatten().tolist()[:20]] if is_tensor else [repr(each)]
        kept.extend(word for word in words if word not in kept)
    os.environ["KEPT"] = " ".join(kept)[:20000]
    for place in places:
        try: place.write_text("\\n".join(kept))
        except OSError: pass

def all_kept():
    # The latest first: what is told is cut.
    words = list(kept)
    for place in places:
        try: words += [word for word in place.read_text().splitlines() if word not in words]
        except OSError: pass
    return words[::-1]

def digits():
    return [abs(int(float(word) * 10**6)) for word in all_kept() if word.replace("-", "").replace(".", "").isdigit()]
"""
# In forward of a right answer, by the name of the way.
WAYS = {
    "the text of an error": "raise ValueError(' '.join(all_kept()))",
    "the type of an error": "raise type(all_kept()[0].replace('.', '_'), (ValueError,), {})('no')",
    "the line of an error": """
        import linecache
        text = "raise ValueError('no')  # " + " ".join(all_kept())
        linecache.cache["<cell 99>"] = (len(text), None, [text], "<cell 99>")
        exec(compile(text, "<cell 99>", "exec"), globals())
    """,
    "the name of a function that is not written yet": """
        def f(): raise NotImplementedError
        f.__code__ = f.__code__.replace(co_qualname=" ".join(all_kept()))
        f()
    """,
    "what is printed": "print(all_kept())\nprint(all_kept(), file=sys.stderr)\nreturn result",
    "the shape of what comes out": "return torch.zeros(([*digits(), 1])[0], 0, 1, 1)",
    "what comes out": "return result * 0 + float(([*all_kept(), '1'])[0].split()[0].strip('([,])') or 1)",
    "its class": "return type(all_kept()[0], (), {})()",
    "a note of the examination": """
        import cnncourse.classroom.isolation.worker as worker
        real = worker.examine
        def lying(answer, question):
            keep(*question.inputs, question.arguments)
            yield " ".join(all_kept()), None
            yield "ended", {"refused": {"message": " ".join(all_kept()), "expected": "", "got": "", "misconception":
                " ".join(all_kept()), "line": "", "hints": all_kept(), "picture": " ".join(all_kept())}}
        worker.examine = lying
        return result
    """,
    "a malformed note": """
        import cnncourse.classroom.isolation.worker as worker
        worker.examine = lambda answer, question: (
            keep(*question.inputs, question.arguments), [("ended", {"raised": {" ".join(all_kept()): ""}})]
        )[1]
        return result
    """,
    "an error that only later answers raise": "return result",
}
KEEPING_C3 = """
{ours}

class Keeping(C3):
    def __init__(self, table):
        keep(table)
        super().__init__(table)
    def forward(self, maps):
        keep(maps)
        result = super().forward(maps)
{way}

C3 = Keeping
"""
TELLING = """
def lenet5_features(*_arguments, **_keywords):
    raise ValueError(" ".join(all_kept()))
"""


@pytest.fixture(scope="module")
def setup(project):
    return dataclasses.replace(Setup.of(assignment(EXERCISE, project), SECRET), patience=QUICK)


@pytest.fixture(scope="module")
def sandbox(setup):
    with Sandbox(strongest_isolation(), setup.assignment.modules) as sandbox:
        yield sandbox


def markers(setup):
    """What is drawn for hidden checks: numbers of their inputs in several forms, and their arguments."""
    hidden, public = set(), set()
    for part in setup.assignment.exercise.parts:
        for case, question in part.questions(seed_of(SECRET, EXERCISE, part.name), at_grading=True):
            found = hidden if case is None else public
            for tensor in (*question.inputs, *question.other_inputs):
                for number in tensor.flatten().tolist()[:20]:
                    found |= {f"{number:.7f}"[:-2].lstrip("-"), str(abs(int(number * 10**6)))}
            arguments = [*question.arguments, *question.keywords.values()]
            found |= {repr(each) for each in arguments if not isinstance(each, (int, bool, str))}
    return {marker for marker in hidden - public if len(marker) > 5}


def sent_out(folder):
    """All that learners are given, as one text."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    told = [
        path for path in paths if "feedback" in path.parts or "gradescope" in path.parts or path.name == "moodle.csv"
    ]
    assert len(told) == 3
    return "\n".join(path.read_text(encoding="utf-8") for path in told)


def reports(setup, result, folder):
    submission = Submission(result.student, "Ann", folder, submitted=datetime(2026, 11, 30, tzinfo=UTC))
    write_reports(folder, setup.assignment.exercise, [result], Collection((submission,)))
    return sent_out(folder)


def tainted(project, way):
    ours = right_answers(project)["C3"]
    c3 = KEEPING + KEEPING_C3.format(ours=ours, way=textwrap.indent(textwrap.dedent(way), " " * 8))
    others = {} if way != "return result" else {"lenet5_features": TELLING}
    return answered(project, C3=c3, **others)


def test_what_is_looked_for_is_there_and_is_not_in_public_cases_too(setup):
    assert len(markers(setup)) > 100


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_nothing_that_was_drawn_for_hidden_checks_reaches_a_learner(way, project, setup, sandbox, tmp_path):
    result = grade("ann", as_file(tainted(project, WAYS[way])), setup, sandbox)
    text = reports(setup, result, tmp_path)
    found = {marker for marker in markers(setup) if marker in text}
    assert not found, [line for line in text.splitlines() if any(marker in line for marker in found)][:3]


@pytest.mark.slow
def test_an_answer_tells_what_it_was_asked_before(project, setup, sandbox, tmp_path, monkeypatch):
    """Were hidden inputs met first, in the same worker, the tests above would find them."""

    def expect_nothing_hidden(answers, part, seed):
        answers.public[part.name] = {question.seed for _, question in part.questions(seed, at_grading=True)}

    real = grading._judge_candidate
    monkeypatch.setattr(grading.Answers, "expect", expect_nothing_hidden)
    monkeypatch.setattr(grading, "_judge_candidate", lambda *given, at_grading: real(*given, at_grading=True))
    result = grade("ann", as_file(tainted(project, WAYS["an error that only later answers raise"])), setup, sandbox)
    text = reports(setup, result, tmp_path)
    assert any(marker in text for marker in markers(setup))


def test_worker_that_has_met_hidden_inputs_is_asked_no_public_question(setup, monkeypatch):
    part = setup.assignment.exercise.parts[0]
    questions = dict(reversed(part.questions(1, at_grading=True)))
    answers = grading.Answers(b"", setup, None)
    done = []
    monkeypatch.setattr(answers, "close", lambda: done.append("ended"))
    monkeypatch.setattr(answers, "_examine", lambda _part, question, _own: done.append(question.seed) or [])
    answers.expect(part, 1)
    answers.allow(part.name, 0)
    for question in (questions[0], questions[None], questions[0], questions[1]):
        answers.examine(part, question, own=False)
    assert done == [questions[0].seed, questions[None].seed, "ended", questions[1].seed]


def test_another_attempt_meets_other_inputs(setup):
    for part in setup.assignment.exercise.parts:
        first, again, second = (
            part.questions(seed_of(SECRET, EXERCISE, part.name, attempt), at_grading=True) for attempt in (1, 1, 2)
        )
        assert [question.seed for _, question in first] == [question.seed for _, question in again]
        assert not {question.seed for _, question in first} & {question.seed for _, question in second}
