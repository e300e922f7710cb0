"""Which cells of a learner's notebook are run is decided without trusting it."""

import json

import pytest

from cnncourse.classroom.isolation.notebook import (
    Asked,
    UnreadableNotebookError,
    defined_names,
    is_definition,
    plan,
    read_notebook,
)

ASKED = (Asked("C3", "c3", "check(C3)"),)


def notebook(*cells, **metadata):
    return read_notebook(json.dumps({"cells": list(cells), "metadata": metadata}).encode())


def cell(source, grade_id=None, kind="code"):
    return {"cell_type": kind, "source": source, "metadata": {"nbgrader": {"grade_id": grade_id}} if grade_id else {}}


def steps(*cells, only_definitions=False):
    planned = plan(notebook(*cells), ASKED, {}, only_definitions=only_definitions)
    return [(step.cell.source, step.answers, step.checks) for step in planned.steps]


def test_answers_and_checks_are_found_by_their_names():
    assert steps(cell("C3 = 1", "c3"), cell("x", "c3-check")) == [("C3 = 1", "C3", ""), ("x", "", "C3")]


def test_check_that_has_lost_its_name_is_found_by_its_text():
    assert steps(cell("check(C3)")) == [("check(C3)", "", "C3")]


def test_definitions_only_leaves_out_what_does_something():
    cells = (cell("import torch"), cell("train()"), cell("C3 = build()"), cell("helper = [1, 2]"))
    assert [source for source, *_ in steps(*cells, only_definitions=True)] == [
        "import torch",
        "C3 = build()",
        "helper = [1, 2]",
    ]


@pytest.mark.parametrize(
    ("source", "defines"),
    [
        ("import torch\ndef f(): pass", True),
        ('"""Text."""', True),
        ("%matplotlib inline\nimport torch", True),
        ("x: int", True),
        ("f()", False),
        ("x = f()", False),
        ("for i in range(3): pass", False),
        ("def (", False),
        ("(" * 10_000, False),
    ],
)
def test_definitions_are_told_from_actions(source, defines):
    assert is_definition(source) is defines


def test_names_that_a_cell_defines_are_its_own():
    assert defined_names("class A: pass\nb = c = 1\ndef d():\n    inner = 2\ne: int = 3\nf, g = 1, 2") == list("Abcde")


def test_what_is_odd_is_said():
    odd = notebook(cell("C3 = 1", "c3"), cell("C3 = 2", "c3"), cell("mine", "given"))
    said = plan(odd, ASKED, {"given": "theirs"}, only_definitions=False).attention
    assert said == (
        "'c3' stands 2 times",
        "cells are missing or have lost their metadata: c3-check",
        "the locked cell 'given' was edited",
    )


def test_another_exercises_notebook_is_called_so():
    said = plan(notebook(cell("x = 1", "dropout")), ASKED, {}, only_definitions=False).attention
    assert said[-1] == "it looks like another exercise's notebook: its cells are called dropout"


def test_what_a_check_defines_beside_checking_is_run():
    moved = cell("def C3(): pass\nx = f()\nimport os\ncheck(C3)", "c3-check")
    assert steps(cell("", "c3"), moved) == [("def C3():\n    pass\nimport os", "C3", ""), (moved["source"], "", "C3")]


def test_line_ends_are_no_change():
    said = plan(notebook(cell("a\r\nb", "given")), ASKED, {"given": "a\nb"}, only_definitions=False).attention
    assert not any("was edited" in each for each in said)


def test_other_language_is_refused_by_name():
    with pytest.raises(UnreadableNotebookError, match="'julia'"):
        plan(notebook(cell("x"), kernelspec={"language": "Julia"}), ASKED, {}, only_definitions=False)


@pytest.mark.parametrize(
    "raw", [b"", b" \n", b"\0" * 9, b"\xff\xfe{}", b"{", b"[]", b"5", b"{}", b'{"cells": 3}', b'{"worksheets": 3}']
)
def test_what_is_no_notebook_is_refused_with_a_reason(raw):
    with pytest.raises(UnreadableNotebookError):
        read_notebook(raw)


def test_missing_and_strange_entries_do_no_harm():
    strange = [
        None,
        5,
        {"source": ["a = 1\n", 5, "b = 2"], "cell_type": "code", "metadata": "x"},
        {"cell_type": "code"},
    ]
    (only,) = read_notebook(json.dumps({"cells": strange, "metadata": []}).encode()).cells
    assert only.source == "a = 1\nb = 2"


@pytest.mark.parametrize(("encoding", "text"), [("cp1252", "×é·"), ("gb18030", "卷积网络"), ("gb18030", "誠a\\")])
def test_notebook_in_a_code_page_is_read_and_remarked(encoding, text):
    raw = json.dumps({"cells": [cell(f"# {text}\nC3 = 1", "c3")]}, ensure_ascii=False).encode(encoding)
    read = read_notebook(raw)
    assert defined_names(read.cells[0].source) == ["C3"]
    assert "not in UTF-8" in plan(read, ASKED, {}, only_definitions=False).attention[0]


def test_picture_is_no_notebook():
    with pytest.raises(UnreadableNotebookError, match="no text"):
        read_notebook(b"\x89PNG\r\n\x1a\n")
