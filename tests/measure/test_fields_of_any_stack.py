"""The receptive field of any stack of windows is what the gradient of one unit reaches."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from cnncourse.measure import receptive_field
from cnncourse.measure.receptive_field import ReceptiveField, receptive_field_by_call

LARGEST = 40  # pixels that a unit may see: what is larger takes long and shows no more
pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))


@st.composite
def windows(draw):
    """A convolution or a pooling, of any size."""
    kernel, stride, dilation = draw(pairs), draw(st.tuples(*[st.integers(1, 3)] * 2)), draw(pairs)
    if draw(st.booleans()):
        return nn.Conv2d(1, 1, kernel, stride, dilation=dilation, bias=False)
    return nn.AvgPool2d(kernel, stride)


def reached(model, side, row, column):
    """Return the first and the last row and column of the image that one unit depends on."""
    image = torch.ones(1, 1, side, side, requires_grad=True)
    (gradient,) = torch.autograd.grad(model(image)[0, 0, row, column], image)
    places = gradient[0, 0].nonzero()
    return (*places.amin(dim=0).tolist(), *places.amax(dim=0).tolist())


@settings(max_examples=60)
@given(st.lists(windows(), min_size=1, max_size=4))
def test_field_and_stride_are_what_the_gradient_reaches(layers):
    model = nn.Sequential(*layers)
    for weight in model.parameters():
        nn.init.ones_(weight)
    field = receptive_field(model, (1, 400, 400))[-1]
    assume(max(*field.size, *field.stride) <= LARGEST)
    side = max(size + stride for size, stride in zip(field.size, field.stride, strict=True))
    top, left, bottom, right = reached(model, side, 0, 0)
    assert (bottom - top + 1, right - left + 1) == field.size
    below, beside = reached(model, side, 1, 0), reached(model, side, 0, 1)
    assert (below[0] - top, beside[1] - left) == field.stride


class Step(nn.Module):
    """A step that is a function, with layers if it needs some."""

    def __init__(self, function, *layers):
        super().__init__()
        self.function, self.layers = function, nn.ModuleList(layers)

    def forward(self, maps):
        return self.function(maps, *self.layers)


def channels_last(maps, linear):
    return linear(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


def tokens(maps, linear):
    rows, columns = maps.shape[2:]
    return linear(maps.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(maps.shape[0], -1, rows, columns)


def with_mean_token(maps, patches, linear):
    each = patches(maps).flatten(2).transpose(1, 2)
    return linear(torch.cat([each.mean(1, keepdim=True), each], 1))


def changed_under_a_view(maps, layer):
    result = maps * 1
    view = result.view_as(result)
    result += layer(result.clone())
    return view


def weighted_by_the_image(maps, linear):
    return F.layer_norm(maps.flatten(2).transpose(1, 2), (1,), linear(maps.mean((2, 3)))[0])


def even(maps):
    return maps[..., : maps.shape[2] // 2 * 2, : maps.shape[3] // 2 * 2]


def convolution(**settings):
    return nn.Conv2d(1, 1, bias=False, **settings)


def linear():
    return nn.Linear(1, 1, bias=False)


STEPS = [
    lambda: convolution(kernel_size=3, stride=2, padding=1),
    lambda: convolution(kernel_size=(1, 5), dilation=2, padding=(0, 4)),
    lambda: nn.AvgPool2d(2),
    lambda: nn.ConvTranspose2d(1, 1, 4, 2, 1, bias=False),
    lambda: nn.ConvTranspose2d(1, 1, 3, (1, 2), bias=False),
    lambda: nn.Upsample(scale_factor=2),
    lambda: nn.Upsample(scale_factor=3, mode="bilinear"),
    lambda: nn.Upsample(scale_factor=2, mode="bicubic"),
    lambda: nn.AdaptiveAvgPool2d(8),
    lambda: nn.AdaptiveAvgPool2d((5, 7)),
    lambda: nn.ZeroPad2d((3, 1, 0, 2)),
    lambda: Step(lambda maps: F.avg_pool2d(maps, 3, 1, 1)),
    lambda: Step(lambda maps: F.avg_pool2d(maps, kernel_size=3, stride=2)),
    lambda: Step(lambda maps, layer: F.conv2d(maps, layer.weight, None, 2, 1), convolution(kernel_size=5)),
    lambda: Step(lambda maps, layer: F.conv2d(maps, stride=2, weight=layer.weight), convolution(kernel_size=2)),
    lambda: Step(lambda maps: maps[:, :, 1:, ::2]),
    lambda: Step(lambda maps: maps[..., :-1] + maps[..., 1:]),
    lambda: Step(lambda maps, layer: maps + layer(maps), convolution(kernel_size=7, padding=3)),
    lambda: Step(lambda maps, *layers: torch.cat([each(maps) for each in layers], 1).mean(1, keepdim=True),
                 convolution(kernel_size=3, padding=1), convolution(kernel_size=(5, 1), padding=(2, 0))),
    lambda: Step(channels_last, linear()),
    lambda: Step(tokens, linear()),
    lambda: Step(lambda maps: F.pixel_unshuffle(even(maps), 2).mean(1, keepdim=True)),
    lambda: Step(lambda maps, layer: F.pixel_shuffle(layer(maps), 2), nn.Conv2d(1, 4, 3, bias=False)),
    lambda: Step(lambda maps: maps * maps.mean((2, 3), keepdim=True)),
    lambda: Step(lambda maps: maps.roll(1, 2)),
    lambda: Step(lambda maps: maps[..., 4:-4, :9].mean((2, 3), keepdim=True).expand(-1, -1, 4, 4)),
    lambda: Step(lambda maps: F.adaptive_avg_pool2d(maps[:, :, :6], (1, 4)).expand(-1, -1, 4, 4)),
]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=150)
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=4))
def test_field_of_any_steps_is_what_the_gradient_of_the_middle_unit_reaches(steps):
    model, side = nn.Sequential(*(step() for step in steps)).double().eval(), 64
    for weight in model.parameters():
        nn.init.ones_(weight)
    image = torch.ones(1, 1, side, side, dtype=torch.double, requires_grad=True)
    try:
        maps = model(image)
    except RuntimeError:  # what comes in is too small by then
        assume(False)
    assume(max(maps.shape) <= 200 and min(maps.shape[2:]) > 1)
    field = list(receptive_field_by_call(model, (1, side, side)).values())[-1]
    row, column = (sides // 2 for sides in maps.shape[2:])
    (gradient,) = torch.autograd.grad(maps[0, 0, row, column], image)
    places = gradient[0, 0].nonzero()
    assume(len(places))
    first, last = places.amin(dim=0).tolist(), places.amax(dim=0).tolist()
    if field.size is None:  # what was rolled, or what all units see beside what each of them sees
        assert any(step in steps for step in STEPS[-3:])
        return
    for start, end, size in zip(first, last, field.size, strict=True):
        inside = start > 0 and end < side - 1
        assert size == end - start + 1 if inside else size >= end - start + 1


@pytest.mark.parametrize(
    ("model", "shape", "size"),
    [
        (nn.Sequential(nn.Conv1d(1, 1, 5), nn.MaxPool1d(2), nn.Conv1d(1, 1, 3)), (1, 64), (10,)),
        (nn.Sequential(nn.Conv3d(1, 1, (1, 3, 3)), nn.AvgPool3d(2), nn.Conv3d(1, 1, 3)), (1, 16, 16, 16), (6, 8, 8)),
        (nn.Sequential(nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.Conv2d(4, 1, 3)), (1, 16, 20), (16, 20)),
        (nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(2), nn.TransformerEncoderLayer(196, 4)), (1, 16, 16), (16, 16)),
        (nn.Sequential(nn.Conv2d(1, 1, 3), nn.Upsample(size=(33, 21)), nn.Conv2d(1, 1, 3)), (1, 16, 16), None),
        (Step(with_mean_token, convolution(kernel_size=4, stride=4), linear()), (1, 16, 16), None),
        (Step(changed_under_a_view, convolution(kernel_size=3, padding=1)), (1, 16, 16), None),
        (Step(weighted_by_the_image, linear()), (1, 16, 16), None),
    ],
    ids=[
        "1-d",
        "3-d",
        "normalised over the image",
        "each pixel a feature",
        "resized by no whole number",
        "a token of all",
        "changed under a view",
        "weights from the image",
    ],
)
def test_field_with_other_sides_or_not_known(model, shape, size):
    outer = nn.Sequential(model, nn.Identity())
    assert list(receptive_field_by_call(outer, shape).values())[-1].size == size


def test_image_beside_other_inputs_is_followed():
    class Conditioned(nn.Module):
        def __init__(self):
            super().__init__()
            self.maps, self.words = nn.Conv2d(1, 4, 3), nn.Linear(5, 4)

        def forward(self, image, words):
            return self.maps(image) + self.words(words)[:, :, None, None]

    assert receptive_field(Conditioned(), ((1, 8, 8), (5,))) == (ReceptiveField("maps", (3, 3), (1, 1)),)


class TwoCalls(nn.Module):
    """A layer that is called twice, then a convolution that is a function and not a layer."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 1, 3, stride=2)
        self.weight = nn.Parameter(torch.ones(1, 1, 5, 1))
        self.last = nn.MaxPool2d(2)

    def forward(self, images):
        return self.last(F.conv2d(self.first(self.first(images)), self.weight))


def test_fields_by_call_bear_the_names_of_the_calls_and_know_the_kernels_of_functions():
    fields = receptive_field_by_call(TwoCalls(), (1, 64, 64))
    assert fields == {
        "first": ReceptiveField("first", (3, 3), (2, 2)),
        "first@1": ReceptiveField("first@1", (7, 7), (4, 4)),
        "last": ReceptiveField("last", (27, 11), (8, 8)),
    }
