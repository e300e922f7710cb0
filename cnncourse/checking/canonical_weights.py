"""Give every trainable number of a module a value that follows from what the number does, not from where it stands.

Two modules that compute the same may keep their weights in quite different tensors: a ``Linear`` for a 1×1 convolution,
one fused convolution for several, a mask. So that both can be given the same weights without looking at how they are
written, their numbers are told apart as the nodes of a graph are in canonical labelling, by individualisation and
refinement (B. D. McKay, A. Piperno, "Practical graph isomorphism, II", J. Symb. Comput. 60, 2014, section 2):

1. All numbers get one value. Those that then have the same gradient form a class; classes are ordered by gradient.
2. Each class gets a random value of its own, by its place in that order, and is split again by the gradients.
3. Where nothing splits any more, the numbers of a class are interchangeable: units of a hidden layer, say. So any one
   of them can be taken out of its class, and the splitting goes on.

Modules that compute the same get the same weights up to an exchange that nobody can see, and so give the same output.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from cnncourse.checking.exercise import Fault, RefusedAnswerError
from cnncourse.checking.members import registered_parameters

SAME = 1e-9  # of the largest gradient: numbers whose gradients differ by less are in one class
SMALL = 10**5  # parameters of a tensor that is looked through
STILL = 1e-10  # of the largest gradient: what is smaller is a gradient of zero, but for rounding


def tell_apart(weights: "Weights", projection: Callable[[], Tensor], rounds: int) -> None:
    """Tell a module's trainable numbers apart, by classes.

    Args:
        weights: of the module; lazy layers must have run once.
        projection: runs the module and returns one number that depends on all that comes out.
        rounds: most gradients to be taken; more tell more numbers apart.

    """
    for number in range(rounds):
        weights.fill_alike() if number == 0 else weights.fill(number)
        gradients = weights.gradients(projection())
        count = weights.classes.max(initial=-1) + 1
        weights.split(gradients.values)
        # Where a ReLU lets nothing through, what stands before it cannot be told apart: that says nothing.
        stable = number > 0 and weights.classes.max(initial=-1) + 1 == count and weights.all_move(gradients.values)
        if stable and not weights.take_one_out():
            break


@dataclass(frozen=True)
class Gradients:
    """Gradients of one number that depends on all that comes out.

    Attributes:
        values: by each trainable number; zero where there is no way to it.
        missing: number of parameters that no gradient reaches.

    """

    values: np.ndarray
    missing: int

    def sorted(self) -> Tensor:
        """Return those that are not zero in order of size, whichever number they belong to."""
        moved = np.sort(self.values)
        return torch.from_numpy(moved[np.abs(moved) > STILL * np.abs(moved).max(initial=0)])


class Weights:
    """All trainable numbers of a module, each once, whatever tensors and memory they share.

    Args:
        module: a module without lazy layers.
        seed: of the values.
        spread: smallest and largest magnitude of the values.

    Attributes:
        parameters: the trainable parameters.
        count: how many trainable numbers there are.
        classes: the class of each number, in canonical order.
        free: for each parameter, which of its numbers no mask keeps out.

    """

    def __init__(self, module: nn.Module, seed: int, spread: tuple[float, float]) -> None:
        self.seed, self.spread = seed, spread
        self.parameters = _trainable(module)
        self.places = _places(self.parameters)
        self.count = _count(self.places)
        self.classes = np.zeros(self.count, np.int64)
        self.ever_moved = np.zeros(self.count, bool)
        self.kept_out = np.zeros(self.count, bool)
        for parameter, place in zip(self.parameters, self.places, strict=True):
            values = parameter.detach().flatten().numpy()
            zeros = values == 0
            # Zeros among random values are connections that a mask keeps out; else they are a starting value.
            self.kept_out[place[zeros]] = len(np.unique(values[~zeros])) > 1
        pairs = zip(self.parameters, self.places, strict=True)
        self.free = [torch.from_numpy(~self.kept_out[place]).view(each.shape) for each, place in pairs]

    def fill_alike(self) -> None:
        """Give all numbers one value."""
        self._set(np.full(self.count, self.spread[1] / 2))

    def fill(self, number: int) -> None:
        """Give each class a value of its own.

        Args:
            number: of the draw; each has other values.

        """
        drawn = np.random.default_rng([self.seed, number]).random(self.count + 1)
        smallest, largest = self.spread
        values = np.sign(drawn - 0.5) * (smallest + (largest - smallest) * np.abs(2 * drawn - 1))
        moving = np.unique(self.classes[self.ever_moved])
        # What never moves, behind a mask or before a normalisation, must not shift the values of all else: it has the
        # first value, the classes that move have those after it.
        rank = np.zeros(self.classes.max(initial=-1) + 1, np.int64)
        rank[moving] = 1 + np.arange(len(moving))
        self._set(values[rank[self.classes]])

    def _set(self, values: np.ndarray) -> None:
        with torch.no_grad():
            for parameter, place in zip(self.parameters, self.places, strict=True):
                kept = parameter.detach().double().flatten().numpy()
                new = np.where(self.kept_out[place], kept, values[place])
                parameter.copy_(torch.from_numpy(new).view(parameter.shape))

    def gradients(self, projected: Tensor) -> Gradients:
        """Take the gradients of a number that a run of the module gave."""
        for parameter in self.parameters:
            parameter.grad = None
        if projected.requires_grad:
            projected.backward()  # into .grad, as in training: hooks that wait for it must run
        reached = [(place, each.grad) for each, place in zip(self.parameters, self.places, strict=True)]
        reached = [(place, gradient.double().flatten().numpy()) for place, gradient in reached if gradient is not None]
        for parameter in self.parameters:
            parameter.grad = None
        missing = len(self.parameters) - len(reached)
        if not reached:
            return Gradients(np.zeros(self.count), missing)
        places, gradients = (np.concatenate(each) for each in zip(*reached, strict=True))
        return Gradients(np.bincount(places, weights=gradients, minlength=self.count), missing)

    def split(self, gradients: np.ndarray) -> None:
        """Split each class by the gradients of its numbers."""
        scaled = self._scaled(gradients)
        self.ever_moved |= scaled != 0
        order = np.lexsort((scaled, self.classes))
        is_new = (np.diff(self.classes[order]) != 0) | (np.diff(scaled[order]) > SAME)
        self.classes[order] = np.concatenate([[0], np.cumsum(is_new)])[: self.count]

    def all_move(self, gradients: np.ndarray) -> bool:
        """Whether all numbers have a gradient that ever had one."""
        return bool((self._scaled(gradients) != 0)[self.ever_moved].all())

    def take_one_out(self) -> bool:
        """Give one number of the largest class a class of its own; return whether there was one to be split."""
        sizes = np.bincount(self.classes, weights=self.ever_moved)
        if not len(sizes) or sizes.max() < 2:
            return False
        largest = int(sizes.argmax())
        first = np.flatnonzero(self.classes == largest)[0]
        self.classes[self.classes > largest] += 1
        self.classes[self.classes == largest] += 1
        self.classes[first] = largest
        return True

    def by_class(self, gradients: np.ndarray) -> Tensor:
        """Return the sum of the gradients of each class that moves, in canonical order."""
        sums = np.bincount(self.classes, weights=gradients, minlength=1)
        return torch.from_numpy(sums[np.unique(self.classes[self.ever_moved])])

    def _scaled(self, gradients: np.ndarray) -> np.ndarray:
        largest = np.abs(gradients).max(initial=0) or 1.0
        scaled = gradients / largest
        return np.where(np.abs(scaled) < STILL, 0, scaled)


def count_weights(module: nn.Module) -> int:
    """Return how many trainable numbers a module has, each once; however large it is, that takes no time.

    Raises:
        RefusedAnswerError: if numbers of one parameter are one and the same.

    """
    parameters = _trainable(module)
    return sum(each.numel() for each in parameters) if _are_apart(parameters) else _count(_places(parameters))


def _trainable(module: nn.Module) -> list[nn.Parameter]:
    return [each for each in registered_parameters(module) if each.requires_grad and each.numel()]


def _are_apart(parameters: Sequence[nn.Parameter]) -> bool:
    """Whether each parameter has a memory of its own and fills its place in it."""
    memories = {each.untyped_storage().data_ptr() for each in parameters}
    return len(memories) == len(parameters) and all(each.is_contiguous() for each in parameters)


def _count(places: Sequence[np.ndarray]) -> int:
    return 1 + max((int(place.max(initial=-1)) for place in places), default=-1)


def _places(parameters: Sequence[nn.Parameter]) -> list[np.ndarray]:
    """Number the places in memory that parameters take; views of one memory have the same.

    Raises:
        RefusedAnswerError: if numbers of one parameter are one and the same.

    """
    if _are_apart(parameters):
        ends = np.cumsum([0, *(each.numel() for each in parameters)])
        return [np.arange(start, end) for start, end in pairwise(ends)]
    starts: dict[int, int] = {}
    places = []
    for parameter in parameters:
        storage = parameter.untyped_storage()
        inside = torch.arange(storage.nbytes() // parameter.element_size())
        inside = inside.as_strided(parameter.shape, parameter.stride(), parameter.storage_offset()).flatten().numpy()
        if len(inside) < SMALL and len(np.unique(inside)) < len(inside):
            raise RefusedAnswerError(Fault("weights share their memory: they are one and the same number", hints=()))
        places.append(inside + (starts.setdefault(storage.data_ptr(), len(starts)) << 32))
    if not places:
        return []
    _, numbers = np.unique(np.concatenate(places), return_inverse=True)
    return np.split(numbers, np.cumsum([len(place) for place in places])[:-1])
