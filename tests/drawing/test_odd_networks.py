"""Networks as people write them: shared modules, defaults, odd tensors, numbers of other kinds."""

import copy
import random
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse import measure
from cnncourse.drawing import draw, explore
from cnncourse.drawing.parts import boxes_of
from cnncourse.drawing.tree import Side, layers_of
from tests.drawing.test_tree import assert_connections_are_those_of_the_code, called, measured

SHAPE = (3, 16, 16)


class Stem(nn.Module):
    """A convolution, for the networks below to build on."""

    def __init__(self):
        super().__init__()
        self.c, self.fc = nn.Conv2d(3, 8, 3, padding=1), nn.Linear(8, 2)


class UsesDefaults(Stem):
    def forward(self, x, mask=None, again=False, times=2):
        y = self.c(x)
        if mask is not None:
            y = y * mask
        for _ in range(times):
            y = F.relu(y)
        return self.c(y[:, :3]) if again else y


class DecidesBySizeWithDefaults(Stem):
    def forward(self, x, times=2, scale=0.5, names=(1, "a"), options={}):  # noqa: B006
        for _ in range(times):
            x = F.avg_pool2d(x, 2) if x.shape[-1] > 8 else x * scale
        for _ in names:
            x = F.relu(x, **options)
        return self.c(x)


class RefusesWithoutAWord(Stem):
    def forward(self, x):
        if x.shape[2] % 32:
            raise ValueError
        return self.c(x)


class SpeaksOfMeta(Stem):
    def forward(self, x):
        raise ValueError("no meta data")


class AsksWhatItIsGiven(Stem):
    def __init__(self):
        super().__init__()
        self.kernels = nn.ParameterList([nn.Parameter(torch.rand(8, 8, 1, 1)) for _ in range(2)])

    def forward(self, x):
        if not torch.is_tensor(x) or x.is_complex() or not x.is_floating_point():
            return None
        x = self.c(x)
        for kernel in self.kernels:
            x = F.conv2d(x, kernel)
        return x


class LoopsOverADefault(Stem):
    def forward(self, x, scales=(1, 2), kinds=[torch.float32]):  # noqa: B006
        for scale in scales:
            x = x.to(kinds[0]) * scale
        return self.c(x)


class MakesTensors(Stem):
    def __init__(self):
        super().__init__()
        self.mean = torch.zeros(1, 3, 1, 1)  # a plain attribute, no buffer

    def forward(self, x):
        return self.c(x - self.mean) * torch.arange(8).view(1, 8, 1, 1)


class ArgumentNamedLikeALayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.x = nn.Conv2d(3, 8, 3)

    def forward(self, x):
        return self.x(x)


class ReadsAnAttributeOfAWeight(Stem):
    def forward(self, x):
        return self.c(x.to(self.c.weight.dtype))


class InPlace(Stem):
    def forward(self, x):
        y = self.c(x)
        F.relu(y, inplace=True)
        y.add_(1)
        return y


class Differs(Stem):
    def forward(self, x):
        return self.c(x) - self.c(x.flip(-1))


class Attends(Stem):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        tokens = self.c(x).flatten(2).transpose(1, 2)
        attended, _ = self.attention(tokens, tokens, tokens, need_weights=False)
        return self.fc(attended.mean(1))


class WritesIntoParts(Stem):
    """Moves channels by writing them elsewhere, as networks for videos do."""

    def __init__(self):
        super().__init__()
        self.d = nn.Conv2d(8, 8, 1)

    def forward(self, x):
        maps = torch.zeros(x.shape[0], 8, *x.shape[2:])
        maps[:, 4:] = self.c(x)[:, :4]
        maps[:, :3] += x
        maps[:, 0] = 1.0
        return self.d(maps)


class WritesByMask(WritesIntoParts):
    def forward(self, x):
        maps = self.c(x)
        maps[maps > 1] = 1
        return self.d(maps)


def tied():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3))
    model[2].weight = model[1].weight
    return model


def same_module_twice():
    layer = nn.Conv2d(3, 3, 3, padding=1)
    return nn.Sequential(layer, nn.ReLU(), layer)


NETWORKS = [
    UsesDefaults,
    DecidesBySizeWithDefaults,
    LoopsOverADefault,
    AsksWhatItIsGiven,
    MakesTensors,
    ArgumentNamedLikeALayer,
    ReadsAnAttributeOfAWeight,
    InPlace,
    WritesIntoParts,
    WritesByMask,
    Differs,
    Attends,
    tied,
    same_module_twice,
]


@pytest.mark.parametrize("build", NETWORKS)
def test_network_is_drawn_whole_and_left_as_it_was(build):
    model = build()
    before = copy.deepcopy(model.state_dict())
    identities = [id(parameter) for parameter in model.parameters()]
    images = torch.randn(2, *SHAPE)
    expected = model(images)
    drawing = draw(model, SHAPE)
    assert called(drawing.layers) == measured(model, SHAPE)
    assert_connections_are_those_of_the_code(model, SHAPE)
    assert [id(parameter) for parameter in model.parameters()] == identities
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    torch.testing.assert_close(model(images), expected)
    ElementTree.fromstring(drawing.svg)


@pytest.mark.parametrize("build", [tied, same_module_twice, ArgumentNamedLikeALayer, ReadsAnAttributeOfAWeight])
def test_parameters_count_once(build):
    model = build()
    used = sum(layer.parameters for layer in draw(model, SHAPE).layers)
    unused = measure.parameters(model.fc).trainable if hasattr(model, "fc") else 0
    assert used == measure.parameters(model).trainable - unused
    listed = measure.layers(model, SHAPE).layers
    assert sum(layer.parameters for layer in listed if layer.kind) == used
    assert sum(layer.parameters for layer in listed) == measure.parameters(model).trainable


def test_main_way_is_the_one_with_most_work_whatever_the_order_of_the_results():
    class Finest(Stem):
        def forward(self, x):
            features = self.c(x).mean((2, 3))
            return features, self.fc(features)

    class Named(Stem):
        def __init__(self):
            super().__init__()
            self.aux, self.deep = nn.Conv2d(8, 2, 1), nn.Conv2d(8, 8, 3)

        def forward(self, x):
            maps = self.c(x)
            return {"aux": self.aux(maps), "out": self.deep(maps)}

    assert [type(item).__name__ for item in draw(Finest(), SHAPE).tree.items] == ["Leaf"] * 4
    drawing = draw(Named(), SHAPE)
    (side,) = (item for item in drawing.tree.items if isinstance(item, Side))
    assert [layer.name for layer in layers_of(side)] == ["aux"]
    assert drawing.column.items[-1].label == "3×3 conv, 8"


def test_network_that_trains_in_ways_that_cannot_be_traced_is_drawn_as_it_evaluates():
    class Dropping(Stem):
        def forward(self, x):
            if self.training and x.sum() > 0:
                return self.fc(x.mean((2, 3)))
            return self.c(x)

    assert [layer.label for layer in draw(Dropping(), SHAPE).layers] == ["image", "3×3 conv, 8"]


def test_layer_may_return_a_dictionary():
    class Told(nn.Module):
        def forward(self, x):
            return {"out": x * 2}

    model = nn.Sequential(nn.Conv2d(3, 8, 3), Told())
    assert [layer.output_shape for layer in measure.layers(model, SHAPE).layers] == [(8, 14, 14), (8, 14, 14)]


def test_steps_in_place_are_on_the_way():
    assert [layer.label for layer in draw(InPlace(), SHAPE).layers] == ["image", "3×3 conv, 8", "ReLU", "x + 1"]


@pytest.mark.parametrize(
    ("build", "labels"),
    [
        (WritesIntoParts, ["write [:, 4:]", "write [:, :3]", "write [:, 0]"]),
        (WritesByMask, ["write [gt]"]),
    ],
)
def test_what_is_written_into_maps_is_on_the_way(build, labels):
    layers = draw(build(), SHAPE).layers
    assert [layer.label for layer in layers if layer.label.startswith("write")] == labels
    assert layers[-1].name == "d"
    assert measure.depth(build(), SHAPE).weight_layers == 2
    assert measure.receptive_field(build(), SHAPE)[-1] == measure.ReceptiveField("d", None, None)


def test_network_that_does_something_else_while_traced_is_refused():
    class Notices(Stem):
        def forward(self, x):
            return self.c(x) if type(x) is torch.Tensor else x

    with pytest.raises(ValueError, match="it does something else while it is traced"):
        draw(Notices(), SHAPE)


def test_network_whose_trace_cannot_be_run_is_not_said_to_refuse_its_images():
    class Differentiates(Stem):
        def forward(self, x):
            with torch.enable_grad():
                return torch.autograd.grad(self.c(x.requires_grad_(True)).sum(), x)[0]

    with pytest.raises(ValueError, match="Differentiates cannot be traced by torch") as error:
        draw(Differentiates(), SHAPE)
    assert "While executing" not in str(error.value)
    assert measure.multiply_adds(Differentiates(), SHAPE) > 0


def test_parameters_in_a_list_are_no_layer():
    (*_, rest) = measure.layers(AsksWhatItIsGiven(), SHAPE).layers
    assert (rest.name, rest.parameters, rest.multiply_adds) == ("outside layers", 2 * 8 * 8, 2 * 8 * 8 * 16 * 16)


def test_what_is_written_into_maps_of_fixed_size_is_on_the_way_too():
    class Fixed(WritesIntoParts):
        def forward(self, x):
            maps = torch.zeros(1, 8, 16, 16)
            maps[:, 4:] = self.c(x)[:, :4]
            return self.d(maps)

    assert draw(Fixed(), SHAPE).layers[-1].name == "d"
    with pytest.raises(ValueError, match="can be traced only if the input's shape is given"):
        measure.depth(Fixed())


TRANSFORMED = {
    "vmap": lambda x: torch.vmap(torch.neg)(x),
    "grad": lambda x: torch.func.grad(torch.sum)(x),
    "nested": lambda x: torch.nested.nested_tensor([x[0], x[0]]),
    "fork": lambda x: torch.jit.wait(torch.jit.fork(torch.neg, x)),
}


@pytest.mark.parametrize("use", TRANSFORMED.values(), ids=TRANSFORMED)
def test_what_torch_does_in_c_with_true_tensors_only_is_refused_with_its_line(use):
    """It crashed: torch took what stands for a tensor while tracing for one."""

    class Uses(Stem):
        def forward(self, x):
            return use(self.c(x)) if x.shape[1] == 3 else x

    with pytest.raises(ValueError, match="cannot be traced") as error:
        draw(Uses(), SHAPE)
    assert "The tracing stopped in" in str(error.value)


def test_numbers_of_numpy_and_tensors_taken_for_new_ones_are_on_the_way():
    class Takes(Stem):
        def forward(self, x):
            return self.c(torch.as_tensor(x)) * np.float32(2) if isinstance(x, torch.Tensor) else None

    assert [layer.label for layer in draw(Takes(), SHAPE).layers] == ["image", "as tensor", "3×3 conv, 8", "×2"]


def test_difference_is_a_join_of_its_own():
    drawing = draw(Differs(), SHAPE)
    assert [box.label for box in boxes_of(drawing.column)][-1] == "c − c"
    assert ">c − c<" in drawing.svg


def test_counting_and_running_state_is_undone():
    class Counting(Stem):
        def __init__(self):
            super().__init__()
            self.register_buffer("steps", torch.zeros(()))

        def forward(self, x):
            self.steps += 1
            return self.c(x) * random.random() + torch.randn(1)

    model, numbers, state = Counting(), random.getstate(), torch.get_rng_state()
    draw(model, SHAPE)
    measure.layers(model, SHAPE)
    assert model.steps == 0
    assert random.getstate() == numbers
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_numbers_of_another_kind_make_no_difference(dtype):
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
    assert draw(copy.deepcopy(model).to(dtype), SHAPE).svg == draw(model, SHAPE).svg


def test_complex_network_is_given_complex_images():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Tanh(), nn.Conv2d(8, 2, 1)).to(torch.complex64)
    assert [layer.label for layer in draw(model, SHAPE).layers[1:]] == ["3×3 conv, 8", "tanh", "1×1 conv, 2"]
    assert measure.depth(model, SHAPE).weight_layers == 2
    assert measure.multiply_adds(model, SHAPE) == 3 * (8 * 27 + 2 * 8) * 14 * 14  # torch runs three real ones for each


def test_inference_mode_makes_no_difference():
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.LazyLinear(5))
    model(torch.zeros(1, *SHAPE))
    expected = measure.multiply_adds(model, SHAPE)
    model.forward = torch.inference_mode()(model.forward)
    assert measure.multiply_adds(model, SHAPE) == expected
    del model.forward
    with torch.inference_mode():
        assert measure.multiply_adds(model, SHAPE) == expected > 0
        assert sum(layer.multiply_adds for layer in draw(model, SHAPE).layers) == expected


@pytest.mark.parametrize(
    ("model", "shape", "label"),
    [
        (nn.Sequential(nn.Conv1d(2, 8, 5), nn.MaxPool1d(2)), (2, 64), "5 conv, 8"),
        (nn.Sequential(nn.Conv3d(2, 8, 3)), (2, 9, 9, 9), "3×3×3 conv, 8"),
        (nn.Sequential(nn.Linear(16, 8), nn.ReLU()), (16,), "FC, 8"),
        (nn.Sequential(nn.Conv2d(3, 8, 3, dilation=2)), SHAPE, "3×3 conv, 8, dilation 2"),
        (nn.Sequential(nn.AdaptiveAvgPool2d((7, 5))), SHAPE, "average pool to 7×5"),
        (nn.Sequential(nn.MaxPool2d([3, 1], stride=[2, 1])), SHAPE, "3×1 max pool /2×1"),
        (nn.Sequential(nn.PixelUnshuffle(2)), SHAPE, "pixel unshuffle"),
        (nn.Sequential(nn.ELU()), SHAPE, "ELU"),
    ],
)
def test_other_layers_say_what_they_are(model, shape, label):
    assert label in [box.label for box in boxes_of(draw(model, shape).column)]
    assert explore(model, shape).widget().svg


def test_block_with_connections_across_its_border_is_drawn_alone():
    class Crossed(nn.Module):
        def __init__(self):
            super().__init__()
            self.d1, self.d2, self.d3 = (nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU()) for _ in range(3))

        def forward(self, x):
            a = self.d1(x)
            b = self.d2(a)
            return a * self.d3(a + b) + b

    assert [layer.label for layer in draw(Crossed(), SHAPE, block="d2").layers] == ["image", "1×1 conv, 3", "ReLU"]


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: draw(None, SHAPE), TypeError, "only a network, an nn.Module, can be drawn, not NoneType"),
        (lambda: draw(Stem, SHAPE), TypeError, "not the class Stem; make one first"),
        (lambda: draw(nn.Conv2d(3, 8, 3), None), ValueError, "without the batch, or several such, not None"),
        (lambda: draw(nn.Conv2d(3, 8, 3), (1, *SHAPE)), ValueError, "Shapes are without the batch"),
        (lambda: draw(RefusesWithoutAWord(), SHAPE), ValueError, "ValueError in forward, line .*: raise"),
        (
            lambda: measure.layers(RefusesWithoutAWord(), SHAPE),
            ValueError,
            "ValueError in forward, line .*: raise ValueError",
        ),
    ],
)
def test_what_cannot_be_drawn_is_told(call, error, said):
    with pytest.raises(error, match=said):
        call()


def test_words_with_control_characters_give_a_picture_all_the_same():
    class Coloured(nn.Module):
        def extra_repr(self):
            return "\x1b[31mred\x00"

        def forward(self, x):
            return x * 2

    ElementTree.fromstring(draw(nn.Sequential(Coloured()), SHAPE, title="a\x00b").svg)
