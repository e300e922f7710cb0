"""Colours can be told apart in grey print and by colour-blind readers, and text on them can be read."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from cnncourse.drawing.palette import INK, KINDS, SHADES

FILLS = {name: kind.fill for name, kind in KINDS.items() if name != "reshaping"}  # that one stands in full views only
# G. M. Machado, M. M. Oliveira, L. A. F. Fernandes, "A physiologically-based model for simulation of color vision
# deficiency", 2009: the matrices of complete deficiency.
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def linear(colour):
    values = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Return lightness and the two colour axes of CIELAB."""
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    ratios = matrix @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    x, y, z = np.where(ratios > 216 / 24389, np.cbrt(ratios), (24389 / 27 * ratios + 16) / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_kinds_differ_in_lightness():
    lightness = sorted(lab(linear(fill))[0] for fill in FILLS.values())
    assert min(b - a for a, b in pairwise(lightness)) > 3.5


@pytest.mark.parametrize("matrix", DEFICIENCIES.values(), ids=DEFICIENCIES)
def test_kinds_differ_for_colour_blind_readers(matrix):
    seen = {name: lab(np.array(matrix) @ linear(fill)) for name, fill in FILLS.items()}
    nearest = min(combinations(seen, 2), key=lambda pair: np.linalg.norm(seen[pair[0]] - seen[pair[1]]))
    assert np.linalg.norm(seen[nearest[0]] - seen[nearest[1]]) > 7, nearest


@pytest.mark.parametrize("fill", [*FILLS.values(), *SHADES])
def test_text_can_be_read_on_every_colour(fill):
    def luminance(colour):
        return linear(colour) @ [0.2126, 0.7152, 0.0722]

    assert (luminance(fill) + 0.05) / (luminance(INK) + 0.05) > 4.5  # the contrast that WCAG asks for
