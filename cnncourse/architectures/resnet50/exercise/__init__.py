"""Chapter 6's exercise: a residual block, a network of such blocks, and a bottleneck block to be mended."""

from cnncourse.architectures.resnet50.exercise.bottleneck import BOTTLENECK
from cnncourse.architectures.resnet50.exercise.network import NETWORK
from cnncourse.architectures.resnet50.exercise.residual_block import RESIDUAL_BLOCK
from cnncourse.checking import Exercise

EXERCISE = Exercise(
    name="06-resnet-50",
    title="A residual block with options A and B, a network of them, and a bottleneck that can only add",
    parts=(RESIDUAL_BLOCK, NETWORK, BOTTLENECK),
)
