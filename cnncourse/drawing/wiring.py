"""What a step takes from where: by this, two blocks that look alike in a picture are known to be alike in fact."""

import operator

import torch.fx
from torch import Tensor, nn
from torch.fx.node import map_arg

from cnncourse.drawing.kept import RUNNING, described, settings_of_module
from cnncourse.drawing.labels import VIEWS, operation_name
from cnncourse.measure.tracing import Trace

# One line for each step without a box, such as the share of a split or a weight that is worked out, that a layer needs,
# and last its own: what it is, and what feeds it in the order of its arguments. Those from 0 on are the positions of
# layers, -1 is the first of these lines, -2 the second.
Wiring = tuple[tuple[str, tuple[int, ...]], ...]


def wiring(
    node: torch.fx.Node, place: dict[torch.fx.Node, int], steps: Trace, order: dict[torch.fx.Node, int]
) -> Wiring:
    """Describe what a step takes from where.

    Args:
        node: the step of a layer.
        place: positions of the layers before.
        steps: the trace.
        order: the position of each step in it.

    """
    needed = {node}
    stack = [node]
    while stack:
        new = [each for each in stack.pop().all_input_nodes if each not in place and each not in needed]
        needed.update(new)
        stack += new
    scope = next(reversed(node.meta.get("nn_module_stack") or {"": None})).partition("@")[0]
    lines: list[tuple[str, tuple[int, ...]]] = []
    line: dict[torch.fx.Node, int] = {}
    for each in sorted(needed, key=order.__getitem__):
        feeds: list[int] = []

        def fed_by(source: torch.fx.Node, feeds: list[int] = feeds) -> str:
            feeds.append(place[source] if source in place else line[source])
            return "x"

        arguments = map_arg((each.args, each.kwargs), fed_by)
        has_box = each is node and not isinstance(steps.layer(each), nn.Flatten)
        lines.append((_words(each, arguments, steps, has_box=has_box, scope=scope), tuple(feeds)))
        line[each] = -len(lines)
    return tuple(lines)


def _words(node: torch.fx.Node, arguments: object, steps: Trace, *, has_box: bool, scope: str) -> str:
    match node.op:
        case "call_module":
            module = steps.layer(node)
            return "layer" if has_box else f"{module.extra_repr()} {settings_of_module(module)}"
        case "get_attr":
            owner, _, name = node.target.rpartition(".")
            value = node.meta["value"]
            if isinstance(value, Tensor) and not isinstance(value, nn.Parameter) and name not in RUNNING:
                return described(value)
            return name if owner == scope else "given"  # several blocks may be given parameters of several names
        case "placeholder":
            return "input"
    if node.target in VIEWS:  # sizes follow from those of the maps
        return operation_name(node)
    if node.target is operator.getitem and isinstance(node.args[0].meta.get("value"), nn.Parameter):
        return "one of a parameter"  # such as the weights of several blocks
    return f"{operation_name(node)}{arguments}"
