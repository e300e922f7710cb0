"""What an exercise is, how one answer is examined and judged, and what the learner is told."""

from cnncourse.checking.exercise import Case, Check, Exercise, Fault, Misconception, Part, images
from cnncourse.checking.judging import judge
from cnncourse.checking.outcome import Outcome, Status
from cnncourse.checking.report import Report
from cnncourse.checking.ties import evenly_pooled

__all__ = [
    "Case",
    "Check",
    "Exercise",
    "Fault",
    "Misconception",
    "Outcome",
    "Part",
    "Report",
    "Status",
    "evenly_pooled",
    "images",
    "judge",
]
