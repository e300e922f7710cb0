"""Count what a network costs. Every function takes any ``nn.Module`` and leaves it as it was."""

from cnncourse.measure.counts import Layer, LayerTable, Parameters, layers, multiply_adds, parameters

__all__ = ["Layer", "LayerTable", "Parameters", "layers", "multiply_adds", "parameters"]
