"""What probes of several exercises need: building and running a learner's module, and saying what is odd about it."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cnncourse.checking.exercise import Fault, Observation, Plain, RefusedAnswerError
from cnncourse.checking.wording import differing_text, shape_text

MANY = 100  # of so many values one may be zero by chance


def build(answer: object, *arguments: object) -> nn.Module:
    """Call what the learner defined and return the module it gives.

    Args:
        answer: the learner's class or function.
        arguments: what the exercise says it takes.

    Raises:
        RefusedAnswerError: if it is not a class or function, or does not give a module.

    """
    if isinstance(answer, nn.Module) or not callable(answer):
        raise RefusedAnswerError(
            Fault(
                "the check needs the class or function itself",
                expected="its name, without parentheses",
                got=f"an object: {type(answer).__name__}",
            )
        )
    module = answer(*arguments)
    if not isinstance(module, nn.Module):
        raise RefusedAnswerError(
            Fault("calling it does not give a module", expected="an nn.Module", got=type(module).__name__)
        )
    return module


def settle_lazy_layers(module: nn.Module, inputs: Tensor) -> None:
    """Run a module once if it has lazy layers, which have no weights before."""
    if any(nn.parameter.is_lazy(parameter) for parameter in module.parameters()):
        run(module, inputs)


def refuse_hidden_layers(module: nn.Module) -> None:
    """Refuse a module that should have something to train and shows nothing: its layers are most likely in a list.

    Raises:
        RefusedAnswerError: if the module has no parameters at all.

    """
    if next(module.parameters(), None) is None:
        raise RefusedAnswerError(
            Fault(
                "the module has no parameters at all, so an optimiser finds nothing to train",
                misconception="layers in a plain list or dictionary are invisible to PyTorch: use nn.ModuleList",
                hints=(
                    "Print list(your_module.parameters()): it is empty.",
                    "PyTorch finds a layer only if it is an attribute of the module, or in an nn.Sequential or "
                    "nn.ModuleList that is one.",
                ),
            )
        )


def run(module: nn.Module, inputs: Tensor) -> Tensor:
    """Run a learner's module on a tensor and return its output.

    Raises:
        RefusedAnswerError: if it gives no tensor, gives values that are no numbers, or changes what it was given.

    """
    before = inputs.detach().clone()
    output = module(inputs)
    if output is None:
        raise RefusedAnswerError(Fault("forward returns None: is a return missing?", expected="a tensor", got="None"))
    if not isinstance(output, Tensor):
        raise RefusedAnswerError(Fault("forward returns no tensor", expected="a tensor", got=type(output).__name__))
    if not torch.equal(inputs.detach(), before):
        inputs.data.copy_(before)  # the next check must find it as it was
        raise RefusedAnswerError(
            Fault(
                "forward changes the tensor it is given; whoever needs it again finds it spoiled",
                hints=("Look for operations that end with an underscore, for += and for .data on the input.",),
            )
        )
    if not torch.isfinite(output).all():
        raise RefusedAnswerError(
            Fault("the output holds values that are not numbers", expected="numbers", got="nan or inf")
        )
    return output


def run_expecting(module: nn.Module, inputs: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Run a module as ``run`` does, and refuse an output of another shape."""
    output = run(module, inputs)
    if tuple(output.shape) != shape:
        raise RefusedAnswerError(
            Fault(
                f"for an input of shape {shape_text(inputs.shape)} the output has the wrong shape",
                expected=shape_text(shape),
                got=shape_text(output.shape),
            )
        )
    return output


def kept_out(values: Tensor) -> Tensor:
    """Return which values are zero on purpose, in a parameter or its gradient: connections that a mask keeps out.

    A zero that is alone in its kernel, or alone among many values, is chance: one random float in some 2^24 is exactly
    zero, so in a class of a thousand there are learners whose network starts with one. All zeros may be a starting
    value, and keep nothing out.
    """
    zeros = values.detach() == 0
    if zeros.all():
        return torch.zeros_like(zeros)
    if values.dim() == 4 and values[0, 0].numel() > 1:
        return zeros & (zeros.sum(dim=(2, 3), keepdim=True) > 1)
    return zeros & (zeros.sum() > 1) if values.numel() >= MANY else zeros


def fill_with_random_numbers(module: nn.Module, largest: float = 1.0) -> None:
    """Give every trainable number a random value, so that no starting value hides a mistake.

    Zeros that are kept out (see ``kept_out``) stay.

    Args:
        module: the learner's module; if it has lazy layers it must have run once.
        largest: values are between a tenth of this and this, with random signs.

    """
    with torch.no_grad():
        for parameter in module.parameters():
            if not parameter.requires_grad:  # a mask, or a constant
                continue
            values = 2 * torch.rand(parameter.shape) - 1
            values = largest * (0.9 * values + 0.1 * values.sign())
            parameter.copy_(torch.where(kept_out(parameter), parameter, values.to(parameter.dtype)))


class Descent:
    """Gradient descent with momentum and weight decay, as ``torch.optim.SGD``, which takes more than a second to load.

    Args:
        parameters: what is to be trained.
        rate: of learning.
        momentum: share of the step before.
        weight_decay: share of the parameters themselves.

    """

    def __init__(
        self, parameters: Sequence[Tensor], rate: float, momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        self.parameters = list(parameters)
        self.rate, self.momentum, self.weight_decay = rate, momentum, weight_decay
        self.steps: dict[int, Tensor] = {}

    @torch.no_grad()
    def step(self) -> None:
        """Move every parameter that has a gradient, and forget the gradients."""
        for number, parameter in enumerate(self.parameters):
            if parameter.grad is not None:
                step = parameter.grad + self.weight_decay * parameter
                step = self.steps[number] = step + self.momentum * self.steps.get(number, torch.zeros(()))
                parameter.sub_(self.rate * step)
                parameter.grad = None


def moving_numbers(module: nn.Module) -> int:
    """Count the parameters that a training step would move: those with a gradient other than zero.

    Unlike ``numel`` it passes over weights that a mask keeps out, and counts as one what always moves together: the
    values of a parameter whose gradients are all the same. Call it after ``backward``.
    """
    count = 0
    for parameter in module.parameters():
        if parameter.requires_grad and parameter.grad is not None:
            moving = parameter.grad[~kept_out(parameter.grad)] if parameter.grad.any() else parameter.grad.new_empty(0)
            count += 1 if moving.numel() and (moving == moving[0]).all() else moving.numel()
    return count


def in_use(module: nn.Module, maps: Tensor, output: Tensor) -> dict[str, Plain]:
    """Note whether a module uses all that it has, and whether it treats pictures alone as it treats them together.

    Args:
        module: the learner's module; it is left in training mode.
        maps: what it was given, several pictures.
        output: what came out in training, with its graph.

    """
    parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
    gradients = torch.autograd.grad(output.sum(), parameters, allow_unused=True) if output.requires_grad else ()
    with torch.no_grad():
        # Copies, because whether forward spoils what it is given is another check's business.
        together, alone = module.eval()(maps.clone()), module(maps[:1].clone())
    module.train()
    idle = sum(gradient is None for gradient in gradients)
    return {"idle": idle, "parameters": len(parameters), "together": together[:1], "alone": alone}


def fault_in_use(seen: Observation, name: str) -> Fault | None:
    """Judge what ``in_use`` noted.

    Args:
        seen: the notes.
        name: how the learner would call for the module.

    """
    if seen["idle"]:
        return Fault(
            f"{name}: some of its layers have no share in what comes out",
            expected=f"a share for each of {seen['parameters']} weights, scales, shifts and biases",
            got=f"{seen['idle']} of them have none",
            misconception="a layer is made and not used, and another one used in its place",
            hints=(
                "Call backward() on the sum of what comes out, and print which parameters have .grad None.",
                "Go through your forward: is each layer that __init__ makes called there, and none of them twice?",
            ),
        )
    together, alone = seen["together"], seen["alone"]
    if together.shape == alone.shape and torch.allclose(together, alone, rtol=1e-3, atol=1e-3):
        return None
    return Fault(
        f"{name}: in evaluation, what comes out for a picture depends on the others of the batch",
        *differing_text(together, alone),
        misconception="batch normalisation uses the batch in evaluation too",
        hints=("Batch normalisation is to have its running averages, as nn.BatchNorm2d has if you do not say else.",),
    )
