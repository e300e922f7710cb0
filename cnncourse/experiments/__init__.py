"""A paper's claim in miniature: two arms, several seeds, a finding with an interval and a verdict."""

from cnncourse.experiments.experiment import Criterion, Experiment, Finding, Measurements

__all__ = ["Criterion", "Experiment", "Finding", "Measurements"]
