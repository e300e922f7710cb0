"""Answers to chapter 3's exercise as learners write them: right ones, and wrong ones that no misconception explains."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from tests.architectures.bank import Wrong


def stacked(in_channels, out_channels, depth, kernel_size=3, **changed):
    """A right answer; the wrong ones below change a thing or two."""
    how = {"padding": kernel_size // 2} | changed
    more = how.pop("more", lambda _number: [nn.ReLU()])
    layers = []
    for number in range(depth):
        layers += [nn.Conv2d(in_channels, out_channels, kernel_size, **how), *more(number)]
        in_channels = out_channels
    return nn.Sequential(*layers)


def input_channels_never_updated(in_channels, out_channels, depth, kernel_size=3):
    layers = [nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2) for _ in range(depth)]
    return nn.Sequential(*layers, nn.ReLU())


def the_layers_in_a_list(*arguments):
    return list(stacked(*arguments))


class ForgotReturn(nn.Module):
    def __init__(self, *arguments):
        super().__init__()
        self.layers = stacked(*arguments)

    def forward(self, images):
        self.layers(images)


def at_most_three(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, min(depth, 3) if kernel_size == 3 else min(depth, 2), min(kernel_size, 5))


def never_narrower_inside(in_channels, out_channels, depth, kernel_size=3):
    widest = max(in_channels, out_channels)
    widths = [in_channels, *[widest] * (depth - 1), out_channels]
    return nn.Sequential(*(stacked(*pair, 1, kernel_size) for pair in pairwise(widths)))


def at_most_nine(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, depth, min(kernel_size, 9))


def same_padding(in_channels, out_channels, depth, kernel_size=3):
    """A right answer in which torch works the padding out."""
    blocks = []
    for source in [in_channels] + [out_channels] * (depth - 1):
        blocks.append(
            nn.Sequential(nn.Conv2d(source, out_channels, kernel_size, padding="same"), nn.ReLU(inplace=True))
        )
    return nn.Sequential(*blocks)


class Functional(nn.Module):
    """A right answer with parameters of its own."""

    def __init__(self, in_channels, out_channels, depth, kernel_size=3):
        super().__init__()
        sources = [in_channels] + [out_channels] * (depth - 1)
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(out_channels)) for _ in sources)
        self.weights = nn.ParameterList(
            nn.Parameter(torch.randn(out_channels, source, kernel_size, kernel_size)) for source in sources
        )

    def forward(self, images):
        for weight, bias in zip(self.weights, self.biases, strict=True):
            images = F.conv2d(images, weight, bias, padding=weight.shape[-1] // 2).clamp(min=0)
        return images


class Unfolded(nn.Module):
    """A right answer by matrix products: a fully connected layer at each place, and layers made from last to first."""

    def __init__(self, in_channels, out_channels, depth, kernel_size=3):
        super().__init__()
        self.kernel_size = kernel_size
        sources = [in_channels] + [out_channels] * (depth - 1)
        self.from_the_end = nn.ModuleList(nn.Linear(kernel_size**2 * each, out_channels) for each in sources[::-1])

    def forward(self, images):
        rows, columns = images.shape[2:]
        for layer in reversed(self.from_the_end):
            patches = F.unfold(images, self.kernel_size, padding=self.kernel_size // 2)
            images = layer(patches.transpose(1, 2)).relu().transpose(1, 2).unflatten(2, (rows, columns))
        return images


def network(configuration, image_size, hidden_units, num_classes, **changed):
    """A right answer; the wrong ones below change a thing or two."""
    how = {
        "convolution": lambda before, width, kernel: [nn.Conv2d(before, width, kernel, padding=kernel // 2), nn.ReLU()],
        "pooling": lambda: nn.MaxPool2d(2),
        "flat": lambda maps, side: maps * side**2,
        "flatten": nn.Flatten,
        "top": lambda flat, hidden, classes: [
            *(nn.Linear(flat, hidden), nn.ReLU(), nn.Dropout(0.5)),
            *(nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout(0.5)),
            nn.Linear(hidden, classes),
        ],
    } | changed
    layers, maps, side = [], 3, image_size
    for step in configuration:
        if step == "maxpool":
            layers.append(how["pooling"]())
            side //= 2
        else:
            kernel, width = map(int, step.removeprefix("conv").split("-"))
            layers += how["convolution"](maps, width, kernel)
            maps = width
    return nn.Sequential(*layers, how["flatten"](), *how["top"](how["flat"](maps, side), hidden_units, num_classes))


def a_digit_of_the_kernel(configuration, *more):
    return network(
        [step if step == "maxpool" else f"conv{step[4]}-{step.split('-')[1]}" for step in configuration], *more
    )


def poolings_in_a_row_are_one(configuration, image_size, *more):
    kept = [configuration[0], *(step for before, step in pairwise(configuration) if before != step or step[0] == "c")]
    return network(kept, image_size // 2 ** (len(configuration) - len(kept)), *more)


def averaged_without_a_pooling(configuration, image_size, *more):
    if "maxpool" in configuration:
        return network(configuration, image_size, *more)
    return network(configuration, 1, *more, flatten=lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))


def one_layer_of_that_size(*arguments):
    """Fully connected layers of one size share their weights."""

    def top(flat, hidden, classes):
        made = {}
        one, two, three = (
            made.setdefault(pair, nn.Linear(*pair)) for pair in ((flat, hidden), (hidden, hidden), (hidden, classes))
        )
        return [one, nn.ReLU(), nn.Dropout(0.5), two, nn.ReLU(), nn.Dropout(0.5), three]

    return network(*arguments, top=top)


def one_or_three(configuration, *more):
    known = [step if step.startswith("conv1-") or step == "maxpool" else f"conv3-{step[6:]}" for step in configuration]
    return network(known, *more)


class AsConvolutions(nn.Module):
    """A right answer whose top is made of convolutions, as the paper has it at test time."""

    def __init__(self, configuration, image_size, hidden_units, num_classes):
        super().__init__()
        self.layers, maps, side = nn.ModuleList(), 3, image_size
        for step in configuration:
            if step == "maxpool":
                self.layers.append(nn.MaxPool2d(2, 2))
                side = side // 2
            else:
                kernel, width = step[4:].split("-")
                self.layers.append(nn.Conv2d(maps, int(width), int(kernel), padding="same"))
                maps = int(width)
        self.fc1 = nn.Conv2d(maps, hidden_units, side)
        self.fc2 = nn.Conv2d(hidden_units, hidden_units, 1)
        self.fc3 = nn.Conv2d(hidden_units, num_classes, 1)

    def forward(self, images):
        for layer in self.layers:
            images = layer(images)
            if isinstance(layer, nn.Conv2d):
                images = F.relu(images)
        features = F.dropout(F.relu(self.fc1(images)), 0.5, self.training)
        features = F.relu(F.dropout(self.fc2(features), 0.5, self.training))
        return self.fc3(features).flatten(1)


def relu_behind_the_pooling(configuration, image_size, hidden_units, num_classes):
    """A right answer: ReLU and max pooling may change places; and the top's layers are made first."""
    poolings = configuration.count("maxpool")
    maps = int([step for step in configuration if step != "maxpool"][-1].split("-")[1])
    top = nn.Sequential(
        nn.Linear(maps * (image_size >> poolings) ** 2, hidden_units),
        nn.ReLU(),
        nn.Dropout(),
        nn.Linear(hidden_units, hidden_units),
        nn.Dropout(),
        nn.ReLU(),
        nn.Linear(hidden_units, num_classes),
    )
    layers, before = [], 3
    steps = ["maxpool", *configuration, ""]
    for previous, step, following in zip(steps, steps[1:], steps[2:], strict=False):
        if step == "maxpool":
            layers += [nn.MaxPool2d(2)] if previous == "maxpool" else [nn.MaxPool2d(2), nn.ReLU()]
            continue
        kernel, width = map(int, step[4:].split("-"))
        layers.append(nn.Conv2d(before, width, kernel, padding=(kernel - 1) // 2))
        if following != "maxpool":
            layers.append(nn.ReLU())
        before = width
    whole = nn.ModuleDict({"top": top, "below": nn.Sequential(*layers)})
    whole.forward = lambda images: top(whole["below"](images).flatten(1))
    return whole


class PooledStage(nn.Module):
    """A right answer that pools without a layer; the wrong ones below change one line of it."""

    def __init__(self, in_channels, out_channels, depth):
        super().__init__()
        self.convolutions = self.make(in_channels, out_channels, depth)

    def make(self, in_channels, out_channels, depth):
        return stacked(in_channels, out_channels, depth)

    def forward(self, maps):
        return F.max_pool2d(self.convolutions(maps), kernel_size=2)


class ThreeAtMost(PooledStage):
    def make(self, in_channels, out_channels, depth):
        return stacked(in_channels, out_channels, min(depth, 3))


class FiveAtMost(PooledStage):
    def make(self, in_channels, out_channels, depth):
        return stacked(in_channels, out_channels, min(depth, 5))


def stage_in_one_line(in_channels, out_channels, depth):
    """A right answer from part 1, with a pooling behind it."""
    return nn.Sequential(same_padding(in_channels, out_channels, depth), nn.MaxPool2d(2))


class CopiesInAList(nn.Module):
    """A right answer that copies a layer in place of naming it again."""

    def __init__(self, in_channels, out_channels, depth):
        super().__init__()
        from copy import deepcopy

        layer = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.first = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        self.others = nn.ModuleList(deepcopy(layer) for _ in range(depth - 1))

    def forward(self, images):
        maps = F.relu(self.first(images))
        for layer in self.others:
            maps = layer(maps).relu_()
        return F.max_pool2d(maps, 2)


def lazily(in_channels, out_channels, depth, kernel_size=3):
    """A right answer that leaves the channels to be found out."""
    layers = []
    for _number in range(depth):
        layers += [nn.LazyConv2d(out_channels, kernel_size, padding=kernel_size // 2), nn.ReLU()]
    return nn.Sequential(*layers)


class LazyTop(nn.Module):
    """A right answer that leaves the size of the last maps to be found out."""

    def __init__(self, configuration, image_size, hidden_units, num_classes):
        super().__init__()
        self.maps = network(configuration, image_size, hidden_units, num_classes)[:-8]
        self.top = nn.Sequential(
            *(nn.Flatten(), nn.LazyLinear(hidden_units), nn.ReLU(), nn.Dropout()),
            *(nn.LazyLinear(hidden_units), nn.ReLU(), nn.Dropout(), nn.LazyLinear(num_classes)),
        )

    def forward(self, images):
        return self.top(self.maps(images))


def ends_with_a_pooling(configuration, *sizes):
    """Wrong: the last maps are halved, whether the list says so or not."""
    return network([*configuration, *(["maxpool"] if configuration[-1] != "maxpool" else [])], *sizes)


def without_dropout_at_first(*arguments):
    """Wrong: dropout is off until somebody switches the network to training."""
    return network(*arguments).eval()


class LargestOfFour(nn.Module):
    """Right: where the four are equal, they share the gradient."""

    def forward(self, maps):
        return maps.unflatten(3, (-1, 2)).unflatten(2, (-1, 2)).amax(dim=(3, 5))


def network_of_largest(*arguments):
    """A right answer that pools by hand."""
    made = network(*arguments)
    return nn.Sequential(*(LargestOfFour() if isinstance(each, nn.MaxPool2d) else each for each in made))


WRONG = [
    Wrong("make_vgg", ends_with_a_pooling),
    Wrong("make_vgg", without_dropout_at_first, "the module begins in evaluation"),
    Wrong("conv_stack", input_channels_never_updated, "a convolution is given another number of maps"),
    Wrong("conv_stack", the_layers_in_a_list, "calling it does not give a module"),
    Wrong("conv_stack", ForgotReturn, "forward returns None"),
    Wrong("conv_stack", at_most_three, "is wrong"),
    Wrong("MendedStage", ThreeAtMost, "is wrong"),
    Wrong("conv_stack", never_narrower_inside, "the number of trainable parameters is wrong"),
    Wrong("conv_stack", at_most_nine, "the number of trainable parameters is wrong"),
    Wrong("MendedStage", FiveAtMost, "the number of trainable parameters is wrong"),
    Wrong("make_vgg", a_digit_of_the_kernel),
    Wrong("make_vgg", poolings_in_a_row_are_one),
    Wrong("make_vgg", averaged_without_a_pooling, "the number of trainable parameters is wrong"),
    Wrong("make_vgg", one_layer_of_that_size),
    Wrong("make_vgg", one_or_three, "the number of trainable parameters is wrong"),
]

RIGHT = [
    ("conv_stack", stacked),
    ("conv_stack", same_padding),
    ("conv_stack", Functional),
    ("conv_stack", Unfolded),
    ("make_vgg", network),
    ("conv_stack", lazily),
    ("make_vgg", LazyTop),
    ("make_vgg", network_of_largest),
    ("make_vgg", AsConvolutions),
    ("make_vgg", relu_behind_the_pooling),
    ("MendedStage", PooledStage),
    ("MendedStage", stage_in_one_line),
    ("MendedStage", CopiesInAList),
]
