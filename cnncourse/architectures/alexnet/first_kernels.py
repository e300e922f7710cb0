"""What a first layer of 11×11 kernels learns from photographs: the paper's figure 3 in miniature.

Figure 3 and section 6.1 of the paper: the kernels of conv1 become edges, stripes and blobs of colour, and "largely
color-agnostic" on one card, "largely color-specific" on the other, a specialisation that "occurs during every run" and
comes from the restricted connectivity of the two towers.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnncourse.data import photo_patches
from cnncourse.drawing import Picture
from cnncourse.experiments import Recipe
from cnncourse.training import one_thread, seeded

# Weight decay takes away what the first weights had of chance, and leaves what is of use.
RECIPE = Recipe(rate=0.03, steps=600, batch=50, seeds=(0,), schedule="constant", weight_decay=2e-3)
KERNELS = 16  # of each tower


class FirstLayers(nn.Module):
    """AlexNet's first two convolutions, in two towers up to a maximum over all positions and a classifier.

    The first kernels have the paper's size. They move by 2 pixels where the paper's move by 4, since the patches are
    small; and begin as the paper's, as noise with a standard deviation of 0.01 (section 5).
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 2 * KERNELS, kernel_size=11, stride=2)
        self.normalise = nn.LocalResponseNorm(size=5, alpha=5e-4, beta=0.75, k=2)
        self.pool = nn.MaxPool2d(kernel_size=3, stride=2)
        self.conv2 = nn.Conv2d(2 * KERNELS, 2 * KERNELS, kernel_size=3, padding=1, groups=2)
        self.classifier = nn.Linear(2 * KERNELS, 10)
        self.relu = nn.ReLU()
        nn.init.normal_(self.conv1.weight, std=0.01)

    def forward(self, images: Tensor) -> Tensor:
        """Turn images of shape (N, 3, 32, 32) into class scores of shape (N, 10)."""
        maps = self.pool(self.normalise(self.relu(self.conv1(images))))
        return self.classifier(self.relu(self.conv2(maps)).amax(dim=(2, 3)))


def learn_first_kernels(seed: int = 0, *, recipe: Recipe = RECIPE) -> Tensor:
    """Train on patches of photographs; return the first kernels, shape (32, 3, 11, 11): one tower's, then the other's.

    Args:
        seed: of first weights and order of patches.
        recipe: how to train.

    """
    data = photo_patches()
    generator = torch.Generator().manual_seed(seed)
    with one_thread(), seeded(seed):
        model = FirstLayers()
        for _step in recipe.train(model, data.train_images, data.train_labels, generator):
            pass
    return model.conv1.weight.detach()


def colour_share(kernels: Tensor) -> float:
    """Return how much of some kernels is colour, on average: what the channels' squared weights have not in common.

    Args:
        kernels: shape (N, 3, height, width).

    Returns:
        0 if all are grey, 1 if no kernel has an answer to grey.

    """
    grey = kernels.mean(dim=1).square().sum(dim=(1, 2)) * kernels.shape[1]
    return (1 - grey / kernels.square().sum(dim=(1, 2, 3))).clamp(min=0).mean().item()  # not below, by rounding


def plot_first_kernels(kernels: Tensor) -> Picture:
    """Draw the kernels, a row a tower; each on a scale of its own, with zero as grey.

    Args:
        kernels: as ``learn_first_kernels`` returns them.

    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 1, figsize=(9, 1.9), layout="constrained")
    for axis, tower, name in zip(axes, kernels.split(KERNELS), ("first", "second"), strict=True):
        shown = tower / tower.abs().amax(dim=(1, 2, 3), keepdim=True) / 2 + 0.5
        framed = F.pad(shown, (1, 1, 1, 1), value=1.0)
        axis.imshow(torch.cat(list(framed), dim=2).permute(1, 2, 0).numpy())
        axis.set_title(f"{name} tower: {100 * colour_share(tower):.0f} % colour", fontsize=10)
        axis.axis("off")
    return Picture(
        figure,
        "Two rows of sixteen kernels of 11 by 11 pixels: blobs of one colour, edges between two colours, and stripes.",
    )
