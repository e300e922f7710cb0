"""Chapter 1's exercise: C3's partial connection, the feature extractor around it, and a sub-sampling to mend."""

from cnncourse.architectures.lenet5.exercise.feature_extractor import FEATURES
from cnncourse.architectures.lenet5.exercise.partial_connection import C3
from cnncourse.architectures.lenet5.exercise.subsampling import SUBSAMPLING
from cnncourse.checking import Exercise

EXERCISE = Exercise(
    name="01-lenet-5",
    title="Partial connection and trainable sub-sampling",
    parts=(C3, FEATURES, SUBSAMPLING),
)
