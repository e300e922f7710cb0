"""What a unit of each layer can see of the image, and how far apart its neighbours look."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.fx
import torch.nn.functional as F
from torch import nn

from cnncourse.measure.tracing import Trace, trace

WINDOWED_MODULES = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)
WHOLE_IMAGE_MODULES = (nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d, nn.Linear)
CONVOLUTIONS = (F.conv2d, torch.conv2d)
WINDOWED_FUNCTIONS = (*CONVOLUTIONS, F.max_pool2d, F.avg_pool2d, torch.max_pool2d)


@dataclass(frozen=True)
class ReceptiveField:
    """What one unit of a layer sees.

    Attributes:
        name: the layer.
        size: (height, width) of the patch of the image that a unit depends on, in pixels.
        stride: (down, right) distance in the image between what two neighbouring units see, in pixels.

    """

    name: str
    size: tuple[int, int]
    stride: tuple[int, int]


def receptive_field(model: nn.Module, input_shape: tuple[int, ...]) -> tuple[ReceptiveField, ...]:
    """Work out the receptive field of every convolution and pooling layer, in the order in which they are called.

    Sizes are those far from the border: padding lets units near it see less. Where branches meet, the largest counts.
    Global pooling and what follows see the whole image and are left out.

    Args:
        model: any network that ``torch.fx`` can trace.
        input_shape: shape of one image: (channels, height, width).

    Raises:
        ValueError: if it cannot be traced.

    """
    steps = _trace(model, input_shape)
    return tuple(
        ReceptiveField(str(node.target) if node.op == "call_module" else node.name, size, stride)
        for node, (size, stride) in _fields(steps).items()
        if _window(node, steps.layer(node)) is not None
    )


def receptive_field_by_call(model: nn.Module, input_shape: tuple[int, ...]) -> dict[str, ReceptiveField]:
    """Work out the receptive field of what each module returns.

    Args:
        model: any network that ``torch.fx`` can trace.
        input_shape: shape of one image: (channels, height, width).

    Returns:
        The field by the call's name in a trace: the module's, with "@1", "@2" … behind it from the second call on.

    """
    found = {}
    for node, (size, stride) in _fields(_trace(model, input_shape)).items():
        for name in node.meta.get("nn_module_stack", {}):  # the last step of a module is what it returns
            found[name] = ReceptiveField(name, size, stride)
    return found


def _trace(model: nn.Module, input_shape: tuple[int, ...]) -> Trace:
    steps = trace(model, torch.fx.Tracer())
    if any(node.target in CONVOLUTIONS for node in steps.nodes):
        steps = trace(model, torch.fx.Tracer(), input_shape)  # their kernels are known from the shape of the weights
    return steps


def _fields(steps: Trace) -> dict[torch.fx.Node, tuple[tuple[int, int], tuple[int, int]]]:
    """Return size and stride of the patch that each step depends on, until the whole image is pooled into one."""
    fields: dict[torch.fx.Node, tuple[tuple[int, int], tuple[int, int]]] = {}
    for node in steps.nodes:
        sources = [fields[source] for source in node.all_input_nodes if source in fields]
        if node.op == "placeholder":
            fields[node] = ((1, 1), (1, 1))
        elif sources and not isinstance(steps.layer(node), WHOLE_IMAGE_MODULES):
            size = tuple(max(source[0][axis] for source in sources) for axis in (0, 1))
            stride = tuple(max(source[1][axis] for source in sources) for axis in (0, 1))
            window = _window(node, steps.layer(node))
            if window is not None:
                kernel, step, dilation = window
                size = tuple(s + (k - 1) * d * j for s, k, d, j in zip(size, kernel, dilation, stride, strict=True))
                stride = tuple(j * s for j, s in zip(stride, step, strict=True))
            fields[node] = (size, stride)
    return fields


def _window(
    node: torch.fx.Node, layer: nn.Module | None
) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]] | None:
    """Return kernel, stride and dilation of a step that looks through a window, ``None`` for any other."""
    if isinstance(layer, WINDOWED_MODULES):
        return _pair(layer.kernel_size), _pair(layer.stride), _pair(getattr(layer, "dilation", 1))
    is_convolution = node.target in CONVOLUTIONS
    if node.op != "call_function" or not (is_convolution or node.target in WINDOWED_FUNCTIONS):
        return None
    if is_convolution:
        kernel = tuple(node.args[1].meta["shape"][2:])
        return kernel, _pair(node.kwargs.get("stride", 1)), _pair(node.kwargs.get("dilation", 1))
    kernel = node.kwargs["kernel_size"] if "kernel_size" in node.kwargs else node.args[1]
    return _pair(kernel), _pair(node.kwargs.get("stride") or kernel), (1, 1)


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    return tuple(value) if isinstance(value, Sequence) else (value, value)
