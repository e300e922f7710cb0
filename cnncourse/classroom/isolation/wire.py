"""How the judging process and a worker talk: frames of plain data over a socket, nothing that could run code.

A frame is two lengths (8 bytes each, big-endian), a head in JSON and a body of raw bytes. In the head a tensor is
{"tensor": [dtype, shape, offset]}; its numbers are in the body.
"""

import json
import math
import select
import socket
import struct
import time

import torch
from torch import Tensor

LENGTHS = struct.Struct(">QQ")
LARGEST_HEAD = 4 * 2**20  # bytes
LARGEST_BODY = 128 * 2**20  # bytes; a fully connected layer of 4,096 × 4,096 takes half of it
DEEPEST = 12
MOST_ITEMS = 20_000
LONGEST_TEXT = 20_000  # characters
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64, torch.complex128,
        torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
    )
}  # fmt: skip


class WireError(Exception):
    """The other side is gone, late, or does not keep to the rules; says which."""


class Channel:
    """One end of a conversation.

    Args:
        connection: a connected stream socket; the channel owns it.

    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def send(self, head: dict, body: bytes, deadline: float | None = None) -> None:
        """Send one frame.

        Args:
            head: plain data.
            body: the numbers of the head's tensors.
            deadline: on the clock of ``time.monotonic``; ``None`` to wait as long as it takes.

        Raises:
            WireError: if the other side is gone or does not take it in time.

        """
        text = json.dumps(head).encode()
        view = memoryview(LENGTHS.pack(len(text), len(body)) + text + body)
        while view:
            self._wait(select.POLLOUT, deadline)
            try:
                view = view[self.connection.send(view, socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise WireError("it is gone") from error

    def receive(self, deadline: float | None = None) -> tuple[dict, bytes]:
        """Receive one frame.

        Raises:
            WireError: if none comes in time, or what comes is none.

        """
        head_length, body_length = LENGTHS.unpack(self._receive_exactly(LENGTHS.size, deadline))
        if head_length > LARGEST_HEAD or body_length > LARGEST_BODY:
            raise WireError("its reply is too large")
        text = self._receive_exactly(head_length, deadline)
        body = self._receive_exactly(body_length, deadline)
        try:
            head = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise WireError("its reply is malformed") from error
        if not isinstance(head, dict):
            raise WireError("its reply is malformed")
        return head, body

    def has_more(self) -> bool:
        """Whether something was sent that nobody asked for."""
        poll = select.poll()
        poll.register(self.connection, select.POLLIN)
        if not poll.poll(0):
            return False
        try:
            return bool(self.connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except OSError:
            return False

    def close(self) -> None:
        """Hang up."""
        self.connection.close()

    def _receive_exactly(self, count: int, deadline: float | None) -> bytes:
        received = bytearray()
        while len(received) < count:
            self._wait(select.POLLIN, deadline)
            try:
                more = self.connection.recv(min(count - len(received), 2**20), socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except OSError as error:
                raise WireError("it is gone") from error
            if not more:
                raise WireError("it is gone")
            received += more
        return bytes(received)

    def _wait(self, event: int, deadline: float | None) -> None:
        poll = select.poll()
        poll.register(self.connection, event)
        left = None if deadline is None else max(0, math.ceil(1000 * (deadline - time.monotonic())))
        if not poll.poll(left):
            raise WireError("it took too long")


class Packer:
    """Turns values into a head's plain data and a body of numbers."""

    def __init__(self) -> None:
        self.body = bytearray()

    def tensor(self, tensor: Tensor) -> dict:
        """Write a tensor's numbers.

        Raises:
            TypeError: if its numbers cannot be written.

        """
        plain = tensor.detach().as_subclass(Tensor)
        name = str(plain.dtype).removeprefix("torch.")
        if name not in DTYPES or plain.layout is not torch.strided or plain.device.type == "meta":
            raise TypeError(f"a tensor of kind {plain.layout}, {plain.dtype}, {plain.device.type}")
        numbers = plain.cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
        offset = len(self.body)
        self.body += numbers.view(torch.uint8).numpy().tobytes() if numbers.numel() else b""
        return {"tensor": [name, list(plain.shape), offset]}

    def value(self, value: object) -> object:
        """Write any value; lists are written as {"list": …}, so that no plain value can be mistaken for a tensor."""
        if value is None or type(value) in (bool, int, float, str):
            return value
        if isinstance(value, (list, tuple)):
            return {"list": [self.value(item) for item in value], "tuple": isinstance(value, tuple)}
        if isinstance(value, dict):
            return {"dict": [[self.value(key), self.value(item)] for key, item in value.items()]}
        return self.other(value)

    def other(self, value: object) -> dict:
        """Write a tensor.

        Raises:
            TypeError: if it is none.

        """
        if isinstance(value, Tensor):
            return self.tensor(value)
        raise TypeError(f"{type(value).__name__} cannot be sent")


class Unpacker:
    """Reads values back, trusting nothing.

    Args:
        body: the frame's numbers.

    """

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.items = 0
        self.numbers_read = 0

    def tensor(self, written: object) -> Tensor:
        """Read a tensor that ``Packer.tensor`` wrote.

        Raises:
            WireError: if it is none.

        """
        try:
            name, shape, offset = written["tensor"]
            dtype = DTYPES[name]
            sizes_are_sound = all(type(size) is int and 0 <= size < 2**40 for size in [*shape, offset])
        except (TypeError, KeyError, ValueError) as error:
            raise WireError("its reply is malformed") from error
        if not sizes_are_sound or len(shape) > DEEPEST or math.prod(max(size, 1) for size in shape) > LARGEST_BODY:
            raise WireError("its reply is malformed")
        count = math.prod(shape)
        if count == 0:
            return torch.empty(shape, dtype=dtype)
        self.numbers_read += count * dtype.itemsize  # several tensors may point to the same bytes
        if self.numbers_read > LARGEST_BODY:
            raise WireError("its reply is too large")
        numbers = self.body[offset : offset + count * dtype.itemsize]
        if len(numbers) != count * dtype.itemsize:
            raise WireError("its reply is malformed")
        if dtype is torch.bool and max(numbers) > 1:
            raise WireError("its reply is malformed")
        return torch.frombuffer(bytearray(numbers), dtype=dtype).reshape(shape)

    def value(self, written: object, depth: int = 0) -> object:
        """Read a value that ``Packer.value`` wrote.

        Raises:
            WireError: if it is none, or larger than any answer has a reason to be.

        """
        self.items += 1
        if depth > DEEPEST or self.items > MOST_ITEMS:
            raise WireError("its reply is too large")
        if written is None or type(written) in (bool, int, float):
            return written
        if type(written) is str:
            return written[:LONGEST_TEXT]
        if type(written) is not dict:
            raise WireError("its reply is malformed")
        if "list" in written:
            if type(written["list"]) is not list:
                raise WireError("its reply is malformed")
            items = [self.value(item, depth + 1) for item in written["list"]]
            return tuple(items) if written.get("tuple") is True else items
        if "dict" in written:
            return self._dict(written["dict"], depth)
        return self.other(written)

    def other(self, written: dict) -> object:
        """Read what ``Packer.other`` wrote."""
        return self.tensor(written)

    def _dict(self, written: object, depth: int) -> dict:
        try:
            pairs = [(key, item) for key, item in written]
            return {self.value(key, depth + 1): self.value(item, depth + 1) for key, item in pairs}
        except (TypeError, ValueError) as error:
            raise WireError("its reply is malformed") from error
