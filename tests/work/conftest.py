"""A small course, and a learner's folder made of it."""

import json

import pytest

from cnncourse.work.folder import WorkFolder

EXERCISE = "exercises/03-vgg-16/convolution-stacks.ipynb"
CHAPTER = "chapters/03-vgg-16.ipynb"


def write(path, *sources, printed=""):
    """Write a notebook of code cells, the last of which printed something."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    cells = [
        {"cell_type": "code", "id": str(n), "source": each, "outputs": outputs, "metadata": {}, "execution_count": None}
        for n, each in enumerate(sources)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")


def source(path):
    return [cell["source"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]


@pytest.fixture
def course(tmp_path):
    write(tmp_path / "course" / CHAPTER, "chapter")
    write(tmp_path / "course" / EXERCISE, "your code here")
    return tmp_path / "course"


@pytest.fixture
def own(course, tmp_path):
    return WorkFolder.start(tmp_path / "own", course)
