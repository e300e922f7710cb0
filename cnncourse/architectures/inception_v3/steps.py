"""From GoogLeNet to Inception-v3, one change after the other: the paper's Table 3, as it is printed."""

from dataclasses import dataclass
from itertools import pairwise

from cnncourse.drawing import Picture
from cnncourse.drawing.palette import NEW


@dataclass(frozen=True)
class Step:
    """A row of the table; each has all the changes above it.

    Attributes:
        name: what is added, or the network.
        top1: top-1 error (%) on ImageNet's validation images, one crop.
        top5: top-5 error (%), ``None`` where the paper gives none.
        cost: thousand million operations, ``None`` where the paper gives none.

    """

    name: str
    top1: float
    top5: float | None = None
    cost: float | None = None


STEPS = (
    Step("GoogLeNet", 29.0, 9.2, 1.5),
    Step("BN-GoogLeNet", 26.8),
    Step("BN-Inception", 25.2, 7.8, 2.0),
    Step("Inception-v2", 23.4, None, 3.8),
    Step("+ RMSProp", 23.1, 6.3),
    Step("+ label smoothing", 22.8, 6.1),
    Step("+ factorised 7×7", 21.6, 5.8, 4.8),
    Step("+ batch-normalised auxiliary classifier", 21.2, 5.6, 4.8),
)
OF_THIS_PAPER = slice(4, None)  # the four additions to "Inception-v2"


def gains() -> dict[str, float]:
    """Return by how much (points) each step lowers the top-1 error of the one before."""
    return {after.name: before.top1 - after.top1 for before, after in pairwise(STEPS)}


def largest_addition() -> str:
    """Return which of the four additions to "Inception-v2" lowers the top-1 error most."""
    names = [step.name for step in STEPS[OF_THIS_PAPER]]
    return max(names, key=gains().__getitem__)


def plot_steps() -> Picture:
    """Draw the top-1 error step by step; the largest of the four additions is marked."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 3.5), layout="constrained")
    names, errors = [step.name for step in STEPS], [step.top1 for step in STEPS]
    colours = [NEW if name == largest_addition() else "#56b4e9" for name in names]
    bars = axes.barh(names, errors, color=colours, edgecolor="#555555", linewidth=0.6)
    gained = ["", *(f"  −{gain:.1f}" for gain in gains().values())]
    axes.bar_label(bars, [f"{e:.1f}{g}" for e, g in zip(errors, gained, strict=True)], padding=3, fontsize=9)
    axes.set(xlabel="top-1 error (%), one crop, and what the step gains (points)", xlim=(0, 34))
    axes.invert_yaxis()
    words = ", ".join(f"{name} {error:.1f} %" for name, error in zip(names, errors, strict=True))
    return Picture(figure, f"Top-1 error step by step: {words}. Marked: {largest_addition()}.")
