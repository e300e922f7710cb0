"""A worker examines an answer as if it were here, and what it sends is trusted in nothing."""

import json
import socket
import threading
import time

import pytest
import torch
from torch import nn

from cnncourse.checking.examination import examine
from cnncourse.checking.exercise import Case, Fault, images
from cnncourse.checking.plain import same
from cnncourse.checking.raised import AnswerError
from cnncourse.classroom.isolation.remote import Conversation, LostWorkerError
from cnncourse.classroom.isolation.wire import LENGTHS, Channel, Unpacker, WireError
from cnncourse.classroom.isolation.worker import Worker
from tests.checking.toy import Unit

QUESTION = Case((2, 3), inputs=images(3, 2, 5, 6)).question("Unit", Case((3, 2)), 0, 7)


def failing(*_arguments):
    raise ValueError("no such thing")


@pytest.fixture
def asking():
    """Return a conversation about something that a worker in another thread has."""
    here, there = socket.socketpair()
    worker = Worker(Channel(there))
    thread = threading.Thread(target=worker.serve, daemon=True)
    thread.start()
    conversation = Conversation(Channel(here), Fault)
    conversation.deadline = time.monotonic() + 600

    def about(thing, **names):
        worker.candidates = {"it": [(thing, names)]}
        return conversation

    yield about
    here.close()
    thread.join(120)
    there.close()


def test_notes_are_those_that_are_taken_here(asking):
    notes = asking(Unit).examine("it", 0, QUESTION, {})
    here = list(examine(Unit, QUESTION))
    assert [name for name, _ in notes] == [name for name, _ in here]
    assert same([value for _, value in notes], [value for _, value in here])


def test_functions_are_asked_with_plain_data(asking):
    question = Case(([[1, 2], "max pool"], torch.ones(2))).question("it", Case(), 0, 7)
    notes = dict(asking(lambda rows, numbers: [len(rows), numbers * 2]).examine("it", 0, question, {}))
    assert same(notes["result"], [2, torch.full((2,), 2.0)])


def test_error_in_an_answer_is_noted_with_its_line(asking):
    raised = dict(asking(failing).examine("it", 0, QUESTION, {}))["ended"]["raised"]
    assert (raised["type"], raised["text"], raised["owner"]) == ("ValueError", "no such thing", "failing")
    assert raised["line"] == 'raise ValueError("no such thing")'


def test_the_course_s_own_stands_in_for_an_answer_that_is_needed(asking):
    names = {"__name__": "answers", "nn": nn, "Block": failing}
    exec("def make(i, o):\n    return nn.Sequential(Block(i, o))", names)
    conversation = asking(names["make"])
    worker_names = names["make"].__globals__
    assert "ended" in dict(conversation.examine("it", 0, QUESTION, {}))
    assert worker_names["Block"] is failing


def test_what_a_call_gives_comes_back_if_it_is_plain(asking):
    assert asking(lambda: ["a network", "its design"]).call("it", 0) == ["a network", "its design"]
    with pytest.raises(AnswerError):
        asking(lambda: object()).call("it", 0)
    with pytest.raises(AnswerError, match="no such thing"):
        asking(failing).call("it", 0)


def test_silence_is_a_lost_worker():
    here, there = socket.socketpair()
    conversation = Conversation(Channel(here), Fault)
    conversation.deadline = time.monotonic() + 0.1
    with pytest.raises(LostWorkerError, match="took too long"):
        conversation.call("it", 0)
    assert conversation.finish().message == "it took too long"
    there.close()
    here.close()


def framed(head, body=b""):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return LENGTHS.pack(len(text), len(body)) + text + body


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (framed({"nonce": "guessed", "value": None}), "nobody asked for"),
        (framed(b"[1]"), "malformed"),
        (framed(b"{" * 5000), "malformed"),
        (LENGTHS.pack(2**40, 0), "too large"),
        (LENGTHS.pack(10, 2**40), "too large"),
    ],
)
def test_reply_that_breaks_the_rules_is_refused(frame, reason):
    here, there = socket.socketpair()
    conversation = Conversation(Channel(here), Fault)
    conversation.deadline = time.monotonic() + 120
    answering = threading.Thread(target=lambda: (there.recv(10_000), there.sendall(frame)))
    answering.start()
    with pytest.raises(LostWorkerError, match=reason):
        conversation.ask("call")
    answering.join()
    there.close()
    here.close()


@pytest.mark.parametrize(
    "written",
    [
        {"tensor": ["float32", [2**39, 2**39], 0]},
        {"tensor": ["float32", [-1], 0]},
        {"tensor": ["float32", [1], -4]},
        {"tensor": ["float32", [3], 0]},
        {"tensor": ["object", [1], 0]},
        {"tensor": ["bool", [4], 4]},
        {"tensor": ["float32", [0, 2**39, 2**39], 0]},
        {"tensor": 5},
        {"tensor": [["float32"], [1], 0]},
        {"tensor": ["float32", [True], 0]},
        {"tensor": ["float32", [1] * 99, 0]},
    ],
)
def test_tensor_that_is_none_is_refused(written):
    with pytest.raises(WireError):
        Unpacker(b"\0\0\0\0\7\7\7\7").tensor(written)


@pytest.mark.parametrize("written", [[1], {"other": 1}, {"list": 5}, {"dict": [1]}, {"dict": [[{"list": []}, 1]]}])
def test_value_that_is_none_is_refused(written):
    with pytest.raises(WireError):
        Unpacker(b"").value(written)


def test_value_deeper_than_any_answer_is_refused():
    written = 1
    for _ in range(50):
        written = {"list": [written]}
    with pytest.raises(WireError, match="too large"):
        Unpacker(b"").value(written)
