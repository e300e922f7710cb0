"""Mistakes in a network from its configuration."""

import torch
from torch import nn

from cnncourse.checking import Misconception, evenly_pooled


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


class EvenPooling(nn.Module):
    def forward(self, maps):
        return evenly_pooled(maps, 2)


def network_pooled_evenly(*arguments):
    """Right too: where values of a window are equal, as on maps of 2×2, they share the gradient."""
    return network(*arguments, pooling=EvenPooling)


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


class DroppedAsIn2012(nn.Module):
    def forward(self, features):
        return features * torch.randint(0, 2, features.shape) if self.training else 0.5 * features


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


def always_five_poolings(*arguments):
    return network(*arguments, flat=lambda maps, _side: maps * (arguments[1] // 32) ** 2)


def leaky_network(*arguments):
    return topped(between=(nn.LeakyReLU, nn.LeakyReLU))(*arguments)


def relu_of_six(*arguments):
    return network(*arguments, convolution=lambda i, o, k: [nn.Conv2d(i, o, k, padding=k // 2), nn.ReLU6()])


def padding_of_one_everywhere(*arguments):
    return network(*arguments, convolution=lambda i, o, k: [nn.Conv2d(i, o, k, padding=1), nn.ReLU()])


def last_two_digits(configuration, *more):
    return network(
        [step if step == "maxpool" else f"{step[:5]}-{step[-2:].strip('-')}" for step in configuration], *more
    )


class WithoutGradient(nn.Sequential):
    @torch.no_grad()
    def forward(self, images):
        return super().forward(images)


def without_gradient(*arguments):
    return WithoutGradient(*network(*arguments))


class Softmax(nn.Module):
    def forward(self, scores):
        return scores.softmax(dim=1)


class AlwaysDropping(nn.Module):
    def forward(self, features):
        return nn.functional.dropout(features)


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


MISTAKES = (
    Misconception(
        "a 1×1 convolution is built as a 3×3 one", all_three_by_three, ("the numbers of the five configurations",)
    ),
    Misconception(
        "the convolutions have no biases", network_without_biases, ("the numbers of the five configurations",)
    ),
    Misconception(
        "batch normalisation is added; it came a year later",
        network_with_batch_norm,
        ("the numbers of the five configurations",),
    ),
    Misconception(
        "one hidden fully connected layer in place of two",
        one_hidden_layer,
        ("the numbers of the five configurations",),
    ),
    Misconception(
        "the maps are averaged to one number each before the first fully connected layer",
        averaged_to_one,
        ("the numbers of the five configurations",),
    ),
    Misconception(
        "the size of the image is ignored: the first fully connected layer is that of 224 pixels",
        always_seven_by_seven,
        ("the numbers of the five configurations",),
    ),
    Misconception(
        "the number of hidden units is ignored: these are always 4,096",
        always_4096,
        ("the numbers of the five configurations",),
    ),
    Misconception(
        "convolutions that look alike share their weights",
        alike_layers_shared,
        ("the numbers of the five configurations",),
    ),
    Misconception(
        "the poolings take the mean; the paper takes the largest", mean_pooling, ("the scores at test time",)
    ),
    Misconception(
        "every second value is left out, by a stride, in place of a pooling",
        strides_in_place_of_pooling,
        ("the scores at test time",),
    ),
    Misconception(
        "the ReLUs between the convolutions are missing", no_relu_after_convolutions, ("the scores at test time",)
    ),
    Misconception(
        "the ReLU after a 1×1 convolution is missing: without it the 1×1 adds no non-linearity",
        linear_one_by_one,
        ("the scores at test time",),
    ),
    Misconception("a ReLU on the scores: no score can be below zero", rectified_scores, ("the scores at test time",)),
    Misconception("a softmax on the scores: the loss does that", probabilities, ("the scores at test time",)),
    Misconception("the ReLUs between the fully connected layers are missing", linear_top, ("the scores at test time",)),
    Misconception(
        "the ReLU after the second fully connected layer is missing", second_relu_missing, ("the scores at test time",)
    ),
    Misconception("dropout is still active at test time", active_at_test_time, ("the scores at test time",)),
    Misconception(
        "the units are scaled at test time, as in 2012; torch's dropout has scaled in training already",
        dropout_of_2012,
        ("the scores at test time",),
    ),
    Misconception("dropout never acts in training", no_dropout, ("dropout in both hidden layers, in training only",)),
    Misconception(
        "only one of the two hidden layers has dropout",
        dropout_once,
        ("dropout in both hidden layers, in training only",),
    ),
    Misconception(
        "dropout falls on the scores: a class whose score is 0 cannot be learned",
        dropped_scores,
        ("dropout in both hidden layers, in training only",),
    ),
    Misconception(
        "dropout on the maps; the paper has it in the two hidden layers only",
        dropout_on_the_maps,
        ("dropout in both hidden layers, in training only",),
    ),
    Misconception(
        "dropout on the maps; the paper has it in the two hidden layers only",
        dropout_after_every_convolution,
        ("dropout in both hidden layers, in training only",),
    ),
    Misconception(
        "another share than one half is dropped", other_share, ("dropout in both hidden layers, in training only",)
    ),
    Misconception(
        "the first convolution is left out", a_convolution_forgotten, ("the numbers of the five configurations",)
    ),
    Misconception(
        "the first fully connected layer is made for five poolings, whatever the configuration",
        always_five_poolings,
        ("the numbers of the five configurations",),
    ),
    Misconception(
        "an activation that lets negative numbers through; ReLU gives exactly 0 for them",
        leaky_network,
        ("the scores at test time",),
    ),
    Misconception("ReLU6 in place of ReLU: it cuts off above 6", relu_of_six, ("the scores at test time",)),
    Misconception(
        "the padding is 1, whatever the kernel", padding_of_one_everywhere, ("the numbers of the five configurations",)
    ),
    Misconception(
        "the last two characters are taken for the width; it may have three digits",
        last_two_digits,
        ("the numbers of the five configurations",),
    ),
    Misconception(
        "nothing can learn: forward runs under torch.no_grad", without_gradient, ("the scores at test time",)
    ),
)
