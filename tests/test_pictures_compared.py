"""A figure that has changed, came out empty or was cut off fails, by cell; noise passes."""

import io
import re
import subprocess
import sys
from functools import cache

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image

from cnncourse.drawing import Picture
from tests.pictures import PNG, SVG, Shown, difference, shown


def figure(values=(5, 3, 2), label="with dropout", xlabel="training step"):
    drawn, axes = plt.subplots(figsize=(5, 3), layout="constrained")
    axes.plot(range(len(values)), values, marker="o", label=label)
    axes.plot(range(3), (6, 5, 4), "--", label="without")
    axes.set(xlabel=xlabel, ylabel="error (%)", ylim=(0, 10))
    axes.legend()
    return drawn


def as_shown(drawn):
    content, metadata = Picture(drawn, "in words")._repr_mimebundle_()
    (only,) = shown([{"data": content, "metadata": metadata}])
    assert only.kind == PNG
    return only


@cache
def unchanged():
    return as_shown(figure())


def said(fresh, committed=None, *, other_values=False):
    return difference(committed or unchanged(), fresh, other_values=other_values)


def cut_off():
    drawn = figure(label="with a very long label")
    drawn.axes[0].legend(loc="upper left", bbox_to_anchor=(0.7, 0.9))
    drawn.set_layout_engine("none")
    return drawn


def changed_pixels(change):
    before = unchanged()
    pixels = np.asarray(Image.open(io.BytesIO(before.content)).convert("RGB"), dtype=float)
    file = io.BytesIO()
    Image.fromarray(change(pixels).clip(0, 255).astype("uint8")).save(file, "PNG")
    return Shown(PNG, file.getvalue(), before.axes)


@pytest.mark.parametrize("other_values", [False, True])
def test_same_figure_passes(other_values):
    assert said(as_shown(figure()), other_values=other_values) is None


def test_rounding_passes():
    noise = np.random.default_rng(0).integers(-2, 3, size=(330, 550, 3))
    assert said(changed_pixels(lambda pixels: pixels + noise)) is None


def test_changed_value_fails_and_passes_in_a_figure_of_a_training():
    assert "looks different" in said(as_shown(figure((5, 3, 2.5))))
    assert said(as_shown(figure((5, 3, 2.5))), other_values=True) is None


def test_changed_word_fails():
    assert "looks different" in said(as_shown(figure(xlabel="training stop")))
    assert "training stop" in said(as_shown(figure(xlabel="training stop")), other_values=True)


def test_numbers_in_the_words_of_a_training_may_change():
    committed, fresh = (as_shown(figure(label=f"with dropout: {error} %")) for error in (3.25, 2.75))
    assert said(fresh, committed) is not None
    assert said(fresh, committed, other_values=True) is None


def test_another_colour_of_the_same_brightness_fails():
    def recoloured(pixels):
        blue = (pixels[..., 2] > pixels[..., 0] + 60)[..., None]
        return np.where(blue, pixels.mean(axis=2, keepdims=True), pixels)

    assert "looks different" in said(changed_pixels(recoloured))


@pytest.mark.parametrize("other_values", [False, True])
def test_missing_line_fails(other_values):
    drawn = figure()
    drawn.axes[0].lines[1].remove()
    assert said(as_shown(drawn), other_values=other_values) is not None


@pytest.mark.parametrize("other_values", [False, True])
def test_line_without_a_finite_value_fails(other_values):
    assert said(as_shown(figure([float("nan")] * 3)), other_values=other_values) is not None


@pytest.mark.parametrize("other_values", [False, True])
def test_empty_figure_fails(other_values):
    assert "emptier" in said(as_shown(plt.figure(figsize=(5, 3))), other_values=other_values)


@pytest.mark.parametrize("other_values", [False, True])
def test_figure_that_is_cut_off_fails(other_values):
    assert "cut off" in said(as_shown(cut_off()), other_values=other_values)


@pytest.mark.parametrize("other_values", [False, True])
def test_figure_of_another_size_fails(other_values):
    drawn = figure()
    drawn.set_size_inches(5, 2.5)
    assert said(as_shown(drawn), other_values=other_values) == "its size is 550×275 pixels instead of 550×330"


def drawing(*marks):
    return Shown(SVG, f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(marks)}</svg>'.encode(), None)


BARS = ('<rect width="5"/>', '<rect width="8"/>', "<text>share 0.25</text>")


@pytest.mark.parametrize(
    ("fresh", "strict", "loose"),
    [
        (BARS, True, True),
        (('<rect width="6"/>', '<rect width="7"/>', "<text>share 0.5</text>"), False, True),
        (BARS[1:], False, False),
        ((*BARS[:2], "<text>sum 0.25</text>"), False, False),
        ((), False, False),
    ],
    ids=["same", "other values", "a mark less", "another word", "empty"],
)
def test_drawings_are_compared_to_the_letter_or_by_marks_and_words(fresh, strict, loose):
    assert (said(drawing(*fresh), drawing(*BARS)) is None) == strict
    assert (said(drawing(*fresh), drawing(*BARS), other_values=True) is None) == loose


def test_a_verdict_among_many_words_may_be_gone_where_values_may_be_others():
    words = [f"<text>of {name}</text>" for name in ("maps", "means", "rows", "heads", "digits", "scores", "classes")]
    both, only = drawing(*words, "<text>right</text>", "<text>wrong</text>"), drawing(*words, "<text>right</text>")
    assert said(only, both, other_values=True) is None
    assert said(only, both) is not None
    others = drawing(*words[:5], "<text>right</text>", "<text>up</text>", "<text>down</text>", "<text>left</text>")
    assert said(others, both, other_values=True).startswith("it says")


CELL = """
import matplotlib.pyplot as plt
from cnncourse.drawing import Picture
drawn, axes = plt.subplots(figsize=(4, 2), layout="constrained")
axes.plot([1, 2], [3, 4])
axes.set(xlabel="step", ylabel="loss")
Picture(drawn, "a line")
"""
CHANGES = {
    "same": lambda source: source,
    "changed": lambda source: source.replace('"loss"', '"error"'),
    "empty": lambda source: source.replace("axes.plot([1, 2], [3, 4])", "axes.plot([1, 2], [float('nan')] * 2)"),
    "cut-off": lambda source: source.replace(
        '"loss")\n', '"loss")\ndrawn.set_layout_engine("none")\naxes.set_position((0.04, 0.04, 0.9, 0.9))\n'
    ),
    "gone": lambda source: source.replace('Picture(drawn, "a line")', "plt.close(drawn)"),
}


@pytest.mark.slow
def test_plugin_fails_the_cell_and_writes_both_pictures(project, tmp_path):
    cells = [
        nbformat.v4.new_code_cell(CELL, metadata={"tags": tags})
        for _ in CHANGES
        for tags in ([], ["nbval-ignore-output"])
    ]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    NotebookClient(notebook, timeout=600).execute()
    for cell, change in zip(cells, (change for change in CHANGES.values() for _ in range(2)), strict=True):
        cell.source = change(cell.source)
    path = tmp_path / "figures.ipynb"
    nbformat.write(notebook, path)
    options = ["-rA", "-p", "tests.strict_notebooks", "-p", "no:cacheprovider", "--nbval", "--nbval-cell-timeout=600"]
    options += [f"--differing-pictures={tmp_path / 'both'}", str(path)]
    command = [sys.executable, "-m", "pytest", *options]
    said = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False).stdout
    verdicts = {int(cell): verdict for verdict, cell in re.findall(r"^(PASSED|FAILED) \S*::Cell (\d+)", said, re.M)}
    for number, name in enumerate(name for name in CHANGES for _ in range(2)):
        assert verdicts[number] == ("PASSED" if name == "same" else "FAILED"), said
        pair = {each.name.rpartition("-")[2] for each in (tmp_path / "both/figures").glob(f"cell-{number}-*")}
        assert pair == {"same": set(), "gone": {"committed.png"}}.get(name, {"committed.png", "fresh.png"}), name
    committed = next((tmp_path / "both/figures").glob("cell-2-*-committed.png"))
    assert committed.read_bytes() == shown(cells[2].outputs)[0].content
