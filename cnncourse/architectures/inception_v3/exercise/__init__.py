"""Chapter 5's exercise: a factorised convolution, label smoothing, and a batch normalisation to be mended."""

from cnncourse.architectures.inception_v3.exercise.batch_normalisation import BATCH_NORMALISATION
from cnncourse.architectures.inception_v3.exercise.factorised_convolution import FACTORISED_CONVOLUTION
from cnncourse.architectures.inception_v3.exercise.label_smoothing import LABEL_SMOOTHING
from cnncourse.checking import Exercise

EXERCISE = Exercise(
    name="05-inception-v3",
    title="Factorised convolution, label smoothing, and a batch normalisation with a poor memory",
    parts=(FACTORISED_CONVOLUTION, LABEL_SMOOTHING, BATCH_NORMALISATION),
)
