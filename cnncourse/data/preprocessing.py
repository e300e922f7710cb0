"""From a picture of any size to what a network takes: scaled, cut, normalised, exactly as its weights demand.

The course scales with Pillow, as torchvision and timm do by default: other libraries' "bilinear" gives other pixels,
and a network scores those differently.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from PIL.Image import Image

INTERPOLATIONS = ("bilinear", "bicubic")
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocessing:
    """What weights demand of a picture.

    Attributes:
        crop: height and width, in pixels, of what the network sees.
        resize: the picture's shorter side is scaled to this many pixels first.
        interpolation: how it is scaled, "bilinear" or "bicubic", by Pillow.
        mean: is subtracted from each channel, whose values are from 0 to 1; one number for a grey picture.
        deviation: each channel is then divided by it.

    """

    crop: int = 224
    resize: int = 256
    interpolation: str = "bilinear"
    mean: tuple[float, ...] = IMAGENET_MEAN
    deviation: tuple[float, ...] = IMAGENET_DEVIATION

    def __post_init__(self) -> None:
        if self.interpolation not in INTERPOLATIONS:
            raise ValueError(f"a picture is scaled by {' or '.join(INTERPOLATIONS)}, not by {self.interpolation!r}")
        if self.crop > self.resize:
            raise ValueError(f"nothing of {self.crop} pixels can be cut out of a picture of {self.resize}")

    @property
    def channels(self) -> int:
        """Number of channels: 3, or 1 for grey pictures."""
        return len(self.mean)

    def __call__(self, picture: "Image") -> Tensor:
        """Turn a picture into one image, its centre: shape (channels, crop, crop)."""
        scaled = self.scaled(picture)
        return self.normalised(scaled.crop(_box(scaled.size, self.crop)))

    def ten_crops(self, picture: "Image") -> Tensor:
        """Turn a picture into ten: four corners, the centre, and their mirror images (Krizhevsky et al. 2012, 4.1).

        Returns:
            Tensor of shape (10, channels, crop, crop), the mirror images last.

        """
        scaled = self.scaled(picture)
        right, below = scaled.width - self.crop, scaled.height - self.crop
        corners = [(left, top, left + self.crop, top + self.crop) for top in (0, below) for left in (0, right)]
        crops = torch.stack([self.normalised(scaled.crop(box)) for box in (*corners, _box(scaled.size, self.crop))])
        return torch.cat([crops, crops.flip(-1)])

    def scaled(self, picture: "Image") -> "Image":
        """Scale a picture so that its shorter side has ``resize`` pixels, in colour or grey as the network wants it."""
        from PIL import Image

        picture = picture.convert("RGB" if self.channels == 3 else "L")
        shorter = min(picture.size)
        size = tuple(self.resize if side == shorter else int(self.resize * side / shorter) for side in picture.size)
        return picture.resize(size, Image.Resampling[self.interpolation.upper()])

    def normalised(self, picture: "Image") -> Tensor:
        """Turn a picture that has its size into a tensor of shape (channels, height, width)."""
        import numpy as np

        pixels = torch.from_numpy(np.array(picture)).view(picture.height, picture.width, self.channels)
        values = pixels.permute(2, 0, 1).to(torch.float32) / 255
        mean, deviation = (torch.tensor(each).view(-1, 1, 1) for each in (self.mean, self.deviation))
        return ((values - mean) / deviation).contiguous()

    def seen(self, picture: "Image") -> tuple[float, float, float, float]:
        """Return what part of a picture the centre crop shows: left, top, right and bottom in its own pixels."""
        scaled = self.scaled(picture).size
        across, down = picture.width / scaled[0], picture.height / scaled[1]
        left, top, right, bottom = _box(scaled, self.crop)
        return left * across, top * down, right * across, bottom * down

    def record(self) -> dict[str, object]:
        """Return it as plain data, for a file; ``Preprocessing(**record)`` is the same again."""
        return asdict(self)


def read_picture(path: str | Path) -> "Image":
    """Read a picture in colour and turn it as its camera was held.

    Raises:
        OSError: if the file is missing, or is no picture that Pillow can read, or is broken; the message names it.

    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(path) as picture:
            return ImageOps.exif_transpose(picture).convert("RGB")
    except FileNotFoundError:
        raise
    except UnidentifiedImageError as error:
        raise OSError(f"{path} is no picture that can be read") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        # Pillow tells a broken file in all of these ways, and mostly without its name.
        raise OSError(f"{path} is broken: {error}") from error


def as_picture(pixels: "Image | ArrayLike | Tensor | str | Path") -> "Image":
    """Return a picture, whatever it comes as.

    Args:
        pixels: a file; or a picture of Pillow's; or an array of shape (height, width) or (height, width, 3 or 4) with
            whole numbers from 0 to 255 or other numbers from 0 to 1, as scikit-image has them.

    Raises:
        OSError: if a file cannot be read.
        ValueError: if an array has another shape.

    """
    import numpy as np
    from PIL import Image

    if isinstance(pixels, str | Path):
        return read_picture(pixels)
    if isinstance(pixels, Image.Image):
        return pixels.convert("RGB")
    array = np.asarray(pixels)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ValueError(
            f"a picture is an array of shape (height, width) or (height, width, 3), not {tuple(array.shape)}"
        )
    if array.dtype != np.uint8:
        array = np.round(255 * np.clip(array, 0, 1)).astype(np.uint8)
    return Image.fromarray(array).convert("RGB")


def _box(size: tuple[int, int], crop: int) -> tuple[int, int, int, int]:
    """Return the centre of a picture, rounded as torchvision does: half a pixel to the even side."""
    left, top = (round((side - crop) / 2) for side in size)
    return left, top, left + crop, top + crop
