"""What a network says when it is given images it was not made for."""

from functools import partial

from torch import Tensor, nn


def expect_images(model: nn.Module, channels: int, size: int) -> None:
    """Make a model refuse, with a message, images that are not of shape (N, channels, size, size).

    The check is a forward hook, so that ``forward`` reads like the paper's table and stays traceable.

    Args:
        model: the network that is called with a batch of images.
        channels: number of channels it was built for.
        size: height and width it was built for.

    """
    model.register_forward_pre_hook(partial(_check_images, channels=channels, size=size))


def _check_images(model: nn.Module, arguments: tuple[Tensor, ...], *, channels: int, size: int) -> None:
    images = arguments[0]
    if images.ndim != 4 or tuple(images.shape[1:]) != (channels, size, size):
        raise ValueError(
            f"{type(model).__name__} expects a batch of images of shape (N, {channels}, {size}, {size}), "
            f"not {tuple(images.shape)}"
        )
