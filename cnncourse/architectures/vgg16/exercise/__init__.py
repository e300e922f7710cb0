"""Chapter 3's exercise: a stack of convolutions, a whole network from its configuration, and a stage to be mended."""

from cnncourse.architectures.vgg16.exercise.network import NETWORK
from cnncourse.architectures.vgg16.exercise.stack import STACK
from cnncourse.architectures.vgg16.exercise.stage import STAGE
from cnncourse.checking import Exercise

EXERCISE = Exercise(
    name="03-vgg-16",
    title="Stacks of convolutions, a network from its configuration, and a stage that is less than it seems",
    parts=(STACK, NETWORK, STAGE),
)
