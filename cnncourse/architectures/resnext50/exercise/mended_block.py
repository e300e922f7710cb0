"""Part 3: a block in form a whose paths are one and the same and which adds its shortcut in every path."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from cnncourse.architectures.resnext50.exercise.equal_weights import (
    Block,
    alike,
    box,
    fault_in_maps,
    fault_in_numbers,
    fill,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.probing import build, refuse_hidden_layers, run_expecting, settle_lazy_layers

FIRST = Block(channels=6, cardinality=3, width=2)
IMAGES, HEIGHT, WIDTH = 3, 6, 7
SPREAD = 3.0  # of the maps, so large that epsilon hardly counts
EPSILON = 1e-5
STILL_IN_EVERY_PATH = (
    "the shortcut is still added in every path, cardinality times, and batch normalisation takes its size away"
)
INSIDE = "the shortcut is added before the batch normalisation, which does not pass it on as it is"
NO_SHORTCUT = "there is no shortcut any more"
NO_LAST_RELU = "the ReLU behind the addition is gone"


def _draw_for(block: Block, generator: torch.Generator) -> Inputs:
    return {
        "maps": SPREAD * torch.randn(IMAGES, block.channels, HEIGHT, WIDTH, generator=generator),
        "size": 0.8 + 0.4 * torch.rand((), generator=generator),
    }


def _draw(generator: torch.Generator) -> Inputs:
    return _draw_for(FIRST, generator)


def _look(answer: Callable, block: Block, inputs: Inputs) -> Iterator[Observation]:
    """Count the numbers; note what comes out when all are zero, above zero and below, in training and evaluation."""
    maps, size = inputs["maps"], inputs["size"].item()
    module = build(answer, *block).train()
    refuse_hidden_layers(module)
    settle_lazy_layers(module, maps)
    yield {"numbers": sum(each.numel() for each in module.parameters() if each.requires_grad)}
    fill(module, 0)
    yield {"nothing": run_expecting(module, maps, maps.shape)}
    fill(module, size)
    above = run_expecting(module, maps, maps.shape)
    fill(module, -size)
    yield {"above": above, "below": run_expecting(module, maps, maps.shape)}


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    return _look(answer, FIRST, inputs)


# The oracle -----------------------------------------------------------------------------------------------------------


def _normalised(maps: Tensor, size: float) -> Tensor:
    variance, mean = torch.var_mean(maps, dim=(0, 2, 3), correction=0, keepdim=True)
    return size * (maps - mean) / (variance + EPSILON).sqrt() + size


def _paths(maps: Tensor, block: Block, size: float, relus: tuple[bool, bool] = (True, True)) -> Tensor:
    """Return the sum of the paths, if all numbers are the same; one map for all."""
    inside = _normalised(size * maps.sum(dim=1, keepdim=True), size)
    inside = inside.relu() if relus[0] else inside
    inside = _normalised(size * block.width * box(inside), size)
    inside = inside.relu() if relus[1] else inside
    return block.cardinality * block.width * size * inside


def _output(maps: Tensor, block: Block, size: float, relus: tuple[bool, bool] = (True, True)) -> Tensor:
    return (maps + _normalised(_paths(maps, block, size, relus), size)).relu()


def _shortcut_inside(maps: Tensor, block: Block, size: float, times: int) -> Tensor:
    """Return what comes out if the shortcut is added a number of times, and before the batch normalisation."""
    return _normalised(times * maps + _paths(maps, block, size), size).relu()


def _mistakes(maps: Tensor, block: Block, size: float) -> Mapping[str, Tensor]:
    number, paths = block.cardinality, _paths(maps, block, size)
    residual = _normalised(paths, size)
    return {
        STILL_IN_EVERY_PATH: _shortcut_inside(maps, block, size, number),
        INSIDE: _shortcut_inside(maps, block, size, 1),
        NO_SHORTCUT: residual.relu().expand_as(maps),
        NO_LAST_RELU: maps + residual,
        "each path is normalised by itself now; it was the sum, once": (
            maps + number * _normalised(paths / number, size)
        ).relu(),
        "the batch normalisation behind the sum is gone": (maps + paths).relu(),
        "a ReLU stands before the addition, in the place of the one behind it": maps + residual.relu(),
        "a ReLU stands before the addition: the residual can only add": (maps + residual.relu()).relu(),
        "the shortcut is added behind the sum, but once for every path": (number * maps + residual).relu(),
        "the ReLU behind a path's first convolution is gone": _output(maps, block, size, (False, True)),
        "the ReLU behind a path's second convolution is gone": _output(maps, block, size, (True, False)),
        "the ReLUs in the paths are gone": _output(maps, block, size, (False, False)),
    }


def _fault_in_numbers(seen: Observation, block: Block) -> Fault | None:
    c, number, d = block
    right = block.weights() + 4 * number * d + 2 * c
    one = 2 * c * d + 9 * d * d + 4 * d + 2 * c
    counts = {
        "all paths are still one and the same (or there is but one): a list times a number repeats the object": one
    }
    counts |= {
        "each path has a third batch normalisation; there is to be one, behind the sum": right + 2 * c * (number - 1),
        "the batch normalisation behind the sum is gone": right - 2 * c,
        "one batch normalisation is shared by paths or layers": right - 2 * number * d,
        "there are two paths only, for three numbers": right - (2 * c * d + 9 * d * d + 4 * d),
        "there is one path too many": right + (2 * c * d + 9 * d * d + 4 * d),
        "some layers are copied, and others are still the same in all paths": one
        + (number - 1) * (2 * c * d + 9 * d * d),
    }
    text = f"{number} paths of {c}·{d} + 9·{d}² + {d}·{c} and 4·{d}; and 2·{c} behind the sum"
    counts |= block.mistaken_counts(right)
    return fault_in_numbers(seen["numbers"], right, text, _name(block), counts)


def _fault_in_shortcut(seen: Observation, inputs: Inputs, block: Block) -> Fault | None:
    maps, size = inputs["maps"], inputs["size"].item()
    number = block.cardinality

    def mistakes() -> Mapping[str, Tensor]:
        lost = torch.zeros_like(maps)
        of_all = _mistakes(maps, block, size)
        why = next((each for each in (STILL_IN_EVERY_PATH, INSIDE) if alike(seen["above"], of_all[each])), NO_SHORTCUT)
        return {
            why: lost,
            NO_LAST_RELU: maps,
            "the shortcut is added behind the sum, but once for every path": (number * maps).relu(),
            "the shortcut is added in every path and behind the sum": ((number + 1) * maps).relu(),
            "the shortcut is divided by the number of paths": (maps / number).relu(),
        }

    return fault_in_maps(
        seen["nothing"],
        maps.relu(),
        f"{_name(block)}: with all numbers zero, the shortcut alone should be left",
        mistakes,
    )


def _fault_in_rest(seen: Observation, inputs: Inputs, block: Block, *, let_pass: bool) -> Fault | None:
    """Judge what was right before; the shortcut in every path may pass, because it has a check of its own."""
    maps, size = inputs["maps"], inputs["size"].item()
    for name, value in (("above", size), ("below", -size)):
        if let_pass and alike(seen[name], _shortcut_inside(maps, block, value, block.cardinality)):
            continue
        fault = fault_in_maps(
            seen[name],
            _output(maps, block, value),
            f"{_name(block)}: with all numbers {value:.2f}, other maps come out than should",
            lambda value=value: _mistakes(maps, block, value),
        )
        if fault is not None:
            return fault
    return None


def _name(block: Block) -> str:
    return f"MendedBlock({', '.join(map(str, block))})"


def _judge_numbers(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _fault_in_numbers(seen, FIRST)


def _judge_shortcut(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_shortcut(seen, inputs, FIRST)


def _judge_rest(seen: Observation, inputs: Inputs) -> Fault | None:
    fault = _fault_in_rest(seen, inputs, FIRST, let_pass=True)
    if fault is None and _judge_numbers(seen, inputs) is not None and _judge_shortcut(seen, inputs) is not None:
        return Fault("all else is right, as it was in the broken class: this counts when a bug is mended", hints=())
    return fault


def _draw_block(generator: torch.Generator) -> Inputs:
    """Draw channels, cardinality and width that learners have not seen."""
    c, number, d = (torch.randint(low, high, (), generator=generator).item() for low, high in ((4, 9), (4, 6), (3, 5)))
    return {**_draw_for(Block(c, number, d), generator), "block": torch.tensor([c, number, d])}


def _block(inputs: Inputs) -> Block:
    return Block(*inputs["block"].tolist())


def _probe_drawn(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    return _look(answer, _block(inputs), inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    block = _block(inputs)
    return (
        _fault_in_numbers(seen, block)
        or _fault_in_shortcut(seen, inputs, block)
        or _fault_in_rest(seen, inputs, block, let_pass=False)
    )


MENDED_BLOCK = Part(
    name="MendedBlock",
    task="mend",
    minutes=15,
    checks=(
        Check(
            "paths of their own",
            2,
            _probe,
            _judge_numbers,
            (
                "Are block.paths[0] and block.paths[1] two objects or one? Try “is”.",
                "What does [thing] * 3 put into a list: three things, or the same thing three times?",
                "Make a new path in each round of a loop.",
            ),
            _draw,
        ),
        Check(
            "the shortcut once",
            2,
            _probe,
            _judge_shortcut,
            (
                "Set all parameters to zero. What should a residual block give then, and what does this one give?",
                "How often are the maps added, if there are three paths, and what stands behind that addition?",
                "Add the paths, normalise their sum, and only then add the maps, once.",
            ),
            _draw,
        ),
        Check(
            "all else as it was",
            1,
            _probe,
            _judge_rest,
            (
                "What was right must stay: batch normalisation on the sum of the paths, not in each.",
                "ReLU behind the first two batch normalisations of a path, and behind the addition.",
            ),
            _draw,
        ),
        Check(
            "other cardinalities and widths",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of three paths only?",
                "Channels, cardinality and width must come from the arguments.",
            ),
            _draw_block,
            public=False,
        ),
    ),
)
