"""How the tests build networks that they only count or measure."""

from collections.abc import Callable

import torch
from torch import nn


def on_meta(build: Callable[..., nn.Module], **options: object) -> nn.Module:
    """Build a network without weights: no memory, no time, and all shapes."""
    with torch.device("meta"):
        return build(**options)
