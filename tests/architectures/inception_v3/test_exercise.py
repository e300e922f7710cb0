"""What is particular to chapter 5's exercise."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse import check
from cnncourse.architectures.inception_v3.exercise import EXERCISE
from cnncourse.architectures.inception_v3.exercise.batch_normalisation_mistakes import StillByTheBatch, StillExchanged
from cnncourse.architectures.inception_v3.exercise.label_smoothing import Smoothing
from cnncourse.checking import judge

from .answers import FiveClasses, KnowsSmallKernels, KnowsTwoMomenta

CHAPTER = "05-inception-v3"


class StillBroken(StillByTheBatch):
    remember = StillExchanged.remember


@pytest.mark.parametrize("epsilon", [0.1, 0.4])
def test_loss_is_torch_s_own(epsilon):
    scores, labels = torch.randn(6, 5, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 4, 2, 2, 1, 3])
    expected = F.cross_entropy(scores, labels, label_smoothing=epsilon)
    torch.testing.assert_close(Smoothing(epsilon)(scores, labels), expected)


def test_unmended_batch_normalisation_earns_nothing_and_half_a_mend_something():
    assert check(CHAPTER, StillBroken, part="MendedBatchNorm").points == 0
    report = check(CHAPTER, StillExchanged, part="MendedBatchNorm")
    assert 0 < report.points < EXERCISE.part("MendedBatchNorm").public_points


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 103))
@pytest.mark.parametrize(
    ("part", "answer"),
    [
        ("FactorisedConv", KnowsSmallKernels),
        ("LabelSmoothing", FiveClasses),
        ("MendedBatchNorm", KnowsTwoMomenta),
    ],
)
def test_answers_made_for_the_notebook_pass_there_and_not_at_grading(part, answer, seed):
    assert judge(EXERCISE.part(part), answer, seed).passed
    assert not judge(EXERCISE.part(part), answer, seed, at_grading=True).passed
