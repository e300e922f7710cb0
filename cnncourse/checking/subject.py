"""A module that is examined: how it is built, run, trained and looked at."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from cnncourse.checking.exercise import Fault, Question, RefusedAnswerError
from cnncourse.checking.members import registered_buffers, registered_modules, registered_parameters
from cnncourse.checking.plain import flat, same

TRAIN = "what train() and eval() give back"
EARLIER = "what an earlier call gave back"
BORN_IN_EVALUATION = "the mode in which a module begins"


class Subject:
    """A module that is examined, and how it is run.

    Args:
        module: the module.
        question: what it is examined on.

    """

    def __init__(self, module: nn.Module, question: Question) -> None:
        self.module, self.question = module, question
        self.disturbed: set[str] = set()  # what its runs have changed that is not theirs
        self.given: tuple[list[tuple[Tensor, int]], list[Tensor]] = ([], [])  # the latest inputs, and copies of them
        self.given_back: list[tuple[Tensor, int]] = []  # what the latest run gave, and how often it had been changed
        self.shares: dict[tuple[int, torch.Size, torch.dtype], Tensor] = {}
        known = {name: buffer for name, buffer in registered_buffers(module).items() if not is_lazy(buffer)}
        self.buffers = {name: buffer.detach().clone() for name, buffer in known.items()}
        self.parameters = self._parameters()  # as an optimiser knows them

    def starting_values(self) -> dict[str, int]:
        """Count the trainable parameters that begin with the commonest values that are not left to chance."""
        values = [each.detach() for each in registered_parameters(self.module) if each.requires_grad]
        return {f"parameters of {value}": sum(int((each == value).sum()) for each in values) for value in (0, 1)}

    def train(self) -> None:
        """Switch to training, or to evaluation if training is left to chance."""
        if self.module.train(not self.question.chance) is not self.module:
            self.disturbed.add(TRAIN)

    def train_from_the_start(
        self, *batches: Sequence[Tensor], with_gradients: bool = False
    ) -> tuple[str, list[Tensor]]:
        """Set the running averages back and run some batches in training.

        Args:
            batches: inputs.
            with_gradients: whether to go backward too, as a step of training does.

        Returns:
            What became of the averages, and what came out for the last batch.

        """
        with torch.no_grad():
            for name, buffer in registered_buffers(self.module).items():
                buffer.copy_(self.buffers[name]) if name in self.buffers else None
        self.train()
        outputs: list[Tensor] = []
        for batch in batches:
            outputs, projected = self.projected(batch)
            if with_gradients and projected.requires_grad:
                projected.backward()
                for each in (*registered_parameters(self.module), *batch):
                    each.grad = None
        buffers = registered_buffers(self.module)
        if any(buffer.requires_grad for buffer in buffers.values()):
            return "hold on to the graph", outputs
        # A batch normalisation counts its batches even if its averages stay.
        averages = {name: before for name, before in self.buffers.items() if before.is_floating_point()}
        moved = [name for name, before in averages.items() if not torch.equal(buffers.get(name, before), before)]
        return "move" if moved else "stay", outputs

    def run(self, inputs: Sequence[Tensor]) -> object:
        """Run the module on copies; note what the run disturbs."""
        if not self.module.training:
            inputs = inputs[: self.question.evaluated]
        given, before = self._given(inputs), self.given_back
        mode, state = self.module.training, torch.get_rng_state()
        output = self.module(*given)
        _refuse_nothing(output)
        if any(each._version != version for each, version in before):
            self.disturbed.add(EARLIER)
        # Tensors of inference mode keep no count of changes.
        self.given_back = [(each, each._version) for each in flat(output) if not each.is_inference()]
        if not all(torch.equal(one.detach(), other.detach()) for one, other in zip(given, inputs, strict=True)):
            self.disturbed.add("input")
            self.given = ([], [])
        if self.module.training != mode:
            self.disturbed.add("mode")
        if (parameters := self._parameters()) != self.parameters:
            self.parameters = parameters
            self.disturbed.add("parameters that an optimiser knows")
        if not (mode and self.question.chance) and not torch.equal(torch.get_rng_state(), state):
            self.disturbed.add(f"random numbers in {'training' if mode else 'evaluation'}")
        return output

    def _given(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Return copies; the very same ones if the same tensors are given again, with no gradients to be taken."""
        if torch.is_grad_enabled():
            return [each.clone() if each.requires_grad else each.detach().clone() for each in inputs]
        before, copies = self.given
        now = [(each, each._version) for each in inputs]  # inputs may have been moved
        if [(id(each), version) for each, version in before] != [(id(each), version) for each, version in now]:
            copies = [each.detach().clone() for each in inputs]
            self.given = (now, copies)
        return copies

    def _parameters(self) -> list[int]:
        return [id(each) for each in registered_parameters(self.module)]

    def values(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        """Run the module without gradients and return all tensors that come out."""
        with torch.no_grad():
            return [each.detach().clone() for each in flat(self.run(inputs))]

    def values_of(self, name: str, inputs: Sequence[Tensor]) -> list[Tensor] | None:
        """Return all tensors that another method than forward gives, ``None`` if there is none of that name."""
        method = getattr(self.module, name, None)
        if not callable(method):
            return None
        with torch.no_grad():
            return [each.detach().clone() for each in flat(method(*(each.detach().clone() for each in inputs)))]

    def projected(self, inputs: Sequence[Tensor]) -> tuple[list[Tensor], Tensor]:
        """Run the module; return what comes out, and one number that depends on all of it."""
        outputs = flat(self.run(inputs))
        total = torch.zeros(())
        for number, output in enumerate(outputs):
            if output.is_floating_point():
                total = total + (self._shares(number, output.shape) * output).sum()
        return [output.detach().clone() for output in outputs], total

    def _shares(self, number: int, shape: torch.Size) -> Tensor:
        """Return how much each value of an output counts in that number: drawn once, and asked for at every run."""
        key = (number, shape, torch.get_default_dtype())
        if key not in self.shares:
            generator = torch.Generator().manual_seed(self.question.seed + number)
            self.shares[key] = torch.randn(shape, generator=generator)
        return self.shares[key]


def _refuse_nothing(output: object) -> None:
    if output is None:
        raise RefusedAnswerError(Fault("forward returns None: is a return missing?", expected="a tensor", got="None"))
    if not flat(output):
        raise RefusedAnswerError(Fault("forward returns no tensor", expected="a tensor", got=type(output).__name__))


def _build(answer: object, question: Question) -> nn.Module:
    """Call what the learner defined, with copies of the arguments, and return the module it gives.

    Raises:
        RefusedAnswerError: if it is not a class or function, gives no module, or damages its arguments.

    """
    if isinstance(answer, nn.Module) or not callable(answer):
        raise RefusedAnswerError(
            Fault(
                "the check needs the class or function itself",
                expected="its name, without parentheses",
                got=f"an object: {type(answer).__name__}",
            )
        )
    arguments, keywords = copy.deepcopy((question.arguments, question.keywords))
    module = answer(*arguments, **keywords)
    if not isinstance(module, nn.Module):
        raise RefusedAnswerError(
            Fault("calling it does not give a module", expected="an nn.Module", got=type(module).__name__)
        )
    if not same((arguments, keywords), (question.arguments, question.keywords)):
        raise RefusedAnswerError(
            Fault(
                "it changes the arguments that it is given; whoever needs them again finds them spoiled",
                hints=(
                    "Look for pop, append, sort and the like on an argument: work on a copy, as in list(argument).",
                ),
            )
        )
    return module


def settled(answer: object, question: Question, inputs: Sequence[Tensor]) -> Subject:
    """Build a module; lazy layers have no weights before a first run, in evaluation, where no average moves."""
    torch.default_generator.manual_seed(question.seed)
    module = _build(answer, question)
    begins_in_training = all(each.training for each in registered_modules(module))
    if any(is_lazy(each) for each in registered_parameters(module)):
        Subject(module.eval(), question).values(inputs)
    if not all(_is_finite(each) for each in registered_parameters(module)):
        raise RefusedAnswerError(
            Fault("its parameters begin with values that are not numbers", "numbers", "nan or inf")
        )
    subject = Subject(module, question)
    if not begins_in_training and (question.chance or subject.buffers):  # elsewhere nobody sees it
        subject.disturbed.add(BORN_IN_EVALUATION)
    return subject


def _is_finite(values: Tensor) -> bool:
    """Whether no value is infinite or no number; the sum is one of them if any is, and is quickly made."""
    return bool(torch.isfinite(values.detach().sum())) or bool(torch.isfinite(values).all())
