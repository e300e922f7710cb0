"""The names of the classes that published weights tell apart."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class ClassName:
    """A class of ImageNet.

    Attributes:
        identifier: of WordNet, "n" and eight digits: the name of its folder wherever the pictures are unpacked.
        words: its words, the most usual first.

    """

    identifier: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return self.words[0]


@cache
def imagenet_classes() -> tuple[ClassName, ...]:
    """Return the 1,000 classes of ILSVRC 2012 in the order of a network's scores.

    Source: WordNet 3.0 (Princeton University), whose licence stands in ``imagenet-classes.tsv``.
    """
    lines = files("cnncourse.weights").joinpath("imagenet-classes.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return tuple(ClassName(identifier, tuple(words.split(", "))) for identifier, words in rows)
