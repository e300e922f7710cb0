"""The learner's own record: what was answered, predicted and checked, and how far that is."""

from cnncourse.learner.predictions import Prediction
from cnncourse.learner.quiz import Question

__all__ = ["Prediction", "Question"]
