"""What is particular to the appendix's exercise: layers are recognised by their size, and none is silent by luck."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse import check
from cnncourse.architectures.network_in_network.exercise import class_maps, mlpconv
from cnncourse.architectures.network_in_network.exercise.class_maps import NETWORK
from cnncourse.architectures.network_in_network.exercise.known_numbers import are_distinct, expected_maps, fill
from cnncourse.architectures.network_in_network.exercise.mended_network import MENDED
from cnncourse.architectures.network_in_network.exercise.mlpconv import MLPCONV
from cnncourse.architectures.network_in_network.model import MLPConv
from cnncourse.checking import judge
from cnncourse.checking.judging import draw_inputs

from .answers import (
    KnowsTheSizes,
    Mended,
    MendedWithLinear,
    Mlpconv,
    NoReluAfterClassify,
    NoSecondRelu,
    PerceptronOnPatches,
    SeesTheMean,
    Small,
    SmallOfPerceptrons,
    StillBroken,
    StillInOneCorner,
    StillLinear,
)

RIGHT = [(MLPCONV, Mlpconv), (MLPCONV, PerceptronOnPatches), (NETWORK, Small), (NETWORK, SmallOfPerceptrons)]
RIGHT += [(MENDED, Mended), (MENDED, MendedWithLinear)]
KNOWN = next(check for check in MLPCONV.checks if check.name == "a ReLU after every layer")


@pytest.mark.parametrize("seed", range(100, 105))
def test_right_answers_pass_under_every_seed(seed):
    for part, answer in RIGHT:
        assert judge(part, answer, seed, at_grading=True).passed


@pytest.mark.parametrize("seed", [28, 29, 38, 54, 165, 231])  # with which all maps, or all but one, were once silent
def test_no_wrong_answer_passes_because_its_maps_are_silent(seed):
    for answer in (KnowsTheSizes, NoReluAfterClassify):
        assert not judge(MENDED, answer, seed, at_grading=True).passed


def test_each_of_the_two_bugs_that_is_mended_earns_its_points():
    assert check("appendix-network-in-network", StillBroken, part="MendedNetwork").points == 0
    assert check("appendix-network-in-network", StillLinear, part="MendedNetwork").points == 3
    assert check("appendix-network-in-network", StillInOneCorner, part="MendedNetwork").points == 1


def test_every_layer_of_what_learners_see_can_be_told_from_all_others():
    for setting in (mlpconv.SHOWN, class_maps.SHOWN):
        assert are_distinct(setting.layers)


@pytest.mark.parametrize("seed", range(5))
def test_oracle_agrees_with_convolutions_of_the_same_numbers(seed):
    inputs = draw_inputs(KNOWN, seed)
    layer = MLPConv(2, (3, 6, 12), kernel_size=3, padding=1)
    fill(layer, mlpconv.SHOWN.layers, inputs)
    maps = inputs["few"]
    for number in (0, 2, 4):
        maps = F.relu(F.conv2d(maps, layer[number].weight, layer[number].bias, padding=1 if number == 0 else 0))
    torch.testing.assert_close(expected_maps(inputs["few"], mlpconv.SHOWN.layers, inputs), maps, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_every_layer_has_units_on_both_sides_of_zero(seed):
    inputs, layers = draw_inputs(KNOWN, seed), mlpconv.SHOWN.layers
    for count in range(1, len(layers) + 1):
        sums = expected_maps(inputs["few"], layers[:count], inputs, [F.relu] * (count - 1) + [torch.clone])
        assert sums.min() < 0 < sums.max()


def test_unit_that_sees_the_whole_image_is_told_so():
    assert "every unit sees the whole image" in repr(check("appendix-network-in-network", SeesTheMean, part="MLPConv"))


def test_first_wrong_map_is_drawn():
    report = check("appendix-network-in-network", NoSecondRelu, part="MLPConv")
    (picture,) = [outcome.fault.picture for outcome in report.outcomes if outcome.fault]
    assert "of 12 numbers differ" in picture


def test_unmended_network_earns_nothing():
    assert check("appendix-network-in-network", StillBroken, part="MendedNetwork").points == 0
