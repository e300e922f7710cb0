"""Whatever is sent arrives as it was; whatever else arrives is refused by its own error, and never runs anything."""

import json
import socket
from pathlib import Path

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from cnncourse.checking.plain import same
from cnncourse.classroom.isolation.wire import DTYPES, LENGTHS, Channel, Packer, Unpacker, WireError
from tests.corpus import corpus, spoiled


@st.composite
def tensors(draw):
    dtype = draw(st.sampled_from(list(DTYPES.values())))
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    numbers = torch.tensor(draw(st.lists(st.integers(0, 1), min_size=27, max_size=27)), dtype=torch.int64)
    tensor = numbers[: torch.Size(shape).numel()].reshape(shape).to(dtype)
    return tensor.transpose(0, -1) if tensor.dim() > 1 and draw(st.booleans()) else tensor


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
values = st.recursive(
    scalars | tensors(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=4)
    ),
    max_leaves=12,
)
# What JSON can say, with the words of the wire among its keys.
words = st.sampled_from(["tensor", "list", "tuple", "dict", "float32", "int64", "bool", "?"])
anything = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=3),
    max_leaves=15,
)


@given(values)
def test_what_is_packed_is_unpacked_as_it_was(value):
    packer = Packer()
    written = json.loads(json.dumps(packer.value(value)))
    assert same(Unpacker(bytes(packer.body)).value(written), value)


@given(anything, st.binary(max_size=64))
@example({"tensor": ["float32", [2**39, 2], 0]}, b"")
@example({"tensor": ["bool", [1], 0]}, b"\x02")
@example({"dict": [[{"list": []}, 1]]}, b"")
@example({"dict": [[{"tensor": ["float32", [0], 0]}, 1]]}, b"")
def test_whatever_json_says_is_a_value_or_an_error_of_the_wire(written, body):
    try:
        Unpacker(body).value(written)
    except WireError as error:
        assert str(error) in ("its reply is malformed", "its reply is too large")


def received(raw):
    here, there = socket.socketpair()
    with here, there:
        there.sendall(raw)
        there.close()
        return Channel(here).receive()


@given(st.binary(max_size=80))
def test_whatever_bytes_arrive_are_a_frame_or_an_error_of_the_wire(raw):
    try:
        head, body = received(raw)
    except WireError:
        return
    assert isinstance(head, dict) and isinstance(body, bytes)


@given(st.dictionaries(st.text(max_size=5), scalars, max_size=4), st.binary(max_size=50))
def test_frames_arrive_as_they_were_sent(head, body):
    here, there = socket.socketpair()
    with here, there:
        Channel(here).send(head, body)
        assert Channel(there).receive() == (head, body)


@pytest.mark.parametrize("path", corpus("wire"), ids=lambda path: path.name)
def test_kept_replies_are_values_or_errors_of_the_wire(path: Path):
    for raw in spoiled(path.read_bytes()):
        frame = LENGTHS.pack(len(raw.partition(b"\n")[0]), len(raw.partition(b"\n")[2])) + raw.replace(b"\n", b"", 1)
        try:
            head, body = received(frame)
            Unpacker(body).value(head.get("value"))
        except WireError:
            continue
