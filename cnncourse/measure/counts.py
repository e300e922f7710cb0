"""Parameters, multiply-adds and output shapes, in all and layer by layer.

Shapes are without the batch. Multiply-adds are those of convolutions and linear layers for one image, as torch executes
them; additions of a bias, pooling and activation functions are not counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from cnncourse.measure.shadow import Shapes, is_layer, measure_on_meta, plain_network
from cnncourse.measure.shapes_alone import MultiplyAddCounter
from cnncourse.measure.table import Table


@dataclass(frozen=True)
class Parameters:
    """How many numbers a model keeps.

    Attributes:
        trainable: numbers that training changes.
        with_running_stats: trainable numbers plus the running means and variances of batch normalisation.

    """

    trainable: int
    with_running_stats: int


@dataclass(frozen=True)
class Layer:
    """One call of one layer.

    Attributes:
        name: where the layer is in the model, for example "c1".
        kind: its class.
        output_shape: without the batch.
        parameters: its trainable numbers; 0 in every call but the first, so that shared layers count once.
        multiply_adds: for one image.

    """

    name: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class LayerTable:
    """A model's layers in the order in which they are called; shows itself as a table in a notebook.

    Last come, as one each and without a kind, the layers that are not called, and what belongs to no layer, such as
    parameters of the model's own or products of maps: so the table adds up to the model.
    """

    layers: tuple[Layer, ...]

    @property
    def table(self) -> Table:
        """The layers as a table, with a line for the whole."""
        rows = [
            (
                layer.name,
                layer.kind,
                "×".join(map(str, layer.output_shape)),
                f"{layer.parameters:,}",
                f"{layer.multiply_adds:,}",
            )
            for layer in self.layers
        ]
        totals = (sum(layer.parameters for layer in self.layers), sum(layer.multiply_adds for layer in self.layers))
        rows.append(("total", "", "", *(f"{total:,}" for total in totals)))
        return Table(("layer", "kind", "output", "parameters", "multiply-adds"), tuple(rows), "lllrr", total=True)

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        return self.table._repr_html_()


def parameters(model: nn.Module) -> Parameters:
    """Count a model's numbers; a parameter that several layers share counts once."""
    trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
    running = sum(
        buffer.numel()
        for name, buffer in model.named_buffers()
        if name.rpartition(".")[2] in {"running_mean", "running_var"}
    )
    return Parameters(trainable, trainable + running)


def parameters_by_block(model: nn.Module) -> dict[str, int]:
    """Count the trainable numbers of each of a model's direct parts; a number that two parts share counts in the first.

    Numbers that the model holds itself, outside all parts, are under "".
    """
    counted: dict[str, int] = {}
    for name, parameter in model.named_parameters():  # names every shared parameter once
        if parameter.requires_grad:
            block = name.partition(".")[0] if "." in name else ""
            counted[block] = counted.get(block, 0) + parameter.numel()
    return counted


def multiply_adds(model: nn.Module, input_shape: Shapes) -> int:
    """Count the multiply-adds of a model's convolutions and linear layers for one image of a shape.

    Raises:
        ValueError: if it does not take such images, or what it does depends on the numbers in them.

    """
    counter = MultiplyAddCounter()
    measure_on_meta(plain_network(model, input_shape), input_shape, watch=counter)
    return counter.total


def layer_names(model: nn.Module) -> dict[nn.Module, str]:
    """Return a model's layers and their names; what is inside a layer is no layer of its own."""
    names: dict[nn.Module, str] = {}
    inside: set[nn.Module] = set()
    for name, module in model.named_modules():
        if module not in inside and is_layer(module):
            names[module] = name
            inside.update(module.modules())
    return names


def own_parameters(layers: Iterable[nn.Module]) -> dict[nn.Module, int]:
    """Count each layer's trainable numbers; those that several layers share are counted for the first."""
    counted: set[int] = set()
    found = {}
    for layer in layers:
        own = {id(each): each.numel() for each in layer.parameters() if each.requires_grad and id(each) not in counted}
        counted.update(own)
        found[layer] = sum(own.values())
    return found


def layers(model: nn.Module, input_shape: Shapes) -> LayerTable:
    """List a model's layers as one image of a shape passes through them; modules that only hold others are none.

    Raises:
        ValueError: if it does not take such images, or what it does depends on the numbers in them.

    """
    model = plain_network(model, input_shape)
    names = layer_names(model)
    calls: list[Layer] = []

    def before(_module: nn.Module, _arguments: tuple) -> None:
        counted_before.append(counter.total)

    def after(module: nn.Module, _arguments: tuple, output: object) -> None:
        first = next((each for each in tree_leaves(output) if isinstance(each, Tensor)), torch.empty(0))
        calls.append(
            Layer(
                name=names[module],
                kind=type(module).__name__,
                output_shape=tuple(first.shape[1:]),
                parameters=uncounted.pop(module, 0),
                multiply_adds=counter.total - counted_before.pop(),
            )
        )

    counter = MultiplyAddCounter()
    uncounted = own_parameters(names)
    counted_before: list[int] = []
    hooks = [module.register_forward_pre_hook(before) for module in names]
    hooks += [module.register_forward_hook(after) for module in names]
    try:
        measure_on_meta(model, input_shape, watch=counter)
    finally:
        for hook in hooks:
            hook.remove()
    in_layers, of_calls = sum(own_parameters(names).values()), sum(call.multiply_adds for call in calls)
    rests = [
        Layer("layers not called", "", (), sum(uncounted.values()), 0),
        Layer("outside layers", "", (), parameters(model).trainable - in_layers, counter.total - of_calls),
    ]
    calls += [rest for rest in rests if rest.parameters or rest.multiply_adds]
    return LayerTable(tuple(calls))
