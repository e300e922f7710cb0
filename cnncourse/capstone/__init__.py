"""The capstone: a network of one's own design, within a budget, scored by what it learns."""

from cnncourse.capstone.blueprint import Blueprint, BlueprintError
from cnncourse.capstone.scoring import BRIEF, Brief, Cost, Score, cost, reference_network, score

__all__ = ["BRIEF", "Blueprint", "BlueprintError", "Brief", "Cost", "Score", "cost", "reference_network", "score"]
