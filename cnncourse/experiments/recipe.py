"""How an experiment's networks are trained: one record, which the code runs by and which a finding shows."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.training import training_steps

Schedule = Literal["falling", "constant"]
SCHEDULES = {"falling": "falling along a cosine to zero", "constant": "kept constant"}


@dataclass(frozen=True)
class Recipe:
    """Everything of a training that is not the network, the images or the loss.

    Attributes:
        rate: the learning rate, or several by name, where arms have their own or each arm is trained with all.
        steps: how many; the most of them, where training ends at a loss.
        batch: images a step.
        seeds: of first weights and order of images, one a run of each arm.
        schedule: whether the rate falls along a cosine to zero, or is kept constant.
        momentum: of stochastic gradient descent; None stands for Adam.
        weight_decay: factor of the L2 penalty.

    """

    rate: float | Mapping[str, float] = field(hash=False)
    steps: int
    batch: int
    seeds: tuple[int, ...]
    schedule: Schedule = "falling"
    momentum: float | None = 0.9
    weight_decay: float = 0.0

    def train(
        self,
        model: nn.Module,
        images: Tensor,
        labels: Tensor,
        generator: torch.Generator,
        *,
        rate: str | None = None,
        change: Callable[[Tensor], Tensor] | None = None,
        loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    ) -> Iterator[int]:
        """Train a network in place; give the number of each step when it is done.

        Args:
            model: the network.
            images: shape (N, channels, height, width).
            labels: shape (N,), or of whatever shape the loss wants.
            generator: decides the order of images.
            rate: name of the rate, if there are several.
            change: turns a batch of images into another one.
            loss: turns what the network gives and labels into the number to be minimised.

        """
        value = self.rate if rate is None else self.rate[rate]
        parameters = list(model.parameters())
        if self.momentum is None:
            optimizer = torch.optim.Adam(parameters, value, weight_decay=self.weight_decay)
        else:
            optimizer = torch.optim.SGD(parameters, value, self.momentum, weight_decay=self.weight_decay)
        return training_steps(
            model,
            images,
            labels,
            optimizer,
            self.steps,
            generator,
            batch_size=self.batch,
            falling=self.schedule == "falling",
            change=change,
            loss=loss,
        )

    def at(self, setting: "Setting") -> "Recipe":
        """Return the recipe with the rate and the steps multiplied, and with the schedule, that a setting says."""
        if isinstance(self.rate, Mapping):
            rate = {name: setting.rate * value for name, value in self.rate.items()}
        else:
            rate = setting.rate * self.rate
        return replace(self, rate=rate, steps=setting.steps * self.steps, schedule=setting.schedule)

    def __str__(self) -> str:
        how = "Adam" if self.momentum is None else f"SGD with momentum {self.momentum:g}"
        decay = f" and weight decay {self.weight_decay:g}" if self.weight_decay else ""
        if isinstance(self.rate, Mapping):
            named = [f"{value:g}" + f" ({name})" * (name != f"{value:g}") for name, value in self.rate.items()]
            rate = "learning rates " + ", ".join(named)
        else:
            rate = f"learning rate {self.rate:g}"
        return (
            f"{how}{decay}, {rate}, {SCHEDULES[self.schedule]}; {self.steps} steps of {self.batch} images; "
            f"seeds {in_words(self.seeds)}"
        )


def in_words(seeds: tuple[int, ...]) -> str:
    """Say seeds as text: as a range, if they follow one another."""
    if len(seeds) > 1 and seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]} to {seeds[-1]}"
    return ", ".join(map(str, seeds))


@dataclass(frozen=True)
class Setting:
    """A recipe that a reader could fairly have chosen instead, told by what it changes.

    Attributes:
        rate: factor on the learning rate.
        schedule: of the rate.
        steps: factor on the steps.

    """

    rate: float
    schedule: Schedule
    steps: int

    def __str__(self) -> str:
        return f"rate × {self.rate:g}, {self.schedule}, steps × {self.steps}"


SETTINGS = tuple(
    Setting(rate, schedule, steps)
    for steps, schedule, rate in product((1, 2), ("falling", "constant"), (0.5, 1.0, 2.0))
)
