"""Fill a network with the weights that torchvision or timm publish for it.

Nothing is matched by name: the tensors of a checkpoint and those of the model must agree in number, order and
shape, and everything is compared before the model is touched.
"""

import pickle
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from cnncourse.weights.checkpoints import CHECKPOINTS, Checkpoint
from cnncourse.weights.downloads import weights_file

AUXILIARY_NAMES = ("aux1.", "aux2.", "AuxLogits.")  # of torchvision's auxiliary classifiers


def load_pretrained(model: nn.Module, source: str, path: str | Path | None = None) -> None:
    """Fill a network of the course with published weights.

    Where a library does something differently from the authors that weights cannot carry, that is set too, and
    printed.

    Args:
        model: the network, with 1,000 classes, in the form that the library has: AlexNet's "one-weird-trick", ResNet-50
            "v1.5", Inception-v1 "batch-norm" and so on.
        source: "torchvision" or "timm".
        path: file with the library's ``state_dict``; downloaded, checked and kept if left out.

    Raises:
        LookupError: if the source has no weights for this network; the message says which it has.
        ValueError: if the checkpoint does not fit the model, which is then left as it was.
        WeightsUnavailableError: if the weights cannot be downloaded; it says what file is wanted, and where.

    """
    checkpoint = _checkpoint_for(model, source)
    tensors = read_tensors(weights_file(checkpoint) if path is None else Path(path))
    adjusted = fill(model, checkpoint, tensors)
    if adjusted:
        print(f"As in {source}, {adjusted}.")


def fill(model: nn.Module, checkpoint: Checkpoint, tensors: Mapping[str, Tensor]) -> str:
    """Fill a network with the tensors of a checkpoint; say what was set that these cannot carry, "" for nothing.

    Raises:
        ValueError: if they do not fit the model, which is then left as it was.

    """
    matched = _match(model, tensors, background=checkpoint.background)
    model.load_state_dict(matched)
    return checkpoint.adjust(model) if checkpoint.adjust is not None else ""


def read_tensors(path: Path) -> Mapping[str, Tensor]:
    """Read a file of weights; nothing in it is run.

    Raises:
        OSError: if it cannot be read.
        ValueError: if it holds anything but tensors by name.

    """
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise ValueError(f"{path} is no file of weights as torch.save writes them, or is broken") from error
    if not isinstance(tensors, Mapping):
        raise ValueError(f"{path} holds a {type(tensors).__name__}, and no tensors by name (a state_dict)")
    return tensors


def _checkpoint_for(model: nn.Module, source: str) -> Checkpoint:
    known = sorted({checkpoint.source for checkpoint in CHECKPOINTS})
    if source not in known:
        raise LookupError(f"weights come from {' or '.join(known)}, not from {source!r}")
    offered = [checkpoint for checkpoint in CHECKPOINTS if checkpoint.source == source]
    description = repr(model)  # tells every layer, kernel, stride, padding and epsilon
    for checkpoint in offered:
        for auxiliary in ({}, {"auxiliary": True}):
            if description in _described(checkpoint, auxiliary):
                return checkpoint
    names = ", ".join(checkpoint.file_name.rpartition("-")[0] for checkpoint in offered)
    raise LookupError(
        f"{source} has no weights for this {type(model).__name__}: its layers, strides or classes are others. "
        f"It has weights for {names}"
    )


def _described(checkpoint: Checkpoint, options: Mapping[str, bool]) -> set[str]:
    """Return what a checkpoint's network looks like, before and after it has been adjusted."""
    with torch.device("meta"):
        try:
            model = checkpoint.build(**options)
        except TypeError:  # a network without auxiliary classifiers
            return set()
    described = {repr(model)}
    if checkpoint.adjust is not None:
        checkpoint.adjust(model)
        described.add(repr(model))
    return described


def _match(model: nn.Module, tensors: Mapping[str, Tensor], *, background: bool) -> dict[str, Tensor]:
    """Return the checkpoint's tensors under the model's names, matched by order and shape."""
    own = {name: tensor for name, tensor in model.state_dict().items() if not _is_counter(name)}
    given = {name: tensor for name, tensor in tensors.items() if not _is_counter(name)}
    if getattr(model, "auxiliary_4a", None) is None and getattr(model, "auxiliary", None) is None:
        given = {name: tensor for name, tensor in given.items() if not name.startswith(AUXILIARY_NAMES)}
    if background:
        classifier = list(given)[-2:]  # weight and bias
        classes = next(reversed(own.values())).shape[0]
        given |= {name: given[name][1:] for name in classifier if given[name].shape[0] == classes + 1}
    for (own_name, own_tensor), (name, tensor) in zip(own.items(), given.items(), strict=False):
        if own_tensor.ndim == 2 and tensor.ndim == 4 and own_tensor.shape == tensor.flatten(1).shape:
            given[name] = tensor.flatten(1)  # timm keeps the fully connected layers of a VGG as convolutions
        elif own_tensor.shape != tensor.shape:
            raise ValueError(
                f"the checkpoint does not fit: {own_name} has shape {tuple(own_tensor.shape)}, "
                f"and the tensor in its place, {name}, {tuple(tensor.shape)}"
            )
    if len(own) != len(given):
        raise ValueError(f"the checkpoint does not fit: the model has {len(own)} tensors, the checkpoint {len(given)}")
    counters = {name: tensor for name, tensor in model.state_dict().items() if _is_counter(name)}
    return dict(zip(own, given.values(), strict=True)) | counters


def _is_counter(name: str) -> bool:
    """Whether a tensor only counts the batches that a batch normalisation has seen: old checkpoints lack them."""
    return name.endswith("num_batches_tracked")
