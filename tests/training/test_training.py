"""The training loop: repeatable, polite to the rest of the session, clear when it fails."""

import pytest
import torch
from torch import nn

from cnncourse.data import ImageData
from cnncourse.training import accuracy, fit, seeded


@pytest.fixture
def bright_and_dark():
    """Images that a single unit can tell apart."""
    images = torch.randn(64, 1, 4, 4, generator=torch.Generator().manual_seed(0)) * 0.1
    labels = torch.arange(64) % 2
    images += labels.view(-1, 1, 1, 1)
    return ImageData("bright and dark", ("dark", "bright"), images, labels, images, labels)


def network(seed=0):
    with seeded(seed):
        return nn.Sequential(nn.Flatten(), nn.Linear(16, 8), nn.Dropout(0.2), nn.ReLU(), nn.Linear(8, 2))


def run(data, **options):
    model = network()
    return model, fit(model, data, **{"epochs": 5, "learning_rate": 0.1, "progress": False, **options})


def test_network_learns(bright_and_dark):
    _, history = run(bright_and_dark, epochs=20)
    assert history.test_accuracy == 1.0
    assert history.epochs[-1].training_loss < history.epochs[0].training_loss


def test_an_image_left_over_is_no_batch_of_its_own(bright_and_dark):
    sizes = []
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(16), nn.Linear(16, 2))
    model.register_forward_pre_hook(lambda module, inputs: sizes.append(len(inputs[0])) if module.training else None)
    fit(model, bright_and_dark, epochs=1, learning_rate=0.1, batch_size=21, progress=False)
    assert sizes == [21, 21, 22]


def test_same_seed_gives_the_same_run(bright_and_dark):
    losses = [[epoch.training_loss for epoch in run(bright_and_dark, seed=3)[1].epochs] for _ in range(2)]
    assert losses[0] == losses[1]
    other = [epoch.training_loss for epoch in run(bright_and_dark, seed=4)[1].epochs]
    assert losses[0] != other


def test_global_random_state_and_threads_are_left_alone(bright_and_dark):
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    run(bright_and_dark)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_model_is_left_in_evaluation_mode(bright_and_dark):
    model, _ = run(bright_and_dark)
    assert not any(module.training for module in model.modules())


def test_interruption_keeps_what_was_learned_and_restores_threads(bright_and_dark):
    threads, calls = torch.get_num_threads(), []

    def interrupted(images, generator):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return images

    model = network()
    before = [parameter.clone() for parameter in model.parameters()]
    with pytest.raises(KeyboardInterrupt):
        fit(model, bright_and_dark, epochs=5, learning_rate=0.1, augment=interrupted, progress=False)
    assert not model.training
    assert torch.get_num_threads() == threads
    assert not all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_loss_that_explodes_is_said_at_once(bright_and_dark):
    with pytest.raises(FloatingPointError, match="try a learning rate below"):
        run(bright_and_dark, loss=lambda scores, labels: scores.sum() * float("nan"))


def test_augmentation_changes_training_images_only(bright_and_dark):
    seen = []

    def blank(images, generator):
        seen.append(len(images))
        return torch.zeros_like(images)

    _, history = run(bright_and_dark, augment=blank, epochs=2)
    assert sum(seen) == 2 * 64
    assert history.epochs[-1].training_loss > 0.6  # nothing can be learned from blank images


def test_accuracy_counts_and_keeps_the_mode():
    model = nn.Sequential(nn.Flatten())
    model.train()
    scores = torch.eye(4).view(4, 4, 1, 1)
    assert accuracy(model, scores, torch.tensor([0, 1, 2, 0])) == 0.75
    assert model.training


def test_history_plots_and_describes_itself(bright_and_dark):
    _, history = run(bright_and_dark)
    assert "5 epochs" in repr(history)
    assert [axes.get_xlabel() for axes in history.plot().axes] == ["epoch", "epoch"]
