"""What a network changes in place, written as what it gives: whoever reads the changed maps later reads its result.

In a trace, ``y.relu_()`` is a step whose result nobody takes, and what comes after still takes ``y``. Which maps a step
has changed is told by the counts that torch keeps for autograd, and which others share their memory by where they lie.
"""

import operator
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.fx
from torch import Tensor
from torch.utils._pytree import tree_leaves

from cnncourse.measure.sized_tracing import assign_

LARGEST = 10**7  # numbers of a memory that is looked through


@dataclass(frozen=True)
class Place:
    """Where maps lie in memory: as many numbers as it has, and which of them are theirs."""

    memory: int
    numbers: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    offset: int

    @classmethod
    def of(cls, maps: Tensor) -> "Place":
        """Return where maps lie."""
        storage = maps.untyped_storage()
        numbers = storage.nbytes() // maps.element_size()
        return cls(storage._cdata, numbers, tuple(maps.shape), maps.stride(), maps.storage_offset())

    def inside(self, other: "Place") -> tuple[bool, bool]:
        """Return whether any, and whether all, of these numbers are another's."""
        if self.memory != other.memory or max(self.numbers, other.numbers) > LARGEST:
            return False, False
        if self == other:
            return (0 not in self.shape,) * 2
        is_others = torch.zeros(self.numbers, dtype=torch.bool, device="cpu")  # whatever the default is
        is_others.as_strided(other.shape, other.stride, other.offset).fill_(True)
        own = is_others.as_strided(self.shape, self.stride, self.offset)
        return bool(own.any()), bool(own.all())


def tensors_in(value: object) -> list[Tensor]:
    """Return the tensors in what a step is given or gives."""
    return [each for each in tree_leaves(value) if isinstance(each, Tensor)]


def note_places(node: torch.fx.Node, given: Iterable[tuple[torch.fx.Node, Tensor, int]], result: object) -> None:
    """Note where a step's result lies, and what it has changed.

    Args:
        node: the step, after it was run.
        given: each step that feeds it with a tensor, that tensor, and how often it had been changed before.
        result: what the step gives.

    """
    if isinstance(result, Tensor):
        node.meta["place"] = Place.of(result)
    node.meta["changed"] = [source for source, maps, before in given if maps._version != before]


def write_in_place_as_results(graph: torch.fx.Graph) -> None:
    """Let each step of a graph take what its maps have become.

    Args:
        graph: of steps that were run, with ``note_places``; it is changed.

    """
    latest: dict[torch.fx.Node, torch.fx.Node] = {}
    before: list[torch.fx.Node] = []  # the steps so far that give maps
    for node in list(graph.nodes):
        for source in node.all_input_nodes:
            if source in latest:
                node.replace_input_with(source, latest[source])
        place = node.meta.get("place")
        if place is None:
            continue
        changed = [source.meta["place"] for source in node.meta["changed"] if "place" in source.meta]
        if any(place.inside(each)[0] for each in changed):
            for each in before:
                is_touched, is_whole = each.meta["place"].inside(place)
                if is_touched and _is_read_after(each, node):
                    latest[each] = _as_it_became(each, latest.get(each, each), node, is_whole=is_whole)
        before.append(node)


def _is_read_after(each: torch.fx.Node, node: torch.fx.Node) -> bool:
    return any(node < user for user in each.users)


def _as_it_became(each: torch.fx.Node, latest: torch.fx.Node, node: torch.fx.Node, *, is_whole: bool) -> torch.fx.Node:
    """Return the step that gives maps as another has left them; one is added where they are not that one's result."""
    place, changed = each.meta["place"], node.meta["place"]
    if is_whole and (place.shape, place.stride, place.offset) == (changed.shape, changed.stride, changed.offset):
        return node
    graph = node.graph
    with graph.inserting_after(node):
        if is_whole:
            written = graph.call_method("reshape", (node, *place.shape))
        else:
            written = graph.call_function(assign_, (latest, _index_of_view(node, each), node))
    written.meta = {**node.meta, "shapes": [place.shape], "place": place, "multiply_adds": 0, "changed": []}
    return written


def _index_of_view(node: torch.fx.Node, whole: torch.fx.Node) -> object:
    """Return by which index a step's maps were taken out of others, ... where by none."""
    # Views of one memory count their changes together: the one that was written into lies where the result does.
    views = [each for each in node.meta["changed"] if each.meta.get("place") == node.meta["place"]]
    return next((each.args[1] for each in views if each.target is operator.getitem and each.args[0] is whole), ...)
