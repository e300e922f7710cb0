"""Part 3: a middle module that spoils its own shortcut and has its two steps the wrong way round, to be mended."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from cnncourse.architectures.xception.exercise.equal_weights import (
    HEIGHT,
    MANY,
    SHORTCUT_OF_RELU,
    WIDTH,
    Row,
    draw_maps,
    fault_in_maps,
    fault_in_numbers,
    fault_in_shape,
    fault_in_shortcut,
    fill,
    run_row,
)
from cnncourse.architectures.xception.exercise.separable_convolution import NEGLIGIBLE
from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation, RefusedAnswerError
from cnncourse.checking.probing import (
    build,
    fault_in_use,
    fill_with_random_numbers,
    in_use,
    refuse_hidden_layers,
    settle_lazy_layers,
)
from cnncourse.checking.wording import shape_text

CHANNELS, REPEATS = 4, 3
MIDDLE = (4, 5)  # the lit pixel
LIGHT = 100.0
FIRST_POINTWISE = (
    "1×1 still comes before 3×3: each output map has a kernel of its own, which all channels share; it must be each "
    "channel that has one"
)


def _module(answer: Callable, channels: int, repeats: int) -> nn.Module:
    module = build(answer, channels, repeats)
    refuse_hidden_layers(module)
    settle_lazy_layers(module, torch.ones(2, channels, HEIGHT, WIDTH))
    return module


def _marks(module: nn.Module, channels: int) -> Tensor:
    """With random numbers, light a pixel in one channel after the other; return what all output maps show round it.

    Maps at zero or above: a ReLU that works in place changes nothing. The lit pixel itself is left out, because the
    shortcut passes it on.

    Returns:
        Shape (channels that were lit, output maps, eight neighbours).

    """
    fill_with_random_numbers(module)
    lit = torch.zeros(channels + 1, channels, HEIGHT, WIDTH)
    lit[range(channels), range(channels), *MIDDLE] = LIGHT
    output, _ = run_row(module.eval(), lit)
    if output.shape != lit.shape:
        raise RefusedAnswerError(
            Fault(
                f"a module of {channels} channels must give as many maps, of the same height and width",
                shape_text(lit.shape[1:]) + " a picture",
                shape_text(output.shape[1:]) + " a picture",
            )
        )
    row, column = MIDDLE
    window = (output[:-1] - output[-1:])[:, :, row - 1 : row + 2, column - 1 : column + 2].flatten(2)
    return window[:, :, [0, 1, 2, 3, 5, 6, 7, 8]]


def _look(answer: Callable, channels: int, repeats: int, inputs: Inputs) -> Iterator[Observation]:
    maps, size = _maps(channels, inputs), inputs["size"].item()
    single = _module(answer, channels, 1)
    yield {"marks": _marks(single, channels)}
    fill(single, -size)
    below, _ = run_row(single.train(), maps)
    module = _module(answer, channels, repeats).train()
    numbers = sum(each.numel() for each in module.parameters() if each.requires_grad)
    fill(module, size)
    above, given = run_row(module, maps)
    yield {"numbers": numbers, "shape": list(above.shape), "above": above, "below": below, "given": given}
    yield {"use": in_use(module, maps, above)}
    fill(module, 0)
    nothing, _ = run_row(module, maps)
    yield {"nothing": nothing}


def _maps(channels: int, inputs: Inputs) -> Tensor:
    return inputs["maps"][:, :channels].contiguous()


def _probe(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    return _look(answer, CHANNELS, REPEATS, inputs)


def _rank(matrices: Tensor) -> int:
    values = torch.linalg.svdvals(matrices)
    return int((values > NEGLIGIBLE * values[..., :1]).sum(dim=-1).max())


def _fault_in_marks(seen: Observation) -> Fault | None:
    marks = seen["marks"]
    if (marks.abs().amax(dim=(1, 2)) < NEGLIGIBLE * LIGHT).any():
        return Fault(
            "a lit pixel leaves no mark round it, with one separable convolution",
            "a 3×3 mark in every output map",
            "none",
            "the separable convolution is left out, or its 3×3 step is",
        )
    rank = _rank(marks)
    if rank > 1:
        return Fault(
            "a lit pixel in one channel does not leave the same mark in all output maps, with one separable "
            "convolution",
            "the same mark, times a number for each output map",
            f"{rank} different ones",
            FIRST_POINTWISE
            if _rank(marks.transpose(0, 1)) == 1
            else "each output map has kernels of its own, as in an ordinary convolution",
        )
    if _rank(marks.flatten(0, 1)[None]) == 1:
        return Fault(
            "all channels leave the same mark, with one separable convolution",
            "a kernel of its own for each channel",
            "one and the same",
            "one kernel for all channels",
        )
    return None


def _fault_in_given(seen: Observation, maps: Tensor, repeats: int) -> Fault | None:
    row = _row(maps.shape[1], repeats)
    return fault_in_shape(seen["shape"], row) or fault_in_shortcut(seen["nothing"], seen["given"], maps, row)


def _row(channels: int, repeats: int) -> Row:
    return Row(channels, (channels,) * repeats)


def _fault_in_rest(seen: Observation, maps: Tensor, repeats: int, size: float) -> Fault | None:
    """Judge what was right before, and let the spoiled shortcut pass, which has a check of its own."""
    row = _row(maps.shape[1], repeats)
    passing = (SHORTCUT_OF_RELU,)
    return (
        fault_in_shape(seen["shape"], row)
        or fault_in_numbers(seen["numbers"], row)
        or fault_in_use(seen["use"], f"MendedModule({row.in_channels}, {repeats})")
        or fault_in_maps(seen["above"], maps, row, size, passing)
        or fault_in_maps(seen["below"], maps, _row(maps.shape[1], 1), -size, passing)
    )


def _judge_marks(seen: Observation, _inputs: Inputs) -> Fault | None:
    return _fault_in_marks(seen)


def _judge_given(seen: Observation, inputs: Inputs) -> Fault | None:
    return _fault_in_given(seen, _maps(CHANNELS, inputs), REPEATS)


def _judge_rest(seen: Observation, inputs: Inputs) -> Fault | None:
    maps = _maps(CHANNELS, inputs)
    fault = _fault_in_rest(seen, maps, REPEATS, inputs["size"].item())
    if fault is None and _fault_in_marks(seen) is not None and _fault_in_given(seen, maps, REPEATS) is not None:
        return Fault("all else is right, as it was in the broken class: this counts when a bug is mended", hints=())
    return fault


def _draw(generator: torch.Generator) -> Inputs:
    """Draw channels and a number of separable convolutions that learners have not seen."""
    channels = torch.randint(5, MANY + 1, (), generator=generator)
    repeats = torch.randint(4, 6, (), generator=generator)
    return {**draw_maps(generator), "channels": channels, "repeats": repeats}


def _probe_drawn(answer: Callable, inputs: Inputs) -> Iterator[Observation]:
    return _look(answer, inputs["channels"].item(), inputs["repeats"].item(), inputs)


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    maps = _maps(inputs["channels"].item(), inputs)
    return (
        _fault_in_marks(seen)
        or _fault_in_given(seen, maps, inputs["repeats"].item())
        or _fault_in_rest(seen, maps, inputs["repeats"].item(), inputs["size"].item())
    )


MENDED_MODULE = Part(
    name="MendedModule",
    task="mend",
    minutes=15,
    checks=(
        Check(
            "a kernel for each channel",
            2,
            _probe,
            _judge_marks,
            (
                "Light a pixel in one channel of a BrokenModule with repeats=1, and look at several output maps.",
                "In which order should the two steps of a separable convolution come?",
            ),
            draw_maps,
        ),
        Check(
            "the shortcut carries the maps as they came",
            2,
            _probe,
            _judge_given,
            (
                "What is in the tensor that you gave to a BrokenModule, after the call?",
                "maps + self.residual(maps): which of the two does Python work out first, and does that help?",
                "Only the first ReLU works on the module's own input.",
            ),
            draw_maps,
        ),
        Check(
            "all else as it was",
            1,
            _probe,
            _judge_rest,
            (
                "What was right must stay: ReLU before, batch normalisation behind each separable convolution.",
                "No ReLU may be lost by the repair, and none may be added.",
            ),
            draw_maps,
        ),
        Check(
            "more channels, more separable convolutions",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of four channels or three repeats only?",
                "Channels and repeats must come from the arguments.",
            ),
            _draw,
            public=False,
        ),
    ),
)
