"""What is particular to chapter 8's exercise: its references are the course's own modules."""

import pytest

from cnncourse import check
from cnncourse.architectures.inception_v4.exercise import EXERCISE
from cnncourse.architectures.inception_v4.exercise.mended_reduction import (
    MENDED_REDUCTION,
    StillBroken,
    StillPoolsFirst,
    StillWideTwice,
)
from cnncourse.architectures.inception_v4.exercise.units import ModuleWithLargerEpsilon
from cnncourse.architectures.inception_v4.model import InceptionA
from cnncourse.checking import Case, images, judge
from cnncourse.checking.comparing import differences
from cnncourse.checking.examination import examine

from .answers import KnownFiltersOnly, MendedForOneWidth, right_trunk

CHAPTER = "08-inception-v4"


def test_module_of_the_trunk_is_inception_a():
    case = Case((4, 4, 6), inputs=images(3, 4, 7, 9), rounds=6)
    question = case.question("Module", case, 0, seed=0)
    own = dict(examine(lambda in_channels, reduce, filters: InceptionA(in_channels, width=1 / 16), question))
    assert not list(differences(own, dict(examine(ModuleWithLargerEpsilon, question))))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 103))
@pytest.mark.parametrize(("part", "answer"), [("ReductionA", KnownFiltersOnly), ("MendedReduction", MendedForOneWidth)])
def test_answer_made_for_the_notebook_s_own_widths_passes_there_and_not_at_grading(part, answer, seed):
    assert judge(EXERCISE.part(part), answer, seed).passed
    assert not judge(EXERCISE.part(part), answer, seed, at_grading=True).passed


@pytest.mark.slow
def test_a_missing_reduction_leaves_what_came_before_it():
    def without_reductions(in_channels, table):
        if any(kind == "reduction" for kind, *_ in table):
            raise ValueError("no reductions yet")
        return right_trunk(in_channels, table)

    report = check(CHAPTER, without_reductions, part="make_trunk")
    passed = {outcome.check.name for outcome in report.outcomes if outcome.points}
    assert passed == {"one module", "modules in a row"}


@pytest.mark.slow
def test_unmended_reduction_earns_nothing_and_half_a_mend_something():
    assert check(CHAPTER, StillBroken, part="MendedReduction").points == 0
    for half in (StillPoolsFirst, StillWideTwice):
        assert 0 < check(CHAPTER, half, part="MendedReduction").points < MENDED_REDUCTION.public_points
