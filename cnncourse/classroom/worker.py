"""The process that runs a learner's code. It holds no expected value, no secret, and only answers questions.

The judging process asks for the answer's outputs, parameters and gradients; what it asks and what it makes of the
replies is not known here. Whoever takes this process over can only give other replies.
"""

import __future__

import ast
import asyncio
import builtins
import inspect
import linecache
import signal
import sys
import time
import types
import warnings
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from cnncourse.checking.raised import Raised, describe
from cnncourse.classroom.notebook import Asked, Cell, Planned, UnreadableNotebookError, plan, read_notebook
from cnncourse.classroom.wire import Channel, Packer, Unpacker, WireError

MOST_CANDIDATES = 3  # definitions of one answer that are looked at
MOST_NOTES = 1000  # cells that are announced before they are run
OTHER_LANGUAGES = {
    "bash",
    "sh",
    "script",
    "cmd",
    "perl",
    "ruby",
    "html",
    "svg",
    "latex",
    "markdown",
    "javascript",
    "js",
}


class CellTimeout(BaseException):
    """A cell takes too long; no ``Exception``, so that learners' own handlers let it pass."""


class Worker:
    """Answers the judging process's questions about one learner's answers.

    Args:
        channel: the line to the judging process.

    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        # For each part its definitions, each with all names as they were where it was checked.
        self.candidates: dict[str, list[tuple[object, dict[str, object]]]] = {}
        self.namespace: dict[str, object] = {}
        self._forget()

    def _forget(self) -> None:
        self.objects: dict[int, object] = {}
        self.numbers: dict[int, Tensor] = {}  # all tensors that the other side knows
        self.identifiers: dict[int, int] = {}  # by identity of an object that is kept in one of the two above
        self.shared: dict[int, Tensor] = {}  # the value of each parameter and buffer as the other side has it
        self.told: dict[int, dict] = {}  # how each module was described last, by identity

    def serve(self) -> None:
        """Answer until the other side hangs up."""
        while True:
            try:
                request, body = self.channel.receive()
            except WireError:
                return
            self.unpacker, self.packer = _QuestionUnpacker(self, body), _AnswerPacker(self)
            try:
                answer = getattr(self, f"do_{request['do']}")(request)
            except BaseException as error:  # whatever the learner's code throws
                self.packer.body.clear()
                answer = {"raised": asdict(_described(error))}
            answer["nonce"] = request["nonce"]
            self.channel.send(answer, bytes(self.packer.body))

    # The notebook ------------------------------------------------------------------------------------------------

    def do_run(self, request: dict) -> dict:
        """Run the notebook's cells and keep what stands under the names that were asked for."""
        asked = [Asked(**part) for part in request["asked"]]
        try:
            notebook = read_notebook(bytes(self.unpacker.body))
            todo = plan(notebook, asked, request["locked"], only_definitions=request["only_definitions"])
        except UnreadableNotebookError as error:
            return {"unreadable": str(error)}
        seconds = request["seconds"]
        runner = CellRunner(request["prelude"], seconds["answer_cell"])
        self.candidates = {part.name: [] for part in asked}
        self.namespace = runner.namespace
        failures: dict[str, dict] = {}
        remarks, attention = [], list(todo.attention)
        left = seconds["other_cells"]
        for number, step in enumerate(todo.steps):
            if step.checks:
                self._keep(step.checks, runner.namespace)
                continue
            if number < MOST_NOTES:
                self.channel.send({"nonce": request["nonce"], "cell": step.cell.number}, b"")
            is_answer = bool(step.answers) or step.matters
            if not is_answer and left <= 0:
                remarks.append(f"cell {step.cell.number} was left out: the cells before it took too long")
                continue
            started = time.monotonic()
            raised = runner.run(step.cell, seconds["answer_cell"] if is_answer else min(seconds["other_cell"], left))
            if not is_answer:
                left -= time.monotonic() - started
            if raised is not None:
                remarks.append(f"cell {step.cell.number} raised {raised}"[:400])
                failures.setdefault(step.answers, asdict(raised))
            elif step.answers:
                attention += self._look_for_other_name(step, runner.namespace)
        for part in asked:
            self._keep(part.name, runner.namespace)
        attention += [f"{name} is defined more than once; the best counts" for name in self._several()]
        found = {name: len(candidates) for name, candidates in self.candidates.items()}
        return {"found": found, "failures": failures, "remarks": remarks[:20], "attention": attention[:20]}

    def _keep(self, name: str, namespace: dict[str, object]) -> None:
        kept = self.candidates[name]
        if name in namespace and not any(namespace[name] is candidate for candidate, _ in kept):
            kept.append((namespace[name], dict(namespace)))
            del kept[:-MOST_CANDIDATES]

    def _look_for_other_name(self, step: Planned, namespace: dict[str, object]) -> list[str]:
        """Take the last thing that an answer's cell defines if it has not the name that was asked for."""
        name = step.answers
        defined = [other for other in step.defines if callable(namespace.get(other))]
        if name in namespace or not defined:
            return []
        self.candidates[name].append((namespace[defined[-1]], dict(namespace)))
        return [f"the answer {name} is called {defined[-1]}"[:200]]

    def _several(self) -> list[str]:
        return [name for name, candidates in self.candidates.items() if len(candidates) > 1]

    # One check ---------------------------------------------------------------------------------------------------

    def do_begin(self, request: dict) -> dict:
        """Start a check: forget the one before, seed all generators, and hand out the answer."""
        import random

        import numpy

        self._forget()
        random.seed(request["seed"])
        numpy.random.seed(request["seed"] % 2**32)
        torch.manual_seed(request["seed"])
        torch.set_grad_enabled(True)
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)
        answer, names = self.candidates[request["part"]][request["chosen"][request["part"]]]
        self.namespace.clear()  # what later cells call by the same names is no concern of this answer
        self.namespace.update(names)
        for part, number in request["chosen"].items():  # answers use each other by name
            self.namespace[part] = self.candidates[part][number][0]
        return self._reply(answer)

    def do_call(self, request: dict) -> dict:
        """Call a function, a class or a module."""
        self._receive_shared(request)
        target = self.objects[request["object"]]
        arguments = self.unpacker.value(request["arguments"])
        keywords = self.unpacker.value(request["keywords"])
        given = {number: tensor.detach().clone() for number, tensor in self.given.items()}
        with torch.set_grad_enabled(request["gradients"]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = target(*arguments, **keywords)
        reply = self._reply(result, target)
        reply["changed"] = [
            [number, self.packer.tensor(self.given[number])]
            for number, before in given.items()
            if not _same(self.given[number], before)
        ]
        return reply

    def do_gradients(self, request: dict) -> dict:
        """Return the gradients of some tensors by others."""
        weighted = [
            (self.numbers[number], self.unpacker.tensor(weight))
            for number, weight in zip(request["outputs"], request["weights"], strict=True)
        ]
        weighted = [(output, weight.to(output.dtype)) for output, weight in weighted if output.requires_grad]
        inputs = [self.numbers[number] for number in request["inputs"]]
        needing = [tensor for tensor in inputs if tensor.requires_grad]
        if not weighted or not needing:
            return {"gradients": [None] * len(inputs)}
        outputs, weights = zip(*weighted, strict=True)
        for tensor in needing:
            tensor.grad = None
        # Into .grad, as a learner's own training does: hooks that wait for it must run.
        torch.autograd.backward(outputs, weights, inputs=needing, retain_graph=True)
        gradients = [tensor.grad for tensor in inputs]
        for tensor in needing:
            tensor.grad = None
        return {"gradients": [None if gradient is None else self.packer.tensor(gradient) for gradient in gradients]}

    def do_attribute(self, request: dict) -> dict:
        """Return an object's attribute."""
        self._receive_shared(request)
        missing = object()
        value = getattr(self.objects[request["object"]], request["name"], missing)
        return {"missing": True} if value is missing else self._reply(value)

    def do_train(self, request: dict) -> dict:
        """Switch a module to training or to evaluation."""
        module = self.objects[request["object"]]
        module.train(request["mode"])
        return self._reply(None, module)

    def _reply(self, value: object, target: object = None) -> dict:
        reply = {"value": self.packer.value(value)}
        if isinstance(target, nn.Module):
            reply["target"] = self._news(target)
        return reply

    def _news(self, module: nn.Module) -> dict:
        """Describe a module as ``_described`` does, or say that all is as it was: most often it is."""
        described = self._described(module)
        if described == self.told.get(id(module)):
            return {"same": True}
        without_values = {
            kind: [[name, {key: shared[key] for key in shared if key != "tensor"}] for name, shared in described[kind]]
            for kind in ("parameters", "buffers")
        }
        self.told[id(module)] = described | without_values
        return described

    def _described(self, module: nn.Module) -> dict:
        """Describe a module's parameters and buffers, with the values that the other side has not got."""
        return {
            "parameters": [[name, self._share(tensor)] for name, tensor in module.named_parameters()],
            "buffers": [[name, self._share(tensor)] for name, tensor in module.named_buffers()],
            "training": bool(module.training),
        }

    def _share(self, tensor: Tensor) -> dict:
        if isinstance(tensor, nn.parameter.UninitializedTensorMixin):
            return {"uninitialised": True}
        number = self._number(tensor, self.numbers)
        shared = {"id": number, "needs": tensor.requires_grad}
        if number not in self.shared or not _same(self.shared[number], tensor):
            shared |= self.packer.tensor(tensor)
            self.shared[number] = tensor.detach().clone()
        return shared

    def _receive_shared(self, request: dict) -> None:
        """Take over what the other side has done to parameters and buffers, and the tensors it gives."""
        self.given: dict[int, Tensor] = {}
        for number, written in request["shared"]:
            tensor = self.numbers[number]
            tensor.data.copy_(self.unpacker.tensor(written))
            self.shared[number] = tensor.detach().clone()

    def _number(self, thing: object, kept: dict[int, object]) -> int:
        number = self.identifiers.get(id(thing))
        if number is None:
            number = self.identifiers[id(thing)] = len(self.identifiers) + 1
            kept[number] = thing
        return number

    # Values ------------------------------------------------------------------------------------------------------

    def read(self, written: dict) -> object:
        """Read a tensor that is given, or find an object that is kept."""
        if "object" in written:
            return self.objects[written["object"]]
        tensor = self.unpacker.tensor(written)
        if written["needs"]:
            tensor.requires_grad_()
        self.numbers[written["id"]] = tensor
        self.identifiers[id(tensor)] = written["id"]
        passed = tensor if written["leaf"] or not written["needs"] else tensor.clone()
        self.given[written["id"]] = passed
        return passed

    def write(self, value: object) -> dict:
        """Write a tensor's numbers, or what an object is, and keep it."""
        if isinstance(value, Tensor):
            try:
                written = self.packer.tensor(value)
            except TypeError:
                return {"object": 0, "kind": "other", "type": "Tensor without plain numbers"}
            return written | {"id": self._number(value, self.numbers), "needs": bool(value.requires_grad)}
        written = {"object": self._number(value, self.objects), "type": type(value).__name__[:80]}
        if isinstance(value, nn.Module):
            return written | {"kind": "module", "module": self._described(value)}
        if callable(value):
            return written | {"kind": "callable", "name": str(getattr(value, "__name__", ""))[:80]}
        return written | {"kind": "other"}


class _AnswerPacker(Packer):
    """Writes tensors and objects as the worker keeps them."""

    def __init__(self, worker: Worker) -> None:
        super().__init__()
        self.worker = worker

    def other(self, value: object) -> dict:
        return self.worker.write(value)


class _QuestionUnpacker(Unpacker):
    """Reads tensors, and objects that the worker keeps."""

    def __init__(self, worker: Worker, body: bytes) -> None:
        super().__init__(body)
        self.worker = worker

    def other(self, written: dict) -> object:
        return self.worker.read(written)


def _same(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors hold the same numbers, those that are none included."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    one, other = one.detach(), other.detach()
    if torch.equal(one, other):
        return True
    return bool(((one == other) | ((one != one) & (other != other))).all())  # nan differs from itself


def _described(error: BaseException) -> Raised:
    if isinstance(error, CellTimeout):
        return Raised("TimeoutError", "it was stopped, because it took too long")
    return describe(error)


class CellRunner:
    """Runs cells one after the other, as a kernel would, without one.

    Args:
        prelude: what the exercise imports and gives, run first: it is not lost if the learner deleted it.
        seconds: how long each cell of it may take.

    """

    def __init__(self, prelude: list[str], seconds: float) -> None:
        main = types.ModuleType("__main__")
        self.namespace = main.__dict__
        self.namespace["__builtins__"] = builtins
        self.namespace["display"] = _nothing
        shell = _Shell(lambda source: self._execute(_without_magics(source), "<cell>"))
        self.namespace["get_ipython"] = lambda: shell
        self.future = 0  # what earlier cells have imported from __future__
        sys.modules["__main__"] = main
        for number, source in enumerate(prelude):
            self.run(Cell(-number, "code", source), seconds)

    def run(self, cell: Cell, seconds: float) -> Raised | None:
        """Run a cell; return what it raised."""
        name = f"<cell {cell.number}>"
        linecache.cache[name] = (len(cell.source), None, cell.source.splitlines(keepends=True), name)
        try:
            with _time_limit(seconds), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._execute(_without_magics(cell.source), name)
        except BaseException as error:
            return _described(error)
        return None

    def _execute(self, source: str, name: str) -> None:
        code = compile(source, name, "exec", self.future | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        for feature in __future__.all_feature_names:
            self.future |= code.co_flags & getattr(__future__, feature).compiler_flag
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, self.namespace))
        else:
            exec(code, self.namespace)


class _Shell:
    """What cells get for IPython's shell: code in a cell with a magic is run, the magic itself does nothing."""

    def __init__(self, execute: Callable[[str], None]) -> None:
        self.execute = execute

    def run_cell_magic(self, magic: str, line: str, cell: str) -> None:
        if magic in ("writefile", "file"):
            Path(line.split()[-1]).write_text(cell, encoding="utf-8")
        elif magic not in OTHER_LANGUAGES:
            self.execute(cell)

    def run_line_magic(self, magic: str, line: str, *_rest: object) -> None:
        if magic in ("time", "timeit", "prun"):
            self.execute(line)

    def run_cell(self, cell: str, **_options: object) -> None:
        self.execute(cell)

    def __getattr__(self, _name: str) -> Callable:
        return _nothing


def _nothing(*_arguments: object, **_keywords: object) -> None:
    """Stand in for what has no meaning outside a notebook."""


def _without_magics(source: str) -> str:
    if not any(sign in source for sign in "%!?"):
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


class _time_limit:  # noqa: N801 -- a context manager
    """Raise ``CellTimeout`` in the main thread after some seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def __enter__(self) -> None:
        signal.signal(signal.SIGALRM, self._late)
        signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def __exit__(self, *_error: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    @staticmethod
    def _late(_signal: int, _frame: object) -> None:
        raise CellTimeout
