"""Chapter 8's exercise: Reduction-A for any filters, a trunk from a table, and a Reduction-B to be mended."""

from cnncourse.architectures.inception_v4.exercise.mended_reduction import MENDED_REDUCTION
from cnncourse.architectures.inception_v4.exercise.reduction import REDUCTION
from cnncourse.architectures.inception_v4.exercise.trunk import TRUNK
from cnncourse.checking import Exercise

EXERCISE = Exercise(
    name="08-inception-v4",
    title="Reduction-A for any filters, a trunk from a table, and a reduction with a bottleneck",
    parts=(REDUCTION, TRUNK, MENDED_REDUCTION),
)
