"""Judging is fair: no answer passes by silence, and none by being odd."""

from dataclasses import replace

import torch
from torch import Tensor, nn

from cnncourse.checking import Check, Fault, Part, Status, decide, judge
from cnncourse.checking.judging import Seen

HINTS = ("count on your fingers", "count to four")


def part(probe, check_judge=None):
    def is_four(seen, _inputs):
        return None if seen["value"] == 4 else Fault("not four", expected="4", got=str(seen["value"]))

    return Part("four", "build", 1, (Check("is four", 3, probe, check_judge or is_four, HINTS),))


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
    for said in ("not four", "expected 4, got 5", "hint 1 of 2: count on your fingers", "hint 2 of 2: count to four"):
        assert said in text


def test_error_in_an_answer_is_a_fault_that_names_it():
    outcome = only_outcome(judge(part(call), lambda: 1 / 0))
    assert outcome.status is Status.FAILED
    assert "ZeroDivisionError" in outcome.fault.got


def test_error_in_code_whose_lines_are_not_known_is_still_the_learners():
    names = {"__name__": "__main__"}
    exec(compile("def answer():\n    return int('no')", "<nowhere>", "exec"), names)
    fault = only_outcome(judge(part(call), names["answer"])).fault
    assert fault.message == "your code raises an error"
    assert not fault.line


def test_what_torch_says_of_layers_that_do_not_fit_is_explained():
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(3, 8, 3))
    fault = only_outcome(judge(part(call), lambda: layers(torch.zeros(1, 3, 9, 9)))).fault
    assert "the output channels of the one before" in fault.misconception


def test_missing_call_of_the_constructor_is_named():
    class Forgetful(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    fault = only_outcome(judge(part(lambda answer, _inputs: {"value": answer()}), Forgetful)).fault
    assert "super().__init__() is missing" in fault.misconception


def test_only_what_there_is_of_expected_and_got_is_told():
    told = repr(judge(part(call, lambda _seen, _inputs: Fault("no", got="5")), lambda: 5))
    assert "    got 5" in told
    assert "expected" not in told


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
        assert decide(check, Seen(observation), {}).status is Status.FAILED


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


def test_second_hint_can_be_unfolded_only_within_the_first():
    shown = judge(part(call), lambda: 5)._repr_html_()
    first, second, after = (shown.index(text) for text in ("Hint 1</summary>", "Hint 2</summary>", "</details>"))
    assert first < second < after
    assert shown.count("</details></details>") == 1


def test_faults_own_hints_take_the_place_of_the_checks():
    def own(_seen, _inputs):
        return Fault("no", hints=())

    assert only_outcome(judge(part(call, own), lambda: 5)).hints == ()


def test_picture_is_shown_beside_what_was_expected_and_got():
    def drawn(_seen, _inputs):
        return Fault("no", expected="1", got="2", picture="<svg></svg>")

    shown = judge(part(call, drawn), lambda: 5)._repr_html_()
    assert "got <code>2</code></div><svg></svg>" in shown


def in_stages(answer):
    """Judge an answer by three checks that share a probe of three stages, each of which needs one of them."""

    def stages(answer, _inputs):
        for stage in range(3):
            yield {stage: answer(stage)}

    def is_right(stage):
        return lambda seen, _inputs: None if seen[stage] == 4 else Fault("not four")

    checks = tuple(Check(f"stage {stage}", 1, stages, is_right(stage), HINTS) for stage in range(3))
    return [outcome.status for outcome in judge(Part("four", "build", 1, checks), answer).outcomes]


def test_error_in_a_stage_fails_the_checks_that_need_it_and_what_comes_after_it_only():
    assert in_stages(lambda stage: 4) == [Status.PASSED] * 3
    assert in_stages(lambda stage: 4 // (1 - stage)) == [Status.PASSED, Status.FAILED, Status.FAILED]
    assert in_stages(lambda stage: 4 // stage) == [Status.FAILED] * 3


def test_what_a_probe_did_not_get_to_see_is_told_as_the_error_it_was():
    def probe(answer, _inputs):
        yield {"other": 4}
        yield {"value": answer()}

    outcome = only_outcome(judge(part(probe), lambda: 1 / 0))
    assert outcome.status is Status.FAILED
    assert "ZeroDivisionError" in outcome.fault.got


def two_checks():
    (public,) = part(call).checks
    return Part("four", "build", 1, (public, replace(public, name="is four again", points=2, public=False)))


def test_notebook_runs_public_checks_only_and_says_what_grading_adds():
    report = judge(two_checks(), lambda: 4)
    assert [outcome.check.name for outcome in report.outcomes] == ["is four"]
    assert (report.points, report.possible) == (3, 3)
    assert "Public checks passed (1 of 1; 1 more at grading, worth 2 points)" in repr(report)


def test_failed_public_checks_are_counted():
    said = "Public checks: 0 of 1 passed; 1 more at grading, worth 2 points"
    report = judge(two_checks(), lambda: 5)
    assert said in repr(report)
    assert said in report._repr_html_()


def test_grading_runs_every_check():
    report = judge(two_checks(), lambda: 4, at_grading=True)
    assert (report.points, report.possible) == (5, 5)
    assert "more at grading" not in repr(report)
