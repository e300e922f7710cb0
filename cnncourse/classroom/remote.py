"""A learner's answer as the judging process sees it: it can be called and measured, and its code is somewhere else.

Everything here stands for something in a worker. A module's parameters and buffers are mirrored: probes read them, fill
them, train them and look at their gradients as if the module were here.
"""

import builtins
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from cnncourse.checking.exercise import Fault, RefusedAnswerError
from cnncourse.checking.raised import LONGEST_TEXT, AnswerError, Raised
from cnncourse.classroom.wire import Channel, Packer, Unpacker, WireError

MOST_NAMES = 2000  # parameters or buffers of one module
LONGEST_NAME = 200
MOST_RECEIVED = 256 * 2**20  # bytes in one check
# Errors that probes tell apart keep their kind; all others are plain ``AnswerError``s.
KINDS = ("RuntimeError", "NotImplementedError", "ValueError", "TypeError", "IndexError", "KeyError", "AttributeError")
REMOTE_ERRORS = {kind: type(f"Answer{kind}", (AnswerError, getattr(builtins, kind)), {}) for kind in KINDS}


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
        self._forget()

    def _forget(self) -> None:
        self.tensors: dict[int, Tensor] = {}  # by the worker's number
        self.numbers: dict[int, int] = {}  # the worker's number, by identity of a tensor here
        self.sent: dict[int, Tensor] = {}  # each parameter and buffer as the worker has it
        self.given = 0
        self.received = 0

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
                reply = Reply(self, *self.channel.receive(self.deadline))
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

    def begin(self, part: str, chosen: Mapping[str, int], seed: int) -> object:
        """Start a check and return the answer to a part.

        Args:
            part: its name.
            chosen: for this part and those before, which of its definitions counts.
            seed: of all generators in the worker.

        """
        self._forget()
        return self._reading(self.ask("begin", part=part, chosen=chosen, seed=seed), lambda reply: reply.result())

    def call(
        self,
        number: int,
        module: "RemoteModule | None",
        arguments: Sequence[object],
        keywords: Mapping[str, object],
    ) -> object:
        """Call a thing in the worker as if it were here; gradients flow through."""
        packer = QuestionPacker(self)
        reply = self.ask(
            "call",
            packer,
            object=number,
            arguments=packer.value(list(arguments)),
            keywords=packer.value(dict(keywords)),
            gradients=torch.is_grad_enabled(),
            shared=self._changes(packer),
        )
        return self._reading(reply, lambda reply: self._returned(reply, module, packer.given))

    def _returned(self, reply: "Reply", module: "RemoteModule | None", given: Mapping[int, Tensor]) -> object:
        if module is not None:
            module.take_over(reply.field("target", dict), reply)
        for changed in reply.field("changed", list):
            number, written = _pair(changed)
            if number not in given:
                raise WireError("its reply is malformed")
            given[number].data.copy_(_like(reply.tensor(written), given[number]))
        result = reply.result()
        parameters = [] if module is None else [p for p in module.parameters() if not nn.parameter.is_lazy(p)]
        inputs = [(number, tensor) for number, tensor in given.items() if tensor.requires_grad]
        inputs += [(self.numbers[id(p)], p) for p in parameters if p.requires_grad]
        if reply.needing and inputs and torch.is_grad_enabled():
            result = self._connect(result, reply.needing, inputs)
        return result

    def attribute(self, number: int, name: str) -> object:
        """Return an attribute of a thing in the worker.

        Raises:
            AttributeError: if it has none of that name.

        """
        packer = QuestionPacker(self)
        reply = self.ask("attribute", packer, object=number, name=name, shared=self._changes(packer))
        if reply.head.get("missing") is True:
            raise AttributeError(f"the answer has no {name}")
        value = self._reading(reply, lambda reply: reply.result())
        if isinstance(value, Tensor):  # whoever asks for it may fill it
            self.sent.setdefault(self.numbers[id(value)], value.detach().clone())
        return value

    def train(self, number: int, module: "RemoteModule", *, mode: bool) -> None:
        """Switch a module in the worker to training or to evaluation."""
        reply = self.ask("train", object=number, mode=mode)
        self._reading(reply, lambda reply: module.take_over(reply.field("target", dict), reply))

    def gradients(
        self, outputs: Sequence[int], weights: Sequence[Tensor], inputs: Sequence[tuple[int, Tensor]]
    ) -> list[Tensor | None]:
        """Return the gradients of (weights × outputs).sum() by some inputs; ``None`` where there is no way."""
        packer = Packer()
        reply = self.ask(
            "gradients",
            packer,
            outputs=list(outputs),
            weights=[packer.tensor(weight) for weight in weights],
            inputs=[number for number, _ in inputs],
        )

        def read(reply: Reply) -> list[Tensor | None]:
            written = reply.field("gradients", list)
            if len(written) != len(inputs):
                raise WireError("its reply is malformed")
            return [
                None if gradient is None else _like(reply.tensor(gradient), tensor)
                for gradient, (_, tensor) in zip(written, inputs, strict=True)
            ]

        return self._reading(reply, read)

    def know(self, number: int, tensor: Tensor) -> None:
        """Remember which of the worker's tensors a tensor here stands for."""
        self.tensors[number] = tensor
        self.numbers[id(tensor)] = number

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

    def _changes(self, packer: Packer) -> list:
        """Return the parameters and buffers that were changed here since the worker last heard of them."""
        changes = []
        for number, sent in self.sent.items():
            mirror = self.tensors[number]
            if not torch.equal(mirror, sent):
                self.sent[number] = mirror.detach().clone()
                changes.append([number, packer.tensor(mirror)])
        return changes

    def _connect(self, result: object, needing: Sequence[Tensor], inputs: Sequence[tuple[int, Tensor]]) -> object:
        """Return a result whose tensors lead gradients back to the inputs, through the worker."""
        numbers = [self.numbers[id(tensor)] for tensor in needing]
        connected = _ThroughWorker.apply(self, numbers, inputs, needing, *(tensor for _, tensor in inputs))
        for number, tensor in zip(numbers, connected, strict=True):
            self.know(number, tensor)
        return _replace(result, {id(there): here for there, here in zip(needing, connected, strict=True)})


class _ThroughWorker(torch.autograd.Function):
    """Backward through what a worker computed."""

    @staticmethod
    def forward(ctx, conversation, numbers, inputs, outputs, *_tensors):
        ctx.conversation, ctx.numbers, ctx.inputs = conversation, numbers, inputs
        return tuple(output.clone() for output in outputs)

    @staticmethod
    def backward(ctx, *weights):
        return None, None, None, None, *ctx.conversation.gradients(ctx.numbers, weights, ctx.inputs)


class RemoteCallable:
    """A function or class in a worker."""

    def __init__(self, conversation: Conversation, number: int, name: str) -> None:
        self.conversation = conversation
        self.number = number
        self.__name__ = name

    def __call__(self, *arguments: object, **keywords: object) -> object:
        """Call it in the worker."""
        return self.conversation.call(self.number, None, arguments, keywords)


class RemoteModule(nn.Module):
    """A module in a worker."""

    def __init__(self, conversation: Conversation, number: int) -> None:
        super().__init__()
        self.conversation = conversation
        self.number = number
        self.mirrored_parameters: dict[str, nn.Parameter] = {}
        self.mirrored_buffers: dict[str, Tensor] = {}

    def take_over(self, described: Mapping[str, object], reply: "Reply") -> None:
        """Bring parameters, buffers and mode up to date."""
        if described.get("same") is True:
            return
        described = Described(reply, described)
        self.__dict__["mirrored_parameters"] = described.tensors("parameters", is_parameter=True)
        self.__dict__["mirrored_buffers"] = described.tensors("buffers", is_parameter=False)
        self.training = described.written.get("training") is True

    def forward(self, *arguments: object, **keywords: object) -> object:
        """Run it in the worker."""
        return self.conversation.call(self.number, self, arguments, keywords)

    def train(self, mode: bool = True) -> "RemoteModule":
        """Switch it in the worker."""
        self.conversation.train(self.number, self, mode=mode)
        return self

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, nn.Parameter]]:
        """Return the mirrored parameters; all arguments are those of ``nn.Module`` and have no effect."""
        yield from self.mirrored_parameters.items()

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Return the mirrored buffers; all arguments are those of ``nn.Module`` and have no effect."""
        yield from self.mirrored_buffers.items()

    def named_modules(self, *_arguments: object, **_keywords: object) -> Iterator[tuple[str, nn.Module]]:
        """Refuse: there is nothing to see from here."""
        raise TypeError("an answer in another process cannot be looked into; judge what it does")

    named_children = named_modules

    def _apply(self, *_arguments: object, **_keywords: object) -> nn.Module:
        raise TypeError("an answer in another process cannot be moved or converted; fill its parameters instead")

    def __getattr__(self, name: str) -> object:
        for mirrored in (self.__dict__.get("mirrored_parameters", {}), self.__dict__.get("mirrored_buffers", {})):
            if name in mirrored:
                return mirrored[name]
        if name.startswith("_"):
            raise AttributeError(name)
        return self.conversation.attribute(self.number, name)


class RemoteObject:
    """Something in a worker that is neither plain nor callable."""


class QuestionPacker(Packer):
    """Writes what a probe gives to an answer."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self.conversation = conversation
        self.given: dict[int, Tensor] = {}

    def other(self, value: object) -> dict:
        """Write a tensor, or a thing that the worker has."""
        if isinstance(value, Tensor):
            self.conversation.given -= 1  # the worker's own numbers are positive
            number = self.conversation.given
            self.conversation.tensors[number] = self.given[number] = value
            return self.tensor(value) | {"id": number, "needs": value.requires_grad, "leaf": value.is_leaf}
        if isinstance(value, (RemoteModule, RemoteCallable)):
            return {"object": value.number}
        return super().other(value)


class Reply(Unpacker):
    """What a worker said; whatever is odd about it is a ``WireError``."""

    def __init__(self, conversation: Conversation, head: dict, body: bytes) -> None:
        super().__init__(body)
        self.conversation = conversation
        self.head = head
        self.needing: list[Tensor] = []  # tensors that depend on something trainable

    def field(self, name: str, kind: type) -> object:
        """Return an entry of the head."""
        return _entry(self.head, name, kind)

    def result(self) -> object:
        """Return the value that was asked for."""
        return self.value(self.head.get("value"))

    def tensor(self, written: object) -> Tensor:
        """Read a tensor, as long as there is time and room for it."""
        before = self.numbers_read
        tensor = super().tensor(written)
        self.conversation.received += self.numbers_read - before
        if self.conversation.received > MOST_RECEIVED:
            raise WireError("its reply is too large")
        if time.monotonic() > self.conversation.deadline:
            raise WireError("it took too long")
        return tensor

    def mirror(self, written: object, *, is_parameter: bool) -> Tensor:
        """Return the tensor here that stands for a parameter or buffer there, brought up to date."""
        if isinstance(written, dict) and written.get("uninitialised") is True:
            return nn.parameter.UninitializedParameter() if is_parameter else nn.parameter.UninitializedBuffer()
        number, tensors = _entry(written, "id", int), self.conversation.tensors
        if "tensor" in written:
            value = self.tensor(written)
            known = tensors.get(number)
            if known is not None and number in self.conversation.sent and known.shape == value.shape:
                known.data.copy_(value)
            else:
                needs = written.get("needs") is True and value.is_floating_point()
                mirror = nn.Parameter(value.clone(), requires_grad=needs) if is_parameter else value.clone()
                self.conversation.know(number, mirror)
            self.conversation.sent[number] = value.clone()
        if number not in self.conversation.sent:
            raise WireError("its reply is malformed")
        return tensors[number]

    def other(self, written: dict) -> object:
        """Read a tensor, or what stands for a thing in the worker."""
        if "tensor" in written:
            return self._known_tensor(written)
        number, kind = _entry(written, "object", int), written.get("kind")
        if kind == "module":
            module = type(_class_name(written), (RemoteModule,), {})(self.conversation, number)
            module.take_over(_entry(written, "module", dict), self)
            return module
        if kind == "callable":
            return RemoteCallable(self.conversation, number, _entry(written, "name", str)[:LONGEST_NAME])
        return type(_class_name(written), (RemoteObject,), {})()

    def _known_tensor(self, written: dict) -> Tensor:
        number, value = _entry(written, "id", int), self.tensor(written)
        if number < self.conversation.given:
            raise WireError("its reply is malformed")
        known = self.conversation.tensors.get(number)
        if known is not None and known.shape == value.shape and known.dtype == value.dtype:
            if not torch.equal(known.detach(), value):
                known.data.copy_(value)
            return known
        self.conversation.know(number, value)
        if written.get("needs") is True and value.is_floating_point():
            self.needing.append(value)
        return value


class Described:
    """A module's parameters and buffers as a worker describes them."""

    def __init__(self, reply: Reply, written: Mapping[str, object]) -> None:
        self.reply = reply
        self.written = written

    def tensors(self, name: str, *, is_parameter: bool) -> dict[str, Tensor]:
        """Return parameters or buffers by name."""
        entries = _entry(self.written, name, list)
        if len(entries) > MOST_NAMES:
            raise WireError("its reply is too large")
        pairs = [_pair(entry) for entry in entries]
        return {str(key)[:LONGEST_NAME]: self.reply.mirror(value, is_parameter=is_parameter) for key, value in pairs}


def _entry(written: object, name: str, kind: type) -> object:
    if not isinstance(written, Mapping) or type(written.get(name)) is not kind:
        raise WireError("its reply is malformed")
    return written[name]


def _pair(written: object) -> tuple[object, object]:
    if not isinstance(written, list) or len(written) != 2 or not isinstance(written[0], (int, str)):
        raise WireError("its reply is malformed")
    return written[0], written[1]


def _like(value: Tensor, tensor: Tensor) -> Tensor:
    if value.shape != tensor.shape:
        raise WireError("its reply is malformed")
    return value.to(tensor.dtype)


def _class_name(written: Mapping[str, object]) -> str:
    name = _entry(written, "type", str)[:LONGEST_NAME]
    return name if name.isidentifier() else "object"


def _error(written: Mapping[str, object]) -> AnswerError:
    raised = Raised(**{name: _entry(written, name, str)[:LONGEST_TEXT] for name in ("type", "text", "line", "owner")})
    return REMOTE_ERRORS.get(raised.type, AnswerError)(raised)


def _replace(result: object, replacements: Mapping[int, Tensor]) -> object:
    if isinstance(result, Tensor):
        return replacements.get(id(result), result)
    if isinstance(result, (list, tuple)):
        return type(result)(_replace(item, replacements) for item in result)
    if isinstance(result, dict):
        return {key: _replace(item, replacements) for key, item in result.items()}
    return result
