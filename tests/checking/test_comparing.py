"""What counts as the same: rounding does, whatever the processor leaves of zero, and nothing more."""

import pytest
import torch

from cnncourse.checking.comparing import agree
from cnncourse.checking.wording import differing_parts, differing_text, values_text

NOISE, OTHER_NOISE = torch.tensor([3.5e-18, 5.7e-18, -6e-13]).double(), torch.tensor([-2.6e-19, 4e-12, 0]).double()
SLOPE = torch.tensor([0.5, -2e-6, 3e-7]).double()


@pytest.mark.parametrize(
    ("name", "got", "expected", "alike"),
    [
        ("alike: gradient of the input", NOISE, OTHER_NOISE, True),
        ("alike: gradients of the parameters", [SLOPE, None, NOISE], [SLOPE, None, OTHER_NOISE], True),
        ("alike: gradients of the parameters", [SLOPE, None, NOISE], [SLOPE, NOISE, OTHER_NOISE], False),
        ("alike: gradient of the input", NOISE, SLOPE, False),
        ("alike: gradient of the input", 1e-6 * SLOPE, -1e-6 * SLOPE, False),
        ("alike: gradient of the input", SLOPE, SLOPE * (1 + 1e-9), True),
        ("alike: gradient of the input", SLOPE, SLOPE * 1.001, False),
        ("alike: gradient of the input", NOISE, OTHER_NOISE[:2], False),
        ("alike: output", NOISE, OTHER_NOISE, False),
    ],
    ids=[
        "cancelled", "one of several cancelled", "a gradient where none is", "a gradient where it cancels",
        "small and the other way round", "rounding", "a thousandth", "another shape", "small outputs are no rests",
    ],
)  # fmt: skip
def test_gradients_that_cancel_out_are_zero(name, got, expected, alike):
    assert agree(name, got, expected) == alike
    assert agree(name, expected, got) == alike


def test_what_differs_is_to_be_seen_in_what_is_shown():
    assert differing_text(torch.tensor([1.0, 2.27]), torch.tensor([1.0, 2.2701])) == ("…, 2.27", "…, 2.2701")
    assert values_text(torch.tensor([-0.0])) == "0"
    expected, got = (repr([{"layer": number, "weights": 3 * number} for number in range(20)]) for _ in range(2))
    shown = differing_parts(expected, got.replace("45", "46"))
    assert "45" in shown[0]
    assert "46" in shown[1]
    assert max(map(len, shown)) <= 120
