"""Chapter 7's exercise: a separable convolution, a module of Xception, and a module to be mended."""

from cnncourse.architectures.xception.exercise.mended_module import MENDED_MODULE
from cnncourse.architectures.xception.exercise.separable_convolution import SEPARABLE_CONVOLUTION
from cnncourse.architectures.xception.exercise.xception_module import XCEPTION_MODULE
from cnncourse.checking import Exercise

EXERCISE = Exercise(
    name="07-xception",
    title="Depthwise separable convolution, a module of Xception, and a module that spoils its own shortcut",
    parts=(SEPARABLE_CONVOLUTION, XCEPTION_MODULE, MENDED_MODULE),
)
