"""Where a network looks: the class activation map.

Where a network ends in global average pooling and one linear layer, a class's score is the mean of a map: the last
maps, each times its weight of that class (B. Zhou et al., "Learning deep features for discriminative localization",
CVPR 2016). Elsewhere the score's gradient stands in for those weights (R. Selvaraju et al., "Grad-CAM", ICCV 2017);
where both are there they are the same but for a factor, the number of places, so that one function does for all.
"""

import torch
from torch import Tensor, nn


def activation_map(model: nn.Module, image: Tensor, label: int) -> Tensor:
    """Return how much each place of the last maps speaks for a class.

    Args:
        model: any network that ends its maps with a pooling or a fully connected layer; it is left as it was.
        image: one image as the network takes it, shape (channels, height, width).
        label: the class.

    Returns:
        Tensor of shape (height, width) of the last maps, 0 (nothing, or against it) to 1 (most).

    Raises:
        ValueError: if the network has no maps of more than one pixel.

    """
    was_training = model.training
    model.eval()
    try:
        with torch.enable_grad(), _LastMaps(model) as last:
            # The gradient is asked of the image, too, so that it reaches the maps of a network that is frozen.
            scores = model(image.unsqueeze(0).requires_grad_())
            if last.maps is None:
                raise ValueError(f"{type(model).__name__} has no maps of more than one pixel to look at")
            (gradient,) = torch.autograd.grad(scores[0, label], last.maps)
    finally:
        model.train(was_training)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    seen = (weights * last.maps).sum(dim=1)[0].detach().relu()
    return seen / seen.max() if seen.max() > 0 else seen


class _LastMaps:
    """Keeps, while the model runs, what goes into the last layer that is given maps of more than one pixel.

    What goes in and not what comes out: behind an Inception module that is the concatenation, which no layer returns.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.maps: Tensor | None = None

    def __enter__(self) -> "_LastMaps":
        leaves = (module for module in self.model.modules() if next(module.children(), None) is None)
        self._hooks = [leaf.register_forward_pre_hook(self._keep) for leaf in leaves]
        return self

    def __exit__(self, *_error: object) -> None:
        for hook in self._hooks:
            hook.remove()

    def _keep(self, _module: nn.Module, arguments: tuple[object, ...]) -> None:
        maps = arguments[0]
        if isinstance(maps, Tensor) and maps.ndim == 4 and maps.shape[2] * maps.shape[3] > 1:
            self.maps = maps
