"""A design is measured by the brief: its cost at once, and what it reaches after everybody's training."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from cnncourse import measure
from cnncourse.capstone import BRIEF, Blueprint, cost, reference_network, score
from cnncourse.capstone.scoring import IMAGE
from cnncourse.data import photo_patches

SHORT = replace(BRIEF, epochs=1, accuracy=0.2, time=1000)


@pytest.fixture(scope="module")
def patches():
    return photo_patches(train_per_class=40, test_per_class=10)


def small(channels=4, classes=10):
    return nn.Sequential(
        nn.Conv2d(3, channels, 5, stride=4),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(channels, classes),
    )


def test_cost_is_what_measure_counts():
    counted = cost(reference_network()).cost
    assert counted.parameters == measure.parameters(reference_network()).trainable
    assert counted.multiply_adds == measure.multiply_adds(reference_network(), IMAGE)


def test_activations_are_the_outputs_of_all_steps():
    # image, convolution, ReLU, pooling, flattening, scores, and the scores again as what is given back
    assert cost(small()).cost.activations == 3 * 32 * 32 + 2 * 4 * 7 * 7 + 4 + 4 + 10 + 10


def test_reference_network_keeps_to_the_budget_with_room_to_spare():
    priced = cost(reference_network())
    assert not priced.problems
    assert priced.cost.multiply_adds < 0.9 * BRIEF.multiply_adds


@pytest.mark.parametrize(
    ("design", "said"),
    [
        (small(3000), "parameters, "),
        (nn.Sequential(nn.Conv2d(3, 10, 9, padding=4), *small(10)[2:]), "multiply-adds, "),
        (small(classes=9), "for an image it gives 9, expected 10 scores"),
        (nn.Conv2d(3, 10, 3), "10×30×30, expected 10 scores"),
        (nn.Sequential(nn.Flatten(), nn.Linear(3, 10)), "does not take images"),
        (nn.Sequential(nn.Upsample(scale_factor=2)), "Upsample"),
        (lambda: None, "expected a network"),
        ("a network", "expected a network"),
    ],
)
def test_what_does_not_count_says_why_and_is_not_trained(design, said):
    scored = score(design)
    assert not scored.counts
    assert not scored.accuracies
    assert said in scored.verdict


def test_enormous_design_is_refused_without_being_built():
    scored = cost(
        nn.Sequential(nn.Flatten(), nn.Linear(3072, 10, device="meta"), nn.Linear(10, 900_000, device="meta"))
    )
    assert "for an image it gives 900000" in scored.verdict


def test_unwritten_design_is_told_so():
    def design():
        raise NotImplementedError

    assert "not written yet" in cost(design).verdict


@pytest.mark.slow
def test_same_design_reaches_the_same_whoever_made_it(patches):
    with torch.no_grad():
        ones = small()
        for parameter in ones.parameters():
            parameter.fill_(1)
    ours = score(ones, seeds=(3,), data=patches, brief=SHORT, progress=False)
    theirs = score(Blueprint.of(small()), seeds=(3,), data=patches, brief=SHORT, progress=False)
    assert ours.accuracies == theirs.accuracies
    assert all((parameter == 1).all() for parameter in ones.parameters())


@pytest.mark.slow
def test_design_that_learns_passes_and_the_score_says_so(patches):
    scored = score(reference_network, seeds=(0, 1), data=patches, brief=replace(SHORT, epochs=8), progress=False)
    assert scored.passes, scored
    assert len(scored.accuracies) == 2
    assert "It passes" in scored._repr_html_()


def test_accuracy_below_what_is_asked_for_does_not_pass(patches):
    scored = score(small, data=patches, brief=replace(SHORT, accuracy=1.0), progress=False)
    assert scored.counts
    assert not scored.passes
    assert "not accurate enough" in scored.verdict


def test_slow_design_is_not_trained(patches):
    scored = score(reference_network, data=patches, brief=replace(SHORT, time=0.01), progress=False)
    assert "times the reference network's" in scored.verdict
    assert not scored.accuracies


def test_training_that_fails_is_told(patches, monkeypatch):
    def failing(*_arguments, **_options):
        raise FloatingPointError("the loss is no number")

    monkeypatch.setattr("cnncourse.capstone.scoring.fit", failing)
    assert "the training failed: the loss" in score(small(), data=patches, brief=SHORT, progress=False).verdict


class Neighbours(nn.Module):
    """Listens to what the network says of the other images of the batch."""

    def __init__(self):
        super().__init__()
        self.network = small()

    def forward(self, images):
        scores = self.network(images)
        return scores + scores.mean(dim=0, keepdim=True)


@pytest.mark.parametrize(
    "design",
    [Neighbours, lambda: nn.Sequential(*small()[:1], nn.BatchNorm2d(4, track_running_stats=False), *small()[1:])],
    ids=["mean over the batch", "no running averages"],
)
def test_design_that_looks_at_other_images_does_not_count(patches, design):
    scored = score(design, data=patches, brief=SHORT, progress=False)
    assert "depends on the others" in scored.verdict
    assert not scored.counts


def test_training_step_that_raises_is_told(patches):
    # One place a map: a batch of one image would have nothing to average over, and one of several has.
    one = replace(patches, train_images=patches.train_images[:1], train_labels=patches.train_labels[:1])
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 10))
    scored = score(network, data=one, brief=SHORT, progress=False)
    assert "a training step raises an error" in scored.verdict
