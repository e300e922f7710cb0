"""A new head on the frozen body of a published network: transfer as the field does it."""

from dataclasses import replace
from statistics import mean

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.architectures.resnet50.transfer import RECIPE, few_patches, targets
from cnncourse.data import photo_patches
from cnncourse.training import accuracy, one_thread, seeded
from cnncourse.weights.at_hand import Wanted
from cnncourse.weights.trained import TrainedNetwork

SIDE = 128  # pixels to which a patch of 32 is enlarged: less than the network was trained with, and soon done
BATCH = 32


def errors_of_new_heads(network: TrainedNetwork | Wanted) -> list[float] | Wanted:
    """Train heads for the four new photographs on a published body, with the same few patches as in miniature.

    Args:
        network: whose last layer is left out.

    Returns:
        The error (%) on the test patches for each seed of the recipe.

    """
    if isinstance(network, Wanted):
        return replace(network, briefly=True)
    known = body_features(network, photo_patches().train_images[::10])
    deviation, middle = torch.std_mean(known, dim=0)
    test = (body_features(network, targets().test_images) - middle) / deviation.clamp_min(1e-6)
    errors = []
    for seed in RECIPE.seeds:
        images, labels = few_patches(seed)
        train = (body_features(network, images) - middle) / deviation.clamp_min(1e-6)
        with one_thread(), seeded(seed):
            head = nn.Linear(train.shape[1], len(targets().class_names))
            for _step in RECIPE.train(head, train, labels, torch.Generator().manual_seed(seed)):
                pass
            errors.append(100 * (1 - accuracy(head, test, targets().test_labels)))
    return errors


@torch.no_grad()
def body_features(network: TrainedNetwork, patches: Tensor) -> Tensor:
    """Return what a network hands to its last layer.

    Args:
        network: with a fully connected layer at its end.
        patches: values from −1 to 1, shape (N, 3, 32, 32).

    """
    rule = network.preprocessing
    centre, deviation = (torch.tensor(each).view(3, 1, 1) for each in (rule.mean, rule.deviation))
    images = F.interpolate((patches + 1) / 2, size=SIDE, mode="bilinear", align_corners=False)
    last = [layer for layer in network.model.modules() if isinstance(layer, nn.Linear)][-1]
    kept: list[Tensor] = []
    hook = last.register_forward_pre_hook(lambda _layer, arguments: kept.append(arguments[0]))
    try:
        for batch in ((images - centre) / deviation).split(BATCH):
            network.model(batch)
    finally:
        hook.remove()
    return torch.cat(kept)


def in_words(errors: list[float] | Wanted) -> str:
    """Say what the heads' errors are, or what is wanted."""
    if isinstance(errors, Wanted):
        return repr(errors)
    return (
        f"error with a new head: {mean(errors):.1f} % on average, {min(errors):.1f} to {max(errors):.1f} over the seeds"
    )
