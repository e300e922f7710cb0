"""Part 2: a module of Xception, from a row of figure 5."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from cnncourse.architectures.xception.exercise.equal_weights import (
    MANY,
    Row,
    draw_maps,
    fault_in_maps,
    fault_in_numbers,
    fault_in_shape,
    fault_in_shortcut,
    fill,
    run_row,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.probing import build, fault_in_use, in_use, refuse_hidden_layers, settle_lazy_layers

MIDDLE = Row(6, (3, 5, 6))
SINGLE = Row(5, (5,))
ENTRY = Row(3, (5, 6), leading_relu=False, downsample=True)
EXIT = Row(5, (4, 7), leading_relu=True, downsample=True)
# In this order, because without a change of width some mistakes have the same count of numbers.
ROWS = (ENTRY, EXIT, MIDDLE, SINGLE)


def _look(answer: Callable, row: Row, inputs: Inputs) -> dict[str, object]:
    """Count the numbers; note what comes out in training when all of them are the same, or zero."""
    maps, size = _maps(row, inputs), _size(row, inputs)
    module = build(answer, row.in_channels, list(row.filters), row.leading_relu, row.downsample).train()
    refuse_hidden_layers(module)
    settle_lazy_layers(module, maps)
    numbers = sum(each.numel() for each in module.parameters() if each.requires_grad)
    fill(module, size)
    output, given = run_row(module, maps)
    seen = {"numbers": numbers, "output": output, "shape": list(output.shape), "use": in_use(module, maps, output)}
    if row.downsample:
        return seen
    fill(module, 0)
    nothing, _ = run_row(module, maps)
    return seen | {"nothing": nothing, "given": given}


def _size(row: Row, inputs: Inputs) -> float:
    """Return the size of all trainable numbers, which is below zero for a single separable convolution."""
    return inputs["size"].item() * (-1 if len(row.filters) == 1 else 1)


def _maps(row: Row, inputs: Inputs) -> Tensor:
    return inputs["maps"][:, : row.in_channels].contiguous()


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    for row in ROWS:
        yield {row.name: _look(answer, row, inputs)}


def _judge_shapes(seen: Observation, _inputs: Inputs) -> Fault | None:
    faults = (fault_in_shape(seen[row.name]["shape"], row) for row in ROWS)
    return next((fault for fault in faults if fault is not None), None)


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    faults = (_fault_in_numbers(seen, row) for row in ROWS)
    return next((fault for fault in faults if fault is not None), None)


def _fault_in_numbers(seen: Observation, row: Row) -> Fault | None:
    case = seen[row.name]
    return fault_in_numbers(case["numbers"], row) or fault_in_use(case["use"], row.name)


def _judge_shortcut(seen: Observation, inputs: Inputs) -> Fault | None:
    case = seen[MIDDLE.name]
    return fault_in_shape(case["shape"], MIDDLE) or fault_in_shortcut(
        case["nothing"], case["given"], _maps(MIDDLE, inputs), MIDDLE
    )


def _fault_in_row(seen: Observation, inputs: Inputs, row: Row) -> Fault | None:
    return fault_in_shape(seen[row.name]["shape"], row) or fault_in_maps(
        seen[row.name]["output"], _maps(row, inputs), row, _size(row, inputs)
    )


def _judge_middle(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_row(seen, inputs, MIDDLE) or _fault_in_row(seen, inputs, SINGLE)


def _judge_halving(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_row(seen, inputs, ENTRY) or _fault_in_row(seen, inputs, EXIT)


def _draw_row(generator: torch.Generator) -> Inputs:
    """Draw a module with four separable convolutions, which learners have not seen."""
    widths = [6 + torch.randint(MANY - 5, (), generator=generator).item() for _ in range(4)]
    leading_relu, downsample = (torch.rand(2, generator=generator) < 0.5).tolist()
    in_channels = torch.randint(6, MANY + 1, (), generator=generator).item() if downsample else widths[-1]
    return {
        **draw_maps(generator),
        "row": torch.tensor([in_channels, *widths, int(leading_relu), int(downsample)]),
    }


def _row(inputs: Inputs) -> Row:
    in_channels, *filters, leading_relu, downsample = inputs["row"].tolist()
    return Row(in_channels, tuple(filters), bool(leading_relu), bool(downsample))


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    row = _row(inputs)
    return {row.name: _look(answer, row, inputs)}


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    row = _row(inputs)
    return _fault_in_numbers(seen, row) or _fault_in_row(seen, inputs, row)


XCEPTION_MODULE = Part(
    name="XceptionModule",
    task="use",
    minutes=20,
    checks=(
        Check(
            "shapes",
            1,
            _probe,
            _judge_shapes,
            (
                "What halves the maps, and what must the shortcut do then?",
                "Maps of 9×10 become 5×5 in both ways: pooling 3×3 with stride 2 and padding 1, and 1×1 with stride 2.",
            ),
            draw_maps,
        ),
        Check(
            "trainable numbers",
            1,
            _probe,
            _judge_numbers,
            (
                "Count on paper: what has numbers to be trained, for filters [3, 5, 6]?",
                "Each separable convolution has a batch normalisation behind it; no convolution has a bias.",
                "The shortcut has a convolution and a batch normalisation of its own where downsample=True, and "
                "nothing otherwise.",
            ),
            draw_maps,
        ),
        Check(
            "the shortcut passes the maps on as they came",
            2,
            _probe,
            _judge_shortcut,
            (
                "If all weights are zero, what should come out of a module that does not sample down?",
                "What happens to numbers below zero on their way through the shortcut, and after the addition?",
                "A ReLU that works in place changes the very maps that the shortcut is to carry.",
            ),
            draw_maps,
        ),
        Check(
            "ReLU, separable convolution, batch normalisation, in this order",
            2,
            _probe,
            _judge_middle,
            (
                "Print your module: what stands before each separable convolution, what behind it?",
                "ReLU comes before, batch normalisation behind, and nothing between the depthwise and pointwise steps.",
            ),
            draw_maps,
        ),
        Check(
            "modules that halve the maps",
            2,
            _probe,
            _judge_halving,
            (
                "In which order do the last batch normalisation, the pooling and the addition come?",
                "The max pooling is the last thing before the addition. The projection gets the maps as they came.",
                "With leading_relu=False there is no ReLU before the first separable convolution, only before others.",
            ),
            draw_maps,
        ),
        Check(
            "a longer row",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of two or three separable convolutions only?",
                "Loop over filters, and remember how many maps the one before has given.",
            ),
            _draw_row,
            public=False,
        ),
    ),
)
