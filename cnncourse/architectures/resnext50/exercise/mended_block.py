"""Part 3: a block whose paths are one and the same, and whose shortcut is added in every path, to be mended."""

import torch
from torch import Tensor, nn

from cnncourse.checking import Case, Check, Misconception, Part, images

OWN, ONCE, REST = "paths of their own", "the shortcut once", "all else as it was"


class Mended(nn.Module):
    """The block as it should be, in steps that a mistake can change one by one."""

    eps = 1e-5

    def __init__(self, channels: int, cardinality: int, width: int) -> None:
        super().__init__()
        self.paths = nn.ModuleList(self.path(channels, width) for _ in range(cardinality))
        self.norm = nn.BatchNorm2d(channels, self.eps)

    def path(self, channels: int, width: int) -> nn.Sequential:
        return nn.Sequential(
            nn.Conv2d(channels, width, kernel_size=1, bias=False),
            nn.BatchNorm2d(width, self.eps),
            nn.ReLU(),
            nn.Conv2d(width, width, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(width, self.eps),
            nn.ReLU(),
            nn.Conv2d(width, channels, kernel_size=1, bias=False),
        )

    def total(self, maps: Tensor) -> Tensor:
        return sum(path(maps) for path in self.paths)

    def forward(self, maps: Tensor) -> Tensor:
        return torch.relu(self.norm(self.total(maps)) + maps)


class MendedWithLargerEpsilon(Mended):
    """The same with another usual epsilon."""

    eps = 1e-3


class StillShared(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality, width)
        self.paths = nn.ModuleList([self.path(channels, width)] * cardinality)


class StillInEveryPath(Mended):
    def total(self, maps):
        return sum(path(maps) + maps for path in self.paths)

    def forward(self, maps):
        return torch.relu(self.norm(self.total(maps)))


class OnceButInside(Mended):
    def forward(self, maps):
        return torch.relu(self.norm(self.total(maps) + maps))


class ManyTimesBehind(Mended):
    def forward(self, maps):
        return torch.relu(self.norm(self.total(maps)) + len(self.paths) * maps)


class InsideAndBehind(Mended):
    def forward(self, maps):
        return torch.relu(self.norm(self.total(maps)) + (len(self.paths) + 1) * maps)


class ShortcutRemoved(Mended):
    def forward(self, maps):
        return torch.relu(self.norm(self.total(maps)))


class NormInPaths(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality, width)
        self.norm = nn.Identity()

    def path(self, channels, width):
        return super().path(channels, width).append(nn.BatchNorm2d(channels, self.eps))


class SumOfNormalised(Mended):
    def forward(self, maps):
        return torch.relu(sum(self.norm(path(maps)) for path in self.paths) + maps)


class NormRemoved(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality, width)
        self.norm = nn.Identity()


class LastReluRemoved(Mended):
    def forward(self, maps):
        return self.norm(self.total(maps)) + maps


class ReluBeforeTheAddition(Mended):
    def forward(self, maps):
        return torch.relu(torch.relu(self.norm(self.total(maps))) + maps)


class InnerReluRemoved(Mended):
    def path(self, channels, width):
        return nn.Sequential(*(each for index, each in enumerate(super().path(channels, width)) if index != 2))


class OtherReluRemoved(Mended):
    def path(self, channels, width):
        return nn.Sequential(*(each for index, each in enumerate(super().path(channels, width)) if index != 5))


class NormsShared(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality, width)
        first = nn.BatchNorm2d(width, self.eps)
        for path in self.paths:
            path[1] = path[4] = first


class StillBroken(StillShared, StillInEveryPath):
    pass


class OneInside(StillShared):
    def forward(self, maps):
        return torch.relu(self.norm(self.total(maps) + maps))


class ReluMoved(Mended):
    def forward(self, maps):
        return torch.relu(self.norm(self.total(maps))) + maps


class InnerRelusRemoved(Mended):
    def path(self, channels, width):
        return nn.Sequential(*(each for index, each in enumerate(super().path(channels, width)) if index not in (2, 5)))


class ShortcutInTrainingOnly(Mended):
    def forward(self, maps):
        return super().forward(maps) if self.training else torch.relu(self.norm(self.total(maps)))


class BatchAlways(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality, width)
        self.norm = nn.BatchNorm2d(channels, self.eps, track_running_stats=False)


class PathsInAList(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality, width)
        hidden = list(self.paths)
        del self.paths
        self.paths = hidden


class OnePathTooMany(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, cardinality + 1, width)


class LastPathIdle(Mended):
    def total(self, maps):
        return sum(path(maps) for path in self.paths[:-1]) if len(self.paths) > 1 else super().total(maps)


class EverySecondPath(Mended):
    def total(self, maps):
        return sum(path(maps) for path in self.paths[::2])


class CountsFromOne(Mended):
    def __init__(self, channels, cardinality, width):
        super().__init__(channels, max(2, cardinality), width)

    def total(self, maps):
        return sum(path(maps) for path in self.paths[1:])


class ShortcutCutOff(Mended):
    def forward(self, maps):
        return torch.relu(self.norm(self.total(maps)) + maps.detach())


class SumCutOff(Mended):
    def forward(self, maps):
        return torch.relu(self.norm(self.total(maps).detach()) + maps)


STILL_IN_EVERY_PATH = (
    "the shortcut is still added in every path, cardinality times, and batch normalisation takes its size away"
)
STILL_SHARED = "all paths are still one and the same (or there is but one): a list times a number repeats the object"
IDLE = "not all paths run: some have no share in the sum"
MISCONCEPTIONS = (
    Misconception(f"{STILL_SHARED}; and {STILL_IN_EVERY_PATH}", StillBroken, (OWN, ONCE, REST)),
    Misconception(STILL_SHARED, StillShared, (OWN,)),
    Misconception(STILL_IN_EVERY_PATH, StillInEveryPath, (ONCE,)),
    Misconception(
        "the shortcut is added before the batch normalisation, which does not pass it on as it is",
        OnceButInside,
        (ONCE,),
    ),
    Misconception(
        f"{STILL_SHARED}; and the shortcut is added before the batch normalisation", OneInside, (OWN, ONCE, REST)
    ),
    Misconception("the shortcut is added behind the sum, but once for every path", ManyTimesBehind, (ONCE,)),
    Misconception("the shortcut is added in every path and behind the sum", InsideAndBehind, (ONCE,)),
    Misconception("there is no shortcut any more", ShortcutRemoved, (ONCE,)),
    Misconception("there is no shortcut in evaluation", ShortcutInTrainingOnly, (ONCE,)),
    Misconception("each path has a third batch normalisation; there is to be one, behind the sum", NormInPaths, (OWN,)),
    Misconception("each path is normalised by itself now; it was the sum, once", SumOfNormalised, (REST,)),
    Misconception("the batch normalisation behind the sum is gone", NormRemoved, (OWN,)),
    Misconception("batch normalisation uses the batch in evaluation too", BatchAlways, (REST,)),
    Misconception("the ReLU behind the addition is gone", LastReluRemoved, (ONCE,)),
    Misconception("a ReLU stands before the addition: the residual can only add", ReluBeforeTheAddition, (REST,)),
    Misconception("a ReLU stands before the addition, in the place of the one behind it", ReluMoved, (REST,)),
    Misconception("the ReLU behind a path's first convolution is gone", InnerReluRemoved, (REST,)),
    Misconception("the ReLU behind a path's second convolution is gone", OtherReluRemoved, (REST,)),
    Misconception("the ReLUs in the paths are gone", InnerRelusRemoved, (REST,)),
    Misconception("one batch normalisation is shared by paths or layers", NormsShared, (OWN,)),
    Misconception("there is one path too many", OnePathTooMany, (OWN,)),
    Misconception(
        "layers in a plain list are invisible to PyTorch: use nn.ModuleList or nn.Sequential", PathsInAList, (OWN,)
    ),
    *(Misconception(IDLE, wrong, (OWN,)) for wrong in (LastPathIdle, EverySecondPath, CountsFromOne)),
    Misconception("the shortcut is cut off from the gradient, by detach or no_grad", ShortcutCutOff, (ONCE,)),
    Misconception("the sum of the paths is cut off from the gradient: no path learns", SumCutOff, (REST,)),
)


def _case(*arguments: int, rounds: int = 0) -> Case:
    return Case(arguments, inputs=images(3, arguments[0], 6, 7), rounds=rounds)


def _draw(generator: torch.Generator) -> tuple[Case, ...]:
    """Draw channels, cardinality and width that learners have not seen."""
    low, high = torch.tensor([5, 4, 3]), torch.tensor([4, 3, 2])
    return (_case(*(low + (torch.rand(3, generator=generator) * high).long()).tolist(), rounds=3),)


CORNERS = (
    _case(1, 1, 1),
    _case(2, 32, 1),  # as many paths as the chapter's network has
    _case(2, 9, 4),
)

MENDED_BLOCK = Part(
    name="MendedBlock",
    task="mend",
    minutes=15,
    references=(Mended, MendedWithLargerEpsilon),
    cases=(_case(6, 3, 2, rounds=6), _case(4, 2, 2), _case(3, 1, 3)),
    draw=_draw,
    corners=CORNERS,
    misconceptions=MISCONCEPTIONS,
    checks=(
        Check(
            OWN,
            2,
            (
                "Are block.paths[0] and block.paths[1] two objects or one? Try “is”.",
                "What does [thing] * 3 put into a list: three things, or the same thing three times?",
                "Make a new path in each round of a loop.",
            ),
            notes=("parameters",),
        ),
        Check(
            ONCE,
            2,
            (
                "Set all parameters to zero. What should a residual block give then, and what does this one give?",
                "How often are the maps added, if there are three paths, and what stands behind that addition?",
                "Add the paths, normalise their sum, and only then add the maps, once.",
            ),
            notes=("shape", "alike: output"),
        ),
        Check(
            REST,
            1,
            (
                "What was right must stay: batch normalisation on the sum of the paths, not in each.",
                "ReLU behind the first two batch normalisations of a path, and behind the addition.",
            ),
        ),
        Check(
            "other cardinalities and widths",
            1,
            (
                "Is there a number in your class that is true of three paths only?",
                "Channels, cardinality and width must come from the arguments.",
            ),
            public=False,
        ),
    ),
)
