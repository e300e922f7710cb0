"""Part 1: dropout with the semantics of 2012, units left as they are in training and scaled by 1 − p at test time."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part
from cnncourse.checking.exercise import Inputs, Observation
from cnncourse.checking.pictures import maps_picture
from cnncourse.checking.probing import build, run_expecting
from cnncourse.checking.wording import shape_text, values_text

PROBABILITIES = (0.2, 0.5)  # one half alone would hide every mix-up of p and 1 − p
CALLS = 12
TOLERANCE = 1e-4
SHARE_TOLERANCE = 0.06  # wide enough for masks that are shared by many units, which another check is for
STRICT_SHARE_TOLERANCE = 0.02  # six standard deviations of a fair mask of 22,500 units
LARGEST_CORRELATION = 0.05  # twelve standard deviations of that of fair masks
SHARED = 0.9  # the correlation of masks that are one and the same


def _signed(*shape: int, generator: torch.Generator) -> Tensor:
    """Draw numbers of both signs, none of them near zero, so that a zero in the output is a dropped unit."""
    signs = torch.randint(0, 2, shape, generator=generator) * 2.0 - 1
    return signs * (0.5 + torch.rand(*shape, generator=generator))


def _units(generator: torch.Generator) -> Inputs:
    return {
        "units": _signed(64, 400, generator=generator),
        "few": _signed(3, 4, generator=generator),
        "weights": _signed(64, 400, generator=generator),
    }


def _drawn_units(generator: torch.Generator) -> Inputs:
    """Draw p, none of those that learners can see, and a shape: one to four dimensions, 22,500 units at least."""
    tenths = torch.tensor([1, 3, 4, 6, 7, 8, 9])[torch.randint(7, (), generator=generator)]
    sides = ((30_000,), (150, 150), (30, 30, 30), (15, 15, 15, 15))[torch.randint(4, (), generator=generator)]
    more = torch.randint(0, 5, (len(sides),), generator=generator).tolist()
    shape = [side + extra for side, extra in zip(sides, more, strict=True)]
    return {"p": tenths / 10, "units": _signed(*shape, generator=generator)}


def _output(layer: nn.Module, units: Tensor, *, training: bool) -> Tensor:
    return run_expecting(layer.train() if training else layer.eval(), units, tuple(units.shape))


def _name_of(value: float, candidates: dict[str, float]) -> str:
    return next((name for name, other in candidates.items() if abs(value - other) < TOLERANCE), "")


def _probe_share(answer: Callable, inputs: Inputs) -> Observation:
    return {str(p): _output(build(answer, p), inputs["units"], training=True) for p in PROBABILITIES}


def _judge_share(seen: Observation, inputs: Inputs) -> Fault | None:
    shares = {p: (seen[str(p)] == 0).float().mean().item() for p in PROBABILITIES}
    wrong = [p for p, share in shares.items() if abs(share - p) > SHARE_TOLERANCE]
    if not wrong:
        return None
    p, share = wrong[0], shares[wrong[0]]
    others = seen[str(p)][seen[str(p)] != inputs["units"]]
    misconceptions = {
        "p is taken for the probability to keep a unit; it is the probability to drop it": abs(share - (1 - p)) < 0.05,
        "p is ignored: one half is dropped, whatever p is": all(abs(each - 0.5) < 0.05 for each in shares.values()),
        "dropout never acts in training": share == 0 and not others.numel(),
        "the factor of test time acts in training: training and evaluation are mixed up": share == 0
        and torch.allclose(others, (1 - p) * inputs["units"].flatten()[: others.numel()], atol=TOLERANCE),
        "a dropped unit gives exactly 0, not the mean or another number": share == 0
        and torch.allclose(others, others[:1], atol=TOLERANCE),
        "noise is added; dropout sets units to exactly 0 and leaves the others alone": share == 0,
        "all units are dropped together": share == 1,
    }
    return Fault(
        f"in training, with p = {p}, the wrong share of the units is dropped",
        expected=f"about {p:.0%} zeros",
        got=f"{share:.0%} zeros",
        misconception=next((name for name, applies in misconceptions.items() if applies), ""),
    )


def _judge_kept(seen: Observation, inputs: Inputs) -> Fault | None:
    for p in PROBABILITIES:
        fault = _fault_in_kept(seen[str(p)], inputs["units"], p)
        if fault is not None:
            return fault
    return None


def _fault_in_kept(output: Tensor, units: Tensor, p: float) -> Fault | None:
    kept = output != 0
    if not kept.any():
        return Fault(f"in training, with p = {p}, no unit is kept at all", expected="the kept units", got="only zeros")
    factors = output[kept] / units[kept]
    if torch.allclose(factors, torch.ones(()), atol=TOLERANCE):
        return None
    misconceptions = {
        "inverted dropout, as libraries have it today: it scales in training, the paper at test time": 1 / (1 - p),
        "inverted dropout with p in the place of 1 − p; and the paper scales at test time, not in training": 1 / p,
        "the factor of test time, 1 − p, is applied in training": 1 - p,
        "p itself is a factor: it is a probability, no scale": p,
    }
    one_factor = torch.allclose(factors, factors[0], atol=TOLERANCE)
    return Fault(
        f"in training, with p = {p}, a unit that is kept does not pass as it is",
        expected=f"{values_text(units[kept])}: each kept unit times 1",
        got=f"{values_text(output[kept])}: times {values_text(factors)}",
        misconception=_name_of(factors[0].item(), misconceptions) if one_factor else "",
    )


def _probe_evaluation(answer: Callable, inputs: Inputs) -> Observation:
    seen = {}
    for p in PROBABILITIES:
        layer = build(answer, p)
        seen[f"first {p}"] = _output(layer, inputs["few"], training=False)
        seen[f"again {p}"] = _output(layer, inputs["few"], training=False)
        seen[f"training {p}"] = _output(layer, inputs["units"], training=True)
        seen[f"after training {p}"] = _output(layer, inputs["few"], training=False)
    return seen


def _judge_evaluation(seen: Observation, inputs: Inputs) -> Fault | None:
    for p in PROBABILITIES:
        first, others = seen[f"first {p}"], (seen[f"again {p}"], seen[f"after training {p}"])
        if not all(torch.allclose(first, other, atol=TOLERANCE) for other in others):
            return Fault(
                f"after eval(), with p = {p}, the same units give something else at every call",
                expected=f"each unit times {1 - p:g}, always the same",
                got="another answer",
                misconception="dropout is still active at test time",
            )
        kept = seen[f"training {p}"] != 0
        factors = seen[f"training {p}"][kept] / inputs["units"][kept]
        is_inverted = torch.allclose(factors, torch.tensor(1 / (1 - p)), atol=TOLERANCE)
        fault = _fault_at_test_time(first, inputs["few"], p, is_inverted=is_inverted)
        if fault is not None:
            return fault
    return None


def _fault_at_test_time(output: Tensor, units: Tensor, p: float, *, is_inverted: bool = False) -> Fault | None:
    expected = (1 - p) * units
    if torch.allclose(output, expected, atol=TOLERANCE):
        return None
    factors = output / units
    misconceptions = {
        "inverted dropout: it has scaled in training, and so leaves test time alone; the paper does the opposite"
        if is_inverted
        else "nothing is scaled at test time: the next layer gets more than it was trained on": 1.0,
        "scaled by p; what is kept in training is the share 1 − p": p,
        "divided by 1 − p in place of multiplied": 1 / (1 - p),
        "one half is written down, whatever p is": 0.5,
        "all units are silent at test time": 0.0,
    }
    one_factor = torch.allclose(factors, factors.flatten()[0], atol=TOLERANCE)
    misconception = _name_of(factors.flatten()[0].item(), misconceptions) if one_factor else ""
    if not misconception and (output == 0).any():
        misconception = "units are still dropped at test time"
    small = output.dim() == 2 and output.numel() <= 12
    return Fault(
        f"after eval(), with p = {p}, the output is not the one that the paper has at test time",
        expected=f"{values_text(expected)}: each unit times {1 - p:g}",
        got=values_text(output),
        misconception=misconception,
        picture=maps_picture(expected, output) if small else "",
    )


def _probe_masks(answer: Callable, _inputs: Inputs) -> Observation:
    layer, units = build(answer, PROBABILITIES[0]), torch.ones(6, 8, 10, 10)
    return {"kept": torch.stack([_output(layer, units, training=True) != 0 for _ in range(CALLS)])}


def _judge_masks(seen: Observation, _inputs: Inputs) -> Fault | None:
    kept = seen["kept"].float()
    if kept.min() == kept.max():
        return Fault("in training no mask is to be seen", expected="some units kept, others dropped", got="all alike")
    alike = [_correlation_along(kept, axis) for axis in range(kept.dim())]
    if max(alike) > LARGEST_CORRELATION:
        calls, pictures, maps, rows, _columns = (each > SHARED for each in alike)
        misconceptions = {
            "the mask is drawn once and kept, or the generator gets the same seed at every call": calls,
            "whole batches are dropped: one coin for all": pictures and maps and rows,
            "one mask for all pictures of a batch": pictures,
            "whole pictures are dropped: one coin for all units of a picture": maps and rows,
            "whole maps are dropped; that is Dropout2d, a later idea": rows,
            "one mask for all maps of a picture": maps,
        }
        where = ("calls", "pictures", "maps", "rows", "columns")
        return Fault(
            "units are not dropped independently of each other",
            expected="a coin for each unit, at every call",
            got=f"masks that are alike from one to the next of the {where[alike.index(max(alike))]}",
            misconception=next((name for name, applies in misconceptions.items() if applies), ""),
        )
    if any((counts == counts.flatten()[0]).all() for counts in (kept.sum(dim=(1, 2, 3, 4)), kept.sum(dim=(2, 3, 4)))):
        return Fault(
            "the number of dropped units is the same at every call",
            expected="a number that varies: each unit has a coin of its own",
            got=f"{kept[0].numel() - int(kept[0].sum())} dropped, every time",
            misconception="a fixed share is dropped, as cards are dealt; the units are then not independent",
        )
    return None


def _correlation_along(kept: Tensor, axis: int) -> float:
    """Return how much a unit's fate says about that of its neighbour along an axis, from −1 to 1."""
    length = kept.shape[axis]
    pair = torch.stack([kept.narrow(axis, 0, length - 1).flatten(), kept.narrow(axis, 1, length - 1).flatten()])
    return torch.corrcoef(pair)[0, 1].nan_to_num(1.0).item()


def _probe_gradient(answer: Callable, inputs: Inputs) -> Observation:
    layer, seen = build(answer, PROBABILITIES[0]), {}
    for mode in ("training", "evaluation"):
        units = inputs["units"].clone().requires_grad_()
        output = _output(layer, units, training=mode == "training")
        if output.requires_grad:
            (output * inputs["weights"]).sum().backward()
        seen |= {f"{mode} output": output, f"{mode} gradient": units.grad}
    return seen


def _judge_gradient(seen: Observation, inputs: Inputs) -> Fault | None:
    for mode in ("training", "evaluation"):
        # The layer multiplies each unit by something; the gradient is multiplied by the same.
        factors = seen[f"{mode} output"] / inputs["units"]
        expected, got = factors * inputs["weights"], seen[f"{mode} gradient"]
        if got is None:
            return Fault(
                f"in {mode} no gradient reaches the layers before: they would never learn",
                expected=values_text(expected),
                got="no gradient",
                misconception="the units are cut off from the gradient",
            )
        if not torch.allclose(got, expected, atol=TOLERANCE):
            through_dropped = bool(((factors == 0) & (got != 0)).any())
            return Fault(
                f"in {mode} the gradient is not multiplied by what the units were multiplied by",
                expected=values_text(expected),
                got=values_text(got),
                misconception="the gradient flows through dropped units too" if through_dropped else "",
            )
    return None


def _probe_extremes(answer: Callable, inputs: Inputs) -> Observation:
    return {
        f"{p:g} {mode}": _output(build(answer, p), inputs["units"], training=mode == "training")
        for p in (0.0, 1.0)
        for mode in ("training", "evaluation")
    }


def _judge_extremes(seen: Observation, inputs: Inputs) -> Fault | None:
    for name, output in seen.items():
        p, _, mode = name.partition(" ")
        expected = (1 - float(p)) * inputs["units"]
        if not torch.allclose(output, expected, atol=TOLERANCE):
            return Fault(
                f"with p = {p} the output in {mode} is wrong",
                expected="all units as they are" if p == "0" else "only zeros: every unit is dropped",
                got=f"{(output == 0).float().mean().item():.0%} zeros, {values_text(output)}",
                misconception="nothing is scaled at test time"
                if mode == "evaluation" and torch.equal(output, inputs["units"])
                else "",
            )
    return None


def _probe_drawn(answer: Callable, inputs: Inputs) -> Observation:
    layer = build(answer, round(inputs["p"].item(), 1))
    return {mode: _output(layer, inputs["units"], training=mode == "training") for mode in ("training", "evaluation")}


def _judge_drawn(seen: Observation, inputs: Inputs) -> Fault | None:
    p, units = round(inputs["p"].item(), 1), inputs["units"]
    share = (seen["training"] == 0).float().mean().item()
    if abs(share - p) > STRICT_SHARE_TOLERANCE:
        return Fault(
            f"for another p, {p}, and units of shape {shape_text(units.shape)} the wrong share is dropped",
            expected=f"about {p:.0%} zeros",
            got=f"{share:.0%} zeros",
        )
    return _fault_in_kept(seen["training"], units, p) or _fault_at_test_time(seen["evaluation"], units, p)


DROPOUT = Part(
    name="Dropout",
    task="build",
    minutes=25,
    checks=(
        Check(
            "in training a share p is dropped",
            2,
            _probe_share,
            _judge_share,
            (
                "Run Dropout(0.2) on torch.ones(1000) and count the zeros. How many should there be?",
                "p is the probability to drop. A unit is kept where torch.rand(…) is at least p.",
                "Multiply the units by a mask of ones and zeros, but only if self.training is true.",
            ),
            _units,
        ),
        Check(
            "what is kept passes as it is",
            1,
            _probe_share,
            _judge_kept,
            (
                "Run Dropout(0.2) on torch.ones(10): which numbers besides 0 come out?",
                "In the paper training does nothing but set units to 0; the factor belongs to test time.",
                "Two ways are right in general; here we ask for the paper's. In training: units × mask, no more.",
            ),
            _units,
        ),
        Check(
            "at test time every unit counts, times 1 − p",
            2,
            _probe_evaluation,
            _judge_evaluation,
            (
                "Call eval() on your layer and give it the same units twice. What comes out, and how often?",
                "In training the next layer gets, on average, the share 1 − p of each unit. What must it get now?",
                "if not self.training: the units times (1 − p), no mask.",
            ),
            _units,
        ),
        Check(
            "each unit has its own coin, at every call",
            2,
            _probe_masks,
            _judge_masks,
            (
                "Print the mask for a small input, twice. Which of its rows are alike?",
                "The mask must have the shape of the units, with the batch and all, and be drawn anew in forward.",
                "torch.rand_like(units) draws a number for each unit.",
            ),
        ),
        Check(
            "the gradient has the same mask",
            1,
            _probe_gradient,
            _judge_gradient,
            (
                "Which operations stand between the units and your output, and does autograd see all of them?",
                "Plain multiplication is enough: autograd then multiplies the gradient by the same mask.",
                "No .data, no .detach(), no torch.no_grad() round the units.",
            ),
            _units,
        ),
        Check(
            "p = 0 and p = 1",
            1,
            _probe_extremes,
            _judge_extremes,
            (
                "What should become of the units if none is dropped, and if all are?",
                "torch.rand gives numbers from 0 up to but not including 1: think about < and <=.",
            ),
            _units,
        ),
        Check(
            "another p, another shape",
            1,
            _probe_drawn,
            _judge_drawn,
            (
                "Is there a number in your class that is true of some p or of some shapes only?",
                "Everything must be computed from self.p and from the units that forward is given.",
            ),
            _drawn_units,
            public=False,
        ),
    ),
)
