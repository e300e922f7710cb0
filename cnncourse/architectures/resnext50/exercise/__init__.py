"""Chapter 10's exercise: an aggregated block in three forms, the weights of one form for another, a block to mend."""

from cnncourse.architectures.resnext50.exercise.aggregated_block import AGGREGATED_BLOCK
from cnncourse.architectures.resnext50.exercise.conversion import CONVERSION
from cnncourse.architectures.resnext50.exercise.mended_block import MENDED_BLOCK
from cnncourse.checking import Exercise

EXERCISE = Exercise(
    name="10-resnext-50",
    title="One aggregated block in three forms, the weights of one form for another, and a block that repeats itself",
    parts=(AGGREGATED_BLOCK, CONVERSION, MENDED_BLOCK),
)
