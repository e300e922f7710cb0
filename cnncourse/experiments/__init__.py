"""A paper's claim in miniature: two arms, several seeds, a finding with an interval, and a verdict that survives."""

from cnncourse.experiments.comparison import Comparison, Criterion
from cnncourse.experiments.experiment import Experiment, Finding, Measurements
from cnncourse.experiments.filling import fill, up_to_date
from cnncourse.experiments.parallel import run_arms
from cnncourse.experiments.recipe import SETTINGS, Recipe, Setting
from cnncourse.experiments.robustness import GridFile, Robustness

__all__ = [
    "SETTINGS",
    "Comparison",
    "Criterion",
    "Experiment",
    "Finding",
    "GridFile",
    "Measurements",
    "Recipe",
    "Robustness",
    "Setting",
    "fill",
    "run_arms",
    "up_to_date",
]
