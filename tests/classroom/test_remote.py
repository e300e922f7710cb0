"""A module in another process can be measured and trained as if it were here."""

import json
import socket
import threading
import time

import pytest
import torch
from torch import nn

from cnncourse.checking.exercise import Fault
from cnncourse.checking.raised import AnswerError
from cnncourse.classroom.remote import Conversation, LostWorkerError
from cnncourse.classroom.wire import LENGTHS, Channel, Unpacker, WireError
from cnncourse.classroom.worker import Worker

SECONDS = {"answer_cell": 5, "other_cell": 5, "other_cells": 5}


class Affine(nn.Module):
    def __init__(self, scale=2.0):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([scale, 3.0]))
        self.unused = nn.Parameter(torch.ones(2))
        self.register_buffer("calls", torch.zeros(1))
        self.inner = nn.BatchNorm1d(2)
        self.note = torch.zeros(2)

    def forward(self, values, shift=0.0):
        self.calls += 1
        return {"scaled": values * self.weight + shift, "detached": [values.detach(), values.shape]}


def scribbler(values):
    return values.mul_(0)


def failing(values):
    raise ValueError("no such thing")


@pytest.fixture
def answers():
    """Return a function that gives the remote stand-in of something that a worker in another thread has."""
    here, there = socket.socketpair()
    worker = Worker(Channel(there))
    thread = threading.Thread(target=worker.serve, daemon=True)
    thread.start()
    conversation = Conversation(Channel(here), Fault)
    conversation.deadline = time.monotonic() + 30

    def answer(thing):
        worker.candidates = {"it": [(thing, {})]}
        return conversation.begin("it", {"it": 0}, 0)

    answer.conversation = conversation
    yield answer
    here.close()
    thread.join(5)
    there.close()


def test_outputs_come_back_in_their_structure(answers):
    output = answers(Affine)()(torch.ones(3, 2), shift=1.0)
    assert torch.equal(output["scaled"], torch.tensor([[3.0, 4.0]] * 3))
    assert output["detached"][1] == (3, 2)


def test_gradients_reach_inputs_and_parameters_and_no_others(answers):
    module, values = answers(Affine)(), torch.randn(3, 2, requires_grad=True)
    module(2 * values)["scaled"].square().sum().backward()
    local, same = Affine(), values.detach().clone().requires_grad_()
    local(2 * same)["scaled"].square().sum().backward()
    assert torch.allclose(values.grad, same.grad)
    assert torch.allclose(dict(module.named_parameters())["weight"].grad, local.weight.grad)
    assert dict(module.named_parameters())["unused"].grad is None


def test_what_is_cut_off_from_the_gradient_needs_none(answers):
    output = answers(Affine)()(torch.ones(3, 2, requires_grad=True))
    assert output["scaled"].requires_grad
    assert not output["detached"][0].requires_grad


def test_parameters_that_are_filled_here_count_there(answers):
    module = answers(Affine)()
    with torch.no_grad():
        module.weight.fill_(5)
    assert torch.equal(module(torch.ones(1, 2))["scaled"].detach(), torch.full((1, 2), 5.0))


def test_optimiser_trains_the_module_there(answers):
    module = answers(Affine)()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    module(torch.ones(1, 2))["scaled"].sum().backward()
    optimizer.step()
    assert torch.allclose(module(torch.ones(1, 2))["scaled"], torch.tensor([[1.9, 2.9]]))


def test_buffers_and_mode_follow(answers):
    module = answers(Affine)()
    module(torch.ones(1, 2))
    assert module.calls.item() == 1
    assert module.training
    assert not module.eval().training


def test_attribute_that_is_a_plain_tensor_can_be_filled(answers):
    module = answers(Affine)()
    module.note.copy_(torch.ones(2))
    assert torch.equal(module.note, torch.ones(2))


def test_missing_attribute_is_missing(answers):
    assert getattr(answers(Affine)(), "coefficient", None) is None


def test_input_that_is_changed_there_is_changed_here(answers):
    values = torch.ones(3)
    answers(scribbler)(values)
    assert not values.any()


def test_error_keeps_its_kind_and_says_the_line(answers):
    with pytest.raises(ValueError, match="no such thing") as caught:
        answers(failing)(torch.ones(1))
    assert isinstance(caught.value, AnswerError)
    assert caught.value.raised.line == 'raise ValueError("no such thing")'
    assert caught.value.raised.owner == "failing"


def test_lazy_layer_has_its_parameters_after_the_first_call(answers):
    module = answers(lambda: nn.LazyLinear(4))()
    assert module(torch.ones(2, 3)).shape == (2, 4)
    assert {name: tuple(p.shape) for name, p in module.named_parameters()} == {"weight": (4, 3), "bias": (4,)}


def test_module_there_cannot_be_looked_into(answers):
    module = answers(Affine)()
    for look in (lambda: list(module.children()), lambda: list(module.modules()), module.double):
        with pytest.raises(TypeError):
            look()


def test_what_is_neither_plain_nor_callable_shows_its_class_only(answers):
    assert type(answers(torch.Generator())).__name__ == "Generator"


def test_silence_is_a_lost_worker():
    here, there = socket.socketpair()
    conversation = Conversation(Channel(here), Fault)
    conversation.deadline = time.monotonic() + 0.1
    with pytest.raises(LostWorkerError, match="took too long"):
        conversation.begin("it", {"it": 0}, 0)
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
    conversation.deadline = time.monotonic() + 5
    answering = threading.Thread(target=lambda: (there.recv(10_000), there.sendall(frame)))
    answering.start()
    with pytest.raises(LostWorkerError, match=reason):
        conversation.ask("begin")
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
