"""The whole course in one table and one figure: when each network came, what it reported, and what it costs.

Parameters and multiply-adds are measured on our networks. Errors are those of the papers, and most of them were
measured in different ways: only errors with the same mark may be compared, and even these with care.
"""

from collections.abc import Sequence

from cnncourse.drawing import Picture
from cnncourse.history.timeline import Measured, Timeline
from cnncourse.measure import Table

TOP_5 = "ImageNet top-5 error"
# What a protocol says, what it is called in the legend, and its mark; the first that is said counts.
PROTOCOLS = (
    ("48,238", "one crop, without 1,762 blacklisted pictures", "D"),
    ("one crop", "one crop", "o"),
    ("ten crops", "ten crops", "s"),
    ("whole image", "the whole picture", "^"),
)
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#009e73"


def story_table(networks: Sequence[Measured] | None = None) -> Table:
    """Return a line a network, in order of publication.

    Args:
        networks: all of the course's if left out.

    """
    rows = [
        (
            each.record.published,
            each.record.title,
            f"{each.depth}",
            f"{each.parameters / 1e6:.2f}",
            f"{each.multiply_adds / 1e6:,.1f}",
            f"{each.record.reported.error:g} %",
            each.record.reported.protocol,
        )
        for each in _all(networks)
    ]
    heads = (
        "published",
        "network",
        "weight layers",
        "parameters (10⁶)",
        "multiply-adds (10⁶)",
        "error",
        "of what, and how",
    )
    return Table(heads, tuple(rows), "llrrrrl")


def protocol_of(network: Measured) -> tuple[str, str] | None:
    """Return how a network's top-5 error on ImageNet was measured, and its mark; ``None`` if it has another error."""
    said = network.record.reported.protocol
    if not said.startswith(TOP_5):
        return None
    return next((name, mark) for part, name, mark in PROTOCOLS if part in said)


def plot_story(networks: Sequence[Measured] | None = None) -> Picture:
    """Draw error, parameters and multiply-adds of the networks in order of publication.

    Args:
        networks: all of the course's if left out.

    """
    import matplotlib.pyplot as plt

    networks = _all(networks)
    places = range(len(networks))
    figure, (errors, sizes, work) = plt.subplots(3, 1, figsize=(10.5, 9), sharex=True, layout="constrained")
    for name, mark in (each[1:] for each in PROTOCOLS):
        found = [place for place in places if protocol_of(networks[place]) == (name, mark)]
        values = [networks[place].record.reported.error for place in found]
        errors.plot(found, values, mark, color=ORANGE, markersize=8, label=name)
        for place, value in zip(found, values, strict=True):
            errors.annotate(f"{value:g}", (place, value), xytext=(0, 7), textcoords="offset points", ha="center")
    for place in places:
        if protocol_of(networks[place]) is None:
            errors.annotate("another error", (place, 0.6), rotation=90, ha="center", va="bottom", color="#666666")
    errors.set(ylabel="top-5 error on ImageNet (%)", ylim=(0, 22))
    errors.legend(title="measured with", loc="upper right")
    for axes, colour, label, values in (
        (sizes, BLUE, "parameters (millions)", [each.parameters / 1e6 for each in networks]),
        (work, GREEN, "multiply-adds (millions)", [each.multiply_adds / 1e6 for each in networks]),
    ):
        axes.plot(places, values, "o", color=colour, markersize=8)
        for place, value in enumerate(values):
            axes.annotate(_short(value), (place, value), xytext=(0, 7), textcoords="offset points", ha="center")
        axes.set(ylabel=label, yscale="log", ylim=(min(values) / 3, 4 * max(values)))
        axes.yaxis.set_major_formatter("{x:,g}")
    work.set_xticks(places, [_label(each) for each in networks])
    for axes in (errors, sizes, work):
        axes.grid(alpha=0.3, axis="y")
        axes.set_axisbelow(True)
    return Picture(figure, _in_words(networks))


def _all(networks: Sequence[Measured] | None) -> Sequence[Measured]:
    return Timeline().networks if networks is None else networks


def _label(network: Measured) -> str:
    """Return a name in short lines, and the year."""
    name = network.record.title.replace("Network in ", "Network\nin ").replace("Inception-", "Inception-\n")
    return f"{name}\n{network.record.year}"


def _short(value: float) -> str:
    """Return a number to three digits, or whole if it has more."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _in_words(networks: Sequence[Measured]) -> str:
    return f"Error, parameters and multiply-adds in order of publication. {'; '.join(map(_told, networks))}."


def _told(network: Measured) -> str:
    title, protocol = network.record.title, protocol_of(network)
    size = (
        f"{network.parameters / 1e6:.3g} million parameters, {network.multiply_adds / 1e6:,.3g} million multiply-adds"
    )
    if protocol is None:
        return f"{title}: {size}"
    return f"{title}: {size}, top-5 error {network.record.reported.error:g} % with {protocol[0]}"
