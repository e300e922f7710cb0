"""Training in steps sees every image once before any is seen again."""

import pytest
import torch
from torch import nn

from cnncourse.data import digits, small_digits
from cnncourse.training import training_steps


def test_training_sees_every_image_once_an_epoch():
    images = small_digits()[0][:100]
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    seen = []

    def note(batch):
        seen.extend(map(float, batch.sum(dim=(1, 2, 3))))
        return batch

    optimizer = torch.optim.SGD(model.parameters(), 0.01)
    generator = torch.Generator().manual_seed(0)
    steps = training_steps(model, images, digits().train_labels[:100], optimizer, 4, generator, change=note)
    assert list(steps) == [1, 2, 3, 4]
    expected = sorted(map(float, images.sum(dim=(1, 2, 3))))
    assert sorted(seen[:100]) == pytest.approx(expected)
    assert sorted(seen[100:]) == pytest.approx(expected)
    assert seen[:100] != seen[100:]


def test_rate_falls_to_nothing_and_the_network_changes():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    before = model[1].weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    images, labels = small_digits()[0], digits().train_labels
    for _step in training_steps(model, images, labels, optimizer, 5, torch.Generator().manual_seed(0)):
        assert optimizer.param_groups[0]["lr"] < 0.1
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)
    assert not torch.equal(model[1].weight, before)


def test_another_loss_than_the_cross_entropy_can_be_minimised():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    images, labels = small_digits()[0][:50], digits().train_labels[:50]

    def squares(scores, given):
        assert torch.equal(given.sort().values, labels.sort().values)
        return scores.square().mean()

    before = model(images).square().mean()
    for _step in training_steps(model, images, labels, optimizer, 20, torch.Generator().manual_seed(0), loss=squares):
        pass
    assert model(images).square().mean() < before / 2
