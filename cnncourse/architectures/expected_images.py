"""What a network says when it is given images it was not made for."""

from functools import partial

from torch import Tensor, nn


def expect_images(model: nn.Module, channels: int, *, size: int | None = None, at_least: int | None = None) -> None:
    """Make a model refuse, with a message, images that it was not built for.

    The check is a forward hook, so that ``forward`` reads like the paper's table and stays traceable.

    Args:
        model: the network that is called with a batch of images.
        channels: number of channels it was built for.
        size: height and width it was built for, where no other will do.
        at_least: smallest height and width that leave a map in every layer, where any larger size will do.

    """
    model.register_forward_pre_hook(partial(_check_images, channels=channels, size=size, at_least=at_least))


def _check_images(
    model: nn.Module, arguments: tuple[Tensor, ...], *, channels: int, size: int | None, at_least: int | None
) -> None:
    images = arguments[0]
    fits = images.ndim == 4 and images.shape[1] == channels
    if fits and size is not None:
        fits = tuple(images.shape[2:]) == (size, size)
    if fits and at_least is not None:
        fits = min(images.shape[2:]) >= at_least
    if not fits:
        expected = (
            f"(N, {channels}, {size}, {size})"
            if size is not None
            else f"(N, {channels}, height, width) with height and width of {at_least} or more"
        )
        raise ValueError(
            f"{type(model).__name__} expects a batch of images of shape {expected}, not {tuple(images.shape)}"
        )
