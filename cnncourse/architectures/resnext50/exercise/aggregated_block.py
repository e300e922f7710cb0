"""Part 1: one aggregated block in three forms."""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor

from cnncourse.architectures.resnext50.exercise.equal_weights import (
    Block,
    box,
    fault_in_maps,
    fault_in_numbers,
    fill,
)
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.probing import build, moving_numbers, refuse_hidden_layers, run_expecting, settle_lazy_layers

FORMS = ("a", "b", "c")
FIRST = Block(channels=8, cardinality=4, width=3)
OTHERS = (7, 9, 10), (3, 5, 6), (2, 4)  # channels, cardinalities and widths at grading
IMAGES, HEIGHT, WIDTH = 2, 5, 6
LEAST, MOST = 0.1, 1.0  # of random weights above zero, so that no ReLU is closed
TURNED = 0.5  # of the largest gradient: only the last weights to map 0 have more


def _draw(generator: torch.Generator) -> Inputs:
    return _draw_for(FIRST, generator)


def _draw_for(block: Block, generator: torch.Generator) -> Inputs:
    return {
        "maps": torch.randn(IMAGES, block.channels, HEIGHT, WIDTH, generator=generator),
        "size": (0.3 + 0.1 * torch.rand((), generator=generator)) / block.width,
        "level": 1 + torch.rand((), generator=generator),
    }


def _look(answer: Callable, block: Block, form: str, inputs: Inputs) -> Observation:
    """Count what a step of training would move; then note what comes out for weights that are all the same.

    Then the sign of the last weights to map 0 is turned. They are found by their gradients, which are the largest.
    """
    maps, size = inputs["maps"], inputs["size"].item()
    bright = inputs["level"].expand(1, *maps.shape[1:])
    module = build(answer, *block, form)
    refuse_hidden_layers(module)
    settle_lazy_layers(module, maps)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.copy_(LEAST + (MOST - LEAST) * torch.rand(parameter.shape))
    positive = maps.abs() + 0.1
    (run_expecting(module, positive, maps.shape) * (0.5 + torch.rand(maps.shape))).sum().backward()
    numbers = moving_numbers(module)
    _forget(module)
    fill(module, -size)
    below = run_expecting(module, maps, maps.shape)
    fill(module, size)
    shape = (IMAGES + 1, *maps.shape[1:])
    above = run_expecting(module, torch.cat([maps, bright]), shape)
    above[-1, 0].sum().backward()
    _turn_last_weights(module)
    turned = run_expecting(module, bright, bright.shape)[:, 0]
    return {"numbers": numbers, "above": above, "below": below, "turned": turned}


def _forget(module: torch.nn.Module) -> None:
    for parameter in module.parameters():
        parameter.grad = None


@torch.no_grad()
def _turn_last_weights(module: torch.nn.Module) -> None:
    gradients = [each.grad for each in module.parameters() if each.grad is not None]
    largest = max(gradient.max().item() for gradient in gradients)
    for parameter in module.parameters():
        if parameter.grad is not None:
            parameter.copy_(torch.where(parameter.grad > TURNED * largest, -parameter, parameter))


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    for form in FORMS:
        yield {form: _look(answer, FIRST, form, inputs)}


# The oracle -----------------------------------------------------------------------------------------------------------


def _inside(maps: Tensor, block: Block, size: float, relus: tuple[bool, bool] = (True, True)) -> Tensor:
    """Return what a path has behind its 3×3 convolution, if all weights are the same; one map for all."""
    first = size * maps.sum(dim=1, keepdim=True)
    second = size * block.width * box(first.relu() if relus[0] else first)
    return second.relu() if relus[1] else second


def _all_paths(maps: Tensor, block: Block, size: float, relus: tuple[bool, bool] = (True, True)) -> Tensor:
    return block.cardinality * block.width * size * _inside(maps, block, size, relus)


def _mistakes_above(maps: Tensor, block: Block, size: float) -> Mapping[str, Tensor]:
    number = block.cardinality
    paths = _all_paths(maps, block, size)
    padded = maps + torch.zeros_like(paths)
    return {
        "the mean of the paths, or only one of them; they are added up": (maps + paths / number).relu(),
        "the shortcut is added in every path, cardinality times instead of once": (number * maps + paths).relu(),
        "the shortcut is missing": paths.relu().expand_as(padded),
        "there is no ReLU behind the addition": maps + paths,
        "the last ReLU stands before the addition, not behind it": maps + paths.relu(),
        "there is no ReLU between the 1×1 and the 3×3 convolution": (
            maps + _all_paths(maps, block, size, (False, True))
        ).relu(),
        "there is no ReLU between the convolutions": (maps + _all_paths(maps, block, size, (False, False))).relu(),
        "the paths are added up twice: cardinality times too much": (maps + paths * number).relu(),
        "the shortcut is a mean, too: it is divided by the number of paths": (maps / number + paths).relu(),
        "a ReLU stands before the first convolution": (maps + _all_paths(maps.relu(), block, size)).relu(),
    }


def _name(block: Block, form: str) -> str:
    return f'AggregatedBlock({", ".join(map(str, block))}, "{form}")'


def _fault_in_form(seen: Observation, block: Block, form: str, inputs: Inputs) -> Fault | None:
    maps, size = inputs["maps"], inputs["size"].item()
    maps = torch.cat([maps, inputs["level"].expand(1, *maps.shape[1:])])
    c, number, d = block
    right = block.weights()
    counts = block.mistaken_counts(right) | {
        "batch normalisation has come in; this part leaves it out": right + 4 * number * d + 2 * c,
    }
    text = f"{number} paths of {c}·{d} + 9·{d}² + {d}·{c}"
    return fault_in_numbers(seen["numbers"], right, text, _name(block, form), counts) or fault_in_maps(
        seen["above"],
        (maps + _all_paths(maps, block, size)).relu(),
        f"{_name(block, form)}: with all weights {size:.3f}, other maps come out than should",
        lambda: _mistakes_above(maps, block, size),
    )


def _fault_in_relus(seen: Observation, block: Block, form: str, inputs: Inputs) -> Fault | None:
    maps, size = inputs["maps"], inputs["size"].item()
    level = inputs["level"].expand(1, *maps.shape[1:])
    paths = _all_paths(level, block, size)

    def unclosed(relus: tuple[bool, bool]) -> Tensor:
        return (maps + _all_paths(maps, block, -size, relus)).relu()

    return fault_in_maps(
        seen["below"],
        maps.relu(),
        f"{_name(block, form)}: with all weights {-size:.3f} every 3×3 sum is zero or below, so the paths should "
        "give nothing",
        lambda: {
            "there is no ReLU between the 3×3 and the last 1×1 convolution": unclosed((True, False)),
            "there is no ReLU between the convolutions": unclosed((False, False)),
            "there is no ReLU behind the addition": maps,
        },
    ) or fault_in_maps(
        seen["turned"],
        (level - paths).relu()[:, 0],
        f"{_name(block, form)}: with the last weights to map 0 below zero, it should be lower than the shortcut alone",
        lambda: {"a ReLU stands behind the last convolution of the paths: they can only add": level[:, 0]},
    )


def _judge_form(form: str) -> Callable[[Observation, Inputs], Fault | None]:
    return lambda seen, inputs: _fault_in_form(seen[form], FIRST, form, inputs)


def _first(seen: Observation, block: Block, inputs: Inputs, *judges: Callable[..., Fault | None]) -> Fault | None:
    faults = (judge(seen[form], block, form, inputs) for form in FORMS for judge in judges)
    return next((fault for fault in faults if fault is not None), None)


def _judge_relus(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first(seen, FIRST, inputs, _fault_in_relus)


def _draw_block(generator: torch.Generator) -> Inputs:
    """Draw channels, cardinality and width, none of them as learners see them, and no two the same."""
    channels, cardinality, width = (
        values[torch.randint(len(values), (), generator=generator).item()] for values in OTHERS
    )
    block = Block(channels, cardinality, width)
    return {**_draw_for(block, generator), "block": torch.tensor(block)}


def _block(inputs: Inputs) -> Block:
    return Block(*inputs["block"].tolist())


def _probe_drawn(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    for form in FORMS:
        yield {form: _look(answer, _block(inputs), form, inputs)}


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    return _first(seen, _block(inputs), inputs, _fault_in_form, _fault_in_relus)


AGGREGATED_BLOCK = Part(
    name="AggregatedBlock",
    task="build",
    minutes=25,
    checks=(
        Check(
            "form a: paths added up",
            2,
            _probe,
            _judge_form("a"),
            (
                "How many convolutions has one path, and how many channels go through each of them?",
                "All paths see all channels that come in. Each gives all channels that go out, and these are added up.",
                "The shortcut is added once, to the sum of the paths, and the last ReLU comes after that.",
            ),
            _draw,
        ),
        Check(
            "form b: paths side by side",
            2,
            _probe,
            _judge_form("b"),
            (
                "In form b each path ends behind its 3×3 convolution and ReLU. How many channels do all together have?",
                "torch.cat(…, dim=1) puts maps side by side; one 1×1 convolution sees them all.",
            ),
            _draw,
        ),
        Check(
            "form c: one grouped convolution",
            2,
            _probe,
            _judge_form("c"),
            (
                "Form c is a bottleneck with cardinality · width channels inside. What makes it the same as paths?",
                "Only the 3×3 convolution is divided, into as many groups as there are paths.",
            ),
            _draw,
        ),
        Check(
            "ReLU where it belongs",
            2,
            _probe,
            _judge_relus,
            (
                "Count the ReLUs of a path: there are two, and one behind the addition.",
                "Nothing stands behind the last convolution of a path: what it adds may be below zero.",
            ),
            _draw,
        ),
        Check(
            "other cardinalities and widths",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of four paths or of three channels only?",
                "Try it with more channels in a path than paths, and with a number of channels that cannot be divided "
                "by the cardinality.",
            ),
            _draw_block,
            public=False,
        ),
    ),
)
