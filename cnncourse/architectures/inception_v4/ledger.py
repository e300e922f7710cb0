"""Where Inception-v3 and Inception-v4 have their maps, parameters and work, stage by stage, without any training."""

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from cnncourse import measure
from cnncourse.drawing import Picture
from cnncourse.measure import Table
from cnncourse.measure.tracing import LayerTracer, trace

STAGES = ("stem", "inception_a", "reduction_a", "inception_b", "reduction_b", "inception_c", "output")
IMAGE = (3, 299, 299)
_ADDITIONS = {operator.add, operator.iadd, torch.add, torch.Tensor.add}
_COLOURS = ("#56b4e9", "#d55e00")


@dataclass(frozen=True)
class Stage:
    """A stage of a network.

    Attributes:
        name: as the network's code calls it.
        modules: number of Inception modules, 1 for what is no row of modules.
        shape: of what comes out: channels, height, width; without places for the last layer.
        parameters: trainable numbers.
        multiply_adds: for one image.
        values: that all its layers give, for one image: what training must keep.

    """

    name: str
    modules: int
    shape: tuple[int, ...]
    parameters: int
    multiply_adds: int
    values: int


def stages(model: nn.Module, shape: tuple[int, ...] = IMAGE) -> tuple[Stage, ...]:
    """Measure a network of the Inception family stage by stage.

    Args:
        model: an Inception-v3 or an Inception-v4, on the meta device.
        shape: of the image.

    """
    measured = []
    for name in STAGES:
        part = getattr(model, name)
        if name == "output":
            shape = (shape[0],)  # averaged over all places
        layers = measure.layers(part, shape).layers if name != "output" else ()
        after = tuple(part(torch.zeros(2, *shape, device="meta")).shape[1:])
        measured.append(
            Stage(
                name,
                len(part) if name.startswith("inception") else 1,
                after,
                measure.parameters(part).trainable,
                measure.multiply_adds(part, shape) if name != "output" else part.in_features * part.out_features,
                sum(math.prod(layer.output_shape) for layer in layers),
            )
        )
        shape = after
    return tuple(measured)


def compare(before: Sequence[Stage], after: Sequence[Stage]) -> Table:
    """Put two ledgers beside each other, with the ratio of parameters and of multiply-adds."""
    heads = ("stage", "maps", "parameters", "multiply-adds", "maps", "parameters", "multiply-adds", "ratios")
    rows = [
        (_called(one, other), *_cells(one), *_cells(other), _ratios(one, other))
        for one, other in zip(before, after, strict=True)
    ]
    totals = [_total(ledger) for ledger in (before, after)]
    rows.append(("all", *_cells(totals[0]), *_cells(totals[1]), _ratios(*totals)))
    return Table(heads, tuple(rows), "lrrrrrrr", total=True)


def _total(ledger: Sequence[Stage]) -> Stage:
    sums = (sum(getattr(stage, of) for stage in ledger) for of in ("parameters", "multiply_adds", "values"))
    return Stage("all", 1, (), *sums)


def called(name: str) -> str:
    """Return a stage's name as the paper has it."""
    kind, *letter = name.split("_")
    return "-".join([kind.capitalize(), *map(str.upper, letter)])


def _called(one: Stage, other: Stage) -> str:
    name = called(one.name)
    return f"{name}, ×{one.modules} and ×{other.modules}" if max(one.modules, other.modules) > 1 else name


def _cells(stage: Stage) -> tuple[str, str, str]:
    shape = "×".join(map(str, (*stage.shape[1:], *stage.shape[:1])))
    return shape, f"{stage.parameters / 1e6:.2f} M", f"{stage.multiply_adds / 1e9:.3f} G"


def _ratios(one: Stage, other: Stage) -> str:
    return f"{other.parameters / one.parameters:.1f}, {other.multiply_adds / one.multiply_adds:.1f}"


def plot_ledgers(before: Sequence[Stage], after: Sequence[Stage], names: tuple[str, str]) -> Picture:
    """Draw parameters and multiply-adds of two networks, stage by stage.

    Args:
        before: stages of the one.
        after: stages of the other.
        names: of the two networks.

    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 4.2), layout="constrained", sharey=True)
    places = range(len(before))
    units = (("parameters", 1e6, "million parameters"), ("multiply_adds", 1e9, "thousand million multiply-adds"))
    words = []
    for axis, (of, unit, label) in zip(axes, units, strict=True):
        for number, ledger in enumerate((before, after)):
            counts = [getattr(stage, of) / unit for stage in ledger]
            at = [place + 0.38 * number - 0.19 for place in places]
            bars = axis.barh(at, counts, 0.36, color=_COLOURS[number], edgecolor="#555555", linewidth=0.6)
            axis.bar_label(bars, [f"{count:.1f}" for count in counts], padding=3, fontsize=9)
            bars.set_label(names[number])
            listed = ", ".join(f"{called(stage.name)} {count:.1f}" for stage, count in zip(ledger, counts, strict=True))
            words.append(f"{names[number]}, {label}: {listed}")
        axis.set(xlabel=label, xlim=(0, 1.15 * max(getattr(stage, of) / unit for stage in (*before, *after))))
    axes[0].set_yticks(list(places), [called(stage.name) for stage in before])
    axes[0].invert_yaxis()
    axes[1].legend(loc="lower right")
    return Picture(figure, f"Bars stage by stage. {'; '.join(words)}.")


def joins(model: nn.Module) -> dict[str, int]:
    """Count where branches of a network come together: by concatenation, and by addition."""
    steps = trace(model, LayerTracer()).nodes
    added = [node for node in steps if node.target in _ADDITIONS or node.target in ("add", "add_")]
    stacked = [node for node in steps if node.target in (torch.cat, torch.concat)]
    return {"concatenations": len(stacked), "additions": len(added)}
