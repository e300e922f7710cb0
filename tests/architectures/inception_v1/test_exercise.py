"""What is particular to chapter 4's exercise: weights are recovered from lit pixels, and nothing is silent by luck."""

import pytest
import torch
from torch import nn

from cnncourse import check, measure
from cnncourse.architectures.inception_v1.exercise import inception_module
from cnncourse.architectures.inception_v1.exercise.inception_module import INCEPTION, SHOWN, SINGLE
from cnncourse.architectures.inception_v1.exercise.ledger import AS_PUBLISHED, LEDGER, NAIVE, POOL, ledger
from cnncourse.architectures.inception_v1.exercise.two_heads import TWO_HEADS
from cnncourse.architectures.inception_v1.model import TABLE_1, InceptionModule, InceptionV1, ModuleFilters
from cnncourse.checking import judge
from tests.architectures.shapes import on_meta

from .answers import (
    WRONG,
    FusedReductions,
    Heads,
    HeadsByLabels,
    Module,
    StillBroken,
    WithUnfold,
    branch_by_branch,
)

RIGHT = [(INCEPTION, Module), (INCEPTION, FusedReductions), (INCEPTION, WithUnfold)]
RIGHT += [(LEDGER, branch_by_branch), (TWO_HEADS, Heads), (TWO_HEADS, HeadsByLabels)]


class CoursesOwn(InceptionModule):
    """The course's module with the arguments that the exercise asks for."""

    def __init__(self, in_channels, *row):
        super().__init__(in_channels, ModuleFilters(*row))


@pytest.mark.parametrize("seed", range(100, 110))
def test_right_answers_pass_under_every_seed(seed):
    for part, answer in [*RIGHT, (INCEPTION, CoursesOwn)]:
        assert judge(part, answer, seed, at_grading=True).passed


@pytest.mark.parametrize("seed", range(200, 203))
def test_no_wrong_answer_passes_by_the_luck_of_a_seed(seed):
    for wrong in WRONG:
        part = next(part for part in (INCEPTION, LEDGER, TWO_HEADS) if part.name == wrong.part)
        assert not judge(part, wrong.answer, seed, at_grading=True).passed, wrong


def test_what_learners_see_has_another_number_for_every_width():
    for setting in (SHOWN, SINGLE):
        widths = [width for width in setting.filters if width > 1]
        assert len(set(widths)) == len(widths)


def test_weights_are_recovered_from_the_answers_to_lit_pixels():
    torch.manual_seed(0)
    module = CoursesOwn(SINGLE.in_channels, *SINGLE.filters)
    with torch.no_grad():
        for number in module.parameters():
            number.abs_().add_(0.1)
        answers = module(inception_module._lit(SINGLE.in_channels))
    found = inception_module._weights(answers, SINGLE)
    reduction, bias, kernel, last = found.five
    scale = module.five[0].convolution.weight.sum().item()
    as_built = [module.five[0].convolution.weight.flatten() / scale, module.five[0].convolution.bias.squeeze() / scale]
    as_built += [module.five[1].convolution.weight[:, 0] * scale, module.five[1].convolution.bias]
    for got, expected in zip((reduction, bias, kernel, last), as_built, strict=True):
        torch.testing.assert_close(got.float(), expected, rtol=1e-3, atol=1e-3)


def test_ledger_s_oracle_counts_what_the_course_s_network_has():
    model = on_meta(InceptionV1)
    modules = iter(model.inception.values())
    for row, entry in zip(AS_PUBLISHED.rows, ledger(AS_PUBLISHED), strict=True):
        if row == POOL:
            assert entry["numbers"] == entry["multiply_adds"] == 0
            continue
        module = next(modules)
        before = module.one.convolution.in_channels
        assert entry["maps"] == module.out_channels
        assert entry["numbers"] == measure.parameters(module).trainable
        assert entry["multiply_adds"] == measure.multiply_adds(module, (before, entry["side"], entry["side"]))


def test_naive_modules_pass_on_all_maps_that_they_get():
    entries = ledger(NAIVE)
    added = sum(filters.one + filters.three + filters.five for filters in TABLE_1.values())
    assert entries[-1]["maps"] == AS_PUBLISHED.in_channels + added


def test_branches_that_do_not_fit_are_told_why_and_other_errors_as_they_are():
    class Mistyped(Module):
        def forward(self, maps):
            return super().forward(maps @ torch.zeros(3, 3))

    report = repr(check("04-inception-v1", Mistyped, part="Inception"))
    assert "your code raises an error" in report
    assert "do not fit together" not in report


def test_unmended_heads_earn_the_point_for_the_loss_only():
    report = check("04-inception-v1", StillBroken, part="MendedHeads")
    assert [outcome.check.name for outcome in report.outcomes if outcome.points] == ["the loss of both classifiers"]


def test_heads_without_a_mode_are_not_judged_as_if_they_had_one():
    class AlwaysLoss(Heads):
        def forward(self, images, labels=None):
            return self.loss(*self.both(images), labels if labels is not None else torch.zeros(len(images)).long())

    report = check("04-inception-v1", AlwaysLoss, part="MendedHeads")
    assert report.points == 0


def test_checks_leave_the_session_s_random_numbers_alone():
    before = torch.random.get_rng_state()
    check("04-inception-v1", Module, part="Inception")
    check("04-inception-v1", nn.Identity, part="MendedHeads")
    assert torch.equal(torch.random.get_rng_state(), before)
