"""Answers that are alike but for names and comments are found, and others are not."""

import inspect
from importlib import import_module

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnncourse.architectures import CATALOGUE
from cnncourse.classroom.grading.results import Result
from cnncourse.classroom.reports.similarity import fingerprints, groups, of_the_course, tokens

STUB = """
class C3(nn.Module):
    \"\"\"Connect each map to some of those before it.\"\"\"

    def __init__(self, table):
        super().__init__()
        # YOUR CODE HERE
        raise NotImplementedError
"""
ONE = """
class C3(nn.Module):
    def __init__(self, table):
        super().__init__()
        self.convolutions = nn.ModuleList([nn.Conv2d(len(row), 1, 5) for row in table])
        self.table = table

    def forward(self, maps):
        pieces = [layer(maps[:, row]) for layer, row in zip(self.convolutions, self.table)]
        return torch.cat(pieces, dim=1)
"""
RENAMED = """
class C3(nn.Module):
    "My own way of doing it."
    def __init__(self, connections):
        super().__init__()   # needed
        self.layers = nn.ModuleList(
            [nn.Conv2d(len(which), 1, 5) for which in connections])
        self.connections = connections
    def forward(self, x):
        # one after the other
        out = [conv(x[:, which]) for conv, which in zip(self.layers, self.connections)]
        return torch.cat(out, dim=1)
"""
OTHER = """
class C3(nn.Conv2d):
    def __init__(self, table):
        super().__init__(6, len(table), 5)
        mask = torch.zeros(len(table), 6, 1, 1)
        for number, row in enumerate(table):
            mask[number, row] = 1
        self.register_buffer("mask", mask)

    def forward(self, maps):
        return F.conv2d(maps, self.weight * self.mask, self.bias)
"""


def result(student, **answers):
    return Result(student, "01-lenet-5", (), answers=answers)


def found(*answers, stub=STUB):
    named = [result(f"s{number}", C3=source) for number, source in enumerate(answers)]
    return [group.students for group in groups(named, {"C3": stub})]


def test_an_answer_with_other_names_and_comments_is_the_same():
    assert [text for text, _ in tokens(ONE)] == [text for text, _ in tokens(RENAMED)]
    assert found(ONE, OTHER, RENAMED) == [("s0", "s2")]


def test_answers_of_their_own_are_not_grouped():
    assert found(ONE, OTHER) == []


def test_answers_that_are_little_more_than_what_was_handed_out_are_not_grouped():
    assert found(STUB + "        return 1", STUB + "        return 1") == []
    assert found(ONE, RENAMED, stub=ONE) == []


def test_a_line_more_makes_no_other_answer():
    assert found(ONE, RENAMED.replace("        # one after", "        print(x.shape)\n        # one after")) == [
        ("s0", "s1")
    ]


@pytest.mark.slow
def test_right_answers_of_the_banks_are_mostly_not_alike():
    """They were written to differ; some are variants of each other in a word or two."""
    grouped = written = 0
    for record in CATALOGUE:
        if not record.has_chapter:
            continue
        right = import_module(f"tests.architectures.{record.module}.answers").RIGHT
        sources = [(part, inspect.getsource(answer)) for part, answer in right if inspect.isclass(answer)]
        named = [result(f"s{number}", **{part: source}) for number, (part, source) in enumerate(sources)]
        grouped += sum(len(group.students) for group in groups(named, {}))
        written += len(sources)
    assert written > 50
    assert grouped < 0.1 * written


def test_what_is_shared_and_what_was_handed_out_is_told_line_by_line():
    (group,) = groups([result("a", C3=ONE.strip()), result("b", C3=RENAMED.strip())], {"C3": STUB})
    by_text = {line.text.strip(): line for line in group.lines}
    assert group.share == 1
    assert by_text["super().__init__()"].given
    shared = by_text["return torch.cat(pieces, dim=1)"]
    assert (shared.shared, shared.given) == (True, False)


@pytest.mark.parametrize("broken", ["class C3(:\n  x = 1 1", "'''never ends", "\t\n  x\n y", "é = ½", "a\\"])
def test_what_is_no_python_is_compared_as_words(broken):
    assert fingerprints(broken)
    long = f"{broken} {' '.join(f'word{number}' for number in range(60))}"
    assert found(long, long, stub="") == [("s0", "s1")]


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_any_text_has_fingerprints_within_its_lines(text):
    lines = {line for covered in fingerprints(text).values() for line in covered}
    assert all(1 <= line <= text.count("\n") + text.count("\r") + 2 for line in lines)


@pytest.mark.parametrize(
    "line",
    [
        "from cnncourse.architectures.lenet5.model import PartialConv2d",
        "import cnncourse.architectures.lenet5.model as m",
        "from cnncourse import architectures",
        "model = cnncourse.architectures.architecture('lenet-5').build()",
        "m = importlib.import_module('cnncourse.architectures.lenet5.model')",
    ],
)
def test_the_courses_own_networks_are_told_unless_the_notebook_takes_them(line):
    assert of_the_course(result("a", C3=f"x = 1\n{line}"), ["y = 2"]) == [line]
    assert of_the_course(result("a", C3=f"x = 1\n{line}"), [f"y = 2\n{line}"]) == []
    assert of_the_course(result("a", **{"": f"# {line}"}), []) == []


def test_what_helps_to_look_at_a_network_is_no_answer():
    source = "from cnncourse import draw, measure\nimport cnncourse\nimport cnncourse.data\ndraw(C3, (6, 14, 14))"
    assert of_the_course(result("a", C3=source), []) == []
