"""The process that runs a learner's code. It holds no expected value, no secret, and only answers questions.

The judging process asks what an answer does; what it makes of the replies is not known here. Whoever takes this process
over can only give other replies.
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
from dataclasses import asdict

from cnncourse.checking.examination import examine
from cnncourse.checking.exercise import Question
from cnncourse.checking.raised import Raised, describe
from cnncourse.classroom.isolation.ipython import Shell, has_own_syntax, nothing, rewritten
from cnncourse.classroom.isolation.notebook import Asked, Cell, Planned, UnreadableNotebookError, plan, read_notebook
from cnncourse.classroom.isolation.wire import Channel, Packer, Unpacker, WireError

MOST_CANDIDATES = 3  # definitions of one answer that are looked at
MOST_NOTES = 1000  # cells that are announced before they are run
# What is told of cells before they are run: how many of them, and characters of each and of all.
MOST_CELLS, LONGEST_SOURCE, LONGEST_SOURCES = 1000, 20_000, 300_000


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
        self.later: dict[str, object] = {}  # all names at the notebook's end

    def serve(self) -> None:
        """Answer until the other side hangs up."""
        while True:
            try:
                request, body = self.channel.receive()
            except WireError:
                return
            self.unpacker, self.packer = Unpacker(body), Packer()
            try:
                answer = getattr(self, f"do_{request['do']}")(request)
            except BaseException as error:  # whatever the learner's code throws
                self.packer.body.clear()
                answer = {"raised": asdict(_described(error))}
            answer["nonce"] = request["nonce"]
            self.channel.send(answer, bytes(self.packer.body))

    # The notebook ------------------------------------------------------------------------------------------------

    def do_read(self, request: dict) -> dict:
        """Read the notebook, plan what of it is to be run, and return its cells, before any of them has run."""
        self.asked = [Asked(**part) for part in request["asked"]]
        try:
            notebook = read_notebook(bytes(self.unpacker.body))
            self.todo = plan(notebook, self.asked, request["locked"], only_definitions=request["only_definitions"])
        except UnreadableNotebookError as error:
            return {"unreadable": str(error)}
        cells, left = [], LONGEST_SOURCES
        for step in self.todo.steps:
            if not step.checks:
                cells.append([step.answers, step.cell.source[: min(LONGEST_SOURCE, left)]])
                left -= len(cells[-1][1])
        return {"cells": cells[:MOST_CELLS]}

    def do_run(self, request: dict) -> dict:
        """Run the cells of the notebook that was read, and keep what stands under the names that were asked for."""
        asked, todo = self.asked, self.todo
        seconds = request["seconds"]
        runner = CellRunner(request["prelude"], seconds["answer_cell"])
        self.candidates = {part.name: [] for part in asked}
        self.namespace = runner.namespace
        failures: dict[str, dict] = {}
        renamed: dict[str, tuple[str, dict[str, object]]] = {}
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
                if has_own_syntax(step.cell.source):
                    attention.append(
                        f"cell {step.cell.number} stopped, and it uses IPython's own syntax, which is only imitated "
                        f"here: look whether it is right in a notebook ({raised})"[:400]
                    )
                failures.setdefault(step.answers, asdict(raised))
            elif step.answers and (other := _other_name(step, runner.namespace)):
                renamed[step.answers] = other, dict(runner.namespace)
        for part in asked:
            self._keep(part.name, runner.namespace)
        for name, (other, names) in renamed.items():
            if not self.candidates[name]:  # otherwise it was a helper
                self.candidates[name].append((names[other], names))
                attention.append(f"the answer {name} is called {other}"[:200])
        self.later = {name: value for name, value in runner.namespace.items() if name not in vars(builtins)}
        attention += [f"{name} is defined more than once; the best counts" for name in self._several()]
        found = {name: len(candidates) for name, candidates in self.candidates.items()}
        return {"found": found, "failures": failures, "remarks": remarks[:20], "attention": attention[:20]}

    def _keep(self, name: str, namespace: dict[str, object]) -> None:
        kept = self.candidates[name]
        if name in namespace and not any(namespace[name] is candidate for candidate, _ in kept):
            kept.append((namespace[name], dict(namespace)))
            del kept[:-MOST_CANDIDATES]

    def _several(self) -> list[str]:
        return [name for name, candidates in self.candidates.items() if len(candidates) > 1]

    # One question ------------------------------------------------------------------------------------------------

    def do_call(self, request: dict) -> dict:
        """Call one definition of a part without arguments."""
        return {"value": self.packer.value(self._take_up(request)())}

    def do_examine(self, request: dict) -> dict:
        """Examine one definition of a part on one question."""
        answer = self._take_up(request)
        for name, (source, attribute) in request["own"].items():
            own = {"__name__": "own"}
            exec(source, own)
            self.namespace[name] = own[attribute]
        question = Question(**self.unpacker.value(request["question"]))
        return {"notes": [[name, self.packer.value(value)] for name, value in examine(answer, question)]}

    def _take_up(self, request: dict) -> object:
        """Return a definition, with all names as they stood when it was made."""
        answer, names = self.candidates[request["part"]][request["candidate"]]
        self.namespace.clear()  # what later cells call by the same names is no concern of this answer
        self.namespace.update(self.later | names)  # but what only they define, cells out of order may need
        return answer


def _other_name(step: Planned, namespace: dict[str, object]) -> str:
    """Return the last thing that an answer's cell defines if nothing has the name that was asked for."""
    defined = [other for other in step.defines if callable(namespace.get(other))]
    return defined[-1] if defined and step.answers not in namespace else ""


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
        self.namespace["display"] = nothing
        shell = Shell(lambda source: self._execute(rewritten(source), "<cell>"), self.namespace)
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
                self._execute(rewritten(cell.source), name)
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
