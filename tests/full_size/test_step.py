"""A step computes what it says, in parts, in any precision, mixed and averaged."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.full_size.processes import Processes
from cnncourse.full_size.recipes import RECIPES
from cnncourse.full_size.step import Computing, Learner, make_optimiser, mixed
from cnncourse.training import seeded

ALONE = Processes(0, 1, torch.device("cpu"))
PLAIN = replace(RECIPES["alexnet"], rate=0.1, weight_decay=0.01)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(8, 3, 6, 6, generator=generator), torch.randint(4, (8,), generator=generator)


def small_network():
    with seeded(0):
        return nn.Sequential(nn.Conv2d(3, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(80, 4))


def learned(recipe, parts, computing=Computing(), model=None):  # noqa: B008 -- a frozen record
    learner = Learner(model or small_network(), recipe, computing, ALONE)
    loss = learner.step(parts, 0.0, 0)
    return learner, loss.item()


def test_a_step_is_that_of_gradient_descent_with_weight_decay(batch):
    model = small_network()
    loss = F.cross_entropy(model(batch[0]), batch[1])
    loss.backward()
    expected = [each.detach() - 0.1 * (each.grad + 0.01 * each.detach()) for each in model.parameters()]
    learner, told = learned(PLAIN, [batch])
    assert told == pytest.approx(loss.item())
    for mine, theirs in zip(learner.network.parameters(), expected, strict=True):
        torch.testing.assert_close(mine.detach(), theirs)


def test_a_batch_in_parts_is_the_same_step(batch):
    whole, loss = learned(PLAIN, [batch])
    halves = [(batch[0][:4], batch[1][:4]), (batch[0][4:], batch[1][4:])]
    parts, told = learned(PLAIN, halves, Computing(parts=2))
    assert told == pytest.approx(loss)
    for mine, theirs in zip(parts.network.parameters(), whole.network.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_gradients_are_clipped(batch):
    before = list(small_network().parameters())
    learner, _ = learned(replace(PLAIN, clipping=1e-3, weight_decay=0.0), [batch])
    moved = [mine - theirs for mine, theirs in zip(learner.network.parameters(), before, strict=True)]
    assert torch.cat([each.flatten() for each in moved]).norm().item() == pytest.approx(0.1 * 1e-3, rel=1e-3)


def test_label_smoothing_and_the_auxiliary_loss_count_as_they_should(batch):
    class TwoHeads(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = small_network()

        def forward(self, images):
            scores = self.body(images)
            return scores, 2 * scores

    recipe = replace(PLAIN, smoothing=0.1, auxiliary=0.3)
    _, told = learned(recipe, [batch], model=TwoHeads())
    scores = small_network()(batch[0])
    parts = [F.cross_entropy(each, batch[1], label_smoothing=0.1).item() for each in (scores, 2 * scores)]
    assert told == pytest.approx(parts[0] + 0.3 * parts[1])


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_comes_near(batch, precision):
    exact, loss = learned(PLAIN, [batch])
    half, told = learned(PLAIN, [batch], Computing(precision))
    assert told == pytest.approx(loss, rel=0.05)
    assert half.scaler.is_enabled() == (precision == "fp16")
    for mine, theirs in zip(half.network.parameters(), exact.network.parameters(), strict=True):
        assert mine.dtype == torch.float32
        torch.testing.assert_close(mine, theirs, rtol=0.1, atol=0.02)


def test_the_average_follows_slowly(batch):
    learner = Learner(small_network(), replace(PLAIN, averaging=0.9), Computing(), ALONE)
    learner.step([batch], 0.0, 1000)
    first = learner.network[0].weight.detach().clone()
    torch.testing.assert_close(learner.judged[0].weight, first)
    learner.step([batch], 0.0, 1001)
    second = 0.9 * first + 0.1 * learner.network[0].weight
    torch.testing.assert_close(learner.judged[0].weight, second)
    learner.step([batch], 0.0, 8)  # early in a run it follows faster
    torch.testing.assert_close(learner.judged[0].weight, 0.5 * second + 0.5 * learner.network[0].weight)


def test_only_kernels_decay_in_the_modern_recipe():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    kernels, others = make_optimiser(network, RECIPES["modern"]).param_groups
    assert (len(kernels["params"]), kernels["weight_decay"]) == (1, 2e-5)
    assert (len(others["params"]), others["weight_decay"]) == (3, 0)
    rmsprop = make_optimiser(network, RECIPES["inception-v3"])
    assert (rmsprop.defaults["alpha"], rmsprop.defaults["eps"]) == (0.9, 1.0)
    with pytest.raises(ValueError, match="not 'adam'"):
        make_optimiser(network, replace(PLAIN, optimiser="adam"))


def test_mixup_is_a_weighted_mean_of_images_and_of_losses(batch):
    images, labels = batch
    with seeded(0):
        blend, ((share, first), (rest, second)) = mixed(images, labels, 0.2, 0)
    assert share + rest == pytest.approx(1)
    torch.testing.assert_close(blend, share * images + rest * images.roll(1, 0))
    assert torch.equal(first, labels)
    assert torch.equal(second, labels.roll(1))


def test_cutmix_counts_the_pixels_that_are_anothers(batch):
    images, labels = batch
    for seed in range(5):
        with seeded(seed):
            blend, ((share, _), (rest, second)) = mixed(images, labels, 0, 1.0)
        theirs = (blend == images.roll(1, 0)) & (blend != images)
        assert theirs.float().mean().item() == pytest.approx(rest, abs=1e-6)
        assert share + rest == pytest.approx(1)
        assert torch.equal(second, labels.roll(1))


def test_without_mixing_a_batch_is_as_it_was(batch):
    images, targets = mixed(*batch, 0, 0)
    assert images is batch[0]
    assert targets == ((1.0, batch[1]),)


def test_channels_last_changes_the_layout_only(batch):
    first, loss = learned(PLAIN, [batch], Computing(channels_last=False))
    last, told = learned(PLAIN, [batch])
    assert told == pytest.approx(loss)
    assert last.network[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert first.network[0].weight.is_contiguous()
