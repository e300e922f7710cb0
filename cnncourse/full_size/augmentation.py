"""What training does to a picture before the network sees it, by Pillow and torch alone.

Written out and not taken from torchvision, whose releases fit one release of torch each: a folder can be trained on
wherever the course runs. Each picture's changes depend on its own random numbers only, so that a run is the same with
any number of loading processes, and after an interruption.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from cnncourse.data.preprocessing import Preprocessing

if TYPE_CHECKING:
    from PIL.Image import Image

# Eigenvectors (columns) and eigenvalues of the colours of ImageNet's pixels, 0 to 1, as fb.resnet.torch has them.
COLOUR_VECTORS = torch.tensor(
    [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]], dtype=torch.float32
)
COLOUR_VALUES = torch.tensor([0.2175, 0.0188, 0.0045])
ASPECTS = (3 / 4, 4 / 3)
ATTEMPTS = 10  # to find a window that lies within the picture
STRENGTHS = 31  # of TrivialAugment's changes


@dataclass(frozen=True)
class Augmentation:
    """How pictures are changed in training.

    Attributes:
        area: the window's share of the picture, lowest and highest, with a ratio of its sides of 3/4 to 4/3 (Szegedy et
            al. 2014, section 6); ``None`` to cut a window of the network's size out of the scaled picture.
        shorter_side: where ``area`` is ``None``, the picture's shorter side in multiples of the network's, drawn evenly
            between the two numbers.
        mirror: whether half of the pictures are mirrored.
        lighting: standard deviation of the noise along the colours' principal components (Krizhevsky et al. 2012, 4.1).
        jitter: brightness, contrast and saturation are multiplied by 1 ± this at most, in random order (Howard 2013).
        trivial: whether one change of random kind and strength is made (Müller and Hutter 2021, "TrivialAugment").
        erasing: share of the pictures of which a rectangle is covered (Zhong et al. 2017).

    """

    area: tuple[float, float] | None = None
    shorter_side: tuple[float, float] = (256 / 224, 256 / 224)
    mirror: bool = True
    lighting: float = 0.0
    jitter: float = 0.0
    trivial: bool = False
    erasing: float = 0.0

    def __call__(self, picture: "Image", rule: Preprocessing, random: Random) -> Tensor:
        """Turn a picture into an image to train with.

        Args:
            picture: of any size.
            rule: the network's size, its colours and its normalisation.
            random: decides all.

        Returns:
            Tensor of shape (channels, crop, crop).

        """
        picture = picture.convert("RGB" if rule.channels == 3 else "L")
        picture = self._window(picture, rule, random)
        if self.mirror and random.random() < 0.5:
            picture = _mirrored(picture)
        if self.trivial:
            picture = trivial_augment(picture, random)
        if self.jitter:
            picture = _jittered(picture, self.jitter, random)
        image = rule.normalised(picture)
        if self.lighting and rule.channels == 3:
            noise = COLOUR_VALUES * torch.tensor([random.gauss(0, self.lighting) for _ in range(3)])
            image += (COLOUR_VECTORS @ noise / torch.tensor(rule.deviation)).view(3, 1, 1)
        if random.random() < self.erasing:
            _erase(image, random)
        return image

    def _window(self, picture: "Image", rule: Preprocessing, random: Random) -> "Image":
        from PIL import Image

        size = (rule.crop, rule.crop)
        scaling = Image.Resampling[rule.interpolation.upper()]
        if self.area is not None:
            return picture.crop(_box_of_area(picture.size, self.area, random)).resize(size, scaling)
        side = round(rule.crop * random.uniform(*self.shorter_side))
        shorter = min(picture.size)
        scaled = tuple(side if each == shorter else int(side * each / shorter) for each in picture.size)
        left, top = (random.randint(0, each - rule.crop) for each in scaled)
        return picture.resize(scaled, scaling).crop((left, top, left + rule.crop, top + rule.crop))


def _box_of_area(size: tuple[int, int], area: tuple[float, float], random: Random) -> tuple[int, int, int, int]:
    """Draw a window by its share of the area and the ratio of its sides; the largest in the middle if none fits."""
    width, height = size
    for _ in range(ATTEMPTS):
        pixels = width * height * random.uniform(*area)
        aspect = math.exp(random.uniform(*map(math.log, ASPECTS)))
        across, down = round(math.sqrt(pixels * aspect)), round(math.sqrt(pixels / aspect))
        if 0 < across <= width and 0 < down <= height:
            left, top = random.randint(0, width - across), random.randint(0, height - down)
            return left, top, left + across, top + down
    across, down = min(width, round(height * ASPECTS[1])), min(height, round(width / ASPECTS[0]))
    left, top = (width - across) // 2, (height - down) // 2
    return left, top, left + across, top + down


def _mirrored(picture: "Image") -> "Image":
    from PIL import ImageOps

    return ImageOps.mirror(picture)


def _jittered(picture: "Image", most: float, random: Random) -> "Image":
    from PIL import ImageEnhance

    changes = [ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color]
    random.shuffle(changes)
    for change in changes:
        picture = change(picture).enhance(random.uniform(1 - most, 1 + most))
    return picture


def _erase(image: Tensor, random: Random) -> None:
    """Cover a rectangle with what normalisation makes of the mean colour, in place."""
    height, width = image.shape[1:]
    left, top, right, bottom = _box_of_area((width, height), (0.02, 0.33), random)
    image[:, top:bottom, left:right] = 0


def trivial_augment(picture: "Image", random: Random) -> "Image":
    """Make one change of a random kind and strength: S. Müller, F. Hutter, "TrivialAugment", ICCV 2021, wide space."""
    from PIL import ImageEnhance, ImageOps

    strength = random.randrange(STRENGTHS) / (STRENGTHS - 1)
    sign = random.choice((-1, 1))

    def sheared(across: float, down: float) -> "Image":
        return _moved(picture, (1, across, 0, down, 1, 0))

    def enhanced(kind: Callable) -> "Image":
        return kind(picture).enhance(1 + sign * 0.99 * strength)

    changes: tuple[Callable[[], Image], ...] = (
        lambda: picture,
        lambda: sheared(sign * 0.99 * strength, 0),
        lambda: sheared(0, sign * 0.99 * strength),
        lambda: _moved(picture, (1, 0, sign * 32 * strength, 0, 1, 0)),
        lambda: _moved(picture, (1, 0, 0, 0, 1, sign * 32 * strength)),
        lambda: picture.rotate(sign * 135 * strength),
        lambda: enhanced(ImageEnhance.Brightness),
        lambda: enhanced(ImageEnhance.Color),
        lambda: enhanced(ImageEnhance.Contrast),
        lambda: enhanced(ImageEnhance.Sharpness),
        lambda: ImageOps.posterize(picture, 8 - round(6 * strength)),
        lambda: ImageOps.solarize(picture, round(255 * (1 - strength))),
        lambda: ImageOps.autocontrast(picture),
        lambda: ImageOps.equalize(picture),
    )
    return random.choice(changes)()


def _moved(picture: "Image", matrix: tuple[float, ...]) -> "Image":
    from PIL import Image

    return picture.transform(picture.size, Image.Transform.AFFINE, matrix)
