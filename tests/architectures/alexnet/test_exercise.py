"""What is particular to chapter 2's exercise: chance decides in it, and must not decide on points."""

import pytest
import torch

from cnncourse import check
from cnncourse.architectures.alexnet.exercise.ledger import AS_PUBLISHED, LAYERS
from cnncourse.architectures.alexnet.exercise.top import TOP
from cnncourse.architectures.alexnet.model import AlexNet
from cnncourse.checking import judge
from tests.architectures.shapes import on_meta

from .answers import Inverted, Masked, StillBroken, TimesP, Top


@pytest.mark.parametrize("seed", range(100, 110))
def test_masks_of_a_right_answer_are_fair_enough_under_every_seed(seed):
    for name, answer in (("Dropout", Masked), ("MendedTop", Top)):
        part = TOP if name == "MendedTop" else check("02-alexnet", answer, part=name).part
        assert judge(part, answer, seed, at_grading=True).passed


def test_oracle_counts_what_the_course_s_network_has():
    model = on_meta(AlexNet)
    expected = {name: sum(number.numel() for number in getattr(model, name).parameters()) for name in LAYERS}
    assert AS_PUBLISHED.ledger() == expected


def test_inverted_dropout_is_called_by_its_name_and_keeps_the_points_for_its_masks():
    report = check("02-alexnet", Inverted, part="Dropout")
    assert "inverted dropout, as libraries have it today" in repr(report)
    passed = {outcome.check.name for outcome in report.outcomes if outcome.points}
    assert {"in training a share p is dropped", "each unit has its own coin, at every call"} <= passed


def test_units_at_test_time_are_drawn():
    (fault,) = [outcome.fault for outcome in check("02-alexnet", TimesP, part="Dropout").outcomes if outcome.fault][:1]
    assert "12 of 12 numbers differ" in fault.picture


def test_unmended_top_earns_nothing():
    assert check("02-alexnet", StillBroken, part="MendedTop").points == 0


def test_checks_leave_the_session_s_random_numbers_alone():
    before = torch.random.get_rng_state()
    check("02-alexnet", Masked, part="Dropout")
    assert torch.equal(torch.random.get_rng_state(), before)
