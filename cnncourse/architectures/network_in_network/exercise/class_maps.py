"""Part 2: a network of mlpconv layers that ends in one map a class."""

import torch

from cnncourse.architectures.network_in_network.exercise.class_maps_mistakes import MISTAKES, EvenlyPooled, Small
from cnncourse.architectures.network_in_network.exercise.own import Mlpconv
from cnncourse.checking import Case, Check, Part, images


def _case(
    in_channels: int, stages: list[list[int]], num_classes: int, rows: int, columns: int, rounds: int = 0
) -> Case:
    return Case(
        (in_channels, stages, num_classes),
        inputs=images(3, in_channels, rows, columns),
        rounds=rounds,
        methods=("class_maps",),
    )


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw one or three mlpconv layers, where learners see two, their widths, the classes and the image's size."""
    count = 1 + 2 * int(torch.randint(2, (), generator=generator))
    in_channels, num_classes = (int(torch.randint(low, 7, (), generator=generator)) for low in (1, 2))
    lengths = [int(torch.randint(1, 4, (), generator=generator)) for _ in range(count)]
    stages = [torch.randint(2, 6, (length,), generator=generator).tolist() for length in lengths]
    rows, columns = (4 * torch.randint(2, 4, (2,), generator=generator)).tolist()
    return (_case(in_channels, stages, num_classes, rows, columns),)


NETWORK = Part(
    name="SmallNetwork",
    task="use",
    minutes=20,
    references=(Small, EvenlyPooled),
    cases=(
        _case(2, [[4, 6], [5]], 7, 8, 8, rounds=4),
        _case(2, [[4, 6], [5]], 7, 12, 20),
        _case(1, [[3], [3]], 3, 7, 9, rounds=3),
        _case(2, [[4, 6], [5]], 7, 9, 11),
    ),
    draw=_draw,
    corners=(
        _case(1, [[1]], 1, 3, 2),
        _case(4, [[4], [4], [4], [4]], 4, 12, 8),  # all alike, and a last map of one position
        _case(3, [[8, 6, 4], [8, 8, 8], [8, 8]], 10, 16, 16),  # the paper's network, with fewer units
        _case(2, [[5, 5], [5, 5], [36], [5]], 1, 9, 11),
    ),
    needs={"MLPConv": Mlpconv},
    misconceptions=MISTAKES,
    checks=(
        Check(
            "trainable numbers",
            1,
            (
                "Print [p.shape for p in your_network.parameters()]. What should its mlpconv layers have?",
                "Only mlpconv layers have trainable numbers here. What else does your network train?",
                "The number of classes is the last width of the last mlpconv layer; the mean has no numbers at all.",
            ),
            notes=("parameters", "alike: gradient"),
            cases=(0, 2),
        ),
        Check(
            "one map a class",
            2,
            (
                "Print the shape of the maps after each step, for images of 8×8 pixels.",
                "Between two mlpconv layers the maps are halved by nn.MaxPool2d(2); after the last one they are not.",
                "class_maps stops there: what the last mlpconv layer gives, ReLU and all, is what it returns.",
            ),
            notes=(
                "alike: class_maps",
                "drawn: class_maps",
                "left alone",
                "alike: output",
                "drawn 1",
                "drawn 2",
                "drawn, ",
                "alike, ",
            ),
            cases=(0, 2),
        ),
        Check(
            "a score is the mean of its map",
            2,
            (
                "What does self.class_maps(images).shape say, and which two of its dimensions must go?",
                "The mean over height and width, and nothing before or after it: no softmax, no layer.",
                "A mean takes the dimensions it runs over as dim=(…, …).",
            ),
            cases=(0, 2),
        ),
        Check(
            "images of any size",
            1,
            (
                "Give your network images of 12×20 pixels. Which step knows about 8×8?",
                "The mean must run over as many positions as there are; no size may stand in your class.",
            ),
            cases=(1, 3),
        ),
        Check(
            "other stages, other classes",
            1,
            (
                "Does your network work with one mlpconv layer, and with three?",
                "Loop over the stages; the maps before one are the last width of the one before.",
            ),
            public=False,
        ),
    ),
)
