"""A network in the formats of other viewers: Netron, TensorBoard, torchview. Their libraries are in the extra "viz"."""

import importlib
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from types import ModuleType

import torch
from torch import nn

from cnncourse.measure.shadow import evaluation_mode


def to_onnx(model: nn.Module, input_shape: tuple[int, ...], path: str | Path) -> str:
    """Write a network as an ONNX file, for Netron.

    Args:
        model: a network with weights, not on the meta device; exported in evaluation mode and left as it was.
        input_shape: shape of one image: (channels, height, width); the file takes batches of any size.
        path: the file to write, ending in .onnx.

    Returns:
        What to type to look at it.

    Raises:
        ImportError: if the extra "viz" is not there; the message says what to type.

    """
    _library("onnxscript")
    images = torch.zeros(2, *input_shape)
    with evaluation_mode(model), _quiet_exporter():
        program = torch.onnx.export(
            model, (images,), dynamo=True, dynamic_shapes=({0: torch.export.Dim("batch")},), verbose=False
        )
    program.save(str(path))
    return f"netron {path}"


def to_tensorboard(model: nn.Module, input_shape: tuple[int, ...], folder: str | Path) -> str:
    """Write a network's graph for TensorBoard.

    Args:
        model: a network with weights; traced in evaluation mode and left as it was.
        input_shape: shape of one image: (channels, height, width).
        folder: where TensorBoard is to look.

    Returns:
        What to type to look at it.

    Raises:
        ImportError: if the extra "viz" is not there; the message says what to type.

    """
    _library("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with evaluation_mode(model), warnings.catch_warnings(), SummaryWriter(str(folder)) as writer:
        warnings.simplefilter("ignore")  # torch's own tracer is on its way out, and says so at each call
        writer.add_graph(model, torch.zeros(1, *input_shape))
    return f"tensorboard --logdir {folder}"


def to_graphviz(model: nn.Module, input_shape: tuple[int, ...], path: str | Path, *, depth: int = 3) -> str:
    """Write a network as torchview sees it, in Graphviz' language.

    Args:
        model: any network; left as it was.
        input_shape: shape of one image: (channels, height, width).
        path: the file to write, ending in .dot.
        depth: how deep into its modules to look.

    Returns:
        What to type to look at it; the program ``dot`` comes with Graphviz.

    Raises:
        ImportError: if the extra "viz" is not there; the message says what to type.

    """
    torchview = _library("torchview")
    path = Path(path)
    shadow = deepcopy(model)  # torchview moves what it draws to the meta device, and would take the weights with it
    with torch.random.fork_rng(devices=[]):
        graph = torchview.draw_graph(shadow.eval(), input_size=(1, *input_shape), device="meta", depth=depth)
    path.write_text(graph.visual_graph.source, encoding="utf-8")
    return f"dot -Tsvg -O {path}"


def autograd_graph(model: nn.Module, input_shape: tuple[int, ...], path: str | Path) -> str:
    """Write the graph that torch keeps for the backward pass, as torchviz draws it, in Graphviz' language.

    Args:
        model: a network with weights; run once, in evaluation mode, and left as it was.
        input_shape: shape of one image: (channels, height, width).
        path: the file to write, ending in .dot.

    Returns:
        What to type to look at it; the program ``dot`` comes with Graphviz.

    Raises:
        ImportError: if the extra "viz" is not there; the message says what to type.

    """
    torchviz = _library("torchviz")
    path = Path(path)
    with evaluation_mode(model):
        scores = model(torch.zeros(1, *input_shape))
    graph = torchviz.make_dot(scores, params=dict(model.named_parameters()))
    path.write_text(graph.source, encoding="utf-8")
    return f"dot -Tsvg -O {path}"


def summary(model: nn.Module, input_shape: tuple[int, ...]) -> str:
    """Return torchinfo's table of a network.

    Its multiply-adds count biases, and a shared module twice; ``cnncourse.measure`` counts neither.

    Args:
        model: any network; left as it was, and so are torch's random numbers.
        input_shape: shape of one image: (channels, height, width).

    Raises:
        ImportError: if the extra "viz" is not there; the message says what to type.

    """
    torchinfo = _library("torchinfo")
    with torch.random.fork_rng(devices=[]):
        table = torchinfo.summary(model, input_size=(1, *input_shape), mode="eval", depth=4, verbose=0)
    return str(table)


EXPORTS: dict[str, Callable[..., str]] = {
    "netron": to_onnx,
    "tensorboard": to_tensorboard,
    "torchview": to_graphviz,
    "torchviz": autograd_graph,
}


def _library(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"this needs {name}, which comes with the extra “viz”: python -m pip install 'cnncourse[viz]'"
        ) from error


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Keep torch's exporter from telling about torchvision's operators, which no network here has."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
