"""The course's one training loop."""

from cnncourse.training.history import Epoch, History
from cnncourse.training.loop import accuracy, fit, seeded

__all__ = ["Epoch", "History", "accuracy", "fit", "seeded"]
