"""A network in words: for readers who do not see its picture, and for the pointer that rests on a part of it."""

from collections.abc import Iterator

from cnncourse.drawing.layers import Layer
from cnncourse.drawing.marks import times
from cnncourse.drawing.parts import Aside, Box, Column, Frame, Part, Towers
from cnncourse.drawing.tree import Block, Leaf, Parallel, Sequence, Side, Tangle, Tree


def in_words(title: str, layers: tuple[Layer, ...], column: Column) -> str:
    """Describe a picture in a sentence or two: what comes after what, and what it all costs."""
    steps = ", ".join(step for step in map(_step, column.items) if step)
    parameters = sum(layer.parameters for layer in layers)
    multiply_adds = sum(layer.multiply_adds for layer in layers)
    return f"{title}, from top to bottom: {steps}. {parameters:,} parameters, {multiply_adds:,} multiply-adds an image."


def _step(part: Part) -> str:
    match part:
        case Box():
            chips = "".join(f" and {name}" for _, name in part.chips)
            return _counted(f"{part.name} ".lstrip() + part.label + chips, part.times)
        case Frame():
            return _counted(part.title, part.times)
        case Towers(branches, join):
            ways = sum(count for _, count in branches)
            shortcut = " with a shortcut" if any(not column.items for column, _ in branches) else ""
            met = "" if join is None else f" that meet in “{join.label}”"
            return f"{ways} branches{shortcut}{met}"
        case Aside(body):
            return "a side branch (" + ", ".join(map(_step, body.items)) + ")"
        case _:
            return f"{len(part.cells)} parts with connections across"


def _counted(words: str, count: int) -> str:
    return f"{words} ×{count}" if count > 1 else words


def tooltip(part: Box | Frame) -> str:
    """Say what a box stands for: its layers with their settings, and what they cost."""
    layers = part.all_layers if isinstance(part, Frame) else part.layers
    parameters = sum(layer.parameters for layer in part.all_layers)
    multiply_adds = sum(layer.multiply_adds for layer in part.all_layers)
    lines = [_counted(part.title, part.times)] if isinstance(part, Frame) else []
    if isinstance(part, Box):
        lines += [f"{layer.name}: {layer.details or layer.label}{_with_helpers(layer)}" for layer in layers]
    if part.shape:
        lines.append(f"output {times(part.shape)}")
    lines.append(f"{parameters:,} parameters, {multiply_adds:,} multiply-adds")
    field = part.all_layers[-1].field
    if field is not None:
        lines.append(f"sees {times(field)} pixels")
    return "\n".join(lines)


def lines_of(tree: Tree, indent: str = "") -> Iterator[str]:
    """Return the lines of a text that says everything about a network: a line a layer, blocks and branches indented."""
    match tree:
        case Leaf(layer):
            yield indent + _line(layer)
        case Sequence(items):
            for item in items:
                yield from lines_of(item, indent)
        case Parallel(branches, join):
            for number, branch in enumerate(branches, start=1):
                yield f"{indent}branch {number} of {len(branches)}" + ("" if branch.items else ": shortcut")
                yield from lines_of(branch, indent + "    ")
            if join is not None:
                yield indent + _line(join)
        case Tangle(layers, sources, _):
            for layer, fed_by in zip(layers, sources, strict=True):
                names = ", ".join("what comes before" if source == -1 else layers[source].name for source in fed_by)
                yield indent + _line(layer) + (f", fed by {names}" if names else "")
        case Side(body):
            yield indent + "side branch"
            yield from lines_of(body, indent + "    ")
        case Block():
            yield f"{indent}[{tree.title}] {tree.name}"
            yield from lines_of(tree.body, indent + "    ")


def _line(layer: Layer) -> str:
    again = f" (call {layer.call + 1})" if layer.call else ""
    cost = f", {layer.parameters:,} parameters" if layer.parameters else ""
    cost += f", {layer.multiply_adds:,} multiply-adds" if layer.multiply_adds else ""
    shape = f" → {times(layer.shape)}" if layer.shape else ""
    return f"{layer.name}{again}: {layer.label}{_with_helpers(layer)}{shape}{cost}"


def _with_helpers(layer: Layer) -> str:
    return f", with what {', '.join(layer.helpers)} make of no image" if layer.helpers else ""
