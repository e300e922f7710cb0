"""A block in which one thing is another is not "like" the first: the picture would tell a lie."""

import functools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnncourse.drawing import draw
from cnncourse.drawing.parts import frames_of

SHAPE = (8, 16, 16)


class Block(nn.Module):
    """Convolutions, and between them what differs from block to block."""

    def __init__(self, step, **kept):
        super().__init__()
        self.c1, self.c2, self.c3, self.c4 = (nn.Conv2d(8, 8, 1) for _ in range(4))
        self._step = step
        for name, each in kept.items():
            setattr(self, name, each)

    def forward(self, x):
        y = self.c3(self.c2(F.relu(self.c1(x))))
        return self.c4(torch.tanh(self._step(self, y, x)))


class Layer(nn.Module):
    """A layer of one's own, whose picture says its class and nothing of what it keeps."""

    def __init__(self, kept):
        super().__init__()
        self._kept = kept

    def forward(self, x):
        return self._kept(x) if callable(self._kept) else x


class SaysNothing(Layer):
    def extra_repr(self):
        return "size=8"


class KeepsNumbers(nn.Module):
    def __init__(self, numbers):
        super().__init__()
        self.register_buffer("numbers", torch.tensor(numbers))

    def forward(self, x):
        return x * self.numbers.mean()


class Flipped(nn.Module):
    def forward(self, weight):
        return weight + weight.flip(-1)


def step(function, **make):
    """A block whose own step is a function of itself, what comes out of its convolutions, and its input."""
    return lambda: Block(function, **{name: maker() for name, maker in make.items()})


def layer(make):
    return step(lambda block, y, x: block.m(y), m=make)


def tokens(make):
    def run(block, y, x):
        features = block.m(*[y.flatten(2).transpose(1, 2)] * (3 if isinstance(block.m, nn.MultiheadAttention) else 1))
        alone = isinstance(block.m, nn.TransformerEncoderLayer)
        return (features if alone else features[0]).transpose(1, 2).reshape(y.shape)

    return step(run, m=make)


def by_weight(of_weight):
    return step(
        lambda block, y, x: F.conv2d(y, of_weight(block.w), padding=1), w=lambda: nn.Parameter(torch.ones(8, 8, 3, 3))
    )


def by_kept(numbers, use):
    return step(lambda block, y, x: use(y, block.k), k=lambda: nn.Buffer(torch.tensor(numbers).reshape(1, -1, 1, 1)))


def halves(use):
    return step(lambda block, y, x: torch.cat(use(*y.chunk(2, 1)), 1))


def parametrized(made):
    return lambda: nn.utils.parametrize.register_parametrization(nn.Conv2d(8, 8, 3, padding=1), "weight", made())


def convolution():
    return nn.Conv2d(8, 8, 3, padding=1)


def times(number):
    return lambda x: x * number


CHANGED = {  # the block first, then what differs from it in one thing
    "difference": [step(lambda b, y, x: y - x), step(lambda b, y, x: x - y), step(lambda b, y, x: y - 2 * x)],
    "quotient": [step(lambda b, y, x: y / x), step(lambda b, y, x: x / y), step(lambda b, y, x: torch.div(x, y))],
    "power": [step(lambda b, y, x: y**x), step(lambda b, y, x: x**y)],
    "product of matrices": [
        step(lambda b, y, x: y @ x),
        step(lambda b, y, x: x @ y),
        step(lambda b, y, x: y @ x.mT),
        step(lambda b, y, x: y @ x.transpose(-1, -2)),
    ],
    "einsum": [
        step(lambda b, y, x: torch.einsum("bcij,bcjk->bcik", y, x)),
        step(lambda b, y, x: torch.einsum("bcij,bcjk->bcik", x, y)),
    ],
    "choice": [step(lambda b, y, x: torch.where(y > 0, y, x)), step(lambda b, y, x: torch.where(y > 0, x, y))],
    "mean of two": [step(lambda b, y, x: torch.lerp(y, x, 0.3)), step(lambda b, y, x: torch.lerp(x, y, 0.3))],
    "concatenation": [
        step(lambda b, y, x: torch.cat([y, x], 1)[:, :8]),
        step(lambda b, y, x: torch.cat([x, y], 1)[:, :8]),
    ],
    "halves": [
        halves(lambda one, other: (one, other.relu())),
        halves(lambda one, other: (other.relu(), one)),
        halves(lambda one, other: (other, one.relu())),
        halves(lambda one, other: (other, other.relu())),
    ],
    "one of several results": [
        step(lambda b, y, x: y * y.max(1, keepdim=True)[0]),
        step(lambda b, y, x: y * y.max(1, keepdim=True)[1]),
    ],
    "long sum": [
        step(lambda b, y, x: y + x + y),
        step(lambda b, y, x: y + x + x),
        step(lambda b, y, x: y + x),
        step(lambda b, y, x: y + x + y + x),
    ],
    "attention": [
        step(lambda b, y, x: F.scaled_dot_product_attention(y, x, x)),
        step(lambda b, y, x: F.scaled_dot_product_attention(x, y, y)),
        step(lambda b, y, x: F.scaled_dot_product_attention(y, x, y)),
        step(lambda b, y, x: F.scaled_dot_product_attention(y, x, x, is_causal=True)),
    ],
    "attention written out": [
        step(lambda b, y, x: (y @ x.mT).softmax(-1) @ x),
        step(lambda b, y, x: (x @ y.mT).softmax(-1) @ x),
        step(lambda b, y, x: (y @ x.mT).softmax(-1).mT @ x),
    ],
    "order of axes": [
        step(lambda b, y, x: y.permute(0, 2, 3, 1).reshape(x.shape)),
        step(lambda b, y, x: y.permute(0, 3, 2, 1).reshape(x.shape)),
    ],
    "weight": [
        by_weight(lambda w: w * 0.1),
        by_weight(lambda w: w * 0.2),
        by_weight(lambda w: w + 0.1),
        by_weight(lambda w: w.abs()),
        by_weight(lambda w: w),
        by_weight(lambda w: w.flip(-1)),
    ],
    "a weight that a layer makes": [
        step(
            lambda b, y, x: F.conv2d(y, b.m(b.w), padding=1),
            m=functools.partial(nn.Linear, 3, 3, bias=has_bias),
            w=lambda: nn.Parameter(torch.ones(8, 8, 3, 3)),
        )
        for has_bias in (True, False)
    ],
    "a layer called twice": [
        step(lambda b, y, x: b.m(torch.sin(b.n(y))), m=convolution, n=convolution),
        step(lambda b, y, x: b.m(torch.sin(b.m(y))), m=convolution),
    ],
    "flattening": [
        step(lambda b, y, x: b.m(y).reshape(x.shape), m=functools.partial(nn.Flatten, first)) for first in (1, 2)
    ],
    "a number that is kept": [by_kept([2.0], torch.mul), by_kept([3.0], torch.mul), by_kept([2.0], torch.add)],
    "a number that is made": [
        step(lambda b, y, x: y * torch.tensor(2.0)),
        step(lambda b, y, x: y * torch.tensor(3.0)),
    ],
    "indices": [
        step(lambda b, y, x: y[:, torch.tensor([0, 1, 2, 3, 4, 5, 6, 7])]),
        step(lambda b, y, x: y[:, torch.tensor([1, 0, 2, 3, 4, 5, 6, 7])]),
    ],
    "average pooling": [
        layer(lambda: nn.AvgPool2d(3, 1, 1)),
        layer(lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False)),
        layer(lambda: nn.AvgPool2d(3, 1, 1, ceil_mode=True)),
        layer(lambda: nn.AvgPool2d(3, 1, 1, divisor_override=5)),
    ],
    "up-sampling": [
        layer(lambda: nn.Sequential(nn.AvgPool2d(2), nn.Upsample(scale_factor=2, mode="bilinear"))),
        layer(lambda: nn.Sequential(nn.AvgPool2d(2), nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True))),
    ],
    "normalisation": [
        layer(lambda: nn.BatchNorm2d(8)),
        layer(lambda: nn.BatchNorm2d(8, eps=1e-3)),
        layer(lambda: nn.BatchNorm2d(8, momentum=0.01)),
        layer(lambda: nn.BatchNorm2d(8, affine=False)),
    ],
    "convolution": [
        layer(lambda: nn.Conv2d(8, 8, 3, padding=1)),
        layer(lambda: nn.Conv2d(8, 8, 3, padding=1, bias=False)),
        layer(lambda: nn.Conv2d(8, 8, 3, padding=1, groups=2)),
        layer(lambda: nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect")),
        layer(lambda: nn.utils.spectral_norm(nn.Conv2d(8, 8, 3, padding=1))),
        layer(parametrized(Flipped)),
    ],
    "recurrent layer": [
        tokens(lambda: nn.RNN(8, 8, batch_first=True)),
        tokens(lambda: nn.RNN(8, 8, batch_first=True, nonlinearity="relu")),
        tokens(lambda: nn.RNN(8, 8)),
    ],
    "attention of torch's": [
        tokens(lambda: nn.MultiheadAttention(8, 2, batch_first=True)),
        tokens(lambda: nn.MultiheadAttention(8, 4, batch_first=True)),
        tokens(lambda: nn.MultiheadAttention(8, 2, batch_first=True, dropout=0.1)),
    ],
    "transformer layer": [
        tokens(lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)),
        tokens(lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True)),
        tokens(lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, activation=F.silu)),
    ],
    "numbers of a layer": [
        layer(lambda: KeepsNumbers([1.0, 1.0])),
        layer(lambda: KeepsNumbers([1.0, 2.0])),
        layer(lambda: KeepsNumbers([1.0, 1.0, 1.0])),
    ],
    **{
        f"a layer's {type(kept[0]).__name__}": [layer(functools.partial(kind, each)) for each in kept]
        for kind, kept in [
            (Layer, (1, 2, 1.5, None)),
            (Layer, ([1, 2], [2, 1], (1, 2))),
            (Layer, ({"a": 1}, {"a": 2})),
            (Layer, ({1, 2}, {1, 3})),
            (Layer, (torch.float16, torch.float32)),
            (Layer, (torch.relu, torch.tanh)),
            (Layer, (times(2), times(3), F.silu)),
            (Layer, (functools.partial(F.leaky_relu, negative_slope=0.1), functools.partial(F.leaky_relu))),
            (SaysNothing, ("a", "b")),
        ]
    },
}


@pytest.mark.parametrize("blocks", CHANGED.values(), ids=CHANGED)
def test_block_changed_in_one_thing_is_not_like_it(blocks):
    parts = [nn.Sequential(make(), nn.MaxPool2d(3, 1, 1)) for make in (blocks[0], *blocks)]
    frames = [frame for frame in frames_of(draw(nn.Sequential(*parts), SHAPE).column) if frame.title == "Block"]
    assert [frame.times for frame in frames] == [1] * len(parts)
    assert [bool(frame.like) for frame in frames] == [False, True] + [False] * (len(blocks) - 1)


@pytest.mark.parametrize("blocks", CHANGED.values(), ids=CHANGED)
def test_block_changed_in_one_thing_is_not_folded_with_it(blocks):
    frames = list(frames_of(draw(nn.Sequential(*(make() for make in (blocks[0], *blocks))), SHAPE).column))
    assert [frame.times for frame in frames] == [2] + [1] * (len(blocks) - 1)


class Frozen(nn.Module):
    """A normalisation by what was once learnt."""

    def __init__(self, channels):
        super().__init__()
        self.register_buffer("scale", torch.rand(channels, 1, 1))

    def forward(self, x):
        return x * self.scale


def test_what_images_leave_in_a_normalisation_makes_no_difference():
    class Unit(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.a, self.b, self.c, self.d = (nn.Conv2d(8, 8, 3, padding=1) for _ in range(4))
            self.register_buffer("running_mean", torch.rand(8))
            self.register_buffer("running_var", torch.rand(8))
            self.norm = type("FrozenNorm", (Frozen,), {})(channels)

        def forward(self, x):
            x = F.batch_norm(self.b(self.a(x)), self.running_mean, self.running_var)
            return self.d(self.norm(self.c(x)).sigmoid().clamp(0.1, 0.9))

    model = nn.Sequential(Unit(8), nn.MaxPool2d(3, 1, 1), Unit(8))
    assert [frame.like for frame in frames_of(draw(model, SHAPE).column)] == ["", "a"]


def test_whose_parameters_a_block_is_given_makes_no_difference():
    class Given(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.c, self.d = (nn.Conv2d(8, 8, k, padding=k // 2) for k in (1, 3, 5, 7))

        def forward(self, x, weight):
            return self.d(self.c(F.conv2d(self.b(self.a(x)), weight)))

    class Gives(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = nn.Parameter(torch.rand(2, 8, 8, 1, 1))
            self.first, self.last = (nn.Parameter(torch.rand(8, 8, 1, 1)) for _ in range(2))
            self.blocks, self.pool = nn.ModuleList([Given() for _ in range(4)]), nn.MaxPool2d(3, 1, 1)

        def forward(self, x):
            for block, weight in zip(
                self.blocks, (self.weights[0], self.weights[1], self.first, self.last), strict=True
            ):
                x = self.pool(block(x, weight))
            return x

    assert [bool(frame.like) for frame in frames_of(draw(Gives(), SHAPE).column)] == [False, True, False, True]
