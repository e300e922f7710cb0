"""Inputs from outside that are kept, each odd in a way of its own, and ways to spoil them further.

Put a file into one of the folders when you hear of something that came from outside and was read wrongly.
"""

import random
from collections.abc import Iterator
from pathlib import Path

TRIES = 40  # ways in which each file is spoiled, always the same ones


def corpus(folder: str) -> list[Path]:
    """Return the kept inputs of a kind, in order."""
    paths = sorted(Path(__file__).parent.joinpath(folder).iterdir())
    assert len(paths) >= 5, f"the corpus of {folder} has been lost"
    return paths


def spoiled(raw: bytes) -> Iterator[bytes]:
    """Yield an input as it is, and then cut short, with a byte changed, with a piece lost or doubled."""
    yield raw
    chance = random.Random(raw)
    for _ in range(TRIES):
        start, end = sorted(chance.randrange(len(raw) + 1) for _ in range(2))
        piece = raw[start : min(end, start + 64)]
        yield chance.choice(
            [
                raw[:start],
                raw[:start] + bytes([chance.randrange(256)]) + raw[start + 1 :],
                raw[:start] + raw[start + len(piece) :],
                raw[:start] + piece + raw[start:],
            ]
        )
