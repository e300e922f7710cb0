"""What a unit sees of the picture, proved by gradients: which pixels count at all, and how much each of them counts."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from cnncourse.architectures.initialisation import initialise
from cnncourse.architectures.vgg16.model import CONFIGURATIONS, ConvolutionStack
from cnncourse.drawing import Picture
from cnncourse.drawing.palette import NEW

WIDTH = 16  # maps of every convolution: what counts here is the way from pixel to unit
STAGES = 3
NETWORKS = 12


def footprint(model: nn.Module, side: int, in_channels: int = 1) -> Tensor:
    """Return which pixels of a picture the unit in the middle of a module's first map depends on.

    Weights are made positive for it, so that nothing cancels out; afterwards they are what they were.

    Args:
        model: convolutions, ReLUs, poolings.
        side: of the picture, in pixels.
        in_channels: of the picture.

    Returns:
        A truth value for each pixel, shape (side, side).

    """
    before = [weight.detach().clone() for weight in model.parameters()]
    with torch.no_grad():
        for weight in model.parameters():
            weight.fill_(1.0)
    gradient = _gradient(model, torch.ones(1, in_channels, side, side))
    with torch.no_grad():
        for weight, value in zip(model.parameters(), before, strict=True):
            weight.copy_(value)
    return gradient != 0


def effective_field(configuration: str = "D") -> Tensor:
    """Return how much each pixel counts for a unit behind the third stage, on average over networks without training.

    Every network has new weights (He et al. 2015) and another picture of noise, and twelve are averaged.

    Args:
        configuration: column of the paper's Table 1.

    Returns:
        Shares of the squared gradient, which add up to 1, shape (63, 63).

    """
    generator = torch.Generator().manual_seed(0)
    total = torch.zeros(63, 63)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for _network in range(NETWORKS):
            stages = CONFIGURATIONS[configuration][:STAGES]
            sources = (1, *[WIDTH] * (STAGES - 1))
            stacks = [ConvolutionStack(source, WIDTH, kernels) for source, kernels in zip(sources, stages, strict=True)]
            model = nn.Sequential(*stacks[:-1], *list(stacks[-1])[:-1])  # up to the last ReLU, before the pooling
            initialise(model, nn.init.kaiming_normal_)
            total += _gradient(model, torch.randn(1, 1, 63, 63, generator=generator)).square()
    return total / total.sum()


def plot_fields(fields: Mapping[str, Tensor], alternative_text: str) -> Picture:
    """Draw what units see, side by side, with a frame round the pixels that count at all.

    Args:
        fields: how much each pixel counts, shape (side, side), by a name for each; the darker, the more.
        alternative_text: what there is to see, in words.

    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    figure, axes = plt.subplots(1, len(fields), figsize=(2.3 * len(fields), 2.9), squeeze=False, layout="constrained")
    for axis, (name, field) in zip(axes[0], fields.items(), strict=True):
        axis.imshow(field.float().numpy(), cmap="gray_r", vmin=0, vmax=1.4 * field.max().item())
        rows, columns = field.nonzero().T
        top, left = rows.min().item() - 0.5, columns.min().item() - 0.5
        height, width = rows.max().item() + 0.5 - top, columns.max().item() + 0.5 - left
        axis.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor=NEW, linewidth=2))
        axis.set_title(name, fontsize=11)
        axis.set(xticks=[], yticks=[], xlabel=f"{width:.0f}×{height:.0f} of {len(field)}×{len(field)} pixels")
    return Picture(figure, alternative_text)


def _gradient(model: nn.Module, picture: Tensor) -> Tensor:
    picture.requires_grad_()
    maps = model(picture)
    middle = maps.shape[-1] // 2
    (gradient,) = torch.autograd.grad(maps[0, :, middle, middle].sum(), picture)
    return gradient[0, 0]
