"""What a forward pass computed on the way, however the learner wrote it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# The ways to write a function; a module such as nn.Tanh calls one of them.
SPELLINGS = {
    "tanh": (torch.tanh, Tensor.tanh, F.tanh, torch.tanh_, Tensor.tanh_),
    "sigmoid": (torch.sigmoid, Tensor.sigmoid, F.sigmoid, torch.sigmoid_, Tensor.sigmoid_, torch.special.expit),
    "relu": (torch.relu, Tensor.relu, F.relu, torch.relu_, Tensor.relu_, F.relu_),
}


@dataclass(frozen=True)
class Step:
    """One call of a recorded function.

    Attributes:
        function: its name in ``SPELLINGS``.
        given: its argument, as it was before a function worked in place.
        returned: its result.

    """

    function: str
    given: Tensor
    returned: Tensor


class Recording:
    """The recorded steps of one forward pass, in order."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = tuple(steps)

    def gradient(self, later: Tensor, earlier: Tensor, weights: Tensor) -> Tensor | None:
        """Return the gradient of (weights × later).sum() by an earlier tensor; ``None`` if it does not depend on it."""
        if not later.requires_grad or not earlier.requires_grad:
            return None
        return torch.autograd.grad(later, earlier, grad_outputs=weights, retain_graph=True, allow_unused=True)[0]


class FunctionRecorder(TorchFunctionMode):
    """Notes what goes into some functions and what comes out."""

    def __init__(self, functions: Collection[str]) -> None:
        super().__init__()
        self.names = {spelling: name for name in functions for spelling in SPELLINGS[name]}
        self.steps: list[Step] = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function not in self.names:
            return function(*args, **kwargs)
        given = (args[0] if args else kwargs["input"]).clone()
        returned = function(*args, **kwargs)
        self.steps.append(Step(self.names[function], given, returned))
        return returned


class ForeignModule(nn.Module):
    """Stands for a module that lives in another process and cannot be looked into from here."""

    def record(self, inputs: Tensor, functions: Collection[str]) -> tuple[object, Recording]:
        """Run the module there; return its output and the recorded steps."""
        raise NotImplementedError
