"""Judging is fair: what does the same as the reference is right, and nothing passes by silence."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from cnncourse.checking import Check, Misconception, Status, judge
from cnncourse.checking.examination import examine
from cnncourse.checking.judging import UnsoundReferenceError, judge_asking

from .toy import HINTS, UNIT, ReluFirst, Unit, WithoutRelu


def only_faults(report):
    return {outcome.check.name: outcome.fault for outcome in report.outcomes if outcome.fault}


@pytest.mark.slow
def test_reference_gets_full_marks_at_any_seed():
    assert all(judge(UNIT, Unit, seed, at_grading=True).points == UNIT.points for seed in range(10))


class AsProduct(nn.Module):
    """The same, as a product of matrices."""

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.stride = stride
        self.product = nn.Linear(9 * in_channels, out_channels, bias=False)
        self.normalisation = nn.BatchNorm1d(out_channels)

    def forward(self, maps):
        windows = nn.functional.unfold(maps, 3, padding=1, stride=self.stride)
        normalised = self.normalisation(self.product(windows.mT).mT)
        return normalised.clamp_min(0).unflatten(2, [(side - 1) // self.stride + 1 for side in maps.shape[2:]])


class Lazy(Unit):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__(in_channels, out_channels, stride)
        self.convolution = nn.LazyConv2d(out_channels, 3, stride, padding=1, bias=False)


class InSinglePrecision(Unit):
    def forward(self, maps):
        return super().forward(maps).float()


class InHalfPrecision(Unit):
    def forward(self, maps):
        return super().forward(maps).half()


@pytest.mark.parametrize("answer", [AsProduct, Lazy, InSinglePrecision, InHalfPrecision])
@pytest.mark.parametrize("seed", range(5))
def test_right_answer_written_differently_gets_full_marks(answer, seed):
    report = judge(UNIT, answer, seed, at_grading=True)
    assert report.passed, report


@pytest.mark.parametrize("misconception", UNIT.misconceptions, ids=lambda each: each.said)
def test_misconception_is_named_and_costs_its_check_once(misconception):
    report = judge(UNIT, misconception.wrong, 3, at_grading=True)
    faults = only_faults(report)
    assert {name: fault.misconception for name, fault in faults.items()} == dict.fromkeys(
        misconception.checks, misconception.said
    )


def test_unknown_mistake_is_told_by_its_first_difference_with_expected_and_got():
    class Halved(Unit):
        def forward(self, maps):
            return super().forward(maps) / 2

    report = judge(UNIT, Halved)
    fault = only_faults(report)["the right values"]
    assert fault.message == "Unit(2, 3): with weights that are all alike, in training, what comes out is wrong"
    assert fault.expected != fault.got
    assert not fault.misconception
    assert "numbers differ" in fault.picture
    assert "hint 2 of 2: Convolve, normalise, ReLU." in repr(report)


def test_what_is_wrong_only_in_cases_drawn_at_grading_costs_only_there():
    class KnowsStrideTwo(Unit):
        def __init__(self, in_channels, out_channels, stride=1):
            super().__init__(in_channels, out_channels, min(stride, 2))

    assert judge(UNIT, KnowsStrideTwo).passed
    assert list(only_faults(judge(UNIT, KnowsStrideTwo, 1, at_grading=True))) == ["another stride"]


def test_wrong_default_is_found():
    class DefaultOfTwo(Unit):
        def __init__(self, in_channels, out_channels, stride=2):
            super().__init__(in_channels, out_channels, stride)

    assert not judge(UNIT, DefaultOfTwo).passed


def test_one_of_several_right_answers_is_enough():
    either = replace(UNIT, references=(Unit, ReluFirst), misconceptions=())
    assert judge(either, ReluFirst, at_grading=True).passed
    assert not judge(either, WithoutRelu).passed


def test_nothing_is_judged_by_a_reference_that_does_not_run_on_this_machine():
    class Broken(Unit):
        def forward(self, maps):
            raise AttributeError("of another version of torch")

    broken = replace(UNIT, references=(Broken, Unit))
    for answer in (Unit, WithoutRelu, Broken):
        with pytest.raises(UnsoundReferenceError, match="AttributeError: of another version of torch"):
            judge(broken, answer)


def test_what_is_asked_anew_is_public_if_it_was_so_before():
    part = replace(UNIT, corners=UNIT.cases)
    for attempt in range(3):
        for case, question in part.questions(7, at_grading=True, attempt=attempt):
            assert (question.seed in part.public_seeds(7)) == (case is not None)


def test_what_the_text_leaves_open_does_not_matter():
    class WithUnusedWeight(Unit):
        def __init__(self, in_channels, out_channels, stride=1):
            super().__init__(in_channels, out_channels, stride)
            self.register_parameter("unused", nn.Parameter(torch.ones(())))

    assert not judge(UNIT, WithUnusedWeight).passed
    lenient = replace(UNIT, leaves_open=("parameters", "parameters that no gradient reaches", "parameters that move"))
    assert judge(lenient, WithUnusedWeight, at_grading=True).passed


def test_answer_to_an_earlier_part_that_is_wrong_costs_nothing_in_this_one():
    names = {"__name__": "answers", "nn": nn, "Unit": WithoutRelu}
    exec("def make(i, o):\n    return nn.Sequential(Unit(i, o), Unit(o, o))", names)
    part = replace(
        UNIT,
        name="make",
        references=(lambda i, o: nn.Sequential(Unit(i, o), Unit(o, o)),),
        cases=UNIT.cases[:1],
        draw=lambda _generator: (),
        misconceptions=(),
        needs={"Unit": Unit},
    )
    report = judge(part, names["make"])
    assert report.passed
    assert "the course's own Unit" in repr(report)
    assert names["Unit"] is WithoutRelu
    assert not judge(replace(part, needs={}), names["make"]).passed


def stub(in_channels, out_channels, stride=1):
    raise NotImplementedError


def test_stub_is_not_attempted():
    report = judge(UNIT, stub)
    assert not report.attempted
    assert {outcome.status for outcome in report.outcomes} == {Status.NOT_ATTEMPTED}


def test_stub_of_forward_is_not_attempted():
    class Stub(Unit):
        def forward(self, maps):
            raise NotImplementedError

    Stub.__name__ = "Unit"
    assert not judge(replace(UNIT, name="Stub"), Stub).attempted


class Forgetful(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        self.layer = nn.Conv2d(in_channels, out_channels, 3)


class Mixed(Unit):
    def forward(self, maps):
        return super().forward(torch.cat([maps, maps], dim=1))


class WithoutForward(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()


class Silent(Unit):
    def forward(self, maps):
        super().forward(maps)


class Text(Unit):
    def forward(self, maps):
        return "maps"


class Spoils(Unit):
    def forward(self, maps):
        return super().forward(maps.mul_(2))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Forgetful, "super().__init__() is missing"),
        (Mixed, "the output channels of a layer are the input channels of the next"),
        (WithoutForward, "your module has no forward"),
        (Silent, "forward returns None"),
        (Text, "forward returns no tensor"),
        (Spoils, "forward changes the tensor that it is given"),
        (Unit(2, 3), "the check needs the class or function itself"),
        (lambda *_arguments: 4, "calling it does not give a module"),
        (4, "the check needs the class or function itself"),
        (lambda *_arguments: 1 / 0, "ZeroDivisionError"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_answer_that_cannot_be_examined_is_told_why(answer, said):
    report = judge(UNIT, answer)
    assert report.points == (1 if answer is Spoils else 0)
    if answer is Mixed:
        said = "the input channels of a layer are the output channels of the one before"
    assert said in repr(report)


def test_judging_leaves_the_world_as_it_was():
    torch.manual_seed(5)
    state = torch.get_rng_state()
    with torch.no_grad():
        judge(UNIT, Unit)
        assert not torch.is_grad_enabled()
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.parametrize(
    "notes",
    [
        [],
        [("shape", [[3, 3, 5, 6]])],
        [("shape", 4), ("parameters", "many"), ("left alone", 7), ("chance", None), ("averages", {})],
        [("ended", {"raised": {"type": "ValueError", "text": "no", "line": "", "owner": ""}})],
        [("single precision", True)],
        [("alike: output", [torch.full((3, 3, 5, 6), float("nan"))])],
        [("shape", [[3, 3, 5, 6]]), ("alike: output", torch.zeros(2)), ("left alone", [1])],
    ],
)
def test_silence_and_nonsense_never_pass(notes):
    try:
        outcomes, _ = judge_asking(UNIT, lambda _question, _own: iter(notes), {"Unit"}, 0, at_grading=True)
    except (AttributeError, TypeError, KeyError, ValueError):
        return  # whoever judges from afar takes it for no points at all
    assert sum(outcome.points for outcome in outcomes) < UNIT.points
    assert not any(outcome.status is Status.PASSED and not outcome.check.public for outcome in outcomes)


class WithoutNormalisation(Unit):
    """A mistake that none of the part's misconceptions has."""

    def forward(self, maps):
        return torch.relu(self.convolution(maps))


@pytest.mark.parametrize(("answer", "times"), [(Unit, 0), (WithoutRelu, 0), (WithoutNormalisation, 2)])
def test_where_a_fault_comes_from_is_asked_once_a_case_and_only_if_no_misconception_says_it(answer, times):
    asked = []

    def ask(question, _own):
        asked.append(question.call if question.why else "")
        return examine(answer, question)

    judge_asking(UNIT, ask, {"Unit"}, 0, at_grading=True)
    why = [call for call in asked if call]
    assert len(why) == len(set(why)) == times


def test_tensor_subclass_is_stripped_of_its_own_comparison():
    class Flattering(Tensor):
        def __eq__(self, other):
            return torch.ones((), dtype=torch.bool)

        __hash__ = Tensor.__hash__

    class Flatters(WithoutRelu):
        def forward(self, maps):
            return super().forward(maps).as_subclass(Flattering)

    assert not judge(UNIT, Flatters).passed


def test_mistake_that_several_checks_meet_is_told_once():
    twice = replace(
        UNIT,
        checks=(Check("one", 1, HINTS, cases=(0,)), Check("two", 1, HINTS, cases=(1,)), *UNIT.checks[2:]),
        misconceptions=(Misconception("the ReLU is missing", WithoutRelu, ("one", "two")),),
    )
    first, second = (outcome.fault for outcome in judge(twice, WithoutRelu).outcomes)
    assert first.misconception == "the ReLU is missing"
    assert second.message == "the same as at “one”"
