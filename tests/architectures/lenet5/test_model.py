"""LeNet-5 is the network of the paper, number by number."""

import pytest
import torch
import torch.nn.functional as F

from cnncourse import data, measure
from cnncourse.architectures import LeNet5, architecture
from cnncourse.architectures.lenet5.model import (
    C3_TABLE,
    ModernLeNet5,
    PartialConv2d,
    RadialBasisOutput,
    ScaledTanh,
    TrainableSubsampling,
    bitmap_loss,
    digit_codes,
)
from cnncourse.training import fit, seeded

# Trainable numbers and output shapes as section II-B of the paper prints them.
PAPER = {
    "c1": (156, (6, 28, 28)),
    "s2": (12, (6, 14, 14)),
    "c3": (1_516, (16, 10, 10)),
    "s4": (32, (16, 5, 5)),
    "c5": (48_120, (120, 1, 1)),
    "f6": (10_164, (84,)),
    "output": (0, (10,)),
}


def test_layers_have_the_papers_numbers_and_shapes():
    table = measure.layers(LeNet5(), (1, 32, 32)).layers
    assert {
        layer.name: (layer.parameters, layer.output_shape) for layer in table if layer.kind != "ScaledTanh"
    } == PAPER


def test_every_layer_up_to_f6_is_squashed():
    kinds = [layer.kind for layer in measure.layers(LeNet5(), (1, 32, 32)).layers]
    assert kinds[1:-1:2] == ["ScaledTanh"] * 6


@pytest.mark.parametrize(("variant", "trainable"), [(None, 60_000), ("modern", 61_706)])
def test_trainable_numbers_in_all(variant, trainable):
    assert measure.parameters(architecture("lenet-5").build(variant=variant)).trainable == trainable


def test_table_i_has_the_properties_that_the_paper_states():
    assert [len(sources) for sources in C3_TABLE] == [3] * 6 + [4] * 9 + [6]
    uses = [sum(source in sources for sources in C3_TABLE) for source in range(6)]
    assert uses == [10] * 6
    assert len(set(C3_TABLE)) == 16


def test_partial_convolution_equals_a_masked_one():
    with seeded(0):
        layer, maps = PartialConv2d(6, C3_TABLE, 5), torch.randn(2, 6, 14, 14)
    expected = torch.stack(
        [
            sum(
                F.conv2d(maps[:, [s]], layer.weight[i][None, None])[:, 0]
                for i, (t, s) in enumerate((t, s) for t, sources in enumerate(C3_TABLE) for s in sources)
                if t == target
            )
            + layer.bias[target]
            for target in range(16)
        ],
        dim=1,
    )
    torch.testing.assert_close(layer(maps), expected)


def test_partial_convolution_refuses_a_table_with_unknown_maps():
    with pytest.raises(ValueError, match="outside 0 to 5"):
        PartialConv2d(6, [(0, 6)], 5)


def test_subsampling_adds_up():
    layer = TrainableSubsampling(1)
    with torch.no_grad():
        layer.coefficient.fill_(2.0)
        layer.bias.fill_(0.5)
    assert layer(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])).item() == 2 * 10 + 0.5


def test_squashing_function_passes_through_plus_and_minus_one():
    values = ScaledTanh()(torch.tensor([-1.0, 0.0, 1.0]))
    torch.testing.assert_close(values, torch.tensor([-1.0, 0.0, 1.0]), atol=1e-4, rtol=0)


def test_output_is_the_negative_squared_distance_to_each_bitmap():
    codes = digit_codes()
    assert codes.shape == (10, 84)
    assert set(codes.unique().tolist()) == {-1.0, 1.0}
    scores = RadialBasisOutput(codes)(codes)
    torch.testing.assert_close(scores, -torch.cdist(codes, codes).square(), atol=1e-3, rtol=1e-4)
    assert (scores.fill_diagonal_(-1e9).max() < -4).item()  # no two digits share their bitmap


def test_loss_is_equation_9():
    scores, labels, j = -torch.tensor([[3.0, 7.0], [5.0, 2.0]]), torch.tensor([0, 0]), 4.0
    expected = [
        -scores[i, labels[i]] + torch.log(torch.exp(torch.tensor(-j)) + scores[i].exp().sum()) for i in range(2)
    ]
    torch.testing.assert_close(bitmap_loss(scores, labels, j), torch.stack(expected).mean())


@pytest.mark.parametrize("build", [LeNet5, ModernLeNet5])
def test_wrong_images_are_refused_with_what_is_expected(build):
    with pytest.raises(ValueError, match=r"expects a batch of images of shape \(N, 1, 32, 32\), not \(1, 28, 28\)"):
        build()(torch.zeros(1, 28, 28))


def test_more_classes_than_bitmaps_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match="use ModernLeNet5"):
        LeNet5(num_classes=1000)


@pytest.mark.parametrize("build", [LeNet5, ModernLeNet5])
def test_gradient_reaches_every_parameter(build):
    with seeded(0):
        model, images = build(), torch.randn(8, 1, 32, 32)
    F.cross_entropy(model(images), torch.arange(8)).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in model.parameters())


@pytest.mark.slow
def test_digits_are_read_with_more_than_98_5_percent_accuracy_on_average():
    accuracies = []
    for seed in range(3):
        with seeded(seed):
            model = LeNet5()
        history = fit(
            model,
            data.digits(),
            epochs=20,
            learning_rate=0.003,
            batch_size=16,
            loss=bitmap_loss,
            augment=data.distort,
            seed=seed,
            progress=False,
        )
        accuracies.append(history.test_accuracy)
    assert sum(accuracies) / len(accuracies) >= 0.985
