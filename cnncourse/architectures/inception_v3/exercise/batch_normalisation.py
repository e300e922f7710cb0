"""Part 3: a batch normalisation that forgets too fast and does not use what it remembers, to be mended."""

import torch
from torch import Tensor, nn

from cnncourse.architectures.inception_v3.exercise.batch_normalisation_mistakes import (
    ALONE,
    MISTAKES,
    OTHER,
    REMEMBERED,
    THROUGH,
    TRAINING,
    Mended,
)
from cnncourse.checking import Case, Check, Part


def _case(
    channels: int,
    *arguments: float,
    count: int = 4,
    rows: int = 3,
    columns: int = 5,
    rounds: int = 4,
    size: float = 1.0,
    **keywords: float,
) -> Case:
    def draw(generator: torch.Generator) -> tuple[Tensor, ...]:
        """Draw maps whose mean and spread differ from one to the next, as do those of images and of places."""
        maps, of_map, of_image, of_place = (
            torch.randn(shape, generator=generator, dtype=torch.float64)
            for shape in (
                (count, channels, rows, columns),
                (1, channels, 1, 1),
                (count, 1, 1, 1),
                (1, 1, rows, columns),
            )
        )
        return (size * (maps * (1.5 + of_map.abs()) + 2 * of_map + of_image + of_place + 1),)

    return Case((channels, *arguments), keywords, inputs=draw, rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw the number of maps, the size of batch and maps, epsilon and momentum."""
    least = torch.tensor([4, 2, 2, 3])
    channels, count, rows, columns = (torch.randint(0, 4, (4,), generator=generator) + least).tolist()
    eps, momentum = (
        round(each, 3)
        for each in (torch.rand(2, generator=generator) * torch.tensor([0.3, 0.5]) + torch.tensor([0.3, 0.35])).tolist()
    )
    return (_case(channels, eps, momentum, count=count, rows=rows, columns=columns),)


BATCH_NORMALISATION = Part(
    name="MendedBatchNorm",
    task="mend",
    minutes=20,
    # The running variance may be that of n or of n − 1 values; torch has the latter.
    references=(Mended, nn.BatchNorm2d),
    cases=(
        _case(3),
        _case(2, 0.25, 0.3, count=3, rows=4, columns=4),
        _case(2, momentum=0.3),
        _case(3, eps=0.25),
    ),
    draw=_draw,
    corners=(
        _case(1, 1.0, 1.0, count=1, rounds=0),
        _case(2, momentum=0.0, rounds=0),
        _case(4, 0.01, 0.5, count=4, rows=4, columns=4, rounds=0),
        _case(36, 0.001, count=5, rows=1, columns=1, rounds=0),
        _case(3, rounds=0, size=0.01),  # all but black: the variance is hardly more than epsilon
    ),
    misconceptions=MISTAKES,
    checks=(
        Check(
            TRAINING,
            1,
            (
                "The broken class is right here: in training, mean and variance are those of the batch.",
                "One mean for each map, over all pictures and all positions: dim=(0, 2, 3).",
            ),
            notes=(
                "shape",
                "parameters",
                "alike: output",
                "alike: alone",
                "drawn 1: output",
                "drawn 2: output",
                "drawn: training",
                "left alone",
            ),
            cases=(0,),
        ),
        Check(
            THROUGH,
            1,
            (
                "The batch's mean depends on the maps. Does your gradient know?",
                "Only the running averages may be detached; they are of no use to training.",
            ),
            notes=(
                "parameters",
                "alike: gradient",
                "alike: alone",
                "alike, evaluation",
                "drawn 1: grad",
                "drawn 2: grad",
                "drawn, ",
            ),
            cases=(0,),
        ),
        Check(
            ALONE,
            1,
            (
                "Where in forward does the broken class ask whether it is in training? What depends on it?",
                "In evaluation mean and variance are those that were remembered.",
                "An if with two branches: each says what mean and variance are.",
            ),
            notes=("alike: a ", "alike: alone", "drawn: a ", "drawn: alone"),
            cases=(0,),
        ),
        Check(
            REMEMBERED,
            2,
            (
                "Work out the running mean by hand: it begins at 0, and a batch with mean 5 comes. momentum is 0.1.",
                "momentum is the share of the new batch: 0.9 times what was, plus 0.1 times what is new.",
            ),
            notes=("averages", "alike: evaluation", "drawn: evaluation", "beside", "copied", "saved"),
            cases=(0,),
        ),
        Check(
            OTHER,
            1,
            (
                "Do momentum and eps come from the arguments everywhere?",
                "ε is added to the variance, and the root is taken of the sum.",
            ),
            cases=(1, 2, 3),
        ),
        Check(
            "other maps, other batches",
            1,
            (
                "Is there a number in your class that is true of some sizes, of one momentum or of one ε only?",
                "Everything is to be read from the maps and from the arguments.",
            ),
            public=False,
        ),
    ),
)
