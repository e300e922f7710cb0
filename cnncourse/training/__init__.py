"""The course's one training loop."""

from cnncourse.training.history import Epoch, History
from cnncourse.training.loop import accuracy, fit, seeded
from cnncourse.training.threads import one_thread

__all__ = ["Epoch", "History", "accuracy", "fit", "one_thread", "seeded"]
