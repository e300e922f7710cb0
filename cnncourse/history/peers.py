"""The course's networks beside torchvision's and timm's, in one run: ours on the fast path, theirs as they come.

``cnncourse benchmark --peers`` prints the table. For scores ours has its batch normalisation folded away and channels
last; for training, channels last only.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from statistics import geometric_mean

import torch
from torch import nn

from cnncourse.architectures import architecture
from cnncourse.display import progress_bar
from cnncourse.history.benchmark import forward_pass, training_step
from cnncourse.measure import Table
from cnncourse.measure.speed import Ratio, time_side_by_side
from cnncourse.training import channels_last, for_inference, seeded

OURS, THEIRS = "ours", "theirs"


@dataclass(frozen=True)
class Peer:
    """A network that the course and a library have in common.

    Attributes:
        slug: the course's.
        library: "torchvision" or "timm".
        name: the library's.
        variant: the course's, that is the library's network.
        options: of the library's constructor.

    """

    slug: str
    library: str
    name: str
    variant: str | None = None
    options: tuple[tuple[str, object], ...] = ()

    def theirs(self) -> nn.Module:
        """Build the library's network, untrained."""
        if self.library == "torchvision":
            import torchvision

            return torchvision.models.get_model(self.name, weights=None, **dict(self.options))
        import timm

        return timm.create_model(self.name, pretrained=False)

    def ours(self) -> nn.Module:
        """Build the course's network, untrained."""
        return architecture(self.slug).build(variant=self.variant)


_ALONE = (("aux_logits", False), ("init_weights", False))
PEERS = (
    Peer("alexnet", "torchvision", "alexnet", "one-weird-trick"),
    Peer("inception-v1", "torchvision", "googlenet", "batch-norm", _ALONE),
    Peer("inception-v3", "torchvision", "inception_v3", None, _ALONE),
    Peer("resnet-50", "torchvision", "resnet50", "v1.5"),
    Peer("resnext-50", "torchvision", "resnext50_32x4d"),
    Peer("xception", "timm", "legacy_xception"),
    Peer("inception-v4", "timm", "inception_v4"),
    Peer("inception-resnet-v2", "timm", "inception_resnet_v2"),
)


def peers_here() -> tuple[Peer, ...]:
    """Return those whose libraries are installed.

    Raises:
        ImportError: if there are none.

    """
    there = tuple(peer for peer in PEERS if find_spec(peer.library) is not None)
    if not there:
        raise ImportError("neither torchvision nor timm is installed: pip install torchvision timm")
    return there


def benchmark_peers(
    rounds: int = 10, *, batch_size: int = 4, progress: bool = True, peers: tuple[Peer, ...] | None = None
) -> Table:
    """Time scores and a training step of each network of ours, as a multiple of the library's.

    Args:
        rounds: how often each is timed, in turns.
        batch_size: number of images.
        progress: whether to show a bar.
        peers: which networks; all whose libraries are installed if left out.

    Returns:
        A row a network, and the geometric means.

    Raises:
        ImportError: if neither library is installed.

    """
    peers = peers_here() if peers is None else peers
    with progress_bar(total=4 * (rounds + 1) * len(peers), unit="run", disable=not progress) as bar:
        measured = [_measure(peer, rounds, batch_size, bar.update) for peer in peers]
    rows = [
        (architecture(peer.slug).title, peer.library, str(scores), str(step))
        for peer, (scores, step) in zip(peers, measured, strict=True)
    ]
    means = [f"{geometric_mean(ratio.median for ratio in column):.2f}" for column in zip(*measured, strict=True)]
    heads = ("", "beside", "time forward", "time of a step")
    return Table(heads, (*rows, ("geometric mean", "", *means)), "llrr")


def _measure(peer: Peer, rounds: int, batch_size: int, tick: Callable[[], object]) -> tuple[Ratio, Ratio]:
    size = architecture(peer.slug).shape_of(peer.variant)
    with seeded(0):
        theirs, ours, images = peer.theirs(), peer.ours(), torch.randn(batch_size, *size)
    last = images.contiguous(memory_format=torch.channels_last)
    forward = {
        THEIRS: partial(forward_pass, theirs.eval(), images),
        OURS: partial(forward_pass, for_inference(ours), last),
    }
    scores = time_side_by_side(forward, rounds=rounds, tick=tick)[OURS]
    steps = {
        THEIRS: partial(training_step, theirs.train(), images),
        OURS: partial(training_step, channels_last(ours).train(), last),
    }
    return scores, time_side_by_side(steps, rounds=rounds, tick=tick)[OURS]
