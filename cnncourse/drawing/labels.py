"""What stands in the box of a traced step: its kind, its label and its settings."""

import math
import operator
import re
from collections import Counter
from collections.abc import Sequence

import torch
import torch.fx
import torch.nn.functional as F
from torch import nn
from torch.fx.node import map_arg

from cnncourse.drawing.kept import settings_of_module
from cnncourse.drawing.palette import KINDS, Kind
from cnncourse.measure.sized_tracing import MADE, assign_
from cnncourse.measure.tracing import gives_tensors, output_shape

CONCATENATIONS = (torch.cat, torch.concat, torch.concatenate)
ADDITIONS = (operator.add, operator.iadd, torch.add, "add", "add_", sum)
SUBTRACTIONS = (operator.sub, operator.isub, torch.sub, torch.subtract, "sub", "sub_")
PRODUCTS = (operator.mul, operator.imul, torch.mul, "mul", "mul_")
# Other operations with one number or one tensor of the network's own, as they are written; x is what comes in.
WITH_A_NUMBER = {
    **dict.fromkeys(ADDITIONS, "x + {}"),
    **dict.fromkeys(SUBTRACTIONS, "x − {}"),
    **dict.fromkeys((operator.truediv, operator.itruediv, torch.div, "div", "div_"), "x ÷ {}"),
    **dict.fromkeys((operator.pow, torch.pow, "pow", "pow_"), "x ** {}"),
}
RESHAPINGS = (torch.flatten, torch.reshape, torch.squeeze, torch.unsqueeze, torch.permute, torch.transpose)
RESHAPINGS += (torch.swapaxes, torch.movedim, F.dropout, operator.getitem, getattr)
RESHAPINGS += ("flatten", "view", "reshape", "contiguous", "squeeze", "unsqueeze", "permute", "transpose", "swapaxes")
TRANSPOSITIONS = (torch.transpose, torch.swapaxes, "transpose", "swapaxes")
VIEWS = (torch.reshape, "view", "reshape", "contiguous")
# The arguments of functions that look through a window, in the order in which they may be given.
_POOL = ("input", "kernel_size", "stride", "padding")
_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "dilation", "groups")
_TRANSPOSED_CONVOLUTION = ("input", "weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
WINDOWED = {
    **dict.fromkeys((F.avg_pool1d, F.avg_pool2d, F.avg_pool3d), _POOL),
    **dict.fromkeys((torch.avg_pool1d, torch.max_pool1d, torch.max_pool2d, torch.max_pool3d), (*_POOL, "dilation")),
    **dict.fromkeys((F.max_pool1d, F.max_pool2d, F.max_pool3d), (*_POOL, "dilation")),
    **dict.fromkeys((torch.conv1d, torch.conv2d, torch.conv3d), _CONVOLUTION),
    **dict.fromkeys((F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d), _TRANSPOSED_CONVOLUTION),
    **dict.fromkeys((F.lp_pool1d, F.lp_pool2d, F.lp_pool3d), ("input", "norm_type", "kernel_size", "stride")),
    F.unfold: ("input", "kernel_size", "dilation", "padding", "stride"),
}
# Functions that make one value of each map, where they look at the whole of it.
GLOBAL_POOLS = {
    **dict.fromkeys((torch.mean, "mean", F.adaptive_avg_pool2d, F.adaptive_avg_pool3d), "average"),
    **dict.fromkeys((torch.amax, "amax", F.adaptive_max_pool2d, F.adaptive_max_pool3d), "max"),
}
_KIND_BY_WORD = (
    ("conv", "convolution"),
    ("pool", "pooling"),
    ("subsampling", "pooling"),
    ("radialbasis", "output"),
    ("norm", "normalisation"),
    ("tanh", "activation"),
    ("relu", "activation"),
    ("sigmoid", "activation"),
    ("softmax", "activation"),
    ("gelu", "activation"),
    ("silu", "activation"),
    ("swish", "activation"),
    ("mish", "activation"),
)
FUNCTION_NAMES = {"relu": "ReLU", "relu_": "ReLU", "relu6": "ReLU6", "gelu": "GELU", "silu": "SiLU", "elu": "ELU"}


def does(node: torch.fx.Node, operations: tuple[object, ...]) -> bool:
    """Whether a step is one of some operations, and not a module that is named like one."""
    return node.op in ("call_function", "call_method") and node.target in operations


def kind_of(node: torch.fx.Node, module: nn.Module | None) -> Kind:
    """Return what decides the colour of a step's box."""
    if node.op == "placeholder":
        return KINDS["input"]
    if module is not None:
        if isinstance(module, nn.Flatten | nn.Identity | nn.Dropout | nn.Dropout2d):
            return KINDS["reshaping"]
        if isinstance(module, nn.modules.conv._ConvNd) and module.groups > 1:
            return KINDS["depthwise"]
        if type(module).__module__ == nn.ReLU.__module__ and not isinstance(module, nn.MultiheadAttention):
            return KINDS["activation"]
        return KINDS[_kind_by_word(type(module).__name__) or "other"]
    if node.target in TRANSPOSITIONS and _shuffled_groups(node):
        return KINDS["other"]
    if node.target in RESHAPINGS:
        is_slice = node.target is operator.getitem and not isinstance(node.args[1], int)
        is_half = node.target is getattr and node.args[1] in ("real", "imag")
        return KINDS["other" if is_slice or is_half else "reshaping"]
    if _global_pool(node):
        return KINDS["pooling"]
    kept = _kept(node)
    joins = len(node.all_input_nodes) > 1 and not kept
    if node.target in CONCATENATIONS or (joins and node.target in (*ADDITIONS, *SUBTRACTIONS, *PRODUCTS)):
        return KINDS["merge"]
    if node.target in PRODUCTS and len(node.all_input_nodes) - len(kept) == 1:
        return KINDS["scale"]
    return KINDS[_kind_by_word(operation_name(node)) or "other"]


def _kept(node: torch.fx.Node) -> list[torch.fx.Node]:
    """Return those inputs of a step that are tensors of the network's own, such as parameters."""
    return [source for source in node.all_input_nodes if source.op == "get_attr" or source.target in MADE]


def _global_pool(node: torch.fx.Node) -> str:
    """Return "average" or "max" if a function makes that of each whole map; "" otherwise."""
    word = GLOBAL_POOLS.get(node.target, "") if node.op in ("call_function", "call_method") else ""
    if not word or len(node.all_input_nodes) != 1:
        return ""
    channels, *sides = output_shape(node.all_input_nodes[0]) or (0,)
    shape = output_shape(node)
    of_maps = len(sides) > 1 and math.prod(sides) > 1  # of tokens or features it is no pooling
    return word if of_maps and shape[:1] == (channels,) and set(shape[1:]) <= {1} else ""


def _kind_by_word(words: str) -> str | None:
    if words.lower().endswith("linear") and words.lower() != "nonlinear":
        return "linear"
    return next((kind for word, kind in _KIND_BY_WORD if word in words.lower()), None)


def operation_name(node: torch.fx.Node) -> str:
    """Return what torch calls a step that is no module."""
    return str(getattr(node.target, "__name__", node.target))


def words_of(node: torch.fx.Node, module: nn.Module | None, kind: Kind) -> tuple[str, str]:
    """Return what stands in the box of a step, and all its settings."""
    if node.op == "placeholder":
        shape = output_shape(node)
        return ("image" if len(shape) == 3 and shape[0] in (1, 3) else "input"), ""
    if module is None:
        return _words_of_operation(node, kind)
    name = plain_name(type(module).__name__)
    settings = module.extra_repr()
    window = getattr(module, "kernel_size", None)
    if window is not None:
        sides = window if isinstance(window, Sequence) else (window,) * max(len(output_shape(node)) - 1, 1)
        channels = getattr(module, "out_channels", None) if kind.name != "pooling" else None
        stride = getattr(module, "stride", 1)
        stride = _side(window if stride is None else stride)  # pools without a stride step by their window
        transposed = getattr(module, "transposed", False)
        dilation = _side(getattr(module, "dilation", 1))
        groups = getattr(module, "groups", 1)
        depthwise = channels is not None and groups == getattr(module, "in_channels", None) > 1
        depthwise = depthwise and not transposed
        label = f"{'×'.join(map(str, sides))} {'depthwise' if depthwise else name}"
        label += _stride(stride, transposed=transposed)
        label += f", {channels}" if channels is not None else ""
        label += f", {groups} groups" if groups > 1 and not depthwise else ""
        label += f", dilation {dilation}" if dilation != "1" else ""
        return label, f"{type(module).__name__}({settings})"
    if isinstance(module, nn.AdaptiveAvgPool2d):
        whole = output_shape(node)[1:] == (1, 1)
        label = "global average pool" if whole else f"average pool to {'×'.join(map(str, output_shape(node)[1:]))}"
        return label, f"{type(module).__name__}({settings})"
    if isinstance(module, nn.Linear):
        return f"FC, {module.out_features}", f"Linear({settings})"
    label = f"dropout {module.p:g}" if isinstance(module, nn.Dropout) else name
    return label, f"{type(module).__name__}({settings})"


def _words_of_operation(node: torch.fx.Node, kind: Kind) -> tuple[str, str]:
    operation = operation_name(node)
    if kind.name == KINDS["merge"].name:
        return _words_of_join(node), operation
    if node.target in WINDOWED:
        return _words_of_window(node), operation
    if pool := _global_pool(node):
        return f"global {pool} pool", operation
    numbers = [argument for argument in (*node.args, *node.kwargs.values()) if isinstance(argument, int | float)]
    kept = _kept(node)
    if kind.name == KINDS["scale"].name:
        scale = f" {_own_name(kept[0])}" if kept else f"{numbers[0]:g}" if numbers else ""
        return (f"×{scale}" if scale or len(node.args) < 2 else "x × x"), operation
    if node.target is operator.getitem:
        return ("part" if isinstance(node.args[1], int) else f"slice [{_index(node.args[1])}]"), operation
    if node.target is getattr:
        return str(node.args[1]), operation
    if node.target is assign_:
        return f"write [{_index(node.args[1])}]", operation
    if node.target in TRANSPOSITIONS and (groups := _shuffled_groups(node)):
        return f"channel shuffle, {groups} groups", operation
    if node.target in WITH_A_NUMBER and len(node.all_input_nodes) == 1 + len(kept) and len(numbers) + len(kept) == 1:
        written, (given,) = WITH_A_NUMBER[node.target], (*numbers, *kept)
        if node.args and node.args[0] is given:  # it comes first
            written = " ".join(reversed(written.split()))
        return written.format(_own_name(given) if kept else f"{given:g}"), operation
    return FUNCTION_NAMES.get(operation) or plain_name(operation).strip("_ ") or operation, operation


def _words_of_join(node: torch.fx.Node) -> str:
    if node.target in SUBTRACTIONS:
        one, other = (_source(each, node) for each in (*node.args, *node.kwargs.values())[:2])
        alpha = node.kwargs.get("alpha", 1)
        return f"{one} − {other}" if alpha == 1 else f"{one} − {alpha:g} × {other}"
    if node.target not in CONCATENATIONS:
        alpha = node.kwargs.get("alpha", 1)
        return ("add" if alpha == 1 else f"add, the second × {alpha:g}") if node.target in ADDITIONS else "multiply"
    axis = node.kwargs.get("dim", node.kwargs.get("axis", node.args[1] if len(node.args) > 1 else 0))
    axis %= len(output_shape(node)) + 1  # with the batch
    is_of_channels = axis == 1 and len(output_shape(node)) != 2  # of maps, or of features; of tokens it is not
    words = "concatenate" if is_of_channels else f"concatenate along axis {axis}"
    joined = node.args[0] if node.args else node.kwargs["tensors"]
    parts = joined if isinstance(joined, Sequence) else ()  # or the result of one step, such as a split
    again = {each: count for each, count in Counter(parts).items() if count > 1}
    return words + "".join(f", {_source(each, node)} ×{count}" for each, count in again.items())


def _source(node: torch.fx.Node, user: torch.fx.Node) -> str:
    """Name what an operation is given, as a reader of its block knows it."""
    around = list(user.meta.get("nn_module_stack", {}))
    if node.op == "placeholder" or (around and around[-1] not in node.meta.get("nn_module_stack", {})):
        return "input"
    return node.target.rpartition(".")[2] if node.op == "call_module" else node.name.rstrip("_0123456789")


def _words_of_window(node: torch.fx.Node) -> str:
    """Say what a function looks through, as for a layer: "3×3 max pool /2"."""
    given = dict(zip(WINDOWED[node.target], node.args, strict=False)) | node.kwargs
    sides = len(output_shape(given["input"])) - 1
    weight = given.get("weight")
    window = weight.meta["shapes"][0][2:] if weight is not None else given["kernel_size"]
    stride = given.get("stride") or (1 if weight is not None or node.target is F.unfold else window)
    window, stride = (_sides(each, sides) for each in (window, stride))
    words = f"{'×'.join(map(str, window))} {plain_name(operation_name(node)).strip()}"
    words += _stride(_side(stride), transposed="transpose" in operation_name(node))
    words += f", {output_shape(node)[0]}" if weight is not None else ""
    groups, dilation = given.get("groups", 1), _side(_sides(given.get("dilation", 1), sides))
    words += f", {groups} groups" if groups != 1 else ""
    return words + (f", dilation {dilation}" if dilation != "1" else "")


def _stride(stride: str, *, transposed: bool) -> str:
    """Write a stride behind what has it; that of a transposed convolution makes maps larger, and is written out."""
    if stride == "1":
        return ""
    return f", stride {stride}" if transposed else f" /{stride}"


def _sides(value: int | Sequence[int], count: int) -> tuple[int, ...]:
    values = (value,) if isinstance(value, int) else tuple(value)
    return values * count if len(values) == 1 else values


def _index(index: object) -> str:
    """Write an index as it stands in code."""
    if isinstance(index, tuple):
        return ", ".join(map(_index, index))
    if isinstance(index, slice):
        ends = [("" if end is None else _index(end)) for end in (index.start, index.stop)]
        return ":".join(ends) + (f":{_index(index.step)}" if index.step is not None else "")
    if isinstance(index, torch.fx.Node):
        return _own_name(index) if index.op == "get_attr" else index.name
    return "…" if index is ... else str(index)


def _own_name(kept: torch.fx.Node) -> str:
    """Name a tensor of the network's own as the network does, where it has a name."""
    name = str(kept.target).rpartition(".")[2]
    return "constant" if kept.target in MADE or name.startswith("_tensor_constant") else name.replace("_", " ").strip()


def _shuffled_groups(node: torch.fx.Node) -> int:
    """Return the number of groups whose channels a transposition shuffles, between two views; 0 for any other."""
    (before,), after = node.all_input_nodes[:1], next(iter(node.users), None)
    shape = output_shape(node)
    dims = {argument for argument in (*node.args[1:], *node.kwargs.values()) if isinstance(argument, int)}
    between_views = after is not None and does(before, VIEWS) and does(after, VIEWS)
    if between_views and len(shape) == 4 and dims in ({1, 2}, {-4, -3}):
        return shape[1]
    return 0


def settings_of(node: torch.fx.Node, module: nn.Module | None) -> str:
    """Write what else decides what a step does, and neither its label nor its details say."""
    if module is not None:
        return settings_of_module(module)
    given = map_arg((node.args, node.kwargs), lambda each: "x" if gives_tensors(each) else "n")
    return f"{operation_name(node)}{given}"


def plain_name(name: str) -> str:
    """Turn the name of a class into words, as a figure prints them.

    >>> plain_name("PartialConv2d"), plain_name("LocalResponseNorm"), plain_name("ReLU"), plain_name("RepVGGBlock")
    ('partial conv', 'local response norm', 'ReLU', 'RepVGG block')
    >>> plain_name("ResNeXtBlock"), plain_name("LeNet5"), plain_name("MLPConv")
    ('ResNeXt block', 'LeNet5', 'MLP conv')
    >>> plain_name("ConvTranspose2d"), plain_name("conv_transpose2d")
    ('transposed conv', 'transposed conv')

    """
    if not name.isascii():
        return name
    name = re.sub(r"(?i)(conv)_?transpose", r"transposed_\1", re.sub(r"\dd$", "", name))
    name = name.replace("_", " ").replace("Avg", "Average").replace("avg", "average")
    if name.upper() == name or "LU" in name:  # ReLU, SiLU, GELU …
        return name
    words = re.findall(r"(?:[A-Z][a-z]{1,3}[A-Z]{2,}(?![a-z])|[A-Z]+(?![a-z])|[A-Z][a-z0-9]+|[a-z0-9]+)", name)
    joined: list[str] = []
    for word in words:  # "Res", "Ne", "Xt" are one name, and so are "Le", "Net"
        is_short = len(word) == 2 and word[0].isupper()
        is_of_last = joined and (is_short or (word.startswith("Net") and joined[-1][-2:-1].isupper()))
        joined[-1:] = [joined[-1] + word] if is_of_last else [*joined[-1:], word]
    return " ".join(word if any(letter.isupper() for letter in word[1:]) else word.lower() for word in joined)


def _side(stride: int | Sequence[int]) -> str:
    sides = tuple(stride) if isinstance(stride, Sequence) else (stride,)
    return str(sides[0]) if len(set(sides)) == 1 else "×".join(map(str, sides))
