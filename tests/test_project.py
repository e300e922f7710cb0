"""The files around the code agree with the code."""

import re
import tomllib
from xml.etree import ElementTree

import pytest
import yaml

from cnncourse.architectures import architecture, reading_order
from cnncourse.drawing import draw

# Where conda-forge calls a package something else.
CONDA_NAMES = {"matplotlib": "matplotlib-base", "torch": "pytorch-cpu"}


@pytest.fixture(scope="module")
def declared(project):
    return tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def name_and_range(requirement):
    return re.fullmatch(r"([A-Za-z0-9_-]+)(.*)", requirement).groups()


def test_conda_environment_declares_the_same_packages_and_versions(project, declared):
    environment = yaml.safe_load((project / "environment.yml").read_text(encoding="utf-8"))
    conda = {requirement for requirement in environment["dependencies"] if isinstance(requirement, str)}
    expected = {"pip", f"python{declared['requires-python']}"}
    for requirement in declared["dependencies"]:
        name, versions = name_and_range(requirement)
        expected.add(CONDA_NAMES.get(name, name) + versions)
    assert conda == expected


def test_constraints_pin_every_declared_package(project, declared):
    lines = (project / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines if not line.startswith("#")}
    extras = [requirement for extra in declared["optional-dependencies"].values() for requirement in extra]
    names = {name_and_range(requirement)[0].lower() for requirement in [*declared["dependencies"], *extras]}
    assert names <= pinned
    assert all("==" in line for line in lines if not line.startswith("#"))


def test_readme_lists_the_catalogues_chapters(project):
    readme = (project / "README.md").read_text(encoding="utf-8")
    rows = [line for line in readme.splitlines() if re.match(r"\| (\d+|A) \|", line)]
    assert rows == [
        f"| {record.number} | [{record.title}](chapters/{record.chapter}.ipynb) | {record.year} | "
        f"{record.what_is_new} | [{record.exercise().title}](exercises/{record.chapter}/) |"
        if record.has_chapter
        else f"| {record.number} | {record.title} | {record.year} | {record.what_is_new} | to come |"
        for record in reading_order()
    ]


def test_readmes_links_lead_somewhere(project):
    for document in ("README.md", "CONTRIBUTING.md"):
        text = (project / document).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)]+)\)", text):
            assert target.startswith("https://") or (project / target).exists(), target


def test_readmes_picture_is_what_the_code_draws(project):
    record = architecture("inception-v1")
    drawing = draw(record.build(), record.input_shape, f"{record.title} ({record.year})")
    picture = (project / "images/inception-v1.svg").read_text(encoding="utf-8")
    assert picture == drawing.svg + "\n"
    ElementTree.fromstring(picture)


def test_every_make_target_is_described(project):
    makefile = (project / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[1].split()
    described = re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE)
    assert sorted(phony) == sorted(described)
    for command in ("make lab", "make test", "make doctor"):
        assert command in (project / "README.md").read_text(encoding="utf-8")
