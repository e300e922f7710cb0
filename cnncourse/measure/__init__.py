"""Count what a network costs. Every function takes any ``nn.Module`` and leaves it as it was."""

from cnncourse.measure.counts import (
    Layer,
    LayerTable,
    Parameters,
    layers,
    multiply_adds,
    parameters,
    parameters_by_block,
)
from cnncourse.measure.depth import Depth, depth, longest_path
from cnncourse.measure.memory import activation_memory, size_on_disk
from cnncourse.measure.receptive_field import ReceptiveField, receptive_field, receptive_field_by_call
from cnncourse.measure.table import Table

__all__ = [
    "Depth",
    "Layer",
    "LayerTable",
    "Parameters",
    "ReceptiveField",
    "Table",
    "activation_memory",
    "depth",
    "layers",
    "longest_path",
    "multiply_adds",
    "parameters",
    "parameters_by_block",
    "receptive_field",
    "receptive_field_by_call",
    "size_on_disk",
]
