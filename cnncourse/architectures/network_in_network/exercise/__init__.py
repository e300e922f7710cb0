"""The appendix's exercise: an mlpconv layer, a network that ends in means of class maps, and one to be mended."""

from cnncourse.architectures.network_in_network.exercise.class_maps import NETWORK
from cnncourse.architectures.network_in_network.exercise.mended_network import MENDED
from cnncourse.architectures.network_in_network.exercise.mlpconv import MLPCONV
from cnncourse.checking import Exercise

EXERCISE = Exercise(
    name="appendix-network-in-network",
    title="Mlpconv and global average pooling",
    parts=(MLPCONV, NETWORK, MENDED),
)
