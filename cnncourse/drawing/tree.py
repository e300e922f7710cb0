"""A network as a tree: what comes after what, what stands side by side, and which module each part belongs to.

A graph of layers is taken apart into sequences and parallel branches as long as it is made of them ("series–parallel").
Where it is not, as with dense connections, the layers in question stay together as a tangle, with their connections.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cnncourse.drawing.labels import plain_name
from cnncourse.drawing.layers import Graph, Layer, Scope


@dataclass(frozen=True)
class Leaf:
    """One layer."""

    layer: Layer


@dataclass(frozen=True)
class Sequence:
    """Parts that come one after the other; an empty one is a connection and nothing else."""

    items: tuple["Tree", ...]


@dataclass(frozen=True)
class Parallel:
    """Branches that begin at the same place.

    Attributes:
        branches: side by side; one without items is a shortcut.
        join: where they meet; ``None`` if that is where the branches around them meet too.

    """

    branches: tuple[Sequence, ...]
    join: Layer | None


@dataclass(frozen=True)
class Tangle:
    """Layers that are not made of sequences and branches.

    Attributes:
        layers: in an order in which each comes after those that feed it.
        sources: for each, the positions of those that feed it; -1 is what comes before the tangle.
        is_closed: whether all that leaves it leaves its last layer.

    """

    layers: tuple[Layer, ...]
    sources: tuple[tuple[int, ...], ...]
    is_closed: bool


@dataclass(frozen=True)
class Side:
    """A branch that ends in a result of its own, such as an auxiliary classifier."""

    body: Sequence


@dataclass(frozen=True)
class Block:
    """What one module does.

    Attributes:
        name: the module's name in the model.
        call: as in ``Scope``.
        kind: its class.
        is_container: whether the module is one of torch's own, which only hold modules.
        body: what it does.

    """

    name: str
    call: str
    kind: str
    is_container: bool
    body: Sequence

    @property
    def title(self) -> str:
        """What its frame is headed by, for example "Inception-A" or "Convolution stack · stage1"."""
        own = re.sub(r"_(?!x$)", " ", self.name.rpartition(".")[2])  # "conv2_x" is the paper's own name
        if self.is_container:
            return own
        title = block_title(self.kind)
        plain = re.sub(r"[^a-z0-9]", "", title.lower())
        said = own.isdigit() or re.sub(r"[^a-z0-9]", "", own.lower()) in plain
        return title if said else f"{title} · {own}"


Tree = Leaf | Sequence | Parallel | Tangle | Side | Block


def block_title(kind: str) -> str:
    """Turn the name of a class into a heading: "InceptionA" into "Inception-A", "MLPConv" into "MLP conv"."""
    lettered = re.fullmatch(r"(.*[a-z])([A-Z])", kind)
    if lettered:
        return f"{block_title(lettered[1])}-{lettered[2]}"
    words = plain_name(kind).replace("inception", "Inception")
    return words[:1].upper() + words[1:]


def layers_of(tree: Tree) -> Iterator[Layer]:
    """Return every layer of a tree, each as often as it is called."""
    match tree:
        case Leaf(layer):
            yield layer
        case Sequence(items):
            for item in items:
                yield from layers_of(item)
        case Parallel(branches, join):
            for branch in branches:
                yield from layers_of(branch)
            if join is not None:
                yield join
        case Tangle(layers, _, _):
            yield from layers
        case Side(body) | Block(_, _, _, _, body):
            yield from layers_of(body)


def blocks_of(tree: Tree) -> Iterator[Block]:
    """Return every block of a tree, each before those inside it."""
    match tree:
        case Sequence(items):
            for item in items:
                yield from blocks_of(item)
        case Parallel(branches, _):
            for branch in branches:
                yield from blocks_of(branch)
        case Side(body):
            yield from blocks_of(body)
        case Block():
            yield tree
            yield from blocks_of(tree.body)


def network_tree(graph: Graph) -> Sequence:
    """Take a network apart."""
    targets: list[list[int]] = [[] for _ in graph.layers]
    for target, sources in enumerate(graph.sources):
        for source in sources:
            targets[source].append(target)
    main = graph.outputs[0] if graph.outputs else len(graph.layers) - 1
    on_main = _upstream(graph, main)
    finder = _Finder(graph, targets, {})
    if sum(not sources for sources in graph.sources) > 1:  # several inputs: nothing begins at one place
        return _framed(Sequence((Leaf(graph.layers[0]), *finder.everything(main))), 0)
    for group in finder.connected([each for each in range(len(graph.layers)) if each not in on_main]):
        roots = {source for each in group for source in graph.sources[each] if source in on_main}
        if len(roots) > 1:  # it is no branch that leaves the main way: show all connections
            return _framed(Sequence((Leaf(graph.layers[0]), *finder.everything(main))), 0)
        finder.asides.setdefault(min(roots), []).extend(group)
    return _framed(finder.sequence(-1, main, sorted(on_main)), 0)


def _upstream(graph: Graph, position: int) -> set[int]:
    """Return a layer and all that it depends on."""
    found = {position}
    for each in range(position, -1, -1):
        if each in found:
            found.update(graph.sources[each])
    return found


class _Finder:
    """Finds sequences and branches among a graph's layers."""

    def __init__(self, graph: Graph, targets: list[list[int]], asides: dict[int, list[int]]) -> None:
        self.graph, self.targets, self.asides = graph, targets, asides

    def sequence(self, start: int, end: int, inside: list[int], *, with_end: bool = True) -> Sequence:
        """Return what lies between two layers.

        Args:
            start: the layer before, -1 for the image's own source.
            end: the last layer.
            inside: positions of the layers in question, ``end`` among them if it belongs to the sequence.
            with_end: whether it does; otherwise it is the join of the branches around.

        """
        allowed = set(inside) | {end}
        items: list[Tree] = []
        current = start
        while current != end:
            following = [0] if current == -1 else [t for t in dict.fromkeys(self.targets[current]) if t in allowed]
            if current == start and not with_end:  # the direct way to the join is a branch of its own
                following = [t for t in following if t != end]
            if len(following) > 1:
                join = self._meeting_point(following, end, allowed)
                items += self._branches(current, following, join, allowed, with_join=join != end or with_end)
                current = join
            else:
                current = following[0]
                if current != end or with_end:
                    items.append(Leaf(self.graph.layers[current]))
            if current != end or with_end:
                items += self._sides(current)
        return Sequence(tuple(items))

    def _meeting_point(self, starts: list[int], end: int, allowed: set[int]) -> int:
        """Return the first layer that all ways from some layers to the end lead through."""
        open_ways = set(starts)
        for position in range(min(starts), end + 1):
            if position in open_ways:
                open_ways.discard(position)
                if not open_ways:
                    return position
                open_ways.update(t for t in self.targets[position] if t in allowed and t <= end)
        return end

    def _branches(self, start: int, starts: list[int], join: int, allowed: set[int], *, with_join: bool) -> list[Tree]:
        between = self._between(starts, join, allowed)
        groups = self.connected(between)
        shortcut = join in starts
        if len(groups) + shortcut < 2:
            return self._tangle(start, between, join, with_join=with_join)
        branches = [self.sequence(start, join, group, with_end=False) for group in groups]
        if any(map(_ends_open, branches)):  # its ways to the join would be lost
            return self._tangle(start, between, join, with_join=with_join)
        if shortcut:
            branches.append(Sequence(()))
        return [Parallel(tuple(branches), self.graph.layers[join] if with_join else None)]

    def _between(self, starts: list[int], join: int, allowed: set[int]) -> list[int]:
        found: set[int] = set()
        stack = [each for each in starts if each != join]
        while stack:
            each = stack.pop()
            if each not in found:
                found.add(each)
                stack += [t for t in self.targets[each] if t in allowed and t < join]
        return sorted(found)

    def everything(self, end: int) -> list[Tree]:
        """Return all layers after the first as they are, with their connections."""
        return self._tangle(0, [each for each in range(1, len(self.graph.layers)) if each != end], end, with_join=True)

    def connected(self, positions: list[int]) -> list[list[int]]:
        """Split layers into groups without a connection between them, in the order of their first layers."""
        group_of: dict[int, int] = {}
        for each in positions:
            group_of[each] = each
        for each in positions:
            for source in self.graph.sources[each]:
                if source in group_of:
                    old, new = sorted((group_of[each], group_of[source]), reverse=True)
                    for key, value in group_of.items():
                        if value == old:
                            group_of[key] = new
        groups: dict[int, list[int]] = {}
        for each in positions:
            groups.setdefault(group_of[each], []).append(each)
        return list(groups.values())

    def _tangle(self, start: int, between: list[int], join: int, *, with_join: bool) -> list[Tree]:
        """Return layers as they are, with their connections; what leaves the main way among them is among them too."""
        aside = {each for position in between for each in self.asides.get(position, [])}
        positions = sorted({*between, *aside})
        positions += [join] if with_join else []
        place = {start: -1} | {position: number for number, position in enumerate(positions)}
        sources = (tuple(place[s] for s in self.graph.sources[each] if s in place) for each in positions)
        layers = tuple(self.graph.layers[each] for each in positions)
        return [Tangle(layers, tuple(sources), is_closed=with_join)]

    def _sides(self, position: int) -> list[Side]:
        """Return what leaves the main way after a layer."""
        sides = []
        for group in self.connected(self.asides.get(position, [])):
            ends = [each for each in group if not any(target in group for target in self.targets[each])]
            if len(ends) == 1:
                sides.append(Side(self.sequence(position, ends[0], group)))
            else:
                sides.append(Side(Sequence(tuple(self._tangle(position, group, -2, with_join=False)))))
        return sides


def _ends_open(sequence: Sequence) -> bool:
    """Whether a branch ends in a tangle that has several ways out."""
    match sequence.items[-1:]:
        case (Tangle(is_closed=False),):
            return True
        case (Parallel(branches, None),):
            return any(map(_ends_open, branches))
        case _:
            return False


def _framed(sequence: Sequence, depth: int) -> Sequence:
    """Put what one module does, and nothing else does, into a block; then look inside it."""
    items: list[Tree] = []
    run: list[Tree] = []
    run_scope: Scope | None = None

    def close() -> None:
        nonlocal run, run_scope
        if run_scope is not None:
            name = run_scope.call.partition("@")[0]
            body = _framed(Sequence(tuple(run)), depth + 1)
            items.append(Block(name, run_scope.call, run_scope.kind, run_scope.is_container, body))
        run, run_scope = [], None

    for item in sequence.items:
        scopes = _common_scopes(item)
        if isinstance(item, Side) and (run_scope is None or run_scope not in scopes):
            close()  # it leaves the module, or what comes after it
            items.append(Side(_framed(item.body, depth)))
            continue
        scope = scopes[depth] if len(scopes) > depth else None
        if scope != run_scope:
            close()
        if scope is None:
            items.append(_framed_inside(item, depth))
        else:
            run_scope = scope
            run.append(item)
    close()
    return Sequence(tuple(items))


def _framed_inside(item: Tree, depth: int) -> Tree:
    match item:
        case Parallel(branches, join):
            return Parallel(tuple(_framed(branch, depth) for branch in branches), join)
        case _:
            return item


def _common_scopes(tree: Tree) -> tuple[Scope, ...]:
    """Return the modules that all layers of a part are inside."""
    common: tuple[Scope, ...] | None = None
    for layer in layers_of(tree):
        if common is None:
            common = layer.scopes
        else:
            same = 0
            for ours, theirs in zip(common, layer.scopes, strict=False):
                if ours != theirs:
                    break
                same += 1
            common = common[:same]
    return common or ()
