"""Probes keep to what also works beside a module in another process."""

import ast

import pytest

from cnncourse.architectures import CATALOGUE

CHAPTERS = [record for record in CATALOGUE if record.has_chapter]
OUT_OF_REACH = {"modules", "named_modules", "children", "named_children", "apply", "TorchFunctionMode"}


@pytest.mark.parametrize("record", CHAPTERS, ids=lambda record: record.slug)
def test_no_probe_looks_inside_a_module(project, record):
    sources = sorted((project / f"cnncourse/architectures/{record.module}/exercise").glob("*.py"))
    assert sources
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            name = getattr(node, "attr", None) or getattr(node, "id", None) or ""
            assert name not in OUT_OF_REACH, f"{source.name}, line {node.lineno}: {name}"
            assert not (name.startswith("register_") and name.endswith("_hook")), f"{source.name}, line {node.lineno}"
