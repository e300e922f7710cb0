"""Answers to chapter 3's exercise as learners write them: wrong ones, one a misconception, and right ones."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Wrong:
    """A wrong answer and what the learner must be told."""

    part: str
    answer: object
    check: str
    said: str  # part of the message or of the misconception's name


# The stack, wrong ----------------------------------------------------------------------------------------------------


def stacked(in_channels, out_channels, depth, kernel_size=3, **changed):
    """A right answer; the wrong ones below change a thing or two."""
    how = {"padding": kernel_size // 2} | changed
    more = how.pop("more", lambda _number: [nn.ReLU()])
    layers = []
    for number in range(depth):
        layers += [nn.Conv2d(in_channels, out_channels, kernel_size, **how), *more(number)]
        in_channels = out_channels
    return nn.Sequential(*layers)


def no_padding(*arguments):
    return stacked(*arguments, padding=0)


def padding_of_one(*arguments):
    return stacked(*arguments, padding=1)


def pooling_inside(*arguments):
    return nn.Sequential(stacked(*arguments), nn.MaxPool2d(2))


def strided(*arguments):
    return stacked(*arguments[:2], 1, *arguments[3:], stride=2)


def channels_kept(in_channels, out_channels, *more):
    return stacked(in_channels, in_channels, *more)


def one_object_several_times(in_channels, out_channels, depth, kernel_size=3):
    first = stacked(in_channels, out_channels, 1, kernel_size)
    return nn.Sequential(first, *[stacked(out_channels, out_channels, 1, kernel_size)] * (depth - 1))


def input_channels_never_updated(in_channels, out_channels, depth, kernel_size=3):
    layers = [nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2) for _ in range(depth)]
    return nn.Sequential(*layers, nn.ReLU())


class InAPlainList(nn.Module):
    def __init__(self, *arguments):
        super().__init__()
        self.layers = list(stacked(*arguments))

    def forward(self, images):
        for layer in self.layers:
            images = layer(images)
        return images


def capped_at_six(*arguments):
    return stacked(*arguments, more=lambda _number: [nn.ReLU6()])


def rectified_image(*arguments):
    return nn.Sequential(nn.ReLU(), stacked(*arguments))


def normalised_maps(*arguments):
    return nn.Sequential(stacked(*arguments), nn.LocalResponseNorm(5))


class OneOfThemOnly(nn.Module):
    def __init__(self, in_channels, out_channels, depth, kernel_size=3):
        super().__init__()
        self.first = stacked(in_channels, out_channels, 1, kernel_size)
        self.others = nn.ModuleList(stacked(out_channels, out_channels, 1, kernel_size) for _ in range(depth - 1))

    def forward(self, images):
        maps = self.first(images)
        for _ in self.others:
            maps = self.others[0](maps)
        return maps


def without_bias(*arguments):
    return stacked(*arguments, bias=False)


def with_batch_norm(in_channels, out_channels, *more):
    return stacked(in_channels, out_channels, *more, more=lambda _number: [nn.BatchNorm2d(out_channels), nn.ReLU()])


def one_too_many(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, depth + 1, kernel_size)


def one_too_few(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, max(depth - 1, 1), kernel_size)


def always_three(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, depth)


def one_large_kernel(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, 1, depth * (kernel_size - 1) + 1)


def dilated(in_channels, out_channels, depth, kernel_size=3):
    return stacked(in_channels, out_channels, depth, kernel_size, dilation=2, padding=kernel_size - 1)


def replicated_border(*arguments):
    return stacked(*arguments, padding_mode="replicate")


def no_relu(*arguments):
    return stacked(*arguments, more=lambda _number: [])


def relu_at_the_end_only(in_channels, out_channels, depth, *more):
    return stacked(
        in_channels, out_channels, depth, *more, more=lambda number: [nn.ReLU()] if number == depth - 1 else []
    )


def no_relu_at_the_end(in_channels, out_channels, depth, *more):
    return stacked(
        in_channels, out_channels, depth, *more, more=lambda number: [nn.ReLU()] if number < depth - 1 else []
    )


def every_second_relu(*arguments):
    return stacked(*arguments, more=lambda number: [nn.ReLU()] if number != 1 else [nn.Identity()])


def leaky(*arguments):
    return stacked(*arguments, more=lambda _number: [nn.LeakyReLU()])


def logistic(*arguments):
    return stacked(*arguments, more=lambda _number: [nn.Sigmoid()])


class Detached(nn.Module):
    def __init__(self, *arguments):
        super().__init__()
        self.layers = stacked(*arguments)

    def forward(self, images):
        return self.layers(images.detach())


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


# The stack, right ----------------------------------------------------------------------------------------------------


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


# The network, wrong --------------------------------------------------------------------------------------------------


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


def all_three_by_three(*arguments):
    return network(*arguments, convolution=lambda i, o, _kernel: [nn.Conv2d(i, o, 3, padding=1), nn.ReLU()])


def network_without_biases(*arguments):
    return network(*arguments, convolution=lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2, bias=False), nn.ReLU()])


def network_with_batch_norm(*arguments):
    return network(
        *arguments, convolution=lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2), nn.BatchNorm2d(o), nn.ReLU()]
    )


def one_hidden_layer(*arguments):
    return network(
        *arguments,
        top=lambda flat, hidden, classes: [
            *(nn.Linear(flat, hidden), nn.ReLU(), nn.Dropout(0.5)),
            nn.Linear(hidden, classes),
        ],
    )


def averaged_to_one(*arguments):
    return network(
        *arguments,
        flat=lambda maps, _side: maps,
        flatten=lambda: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    )


def always_seven_by_seven(*arguments):
    return network(
        *arguments,
        flat=lambda maps, _side: 49 * maps,
        flatten=lambda: nn.Sequential(nn.AdaptiveAvgPool2d(7), nn.Flatten()),
    )


def always_4096(configuration, image_size, _hidden_units, num_classes):
    return network(configuration, image_size, 4096, num_classes)


def alike_layers_shared(*arguments):
    made = {}

    def convolution(before, width, kernel):
        if (before, width, kernel) not in made:
            made[before, width, kernel] = nn.Conv2d(before, width, kernel, padding=kernel // 2)
        return [made[before, width, kernel], nn.ReLU()]

    return network(*arguments, convolution=convolution)


def mean_pooling(*arguments):
    return network(*arguments, pooling=lambda: nn.AvgPool2d(2))


class EverySecond(nn.Module):
    def forward(self, maps):
        return maps[:, :, ::2, ::2]


def strides_in_place_of_pooling(*arguments):
    return network(*arguments, pooling=EverySecond)


def no_relu_after_convolutions(*arguments):
    return network(*arguments, convolution=lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2)])


def linear_one_by_one(*arguments):
    return network(
        *arguments,
        convolution=lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2), *([nn.ReLU()] if k > 1 else [])],
    )


def topped(*behind, between=(nn.ReLU, nn.ReLU), dropouts=(0.5, 0.5), before=()):
    """A network whose top has something else in some place."""

    def top(flat, hidden, classes):
        return [
            *(each() for each in before),
            *(nn.Linear(flat, hidden), between[0](), nn.Dropout(dropouts[0])),
            *(nn.Linear(hidden, hidden), between[1](), nn.Dropout(dropouts[1])),
            *(nn.Linear(hidden, classes), *(each() for each in behind)),
        ]

    return lambda *arguments: network(*arguments, top=top)


class Softmax(nn.Module):
    def forward(self, scores):
        return scores.softmax(dim=1)


class AlwaysDropping(nn.Module):
    def forward(self, features):
        return F.dropout(features)


class DroppedAsIn2012(nn.Module):
    def forward(self, features):
        return features * torch.randint(0, 2, features.shape) if self.training else 0.5 * features


rectified_scores = topped(nn.ReLU)
probabilities = topped(Softmax)
linear_top = topped(between=(nn.Identity, nn.Identity))
second_relu_missing = topped(between=(nn.ReLU, nn.Identity))
active_at_test_time = topped(AlwaysDropping, dropouts=(0, 0))
no_dropout = topped(dropouts=(0, 0))
dropout_once = topped(dropouts=(0.5, 0))
dropped_scores = topped(nn.Dropout)
dropout_on_the_maps = topped(before=(nn.Dropout,))
other_share = topped(dropouts=(0.2, 0.2))


def dropout_of_2012(*arguments):
    return network(
        *arguments,
        top=lambda flat, hidden, classes: [
            *(nn.Linear(flat, hidden), nn.ReLU(), DroppedAsIn2012()),
            *(nn.Linear(hidden, hidden), nn.ReLU(), DroppedAsIn2012()),
            nn.Linear(hidden, classes),
        ],
    )


def dropout_after_every_convolution(*arguments):
    return network(
        *arguments,
        convolution=lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2), nn.ReLU(), nn.Dropout(0.5)],
    )


def a_convolution_forgotten(configuration, *more):
    return network(configuration[1:], *more)


def one_or_three(configuration, *more):
    known = [step if step.startswith("conv1-") or step == "maxpool" else f"conv3-{step[6:]}" for step in configuration]
    return network(known, *more)


def always_five_poolings(*arguments):
    return network(*arguments, flat=lambda maps, _side: maps * (arguments[1] // 32) ** 2)


def leaky_network(*arguments):
    return topped(between=(nn.LeakyReLU, nn.LeakyReLU))(*arguments)


# The network, right --------------------------------------------------------------------------------------------------


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
    maps = int(configuration[-2].split("-")[1]) if poolings else int(configuration[-1].split("-")[1])
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
    for step, following in zip(configuration, [*configuration[1:], ""], strict=True):
        if step == "maxpool":
            layers += [nn.MaxPool2d(2), nn.ReLU()]
            continue
        kernel, width = int(step[4]), int(step[6:])
        layers.append(nn.Conv2d(before, width, kernel, padding=(kernel - 1) // 2))
        if following != "maxpool":
            layers.append(nn.ReLU())
        before = width
    whole = nn.ModuleDict({"top": top, "below": nn.Sequential(*layers)})
    whole.forward = lambda images: top(whole["below"](images).flatten(1))
    return whole


# The stage -----------------------------------------------------------------------------------------------------------


class Stage(nn.Module):
    """A right answer; the wrong ones below change one line of it."""

    def __init__(self, in_channels, out_channels, depth):
        super().__init__()
        self.layers = self.make(in_channels, out_channels, depth)
        self.pool = nn.MaxPool2d(2)

    def make(self, in_channels, out_channels, depth):
        return stacked(in_channels, out_channels, depth)

    def forward(self, images):
        return self.pool(self.layers(images))


class StillBroken(Stage):
    def make(self, in_channels, out_channels, depth):
        first = nn.Conv2d(in_channels, out_channels, 3, padding=1)
        return nn.Sequential(first, *[nn.Conv2d(out_channels, out_channels, 3, padding=1), nn.ReLU()] * (depth - 1))


class StillShared(Stage):
    def make(self, in_channels, out_channels, depth):
        return one_object_several_times(in_channels, out_channels, depth)


class FirstStillLinear(Stage):
    def make(self, in_channels, out_channels, depth):
        return stacked(
            in_channels, out_channels, depth, more=lambda number: [nn.ReLU()] if number > 0 else [nn.Identity()]
        )


class ReluInForwardOnly(Stage):
    def make(self, in_channels, out_channels, depth):
        return no_relu(in_channels, out_channels, depth)

    def forward(self, images):
        return self.pool(F.relu(self.layers(images)))


class NoReluAtAll(Stage):
    def make(self, in_channels, out_channels, depth):
        return no_relu(in_channels, out_channels, depth)


class LastReluLost(Stage):
    def make(self, in_channels, out_channels, depth):
        return no_relu_at_the_end(in_channels, out_channels, depth)


class LeakyStage(Stage):
    def make(self, in_channels, out_channels, depth):
        return leaky(in_channels, out_channels, depth)


class PoolingLost(Stage):
    def forward(self, images):
        return self.layers(images)


class MeanPooling(Stage):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.pool = nn.AvgPool2d(2)


class BiasesLost(Stage):
    def make(self, in_channels, out_channels, depth):
        return without_bias(in_channels, out_channels, depth)


class BatchNormAdded(Stage):
    def make(self, in_channels, out_channels, depth):
        return with_batch_norm(in_channels, out_channels, depth)


class PaddingLost(Stage):
    def make(self, in_channels, out_channels, depth):
        return no_padding(in_channels, out_channels, depth)


class OneTooMany(Stage):
    def make(self, in_channels, out_channels, depth):
        return stacked(in_channels, out_channels, depth + 1)


class ThreeAtMost(Stage):
    def make(self, in_channels, out_channels, depth):
        return stacked(in_channels, out_channels, min(depth, 3))


class MadeThenNotUsed(Stage):
    def make(self, in_channels, out_channels, depth):
        return OneOfThemOnly(in_channels, out_channels, depth)


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


# What is wrong, and what is right ------------------------------------------------------------------------------------

SIZE = "height and width stay"
OWN = "every convolution has weights of its own"
WINDOW = "one unit sees the right window"
RELUS = "a ReLU after every convolution"
NUMBERS = "the numbers of the five configurations"
SCORES = "the scores at test time"
DROPOUT = "dropout in both hidden layers, in training only"
OTHERWISE = "the stage does what it did, otherwise"

WRONG = [
    Wrong("conv_stack", no_padding, SIZE, "no padding"),
    Wrong("conv_stack", padding_of_one, SIZE, "the padding is 1, whatever the kernel"),
    Wrong("conv_stack", pooling_inside, SIZE, "something halves the maps"),
    Wrong("conv_stack", strided, SIZE, "something halves the maps"),
    Wrong("conv_stack", input_channels_never_updated, SIZE, "a convolution is given another number of maps"),
    Wrong("conv_stack", InAPlainList, SIZE, "layers in a plain list or dictionary are invisible"),
    Wrong("conv_stack", capped_at_six, RELUS, "an activation that cuts off large values"),
    Wrong("conv_stack", rectified_image, RELUS, "a ReLU stands before the first convolution"),
    Wrong("conv_stack", normalised_maps, RELUS, "with large pixels of both signs"),
    Wrong("conv_stack", channels_kept, SIZE, "the number of output channels is wrong"),
    Wrong("conv_stack", one_object_several_times, OWN, "one convolution object is used several times"),
    Wrong("conv_stack", OneOfThemOnly, OWN, "made and then not used"),
    Wrong("conv_stack", without_bias, OWN, "the biases are left out"),
    Wrong("conv_stack", with_batch_norm, OWN, "batch normalisation is added"),
    Wrong("conv_stack", one_too_many, OWN, "one convolution too many"),
    Wrong("conv_stack", one_too_few, OWN, "one convolution too few"),
    Wrong("conv_stack", always_three, OWN, "the kernel size is ignored"),
    Wrong("conv_stack", one_large_kernel, OWN, "one large kernel in place of the stack"),
    Wrong("conv_stack", dilated, WINDOW, "a dilation spreads the kernels"),
    Wrong("conv_stack", replicated_border, RELUS, "the border is not filled with zeros"),
    Wrong("conv_stack", no_relu, RELUS, "there is no ReLU at all"),
    Wrong("conv_stack", relu_at_the_end_only, RELUS, "there is one ReLU, at the end"),
    Wrong("conv_stack", no_relu_at_the_end, RELUS, "the ReLU after the last convolution is missing"),
    Wrong("conv_stack", every_second_relu, RELUS, "the ReLU after the last convolution is missing"),
    Wrong("conv_stack", leaky, RELUS, "an activation that lets negative numbers through"),
    Wrong("conv_stack", logistic, RELUS, "an activation that changes positive numbers"),
    Wrong("conv_stack", Detached, WINDOW, "the maps are cut off from the gradient"),
    Wrong("conv_stack", the_layers_in_a_list, SIZE, "calling it does not give a module"),
    Wrong("conv_stack", ForgotReturn, SIZE, "forward returns None"),
    Wrong("conv_stack", at_most_three, "other channels, another depth, another kernel", "is wrong"),
    Wrong("make_vgg", all_three_by_three, NUMBERS, "a 1×1 convolution is built as a 3×3 one"),
    Wrong("make_vgg", network_without_biases, NUMBERS, "the convolutions have no biases"),
    Wrong("make_vgg", network_with_batch_norm, NUMBERS, "batch normalisation is added"),
    Wrong("make_vgg", one_hidden_layer, NUMBERS, "one hidden fully connected layer in place of two"),
    Wrong("make_vgg", averaged_to_one, NUMBERS, "the maps are averaged to one number each"),
    Wrong("make_vgg", always_seven_by_seven, NUMBERS, "the size of the image is ignored"),
    Wrong("make_vgg", always_4096, NUMBERS, "the number of hidden units is ignored"),
    Wrong("make_vgg", alike_layers_shared, NUMBERS, "convolutions that look alike share their weights"),
    Wrong("make_vgg", mean_pooling, SCORES, "the poolings take the mean"),
    Wrong("make_vgg", strides_in_place_of_pooling, SCORES, "every second value is left out"),
    Wrong("make_vgg", no_relu_after_convolutions, SCORES, "the ReLUs between the convolutions are missing"),
    Wrong("make_vgg", linear_one_by_one, SCORES, "the ReLU after a 1×1 convolution is missing"),
    Wrong("make_vgg", rectified_scores, SCORES, "a ReLU on the scores"),
    Wrong("make_vgg", probabilities, SCORES, "a softmax on the scores"),
    Wrong("make_vgg", linear_top, SCORES, "the ReLUs between the fully connected layers are missing"),
    Wrong("make_vgg", second_relu_missing, SCORES, "the ReLU after the second fully connected layer is missing"),
    Wrong("make_vgg", active_at_test_time, SCORES, "dropout is still active at test time"),
    Wrong("make_vgg", dropout_of_2012, SCORES, "the units are scaled at test time, as in 2012"),
    Wrong("make_vgg", no_dropout, DROPOUT, "dropout never acts in training"),
    Wrong("make_vgg", dropout_once, DROPOUT, "only one of the two hidden layers has dropout"),
    Wrong("make_vgg", dropped_scores, DROPOUT, "dropout falls on the scores"),
    Wrong("make_vgg", dropout_on_the_maps, DROPOUT, "dropout on the maps"),
    Wrong("make_vgg", dropout_after_every_convolution, DROPOUT, "dropout on the maps"),
    Wrong("make_vgg", other_share, DROPOUT, "the wrong share is dropped"),
    Wrong("make_vgg", a_convolution_forgotten, NUMBERS, "has the wrong number of trainable numbers"),
    Wrong("make_vgg", always_five_poolings, SCORES, "the network of"),
    Wrong("make_vgg", leaky_network, SCORES, "an activation that lets negative numbers through"),
    Wrong("make_vgg", one_or_three, "a configuration drawn at random", "does not have the weights and biases"),
    Wrong("MendedStage", StillBroken, OWN, "one convolution object is used several times"),
    Wrong("MendedStage", StillShared, OWN, "one convolution object is used several times"),
    Wrong("MendedStage", MadeThenNotUsed, OWN, "made and then not used"),
    Wrong("MendedStage", FirstStillLinear, RELUS, "a ReLU between two convolutions is missing"),
    Wrong("MendedStage", ReluInForwardOnly, RELUS, "there is one ReLU, at the end"),
    Wrong("MendedStage", NoReluAtAll, RELUS, "there is no ReLU at all"),
    Wrong("MendedStage", LastReluLost, RELUS, "the ReLU after the last convolution is missing"),
    Wrong("MendedStage", LeakyStage, RELUS, "an activation that lets negative numbers through"),
    Wrong("MendedStage", PoolingLost, RELUS, "the pooling is gone"),
    Wrong("MendedStage", MeanPooling, OTHERWISE, "the pooling takes the mean"),
    Wrong("MendedStage", BiasesLost, OWN, "the biases are left out"),
    Wrong("MendedStage", BatchNormAdded, OWN, "batch normalisation is added"),
    Wrong("MendedStage", PaddingLost, RELUS, "no padding"),
    Wrong("MendedStage", OneTooMany, OWN, "one convolution too many"),
    Wrong("MendedStage", ThreeAtMost, "other channels, another depth", "is wrong"),
]

RIGHT = [
    ("conv_stack", stacked),
    ("conv_stack", same_padding),
    ("conv_stack", Functional),
    ("conv_stack", Unfolded),
    ("make_vgg", network),
    ("conv_stack", lazily),
    ("make_vgg", LazyTop),
    ("make_vgg", AsConvolutions),
    ("make_vgg", relu_behind_the_pooling),
    ("MendedStage", Stage),
    ("MendedStage", stage_in_one_line),
    ("MendedStage", CopiesInAList),
]
