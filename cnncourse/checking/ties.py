"""Max pooling that differs from torch's in what several largest values of a window get: both are right."""

import torch
import torch.nn.functional as F
from torch import Tensor


def evenly_pooled(maps: Tensor, size: int, stride: int | None = None, padding: int = 0) -> Tensor:
    """Take the largest value of each window; its gradient goes to all that are as large, as ``amax`` shares it.

    Args:
        maps: (N, channels, height, width).
        size: of the windows, each way.
        stride: from window to window; their size if left out.
        padding: added round the maps.

    Returns:
        (N, channels, rows, columns).

    """
    framed = F.pad(maps, [padding] * 4, value=-torch.inf)
    return framed.unfold(2, size, stride or size).unfold(3, size, stride or size).amax((-2, -1))
