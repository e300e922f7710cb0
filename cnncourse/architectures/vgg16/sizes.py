"""Where VGG's numbers are, and where the values that it computes: two pictures that lean in opposite directions."""

from math import prod

from cnncourse.drawing import Picture
from cnncourse.drawing.palette import KINDS
from cnncourse.measure import LayerTable

WEIGHTED = ("Conv2d", "Linear")


def by_stage(table: LayerTable) -> dict[str, tuple[int, int]]:
    """Add up the numbers, and the values that weight layers compute for a picture, for each stage and each fc layer.

    Args:
        table: of a VGG, from ``measure.layers``.

    """
    sums: dict[str, tuple[int, int]] = {}
    for layer in table.layers:
        if layer.kind in WEIGHTED:
            name = layer.name.partition(".")[0]
            numbers, values = sums.get(name, (0, 0))
            sums[name] = (numbers + layer.parameters, values + prod(layer.output_shape))
    return sums


def plot_numbers_and_values(table: LayerTable) -> Picture:
    """Draw the share of each stage in all numbers, and in all values computed for a picture."""
    import matplotlib.pyplot as plt

    sums = by_stage(table)
    colours = [KINDS["convolution" if name.startswith("stage") else "linear"].fill for name in sums]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.1), layout="constrained", sharey=True)
    words = []
    for column, (axis, title) in enumerate(zip(axes, ("numbers", "values computed for a picture"), strict=True)):
        total = sum(each[column] for each in sums.values())
        shares = [100 * each[column] / total for each in sums.values()]
        bars = axis.barh(list(sums), shares, color=colours, edgecolor="#555555", linewidth=0.6)
        axis.bar_label(bars, [f"{share:.1f}" for share in shares], padding=3, fontsize=9)
        axis.set(xlabel=f"share of all {title} (%)", xlim=(0, 1.18 * max(shares)))
        words.append(f"{title}: " + ", ".join(f"{n} {s:.1f} %" for n, s in zip(sums, shares, strict=True)))
    axes[0].invert_yaxis()
    return Picture(figure, f"Two bar charts, stage by stage. Share of all {'; of all '.join(words)}.")
