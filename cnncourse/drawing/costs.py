"""Where a network's numbers and its work are, layer by layer."""

from cnncourse.drawing.palette import KINDS
from cnncourse.drawing.pictures import Picture
from cnncourse.measure import LayerTable

OF_KIND = {"Linear": KINDS["linear"].fill}


def cost_bars(table: LayerTable) -> Picture:
    """Draw the share of each layer in the trainable numbers, and in the multiply-adds of one image.

    Args:
        table: from ``measure.layers``; layers without numbers of their own are left out.

    """
    import matplotlib.pyplot as plt

    layers = [layer for layer in table.layers if layer.parameters]
    names = [layer.name for layer in layers]
    colours = [OF_KIND.get(layer.kind, KINDS["convolution"].fill) for layer in layers]
    figure, axes = plt.subplots(1, 2, figsize=(9, 0.34 * len(layers) + 0.9), layout="constrained", sharey=True)
    words = []
    for axis, measure, title in zip(
        axes, ("parameters", "multiply_adds"), ("parameters", "multiply-adds"), strict=True
    ):
        counts = [getattr(layer, measure) for layer in layers]
        shares = [100 * count / sum(counts) for count in counts]
        bars = axis.barh(names, shares, color=colours, edgecolor="#555555", linewidth=0.6)
        axis.bar_label(bars, [f"{share:.1f}" for share in shares], padding=3, fontsize=9)
        axis.set(xlabel=f"share of all {title} (%)", xlim=(0, 1.15 * max(shares)))
        words.append(f"{title}: " + ", ".join(f"{n} {s:.1f} %" for n, s in zip(names, shares, strict=True)))
    axes[0].invert_yaxis()
    return Picture(figure, f"Two bar charts, layer by layer. Share of all {'; of all '.join(words)}.")
