"""One step of a training: what is computed in which precision, mixed, accumulated, scaled, clipped and averaged."""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from cnncourse.full_size.processes import Processes
from cnncourse.full_size.recipes import TrainingRecipe

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Computing:
    """How it is computed, which is no part of a recipe.

    Attributes:
        precision: "fp32"; or "bf16" or "fp16" where torch's autocast deems it safe, "fp16" with a scaled loss.
        channels_last: whether the channels of a pixel lie side by side in memory.
        compiled: whether ``torch.compile`` makes the network faster, after a minute or more of work.
        parts: a batch is divided into so many, whose gradients are added up, where memory does not suffice.

    """

    precision: str = "fp32"
    channels_last: bool = True
    compiled: bool = False
    parts: int = 1

    @property
    def layout(self) -> torch.memory_format:
        """Of the images and the weights in memory."""
        return torch.channels_last if self.channels_last else torch.contiguous_format

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return the context in which the network is run."""
        enabled = self.precision != "fp32"
        return torch.autocast(device.type, PRECISIONS[self.precision] if enabled else None, enabled=enabled)


class Learner:
    """A network, what changes it, and one step.

    Args:
        network: to be trained.
        recipe: how.
        computing: how it is computed.
        processes: who trains together.

    """

    def __init__(self, network: nn.Module, recipe: TrainingRecipe, computing: Computing, processes: Processes) -> None:
        self.recipe, self.computing, self.processes = recipe, computing, processes
        self.network = network.to(processes.device, memory_format=computing.layout)
        self.optimiser = make_optimiser(self.network, recipe)
        self.scaler = torch.amp.GradScaler(processes.device.type, enabled=computing.precision == "fp16")
        self.averaged = (
            AveragedModel(self.network, multi_avg_fn=self._average, use_buffers=True) if recipe.averaging else None
        )
        model = torch.compile(self.network) if computing.compiled else self.network
        self.model = processes.wrap(model)

    @property
    def judged(self) -> nn.Module:
        """The network that is judged and kept: the averaged one where there is one."""
        return self.averaged.module if self.averaged is not None else self.network

    def step(self, parts: Iterable[tuple[Tensor, Tensor]], epoch: float, done: int) -> Tensor:
        """Learn from one batch and return its mean loss, of this process, without waiting for the device.

        Args:
            parts: images (n, channels, size, size) and labels (n,), as many times as a batch is divided.
            epoch: how many are done, whole or not; decides the rate.
            done: number of steps before this one.

        """
        self.network.train()
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate_at(epoch)
        self.optimiser.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.processes.device)
        for number, (images, labels) in enumerate(parts, start=1):
            last = number == self.computing.parts
            # Only with the last part the processes exchange their gradients.
            with nullcontext() if last or self.processes.count == 1 else self.model.no_sync():
                loss = self._loss(images, labels) / self.computing.parts
                self.scaler.scale(loss).backward()
            total += loss.detach()
        if self.recipe.clipping:
            self.scaler.unscale_(self.optimiser)
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clipping)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        if self.averaged is not None:
            # At first it follows faster, as in the Inceptions' released code: a short run, too, has an average.
            self._decay = min(self.recipe.averaging, (1 + done) / (10 + done))
            self.averaged.update_parameters(self.network)
        return total

    def _average(self, averaged: list[Tensor], current: list[Tensor], number: Tensor) -> None:
        get_ema_multi_avg_fn(self._decay)(averaged, current, number)

    def _loss(self, images: Tensor, labels: Tensor) -> Tensor:
        device, recipe = self.processes.device, self.recipe
        images = images.to(device, non_blocking=True, memory_format=self.computing.layout)
        images, targets = mixed(images, labels.to(device, non_blocking=True), recipe.mixup, recipe.cutmix)
        with self.computing.autocast(device):
            scores = self.model(images)
            heads = scores if isinstance(scores, tuple) else (scores,)
            weights = (1.0, *(recipe.auxiliary for _ in heads[1:]))
            return sum(
                weight * share * F.cross_entropy(head.float(), target, label_smoothing=recipe.smoothing)
                for weight, head in zip(weights, heads, strict=True)
                for share, target in targets
            )


def make_optimiser(network: nn.Module, recipe: TrainingRecipe) -> torch.optim.Optimizer:
    """Return a recipe's optimiser of a network's parameters.

    Raises:
        ValueError: if there is no such optimiser.

    """
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    # Kernels and matrices have two dimensions or more; biases and batch normalisation's numbers have one.
    groups = [
        {"params": [each for each in parameters if each.ndim > 1], "weight_decay": recipe.weight_decay},
        {
            "params": [each for each in parameters if each.ndim <= 1],
            "weight_decay": recipe.weight_decay if recipe.decays_all else 0.0,
        },
    ]
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(groups, recipe.rate, momentum=recipe.momentum)
    if recipe.optimiser == "rmsprop":
        return torch.optim.RMSprop(groups, recipe.rate, alpha=recipe.momentum, eps=1.0)
    raise ValueError(f"optimisers are 'sgd' and 'rmsprop', not {recipe.optimiser!r}")


def mixed(
    images: Tensor, labels: Tensor, mixup: float, cutmix: float
) -> tuple[Tensor, tuple[tuple[float, Tensor], ...]]:
    """Mix each image of a batch with another one, by mixup (H. Zhang et al. 2018) or CutMix (S. Yun et al. 2019).

    Args:
        images: shape (N, channels, height, width).
        labels: shape (N,).
        mixup: parameter α of mixup's Beta distribution, 0 for none.
        cutmix: that of CutMix; where both are given, each is used half of the time.

    Returns:
        The images, and for each label that counts the share of its loss, and the label.

    """
    if not mixup and not cutmix:
        return images, ((1.0, labels),)
    cuts = bool(cutmix) and (not mixup or torch.rand(()).item() < 0.5)
    alpha = cutmix if cuts else mixup
    share = torch.distributions.Beta(alpha, alpha).sample().item()
    others = images.roll(1, 0)
    if not cuts:
        images = images * share + others * (1 - share)
        return images, ((share, labels), (1 - share, labels.roll(1, 0)))
    height, width = images.shape[2:]
    down, across = (round(side * (1 - share) ** 0.5) for side in (height, width))
    top, left = (int(torch.randint(side - part + 1, ()).item()) for side, part in ((height, down), (width, across)))
    window = (..., slice(top, top + down), slice(left, left + across))
    images = images.clone()
    images[window] = others[window]
    share = 1 - down * across / (height * width)
    return images, ((share, labels), (1 - share, labels.roll(1, 0)))
