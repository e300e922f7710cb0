"""The guide to training at full size agrees with the course."""

import re
import shlex

import pytest

from cnncourse.architectures import CATALOGUE
from cnncourse.cli import command_line
from cnncourse.full_size.recipes import RECIPES


@pytest.fixture(scope="module")
def guide(project):
    return (project / "docs/full-size-training.md").read_text(encoding="utf-8")


def test_its_commands_are_understood(guide):
    commands = re.findall(r"cnncourse(?:\.cli)? ((?:train|evaluate|classify) [^`\n]+)", guide)
    commands = [command for command in commands if "--data" in command or "--dry-run" in command]  # whole ones
    assert len(commands) > 6
    for command in commands:
        command_line().parser.parse_args(shlex.split(command))


def test_its_table_has_every_chapters_network_and_its_recipes_epochs(guide):
    rows = [line.split(" | ") for line in guide.splitlines() if line.count(" | ") == 5]
    epochs = {row[0].removeprefix("| ").partition(" (")[0]: row[2] for row in rows}
    for record in CATALOGUE:
        if record.number != "A":
            assert epochs[record.title] == str(RECIPES[record.slug].epochs)


def test_its_links_lead_somewhere(project, guide):
    for target in re.findall(r"\]\(([^)]+)\)", guide):
        assert target.startswith("https://") or (project / "docs" / target).exists(), target
