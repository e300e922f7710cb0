"""What is particular to chapter 2's exercise: chance decides in it, and must not decide on points."""

from cnncourse import check
from cnncourse.architectures.alexnet.exercise.dropout import Inverted
from cnncourse.architectures.alexnet.exercise.ledger import ledger
from cnncourse.architectures.alexnet.exercise.top import StillBroken
from cnncourse.architectures.alexnet.model import AlexNet
from tests.architectures.shapes import on_meta


def test_reference_counts_what_the_course_s_network_has():
    model, counts = on_meta(AlexNet), ledger((96, 256, 384, 384, 256), (1, 2, 1, 2, 2), 227, 4096, 1000)
    assert counts == {name: sum(each.numel() for each in getattr(model, name).parameters()) for name in counts}


def test_inverted_dropout_is_called_by_its_name_and_keeps_the_points_for_its_masks():
    report = check("02-alexnet", Inverted, part="Dropout")
    assert "inverted dropout, as libraries have it today" in repr(report)
    passed = {outcome.check.name for outcome in report.outcomes if outcome.points}
    assert {"in training a share p is dropped", "each unit has its own coin, at every call"} <= passed


def test_each_bug_of_the_top_has_points_of_its_own():
    assert check("02-alexnet", StillBroken, part="MendedTop").points == 1
