"""Chapter 9's exercise: a scaled residual Inception block, a network of such blocks, and a block to be mended."""

from cnncourse.architectures.inception_resnet_v2.exercise.mended_block import MENDED_BLOCK
from cnncourse.architectures.inception_resnet_v2.exercise.network import NETWORK
from cnncourse.architectures.inception_resnet_v2.exercise.residual_block import RESIDUAL_BLOCK
from cnncourse.checking import Exercise

EXERCISE = Exercise(
    name="09-inception-resnet-v2",
    title="A scaled residual Inception block, a network of them, and a block that scales the wrong thing",
    parts=(RESIDUAL_BLOCK, NETWORK, MENDED_BLOCK),
)
