"""Part 2: a small Inception-ResNet from a plan of its stages, the very last block without scale and without ReLU."""

import torch

from cnncourse.architectures.inception_resnet_v2.exercise.block import Block
from cnncourse.architectures.inception_resnet_v2.exercise.network_mistakes import MISTAKES, Net, NetWithLargerEpsilon
from cnncourse.architectures.inception_resnet_v2.exercise.residual_block import ON_8, ON_17, ON_35
from cnncourse.checking import Case, Check, Part, images

SMALL = [[(2, 1)], [(1, 1), (2, 3)]]


def _case(in_channels: int, width: int, plan: list[object], num_classes: int, rounds: int = 0) -> Case:
    # Sides that cannot be halved without a rest.
    return Case((in_channels, width, plan, num_classes), inputs=images(4, in_channels, 7, 9), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw a network with three stages, which no network in the notebook has; the last has one block, as the first."""
    first, second = torch.randint(1, 3, (2,), generator=generator).tolist()
    few, many = (torch.randint(0, 2, (2,), generator=generator) + 2).tolist()
    scales = [round(each, 3) for each in (0.1 + 0.2 * torch.rand(3, generator=generator)).tolist()]
    square, thin = [[(few, 1)], [(2, 1), (many, 3)]], [[(many, 1)], [(2, 1), (few, (1, 3)), (few, (3, 1))]]
    plan = [(square, first, scales[0]), (thin, second, scales[1]), (square, 1, scales[2])]
    channels, width, classes = (torch.randint(0, 3, (3,), generator=generator) + torch.tensor([2, 3, 6])).tolist()
    return (_case(channels, width, plan, classes),)


ONE = [[(1, 1)]]
CORNERS = (
    # As many blocks as the released network has.
    Case((1, 1, [(ONE, 10, 0.17), (ONE, 20, 0.1), (ONE, 10, 0.2)], 1), inputs=images(2, 1, 9, 8), counted=True),
    Case((1, 2, [(ONE, 3, 0.3), (ONE, 1, 2.0), (ONE, 3, 0.5), (ONE, 2, 0.4)], 1), inputs=images(3, 1, 16, 9), rounds=0),
    _case(1, 2, [(ONE, 7, 0.3)], 2),
)

NETWORK = Part(
    name="make_inception_resnet",
    task="use",
    minutes=20,
    references=(Net, NetWithLargerEpsilon),
    cases=(
        _case(3, 4, [(ON_35, 2, 0.17), (ON_17, 2, 0.1)], 5),
        _case(1, 5, [(ON_8, 3, 0.2)], 4),
        _case(2, 3, [(SMALL, 2, 0.3)], 3, rounds=6),
        # Two stages that are written alike.
        _case(2, 3, [(SMALL, 1, 0.5), (SMALL, 1, 0.5)], 3, rounds=3),
    ),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISTAKES,
    needs={"InceptionResidualBlock": Block},
    checks=(
        Check(
            "trainable numbers",
            2,
            (
                "Print your network: how many blocks has each stage, and what stands before and behind them?",
                "A block that is made once and used three times learns one set of weights only.",
                "The first convolution is normalised and has no bias; the last layer has one.",
            ),
            notes=("shape", "parameters"),
        ),
        Check(
            "stages and scales",
            2,
            (
                "Follow height and width through your network: where do they change?",
                "Each stage has its own scale. Which is the only block that does not have its stage's?",
                "Pool between two stages only; take the mean of each map at the end; nothing follows the last layer.",
            ),
            notes=("left alone", "averages", "alike", "copied", "saved"),
        ),
        Check(
            "the end is linear",
            1,
            (
                "Can what your last block gives be below zero?",
                "The very last block is built with a scale of 1 and with activation=False.",
            ),
        ),
        Check(
            "a plan drawn at random",
            1,
            (
                "Is there a number in your function that belongs to two stages, or to one of the networks above?",
                "Channels, width, plan and classes must all come from the arguments.",
            ),
            public=False,
        ),
    ),
)
