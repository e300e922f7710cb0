"""What happened during a training run."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Epoch:
    """One pass over the training set.

    Attributes:
        training_loss: mean loss over the epoch's batches, while the network was changing.
        test_accuracy: share of test images classified correctly after the epoch, 0 to 1.
        seconds: training time, evaluation left out.

    """

    training_loss: float
    test_accuracy: float
    seconds: float


@dataclass
class History:
    """The epochs of a training run, in order."""

    epochs: list[Epoch] = field(default_factory=list)

    @property
    def test_accuracy(self) -> float:
        """Test accuracy after the last epoch, 0 to 1."""
        return self.epochs[-1].test_accuracy

    @property
    def seconds(self) -> float:
        """Training time of all epochs together, evaluation left out."""
        return sum(epoch.seconds for epoch in self.epochs)

    def __repr__(self) -> str:
        if not self.epochs:
            return "no epochs yet"
        return f"{len(self.epochs)} epochs in {self.seconds:.1f} s, test accuracy {self.test_accuracy:.1%}"

    def plot(self) -> "Figure":
        """Draw training loss and test error over the epochs and return the matplotlib figure."""
        import matplotlib.pyplot as plt
        from matplotlib.ticker import MaxNLocator

        number = range(1, len(self.epochs) + 1)
        figure, (loss, error) = plt.subplots(1, 2, figsize=(9, 3), layout="constrained")
        loss.plot(number, [epoch.training_loss for epoch in self.epochs], marker="o", color="#0072b2")
        loss.set(xlabel="epoch", ylabel="training loss")
        error.semilogy(number, [100 * (1 - epoch.test_accuracy) for epoch in self.epochs], marker="o", color="#d55e00")
        error.set(xlabel="epoch", ylabel="test error (%)")
        error.yaxis.set_major_formatter("{x:g}")
        for axes in (loss, error):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
        return figure
