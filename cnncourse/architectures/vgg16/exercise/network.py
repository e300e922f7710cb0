"""Part 2: a whole network of VGG's kind, from a column of Table 1."""

import torch

from cnncourse.architectures.vgg16.exercise.network_mistakes import MISTAKES, network, network_pooled_evenly
from cnncourse.architectures.vgg16.exercise.stack_mistakes import stacked
from cnncourse.checking import Case, Check, Part, images

# Table 1 of the paper with narrow layers, so that they take no time: convolutions of the five stages.
COLUMNS = {
    "A": ((3,), (3,), (3, 3), (3, 3), (3, 3)),
    "B": ((3, 3), (3, 3), (3, 3), (3, 3), (3, 3)),
    "C": ((3, 3), (3, 3), (3, 3, 1), (3, 3, 1), (3, 3, 1)),
    "D": ((3, 3), (3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3)),
    "E": ((3, 3), (3, 3), (3, 3, 3, 3), (3, 3, 3, 3), (3, 3, 3, 3)),
}
WIDTHS = (4, 8, 16, 32, 32)


def _column(name: str) -> list[str]:
    stages = zip(COLUMNS[name], WIDTHS, strict=True)
    return [step for kernels, width in stages for step in (*(f"conv{k}-{width}" for k in kernels), "maxpool")]


def _case(
    configuration: list[str], image_size: int, hidden_units: int, num_classes: int, rounds: int = 0, copies: int = 0
) -> Case:
    return Case(
        (configuration, image_size, hidden_units, num_classes),
        inputs=images(3, 3, image_size, image_size),
        rounds=rounds,
        chance=True,
        copies=copies,
    )


def _counted(configuration: list[str], image_size: int, hidden_units: int, num_classes: int) -> Case:
    return Case(
        (configuration, image_size, hidden_units, num_classes),
        inputs=images(1, 3, image_size, image_size),
        counted=True,
        chance=True,
    )


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw a configuration with two or three poolings, and a kernel that no configuration in the notebook has."""
    steps, poolings = [], int(torch.randint(2, 4, (), generator=generator))
    for number in range(poolings):
        count = 1 + int(torch.randint(2, (), generator=generator))
        kernels = torch.tensor([1, 3, 5, 7])[torch.randint(4, (count,), generator=generator)].tolist()
        kernels[0] = 5 if number == 0 else kernels[0]
        widths = torch.randint(2, 7, (count,), generator=generator).tolist()
        steps += [*(f"conv{kernel}-{width}" for kernel, width in zip(kernels, widths, strict=True)), "maxpool"]
    hidden, classes = (torch.randperm(6, generator=generator)[:2] + 5).tolist()
    return (
        _case(steps, 2**poolings, hidden, classes, rounds=3),
        _case(["conv1-3", "maxpool"], 2, hidden, classes, copies=2000),
    )


NETWORK = Part(
    name="make_vgg",
    task="use",
    minutes=25,
    references=(network, network_pooled_evenly),
    cases=(
        *(_counted(_column(name), 64 if name == "B" else 32, 16, 10) for name in COLUMNS),
        _counted(["conv3-100", "maxpool", "conv1-4", "conv5-128", "maxpool"], 12, 9, 5),
        _case(
            ["conv3-2", "conv3-4", "maxpool", "conv3-5", "maxpool", "conv3-6", "conv1-7", "maxpool"], 8, 6, 5, rounds=4
        ),
        # A 1×1 convolution of the image itself gives values below zero: its ReLU shows whatever is drawn.
        _case(["conv1-3", "conv3-3", "maxpool", "conv1-3", "maxpool"], 16, 5, 3),
        # Dropout is told by many copies of an image; it stands behind the convolutions, so few and small ones will do.
        _case(["conv3-2", "maxpool"], 2, 6, 5, copies=2000),
    ),
    draw=_draw,
    corners=(
        # Poolings first and in a row, one text twice, and all fully connected layers of one size.
        _case(["maxpool", "conv3-4", "conv3-4", "maxpool", "maxpool", "conv11-4"], 8, 4, 4),
        _case(["conv9-2"], 9, 1, 3),
        _case(["conv3-2", "maxpool", "conv3-3"], 12, 5, 4),  # a last map that could be halved, and is not
        _case(["conv3-2", "maxpool"] * 4 + ["conv1-2", "maxpool"], 32, 5, 1),
        _counted(["conv3-1024", "maxpool", "conv1-2", "maxpool"], 4, 1100, 1000),
    ),
    needs={"conv_stack": stacked},
    misconceptions=MISTAKES,
    checks=(
        Check(
            "the numbers of the five configurations",
            2,
            (
                "Which configuration is the first that is wrong, and what does it have that those before it have not?",
                "“conv1-16” is a 1×1 convolution with 16 output maps: both numbers are in the text.",
                "The first fully connected layer sees maps × side × side values; each maxpool halves the side.",
            ),
            notes=("shape", "parameters", "left alone"),
        ),
        Check(
            "the scores at test time",
            2,
            (
                "Print your network and read it beside the configuration, layer by layer, to the very end.",
                "A ReLU stands behind every layer with weights but one. Which is that, and why?",
                "maxpool is a max pooling of 2×2 values with stride 2, and behind fc3 there is nothing at all.",
            ),
        ),
        Check(
            "dropout in both hidden layers, in training only",
            2,
            (
                "The paper: dropout “for the first two fully-connected layers”, with one half.",
                "fc1, ReLU, dropout; fc2, ReLU, dropout; fc3. nn.Dropout knows when it is in training.",
            ),
            notes=("chance",),
        ),
        Check(
            "a configuration drawn at random",
            1,
            (
                "Is there a number in your function that belongs to one configuration only?",
                "Kernel sizes, widths and the number of poolings are all read from the list.",
            ),
            public=False,
        ),
    ),
)
