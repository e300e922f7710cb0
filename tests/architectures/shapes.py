"""What the tests of several networks ask of a network."""

from collections.abc import Callable

import torch
from torch import nn


def on_meta(build: Callable[..., nn.Module], **options: object) -> nn.Module:
    """Build a network without weights, in evaluation mode."""
    with torch.device("meta"):
        return build(**options).eval()


def output_shapes(model: nn.Module, size: int, names: tuple[str, ...], *, batch: int = 1) -> dict[str, tuple[int, ...]]:
    """Return the shapes, without the batch, that the named parts of a network on meta give to square images."""
    shapes = {}

    def note(name: str) -> Callable[..., None]:
        return lambda _module, _arguments, output: shapes.update({name: tuple(output.shape[1:])})

    hooks = [model.get_submodule(name).register_forward_hook(note(name)) for name in names]
    with torch.no_grad():
        model(torch.empty(batch, 3, size, size, device="meta"))
    for hook in hooks:
        hook.remove()
    return shapes


def layer_counts(model: nn.Module) -> tuple[int, int, int]:
    """Return the numbers of convolutions, linear layers and batch normalisations."""
    kinds = (nn.Conv2d, nn.Linear, nn.BatchNorm2d)
    return tuple(sum(isinstance(module, kind) for module in model.modules()) for kind in kinds)
