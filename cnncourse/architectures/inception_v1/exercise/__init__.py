"""Chapter 4's exercise: an Inception module, the ledger of many of them, and an auxiliary classifier to be mended."""

from cnncourse.architectures.inception_v1.exercise.inception_module import INCEPTION
from cnncourse.architectures.inception_v1.exercise.ledger import LEDGER
from cnncourse.architectures.inception_v1.exercise.two_heads import TWO_HEADS
from cnncourse.checking import Exercise

EXERCISE = Exercise(
    name="04-inception-v1",
    title="The Inception module, its ledger, and an auxiliary classifier that teaches nobody",
    parts=(INCEPTION, LEDGER, TWO_HEADS),
)
