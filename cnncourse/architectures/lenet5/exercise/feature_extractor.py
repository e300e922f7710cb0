"""Part 2: LeNet-5 up to C5, each layer squashed."""

import torch

from cnncourse.architectures.lenet5.exercise.feature_extractor_mistakes import MISTAKES, extractor
from cnncourse.architectures.lenet5.exercise.own import PartialConnection
from cnncourse.checking import Case, Check, Part, images


def _case(rows: int, columns: int, rounds: int = 0) -> Case:
    # Small weights, so that the squashing does not saturate.
    return Case(inputs=images(2, 1, rows, columns), rounds=rounds, spread=(0.005, 0.04))


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw pictures of a size of their own, not square."""
    rows, columns = (36 + 4 * torch.randperm(3, generator=generator)[:2]).tolist()
    return (_case(rows, columns),)


FEATURES = Part(
    name="lenet5_features",
    task="use",
    minutes=15,
    references=(extractor,),
    cases=(_case(32, 32, rounds=2), _case(40, 32)),
    draw=_draw,
    # Sides of which a sub-sampling leaves a row over, or a column; and a square as large as two digits.
    corners=(_case(34, 34), _case(33, 38), _case(64, 64)),
    needs={"C3": PartialConnection},
    leaves_open=("parameters",),  # the learner's own C3 may keep some of its weights behind a mask
    misconceptions=MISTAKES,
    checks=(
        Check(
            "a digit becomes 120 numbers",
            1,
            (
                "Run your layers one after the other and print the shape after each.",
                "Follow the sizes: 32 → 28 → 14 → 10 → 5 → 1.",
                "Two kinds of step only: a 5×5 kernel without padding takes 4 off, a sub-sampling halves. Nothing "
                "comes after C5 and its squashing.",
            ),
            notes=("shape", "left alone", "alike: a", "drawn: a", "averages", "copied", "saved", "beside"),
            cases=(0,),
        ),
        Check(
            "a larger picture becomes larger maps",
            1,
            (
                "Which of your layers insists on one size?",
                "C5 is a convolution, although its maps are 1×1 for a picture of 32×32.",
                "A 5×5 convolution from 16 to 120 maps does for 5×5 maps what a fully connected layer does.",
            ),
            cases=(1,),
        ),
        Check(
            "trainable numbers",
            1,
            (
                "Add up the layers' own numbers with measure.layers and compare them with the paper's table.",
                "How far off is the sum? 900 is C3's; 12 and 32 are S2's and S4's.",
                "C1 is nn.Conv2d(1, 6, 5), S2 and S4 are TrainableSubsampling of 6 and of 16 maps, C3 is yours, with "
                "C3_TABLE.",
            ),
            notes=("parameters", "alike: gradients"),
            cases=(0,),
        ),
        Check(
            "squashed after every layer",
            1,
            (
                "Print your module: what follows each of the five layers?",
                "In 1998 every layer up to F6 ends with the squashing function, the sub-sampling layers too.",
                "Five times ScaledTanh(), once after each of C1, S2, C3, S4 and C5, and nothing else between them.",
            ),
            notes=("alike",),
            cases=(0,),
        ),
        Check(
            "each layer is the paper's",
            1,
            (
                "Compare each of your layers with the chapter's section “Build it, block by block”.",
                "C3 is built with C3_TABLE, and S2 and S4 are TrainableSubsampling layers.",
            ),
            notes=("drawn", "alike: gradient of"),
            cases=(0,),
        ),
        Check(
            "moves along with the picture",
            1,
            (
                "Try pictures that are higher than wide, and wider than high.",
                "Every layer must treat every place alike, whatever the size: no cropping, no resizing.",
            ),
            public=False,
        ),
    ),
)
