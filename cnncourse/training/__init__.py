"""The course's one training loop."""

from cnncourse.training.fast import channels_last, for_inference
from cnncourse.training.history import Epoch, History
from cnncourse.training.loop import accuracy, fit, seeded
from cnncourse.training.steps import training_steps
from cnncourse.training.threads import one_thread

__all__ = [
    "Epoch",
    "History",
    "accuracy",
    "channels_last",
    "fit",
    "for_inference",
    "one_thread",
    "seeded",
    "training_steps",
]
