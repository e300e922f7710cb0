"""The appendix's experiments compare arms that differ in one thing, and point where they say."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from cnncourse.architectures.network_in_network import photographs
from cnncourse.architectures.network_in_network.experiment import (
    AVERAGE,
    CLASSES,
    FULLY_CONNECTED,
    HALF,
    STAGES,
    ClassMapNetwork,
    canvas,
    in_left_half,
    on_the_left,
    peaks,
    two_digits,
)
from cnncourse.data import digits, photo_patches, small_digits
from cnncourse.training import seeded


def network(head):
    with seeded(0):
        return ClassMapNetwork(1, STAGES, head, positions=72).eval()


class MapsOfTheImage(nn.Module):
    """Class maps that are the image itself, for every class."""

    def class_maps(self, images):
        return images.expand(-1, CLASSES, -1, -1)


def test_arms_start_from_the_same_weights_and_differ_in_the_head_only():
    average, connected = network(AVERAGE), network(FULLY_CONNECTED)
    pairs = zip(average.layers.parameters(), connected.layers.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    assert [tuple(number.shape) for number in connected.head.parameters()] == [(10, 720), (10,)]
    assert list(average.head.parameters()) == []


def test_score_of_global_average_pooling_is_the_mean_of_a_map_for_any_size():
    for size in ((12, 24), (16, 40)):
        images = torch.randn(2, 1, *size, generator=torch.Generator().manual_seed(0))
        model = network(AVERAGE)
        torch.testing.assert_close(model(images), model.class_maps(images).mean(dim=(2, 3)))


def test_canvas_holds_each_digit_at_its_place_and_nothing_else():
    images = small_digits()[1][:3]
    placed = canvas(images, torch.tensor([0, 2, 4]), torch.tensor([16, 5, 0]))
    assert torch.equal(placed[1, :, 2:10, 5:13], images[1])
    assert placed[1].sum().item() == pytest.approx(
        images[1].sum().item() + (12 * 24 - 64) * small_digits()[0].min().item(), rel=1e-4
    )


def test_training_digits_stand_in_the_left_half_at_various_places():
    placed = in_left_half(small_digits()[0][:50], torch.Generator().manual_seed(0))
    background = placed.min()
    assert (placed[..., HALF:] == background).all()
    assert len({tuple((picture > background).any(dim=0).any(dim=0).tolist()) for picture in placed[:, 0:1]}) > 5


def test_two_digits_are_of_different_classes_and_the_right_one_is_the_one_on_the_right():
    pictures, left, right = two_digits()
    assert (left != right).all() and len(pictures) > 300
    images, labels = small_digits()[1], digits().test_labels
    of_class = images[labels == right[0]]
    windows = pictures[0, 0, :, HALF:].unfold(0, 8, 1).unfold(1, 8, 1).flatten(0, 1)
    assert any((window == image[0]).all() for window in windows for image in of_class)


@pytest.mark.parametrize("head", [AVERAGE, FULLY_CONNECTED])
def test_evidence_of_all_positions_adds_up_to_the_score(head):
    model, images = network(head), torch.randn(3, 1, 12, 24, generator=torch.Generator().manual_seed(0))
    bias = model.head[-1].bias if head == FULLY_CONNECTED else 0
    torch.testing.assert_close(model.evidence(images).sum(dim=(2, 3)) + bias, model(images))


def test_side_is_that_of_the_larger_half_and_of_the_label_alone():
    class Evidence:
        def evidence(self, images):
            on_the_right = torch.tensor([0.0, 0, 2, 1]).expand(len(images), 1, 3, 4)
            return torch.cat([on_the_right, on_the_right.flip(3)], dim=1)

    found = on_the_left(Evidence(), torch.zeros(2, 1, 6, 8), torch.tensor([0, 1]))
    assert found.tolist() == [False, True]


def test_peak_is_the_centre_of_the_largest_position():
    images = torch.zeros(1, 1, 6, 12)
    images[0, 0, 4, 9] = 1
    assert peaks(MapsOfTheImage(), images, torch.tensor([3])).tolist() == [
        [pytest.approx(4.5 / 6), pytest.approx(9.5 / 12)]
    ]


def test_mosaics_are_made_of_test_patches_of_their_classes():
    pictures, labels = photographs.mosaics()
    assert pictures.shape == (photographs.MOSAICS, 3, 64, 64)
    assert all(len(set(classes)) == 4 for classes in labels.tolist())
    below_left = pictures[0, :, 32:, :32]
    candidates = photo_patches().test_images[photo_patches().test_labels == labels[0, 2]]
    assert (candidates == below_left).all(dim=(1, 2, 3)).any()


def test_pointing_is_counted_by_quarters(monkeypatch):
    pictures = torch.zeros(4, 1, 8, 8)
    for tile in range(4):
        pictures[tile, 0, 1 + 4 * (tile // 2), 2 + 4 * (tile % 2)] = 1  # each picture is bright in one quarter
    monkeypatch.setattr(photographs, "mosaics", lambda: (pictures, torch.arange(4).expand(4, 4)))
    monkeypatch.setattr(photographs, "untrained", lambda *_arguments: MapsOfTheImage())
    assert photographs.run_pointing(0, is_trained=False) == {"pointing": 25.0}


def test_training_leaves_the_session_s_random_numbers_alone():
    few = replace(photographs.RECIPE, steps=2)
    before = torch.random.get_rng_state()
    one, again = (photographs.trained.__wrapped__(AVERAGE, 3, few) for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(*pair) for pair in zip(one.parameters(), again.parameters(), strict=True))
