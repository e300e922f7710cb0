"""A made-up class for the tests of tables and pages."""

from pathlib import Path

from cnncourse.checking import Check, Exercise, Part
from cnncourse.classroom.collecting.roster import Roster
from cnncourse.classroom.collecting.submissions import Collection, Submission
from cnncourse.classroom.grading.results import CheckResult, Result


def _check(name, points):
    return Check(name, points, ("look again", "and again"))


EXERCISE = Exercise(
    "01-lenet-5",
    "Partial connection",
    (
        Part("C3", "build", 10, (), (), (_check("shape", 1), _check("table", 2))),
        Part("features", "use", 10, (), (), (_check("sizes", 3), _check("secret sizes", 1))),
    ),
)


def check(part="C3", name="shape", points=1, possible=1, status=None, **more):
    return CheckResult(part, name, points, possible, status or ("passed" if points else "failed"), **more)


def result(student="ann", checks=None, earned=(1, 2, 3, 1), **more):
    """Return a result; ``earned`` are the points of the exercise's four checks."""
    places = (("C3", "shape", 1), ("C3", "table", 2), ("features", "sizes", 3), ("features", "secret sizes", 1))
    if checks is None:
        checks = tuple(check(*place[:2], points, place[2]) for place, points in zip(places, earned, strict=True))
    return Result(student, EXERCISE.name, tuple(checks), **{"isolation": "bubblewrap", **more})


def submission(student="ann", name=None, **more):
    return Submission(student, name or student.title(), Path("nowhere"), **more)


def collection(*submissions, roster=None, missing=(), **more):
    """Return what a class handed in; ``roster`` is a file with a list of the class."""
    submissions = submissions or (submission(),)
    listed = Roster.read(roster) if roster else None
    called = {each.student: (each.student, each.name) for each in submissions} | {name: (name,) for name in missing}
    people = listed.match(called).people if listed else {}
    names = {each.student: each.name for each in submissions}
    names |= {student: person.name for student, person in people.items() if person.name}
    return Collection(submissions, missing, names, roster=listed, people=people, **more)
