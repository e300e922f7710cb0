"""Judging is fair: no answer passes by silence, and none by being odd."""

import torch
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part, Status, decide, judge


def part(probe, check_judge=None):
    def is_four(seen, _inputs):
        return None if seen["value"] == 4 else Fault("not four", expected="4", got=str(seen["value"]))

    return Part("four", "build", 1, (Check("is four", 3, probe, check_judge or is_four, "count to four"),))


def call(answer, _inputs):
    return {"value": answer()}


def only_outcome(report):
    (outcome,) = report.outcomes
    return outcome


def test_right_answer_earns_the_checks_points():
    report = judge(part(call), lambda: 4)
    assert report.passed
    assert report.points == 3.0


def test_fault_is_told_with_expected_got_and_hint():
    text = repr(judge(part(call), lambda: 5))
    for said in ("not four", "expected 4, got 5", "hint: count to four"):
        assert said in text


def test_error_in_an_answer_is_a_fault_that_names_it():
    outcome = only_outcome(judge(part(call), lambda: 1 / 0))
    assert outcome.status is Status.FAILED
    assert "ZeroDivisionError" in outcome.fault.got


def test_object_of_the_learners_own_class_never_reaches_the_judge():
    class AlwaysEqual:
        def __eq__(self, other):
            return True

        __hash__ = None

    outcome = only_outcome(judge(part(call), AlwaysEqual))
    assert outcome.status is Status.FAILED


def test_tensor_subclass_is_stripped_of_its_own_comparison():
    class Flattering(Tensor):
        def __eq__(self, other):
            return torch.ones(1, dtype=torch.bool)

        __hash__ = Tensor.__hash__

    def judged(seen, _inputs):
        assert type(seen["value"]) is Tensor
        return None if torch.equal(seen["value"], torch.ones(2)) else Fault("not ones")

    report = judge(part(call, judged), lambda: torch.zeros(2).as_subclass(Flattering))
    assert not report.passed


def test_observation_that_cannot_be_read_is_a_failure():
    check = part(call).checks[0]
    for observation in ({}, {"other": 4}, {"value": torch.zeros(2)}):
        assert decide(check, observation, {}).status is Status.FAILED


def test_not_a_number_never_passes():
    def close(seen, _inputs):
        return None if torch.allclose(seen["value"], torch.zeros(1)) else Fault("not zero")

    assert not judge(part(call, close), lambda: torch.tensor([float("nan")])).passed


def test_judging_leaves_the_random_state_alone():
    state = torch.get_rng_state()
    judge(part(lambda answer, _inputs: {"value": answer(2, 2).weight.numel()}), nn.Linear)
    assert torch.equal(torch.get_rng_state(), state)


def test_what_answers_write_to_stderr_does_not_reach_the_cell(capsys):
    import sys

    def noisy():
        print("noise", file=sys.stderr)
        return 4

    assert judge(part(call), noisy).passed
    assert capsys.readouterr().err == ""


def test_report_escapes_what_learners_write():
    report = judge(part(call), lambda: "<script>alert(1)</script>")
    assert "<script>" not in report._repr_html_()
    assert "<details><summary>Hint</summary>" in report._repr_html_()
