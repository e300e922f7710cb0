"""A made-up term of some exercises: what ``cnncourse grade`` leaves for it, and no pages, which take long to draw."""

from cnncourse.architectures import architecture
from cnncourse.classroom.collecting.submissions import Collection
from cnncourse.classroom.grading.results import CheckResult, Result
from cnncourse.classroom.term.records import write_record
from tests.classroom.class_of import submission

EXERCISES = ("01-lenet-5", "02-alexnet", "03-vgg-16")


def graded(exercise, student, share, attempt=1):
    """Return a result with about a share of the points, check by check."""
    checks = [
        CheckResult(part.name, each.name, round(share * each.points), each.points, "passed" if share == 1 else "failed")
        for part in architecture(exercise).exercise().parts
        for each in part.checks
    ]
    answers = {part.name: f"class {part.name}: pass" for part in architecture(exercise).exercise().parts}
    return Result(student, exercise, tuple(checks), isolation="bubblewrap", attempt=attempt, answers=answers)


def possible(exercise):
    return sum(part.points for part in architecture(exercise).exercise().parts)


def write(folder, exercise, shares, *, missing=(), attempts=1, collected=None, **about):
    """Write a graded exercise; ``about`` are by learner what else a submission says, ``collected`` what else is so."""
    results = [graded(exercise, student, share, attempts) for student, share in shares.items()]
    place = folder / exercise
    (place / "results").mkdir(parents=True, exist_ok=True)
    for each in results:
        (place / "results" / f"{each.student}.json").write_text(each.to_json(), encoding="utf-8")
    people = tuple(submission(student, **about.get(student, {})) for student in shares)
    names = {each.student: each.name for each in people}
    collection = Collection(people, tuple(missing), names, **(collected or {}))
    write_record(place, exercise, collection, dict.fromkeys(shares, attempts))
    return place
