"""Questions to a worker, whose replies nobody trusts."""

import inspect
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cnncourse.checking.examination import Note
from cnncourse.checking.exercise import Fault, Question, RefusedAnswerError
from cnncourse.checking.raised import LONGEST_TEXT, AnswerError, Raised
from cnncourse.classroom.isolation.wire import Channel, Packer, Unpacker, WireError

MOST_NOTES = 200  # of one question
LONGEST_NAME = 200


class LostWorkerError(RefusedAnswerError):
    """The worker is gone, late, or does not keep to the rules; carries what to tell the learner."""


class Conversation:
    """Questions to one worker, and what is known of the things in it.

    Args:
        channel: the line to the worker.
        lost: called with the reason when the worker is lost; returns what to tell the learner.

    """

    def __init__(self, channel: Channel, lost: Callable[[str], Fault]) -> None:
        self.channel = channel
        self.deadline = time.monotonic()
        self.announced = 0  # the cell that is being run
        self.fault: Fault | None = None  # why the worker was lost
        self._lost = lost

    def ask(self, do: str, packer: Packer | None = None, **question: object) -> "Reply":
        """Ask the worker to do something.

        Raises:
            LostWorkerError: if no reply comes, or not in time, or not a sound one.
            AnswerError: if the learner's code raised an error.

        """
        nonce = secrets.token_hex(8)
        try:
            self._refuse_more()
            body = bytes(packer.body) if packer else b""
            self.channel.send({"do": do, "nonce": nonce, **question}, body, self.deadline)
            while True:
                head, body = self.channel.receive(self.deadline)
                reply = Reply(head, Unpacker(body))
                if reply.head.get("nonce") != nonce:
                    raise WireError("it sends replies that nobody asked for")
                if "cell" not in reply.head:
                    break
                self.announced = reply.field("cell", int)
            if "raised" in reply.head:
                raise _error(reply.field("raised", dict))
        except WireError as error:
            raise self._give_up(error) from error
        return reply

    def finish(self) -> Fault | None:
        """End a check; return what is wrong with the worker, which may have sent more than it was asked for."""
        try:
            self._refuse_more()
        except WireError as error:
            self._give_up(error)
        return self.fault

    def examine(
        self, part: str, candidate: int, question: Question, own: Mapping[str, Callable[..., object]]
    ) -> list[Note]:
        """Let the worker examine an answer on one question.

        Args:
            part: the part's name.
            candidate: which of its definitions.
            question: plain data.
            own: the course's own answers that stand in for the learner's, by name.

        """
        packer = Packer()
        reply = self.ask(
            "examine",
            packer,
            part=part,
            candidate=candidate,
            question=packer.value(question._asdict()),
            # As text: in the sandbox there is no exercise to be imported.
            own={name: [inspect.getsource(sys.modules[each.__module__]), each.__name__] for name, each in own.items()},
        )

        def read(reply: Reply) -> list[Note]:
            pairs = [_pair(written) for written in reply.field("notes", list)[:MOST_NOTES]]
            return [(str(name)[:LONGEST_NAME], reply.unpacker.value(value)) for name, value in pairs]

        return self._reading(reply, read)

    def call(self, part: str, candidate: int) -> object:
        """Let the worker call an answer without arguments; return the plain value that it gives.

        Args:
            part: the part's name.
            candidate: which of its definitions.

        """
        reply = self.ask("call", part=part, candidate=candidate)
        return self._reading(reply, lambda reply: reply.unpacker.value(reply.head.get("value")))

    def _reading(self, reply: "Reply", read: Callable[["Reply"], object]) -> object:
        try:
            return read(reply)
        except WireError as error:
            raise self._give_up(error) from error
        except (RuntimeError, ValueError, TypeError, MemoryError) as error:  # torch has limits of its own
            raise self._give_up(WireError("its reply is malformed")) from error

    def _give_up(self, error: WireError) -> LostWorkerError:
        self.fault = self.fault or self._lost(str(error))
        return LostWorkerError(self.fault)

    def _refuse_more(self) -> None:
        if self.channel.has_more():
            raise WireError("it sends replies that nobody asked for")


@dataclass(frozen=True)
class Reply:
    """What a worker said; whatever is odd about it is a ``WireError``."""

    head: dict
    unpacker: Unpacker

    def field(self, name: str, kind: type) -> object:
        """Return an entry of the head."""
        return _entry(self.head, name, kind)


def _entry(written: object, name: str, kind: type) -> object:
    if not isinstance(written, Mapping) or type(written.get(name)) is not kind:
        raise WireError("its reply is malformed")
    return written[name]


def _pair(written: object) -> tuple[object, object]:
    if not isinstance(written, list) or len(written) != 2 or not isinstance(written[0], (int, str)):
        raise WireError("its reply is malformed")
    return written[0], written[1]


def _error(written: Mapping[str, object]) -> AnswerError:
    raised = Raised(**{name: _entry(written, name, str)[:LONGEST_TEXT] for name in ("type", "text", "line", "owner")})
    return AnswerError(raised)
