"""What an exercise is, how one answer is judged, and what the learner is told."""

from cnncourse.checking.exercise import Check, Exercise, Fault, Part
from cnncourse.checking.judging import Outcome, Status, decide, judge
from cnncourse.checking.predictions import Prediction
from cnncourse.checking.quiz import Question
from cnncourse.checking.report import Report

__all__ = [
    "Check",
    "Exercise",
    "Fault",
    "Outcome",
    "Part",
    "Prediction",
    "Question",
    "Report",
    "Status",
    "decide",
    "judge",
]
