"""What a picture says of a step is what the code does; what is called alike is alike."""

import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.parameter import is_lazy

from cnncourse import measure
from cnncourse.drawing import draw
from cnncourse.drawing.parts import Towers, frames_of

SHAPE = (3, 16, 16)


class Net(nn.Module):
    """A network whose forward is a function of it and of the image."""

    def __init__(self, function, **modules):
        super().__init__()
        self.function = function
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x):
        return self.function(self, x)


def conv(given=3, gives=8, kernel=3, **settings):
    return nn.Conv2d(given, gives, kernel, padding=kernel // 2, **settings)


TABLE = {"pair": (torch.ones(8, 1, 1), 0)}


def shuffled(network, x):
    b, c, h, w = x.shape
    return network.c(x.view(b, 2, c // 2, h, w).transpose(1, 2).reshape(b, c, h, w))


def with_item(network, x):
    y, (_, _) = network.r(x.mean(2).permute(0, 2, 1))
    return network.f(y[:, -1])


# What is in the network's text, line by line, after the image.
SAID = {
    "x − f(x)": (lambda: Net(lambda n, x: x - n.c(x), c=conv(3, 3)), SHAPE, ["3×3 conv, 3", "input − c"]),
    "f(x) − x": (lambda: Net(lambda n, x: n.c(x) - x, c=conv(3, 3)), SHAPE, ["3×3 conv, 3", "c − input"]),
    "one result twice": (
        lambda: Net(lambda n, x: torch.cat([n.c(x)] * 2 + [x], 1), c=conv()), SHAPE,
        ["3×3 conv, 8", "concatenate, c ×2"]),
    "arithmetic": (
        lambda: Net(lambda n, x: (1 - torch.sigmoid(x)) ** 2 / 3 + 4 - 5), SHAPE,
        ["sigmoid", "1 − x", "x ** 2", "x ÷ 3", "x + 4", "x − 5"]),
    "slices": (
        lambda: Net(lambda n, x: n.c(x[:, 1:, ::2]), c=conv()), (4, 8, 8), ["slice [:, 1:, ::2]", "3×3 conv, 8"]),
    "windows of functions": (
        lambda: Net(lambda n, x: F.avg_pool2d(F.max_pool2d(x, 3, 2), kernel_size=5, stride=1, padding=2)), SHAPE,
        ["3×3 max pool /2", "5×5 average pool"]),
    "convolution as a function": (
        lambda: Net(lambda n, x: F.conv2d(x, n.c.weight, None, 2, 1), c=conv()), SHAPE, ["3×3 conv /2, 8"]),
    "channel shuffle": (lambda: Net(shuffled, c=conv(4, 4)), (4, 8, 8), ["channel shuffle, 2 groups", "3×3 conv, 4"]),
    "result that nobody uses": (
        lambda: Net(with_item, r=nn.LSTM(3, 8, batch_first=True), f=nn.Linear(8, 2)), SHAPE,
        ["mean", "LSTM", "slice [:, -1]", "FC, 2"]),
    "module named like an operation": (
        lambda: Net(lambda n, x: n.add(x), add=conv()), SHAPE, ["3×3 conv, 8"]),
    "lone layer": (lambda: nn.BatchNorm2d(3), SHAPE, ["batch norm"]),
    "lone layer with layers inside": (
        lambda: nn.TransformerEncoderLayer(16, 2), (3, 16), ["transformer encoder layer"]),
    "step that decides by size": (
        lambda: nn.Sequential(Net(lambda n, x: F.max_pool2d(x, 2) if x.shape[-1] > 8 else x), conv()), SHAPE,
        ["net", "3×3 conv, 8"]),
    "block that decides by size": (
        lambda: Net(lambda n, x: n.c(x) if x.shape[-1] > 8 and x.size(2) > 8 and x.dim() == 4 else x, c=conv()), SHAPE,
        ["3×3 conv, 8"]),
    "windows of functions that do not weight": (
        lambda: Net(lambda n, x: F.unfold(F.lp_pool2d(n.c(x), 2, 3, stride=2), (2, 1), dilation=2), c=conv()), SHAPE,
        ["3×3 conv, 8", "3×3 lp pool /2", "2×1 unfold, dilation 2"]),
    "takes a half of complex numbers": (
        lambda: Net(lambda n, x: torch.fft.fft2(n.c(x)).imag, c=conv()), SHAPE, ["3×3 conv, 8", "fft fft2", "imag"]),
}  # fmt: skip
SAID |= {
    "axis by its other name": (
        lambda: Net(lambda n, x: torch.cat([x, x + 1], axis=2)), SHAPE, ["x + 1", "concatenate along axis 2"]),
    "sum with a number between": (
        lambda: Net(lambda n, x: n.a(x) + 1 + n.b(x), a=conv(), b=conv()), SHAPE,
        ["3×3 conv, 8", "x + 1", "3×3 conv, 8", "add"]),
    "sum of unequal shares": (
        lambda: Net(lambda n, x: torch.add(x, n.a(x), alpha=0.5), a=conv(3, 3)), SHAPE,
        ["3×3 conv, 3", "add, the second × 0.5"]),
    "up-sampling by groups": (lambda: nn.Sequential(nn.ConvTranspose2d(8, 8, 2, 2, groups=8)), (8, 4, 4),
        ["2×2 transposed conv, stride 2, 8, 8 groups"]),
    "asks whether it is a tensor": (
        lambda: Net(lambda n, x: n.b(n.a(x)) if isinstance(x, torch.Tensor) else n.a(x), a=conv(), b=conv(8)), SHAPE,
        ["3×3 conv, 8", "3×3 conv, 8"]),
    "goes over parts": (
        lambda: Net(lambda n, x: torch.cat([n.c(each) for each in x.split(1, 1)], 1), c=conv(1, 2)), SHAPE,
        ["split", "3×3 conv, 2", "3×3 conv, 2", "3×3 conv, 2", "concatenate"]),
    "makes a tensor by its size": (
        lambda: Net(lambda n, x: n.c(x) + torch.zeros(x.shape[0], 8, 1, 1), c=conv()), SHAPE,
        ["3×3 conv, 8", "x + constant"]),
}  # fmt: skip
SAID |= {
    "parameters of its own": (
        lambda: Net(lambda n, x: n.mean - (n.c(x) * n.layer_scale + n.position), c=conv(),
                    **{name: nn.Parameter(torch.ones(8, 1, 1)) for name in ("layer_scale", "position", "mean")}), SHAPE,
        ["3×3 conv, 8", "× layer scale", "x + position", "mean − x"]),
    "tensors where nobody looks for them": (
        lambda: Net(lambda n, x: n.c(x) * TABLE["pair"][0] + n.kept[1], c=conv(), kept=[0, torch.ones(8, 1, 1)]), SHAPE,
        ["3×3 conv, 8", "× constant", "x + constant"]),
    "order of channels in a list": (
        lambda: Net(lambda n, x: n.c(x)[:, n.kept[0]], c=conv(), kept=[torch.randperm(8)]), SHAPE,
        ["3×3 conv, 8", "slice [:, constant]"]),
    "global pools as functions": (
        lambda: Net(lambda n, x: torch.cat([x.mean(dim=(2, 3)), torch.amax(x, [-1, -2]),
                                            F.adaptive_avg_pool2d(x, 1).flatten(1)], 1)), SHAPE,
        ["global average pool", "global max pool", "global average pool", "concatenate"]),
    "mean of one axis": (lambda: Net(lambda n, x: n.c(x.mean(1, keepdim=True)), c=conv(1)), SHAPE,
        ["mean", "3×3 conv, 8"]),
    "transposed convolution as a function": (
        lambda: Net(lambda n, x: F.conv_transpose2d(n.c(x), n.kernels, stride=2), c=conv(),
                    kernels=nn.Parameter(torch.ones(8, 4, 2, 2))), SHAPE,
        ["3×3 conv, 8", "2×2 transposed conv, stride 2, 4"]),
}  # fmt: skip
UNSEEN = ("permute", "flatten", "transpose", "view", "reshape", "part")  # they change no number


@pytest.mark.parametrize(("build", "shape", "labels"), SAID.values(), ids=SAID)
def test_every_step_is_called_what_it_does(build, shape, labels):
    layers = draw(build(), shape).layers[1:]
    assert [layer.label for layer in layers if layer.label not in UNSEEN] == labels


def test_two_sides_of_a_difference_are_both_drawn():
    drawing = draw(Net(lambda n, x: n.a(x) - n.b(x), a=conv(), b=conv()), SHAPE)
    (towers,) = (part for part in drawing.column.items if isinstance(part, Towers))
    assert [count for _, count in towers.branches] == [1, 1]


def test_layers_that_no_image_feeds_are_told_with_their_costs():
    model = Net(
        lambda n, x: n.c(x).flatten(2) + n.m(n.p(torch.arange(8))).unsqueeze(2),
        c=conv(), p=nn.Embedding(8, 4), m=nn.Linear(4, 1),
    )  # fmt: skip
    drawing = draw(model, SHAPE)
    assert drawing.layers[-1].helpers == ("p", "m")
    assert "with what p, m make of no image" in drawing.text()
    assert sum(layer.parameters for layer in drawing.layers) == measure.parameters(model).trainable
    assert sum(layer.multiply_adds for layer in drawing.layers) == measure.multiply_adds(model, SHAPE)


WRAPPERS = [
    nn.DataParallel,
    lambda model: torch.optim.swa_utils.AveragedModel(model),
    lambda model: torch.compile(model),
    lambda model: nn.DataParallel(torch.compile(model)),
]


@pytest.mark.slow
@pytest.mark.parametrize("wrap", WRAPPERS, ids=["DataParallel", "AveragedModel", "compile", "two"])
def test_wrapped_network_is_looked_at_as_itself(wrap):
    model = nn.Sequential(conv(), nn.ReLU())
    assert draw(wrap(model), SHAPE).svg == draw(model, SHAPE).svg
    assert measure.layers(wrap(model), SHAPE) == measure.layers(model, SHAPE)
    assert measure.receptive_field(wrap(model), SHAPE) == measure.receptive_field(model, SHAPE)
    assert measure.depth(wrap(model)) == measure.depth(model)


def compiled_in_place(model):
    model.compile()
    return model


@pytest.mark.parametrize("wrap", [*WRAPPERS, compiled_in_place])
def test_wrapped_part_is_looked_at_as_itself(wrap):
    model = nn.Sequential(conv(), nn.Sequential(conv(8), nn.ReLU()), conv(8))
    looks = [lambda net: draw(net, SHAPE).svg, lambda net: measure.layers(net, SHAPE), measure.depth]
    expected = [look(model) for look in looks]
    model[1] = wrapped = wrap(model[1])
    assert [look(model) for look in looks] == expected
    assert model[1] is wrapped


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_part_that_is_a_program_is_told_by_its_name():
    with pytest.raises(ValueError, match="1, a part of Sequential, is a scripted"):
        draw(nn.Sequential(conv(), torch.jit.script(nn.ReLU())), SHAPE)


def test_lazy_layers_get_their_sizes_on_a_copy():
    model = nn.Sequential(nn.LazyConv2d(8, 3), nn.LazyBatchNorm2d(), nn.LazyConv2d(4, 3))
    assert [layer.label for layer in draw(model, SHAPE).layers[1:]] == ["3×3 conv, 8", "batch norm", "3×3 conv, 4"]
    assert measure.multiply_adds(model, SHAPE) > 0
    assert measure.depth(model, SHAPE).weight_layers == 2
    assert isinstance(model[0], nn.LazyConv2d)
    assert is_lazy(model[1].running_mean)
    with pytest.raises(ValueError, match="run it on an image, or say the input's shape"):
        measure.depth(model)


def test_network_of_several_inputs_is_drawn():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = conv(3), conv(1)

        def forward(self, x, y):
            return self.a(x) + self.b(y)

    drawing = draw(Two(), (SHAPE, (1, 16, 16)))
    assert [layer.shape for layer in drawing.layers if layer.label == "image"] == [SHAPE, (1, 16, 16)]
    assert {layer.name for layer in drawing.layers} >= {"a", "b", "add"}
    assert measure.receptive_field(Two(), (SHAPE, (1, 16, 16)))[-1].size == (3, 3)


@pytest.mark.parametrize(
    "made", [torch.jit.script, lambda model: torch.export.export(model, (torch.zeros(1, *SHAPE),)).module()]
)
def test_programs_are_told_to_be_given_as_networks(made):
    with pytest.raises(ValueError, match="pass the network that it was made from"):
        draw(made(nn.Sequential(conv())), SHAPE)


class Block(nn.Module):
    """A block with a choice for all that a reader would want to know of one."""

    def __init__(self, **choices):
        super().__init__()
        c = {
            "kernel": 3,
            "groups": 1,
            "dilation": 1,
            "bias": True,
            "slope": 0.1,
            "norm": nn.BatchNorm2d,
            "order": 0,
        } | choices
        self.one = nn.Conv2d(8, 8, 1)
        self.two = nn.Conv2d(
            8, 8, c["kernel"], padding="same", groups=c["groups"], dilation=c["dilation"], bias=c["bias"]
        )
        self.norm, self.act = c["norm"](8), nn.LeakyReLU(c["slope"])
        self.pool = c.get("pool", nn.MaxPool2d(3, 1, 1))
        self.out = nn.Conv2d(8, 8, 1)
        self.order = c["order"]

    def forward(self, x):
        y = self.act(self.norm(self.two(self.one(x))))
        y = self.out(self.pool(y))
        return x + y if not self.order else x - y


CHOICES = {
    "kernel": 5,
    "groups": 2,
    "dilation": 2,
    "bias": False,
    "slope": 0.3,
    "norm": lambda channels: nn.GroupNorm(2, channels),
    "pool": nn.AvgPool2d(3, 1, 1),
    "order": 1,
}


class Keeps(nn.Module):
    """A network that keeps, counts and makes things while it runs."""

    def __init__(self):
        super().__init__()
        self.c, self.seen, self.calls, self.features = conv(), [], 0, None
        self.register_buffer("mask", None)

    def forward(self, x):
        if not hasattr(self, "ramp"):
            self.register_buffer("ramp", torch.linspace(0, 1, x.shape[-1]))
        if self.mask is None:
            self.mask = torch.ones(16, 16).tril()
        self.calls += 1
        self.seen.append(x)
        self.features = self.c(x + self.ramp)
        return self.features * self.mask


LOOKS = [draw, measure.layers, measure.multiply_adds, measure.receptive_field, measure.depth]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__)
def test_nothing_that_a_network_keeps_is_left_by_a_look_at_it(look):
    model = Keeps()
    look(model, SHAPE)
    assert (model.seen, model.calls, model.features, model.mask) == ([], 0, None, None)
    assert not hasattr(model, "ramp")
    assert model(torch.rand(1, *SHAPE)).shape == (1, 8, 16, 16)


def test_lazy_layers_leave_the_random_state_as_it_was():
    state = torch.get_rng_state()
    draw(nn.Sequential(nn.LazyConv2d(8, 3)), SHAPE)
    assert torch.equal(torch.get_rng_state(), state)


def test_images_that_a_network_refuses_are_refused_in_its_words():
    class Picky(nn.Module):
        def forward(self, x):
            assert x.shape[-1] % 32 == 0, "a multiple of 32"
            return x

    with pytest.raises(ValueError, match=r"does not take images of shape \(3, 16, 16\): a multiple of 32"):
        draw(Picky(), SHAPE)


class Shift(nn.Module):
    """A layer of one's own that says nothing of its settings."""

    def __init__(self, by):
        super().__init__()
        self.by = by

    def forward(self, x):
        return x.roll(self.by, 2)


def with_child(function):
    return Net(lambda n, x: function(n.c(x)), c=conv(3, 3))


UNLIKE = {
    "slope of a function": [with_child(lambda x: F.leaky_relu(x, 0.1)), with_child(lambda x: F.leaky_relu(x, 0.5))],
    "limits of a function": [with_child(lambda x: x.clamp(0, 1)), with_child(lambda x: x.clamp(0, 2))],
    "a layer's own setting": [Shift(1), Shift(2)],
    "padding": [conv(3, 3), conv(3, 3, padding_mode="circular")],
    "groups of a normalisation": [nn.GroupNorm(1, 3), nn.GroupNorm(3, 3)],
}


@pytest.mark.parametrize("pair", UNLIKE.values(), ids=UNLIKE)
def test_what_differs_is_not_folded(pair):
    parts = [nn.Sequential(each) for each in pair]
    assert all(part.times == 1 for part in draw(nn.Sequential(*parts), SHAPE).column.items)
    assert draw(nn.Sequential(*(copy.deepcopy(parts[0]) for _ in range(2))), SHAPE).column.items[-1].times == 2


@pytest.mark.slow
@settings(max_examples=40)
@given(st.sets(st.sampled_from(sorted(CHOICES)), max_size=2), st.sets(st.sampled_from(sorted(CHOICES)), max_size=2))
def test_block_is_like_another_only_if_it_is_built_alike(first, second):
    blocks = [Block(**{name: CHOICES[name] for name in chosen}) for chosen in (first, second)]
    drawing = draw(nn.Sequential(blocks[0], nn.MaxPool2d(2), blocks[1]), (8, 16, 16))
    frames = list(frames_of(drawing.column))
    assert len(frames) == 2
    assert bool(frames[1].like) == (first == second)


def test_blocks_like_another_list_all_their_widths():
    class Mlp(nn.Module):
        def __init__(self, width, hidden):
            super().__init__()
            self.n, self.a, self.b, self.c = (
                nn.LayerNorm(8),
                nn.Linear(8, hidden),
                nn.Linear(hidden, width),
                nn.Linear(width, 8),
            )

        def forward(self, x):
            a = self.a(self.n(x))
            b = self.b(a.relu())
            return x + self.c(b.relu())

    frames = list(frames_of(draw(nn.Sequential(Mlp(8, 32), nn.Sigmoid(), Mlp(4, 64)), (5, 8)).column))
    assert (frames[0].letter, frames[1].like, frames[1].widths) == ("a", "a", "64, 4, 8")


def test_letters_follow_the_picture_and_never_meet():
    kernels = [1, 3, 5]
    model = nn.Sequential(
        *(
            copy.deepcopy(each)
            for kernel in (*kernels, *reversed(kernels))
            for each in (Block(kernel=kernel), nn.Sigmoid())
        )
    )
    frames = list(frames_of(draw(model, (8, 16, 16)).column))
    assert [frame.letter for frame in frames[:3]] == ["a", "b", "c"]
    assert [frame.like for frame in frames[3:]] == ["c", "b", "a"]


def test_blocks_are_framed_and_folded_inside_a_branch_too():
    class Skip(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(*(Block() for _ in range(16)))

        def forward(self, x):
            return x + self.body(x)

    (frame,) = frames_of(draw(Skip(), (8, 16, 16)).column)
    assert frame.times == 16
