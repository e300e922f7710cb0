"""Count what a network costs. Every function takes any ``nn.Module`` and leaves it as it was."""

from cnncourse.measure.counts import Layer, LayerTable, Parameters, layers, multiply_adds, parameters
from cnncourse.measure.depth import Depth, depth
from cnncourse.measure.receptive_field import ReceptiveField, receptive_field

__all__ = [
    "Depth",
    "Layer",
    "LayerTable",
    "Parameters",
    "ReceptiveField",
    "depth",
    "layers",
    "multiply_adds",
    "parameters",
    "receptive_field",
]
