"""The instructor's plots, as pictures that a page can hold: each for light and for dark, and the same in words."""

import base64
import io
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

WIDTH = 5.6  # inches; at 72 points an inch the text is as large as the page's on a telephone
MOST_BARS = 8


@dataclass(frozen=True)
class Tones:
    """Colours of a plot.

    Attributes:
        ink: text and axes.
        bar: what is counted.

    """

    ink: str
    bar: str


LIGHT, DARK = Tones("#222222", "#0072b2"), Tones("#e6e6e2", "#56b4e9")


@dataclass(frozen=True)
class Plot:
    """A plot for a page.

    Attributes:
        title: what it shows.
        alternative: the same in words.
        light: the picture as a data address.
        dark: the same for a dark background.

    """

    title: str
    alternative: str
    light: str
    dark: str


def distribution(totals: np.ndarray, possible: int) -> Plot:
    """Plot how many learners have how many points.

    Args:
        totals: every learner's points; at least one learner.
        possible: points that could be earned.

    """
    width = max(1, int(np.ceil((possible + 1) / 25)))
    edges = np.arange(0, possible + width + 1, width) - 0.5

    def paint(axes: Axes, tones: Tones) -> None:
        axes.hist(totals, bins=edges, color=tones.bar, rwidth=0.86)
        axes.axvline(np.median(totals), color=tones.ink, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.annotate(
            "median",
            (np.median(totals), 1),
            xycoords=("data", "axes fraction"),
            xytext=(4, -2),
            textcoords="offset points",
            va="top",
            color=tones.ink,
        )
        axes.set_xlim(-0.7, possible + 0.7)
        axes.set_xlabel("points", color=tones.ink)
        axes.set_ylabel("learners", color=tones.ink)
        axes.yaxis.get_major_locator().set_params(integer=True)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.margins(y=0.16)

    lower, median, upper = np.percentile(totals, [25, 50, 75])
    words = (
        f"Histogram of {len(totals):,} totals, from {totals.min():g} to {totals.max():g} of {possible} points; "
        f"the median is {median:g}, and the middle half lies between {lower:g} and {upper:g}."
    )
    return _plot("Distribution of totals", words, 3.0, paint)


def misconceptions(counted: Sequence[tuple[str, int]], learners: int) -> Plot:
    """Plot how many learners seem to have which misconception.

    Args:
        counted: name and number of learners, most frequent first; at least one.
        learners: how many there are in all.

    """
    shown = counted[:MOST_BARS]
    labels = [textwrap.wrap(name, 80, max_lines=2, placeholder=" …") for name, _ in shown]
    lines = max(map(len, labels))

    def paint(axes: Axes, tones: Tones) -> None:
        places = np.arange(len(shown))
        axes.barh(places, [count for _, count in shown], height=0.22, align="edge", color=tones.bar)
        for place, label, (_, count) in zip(places, labels, shown, strict=True):
            above = {"xytext": (0, 3), "textcoords": "offset points", "va": "bottom"}
            axes.annotate("\n".join(label), (0, place), color=tones.ink, **above)
            axes.annotate(
                f"{count:,}",
                (count, place + 0.11),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                color=tones.ink,
            )
        axes.set_ylim(len(shown) - 0.7, -0.8)
        axes.set_xlim(0, 1.08 * max(count for _, count in shown))
        axes.set_axis_off()

    words = f"Bars, of {learners:,} learners: " + "; ".join(f"{name}: {count:,}" for name, count in shown) + "."
    return _plot("Most common misconceptions", words, (0.3 + 0.15 * lines) * len(shown) + 0.2, paint)


def _plot(title: str, alternative: str, height: float, paint: Callable[[Axes, Tones], None]) -> Plot:
    return Plot(title, alternative, *(_picture(height, paint, tones) for tones in (LIGHT, DARK)))


def _picture(height: float, paint: Callable[[Axes, Tones], None], tones: Tones) -> str:
    # The salt and the missing date make the same numbers give the same bytes.
    with matplotlib.rc_context({"svg.hashsalt": "cnncourse", "font.size": 10, "text.parse_math": False}):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.spines[["left", "bottom"]].set_color(tones.ink)
        axes.tick_params(colors=tones.ink)
        axes.set_facecolor("none")
        paint(axes, tones)
        file = io.BytesIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode("ascii")
