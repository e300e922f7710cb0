"""Verdicts follow from the measurements, in both directions."""

import math

import pytest

from cnncourse.experiments import Criterion, Experiment


def experiment(control, treatment, least=1.0):
    return Experiment(
        claim="the treatment errs less",
        source="nobody 2026",
        control=("without", lambda seed: {"error": control[seed]}),
        treatment=("with", lambda seed: {"error": treatment[seed]}),
        criteria=(Criterion("error", f"at least {least} less in every seed", lambda d: min(d) >= least),),
    )


def test_claim_that_holds_is_reproduced():
    finding = experiment([5.0, 6.0, 7.0], [2.0, 3.5, 4.0]).run(range(3), progress=False)
    assert finding.differences("error") == [3.0, 2.5, 3.0]
    assert finding.verdict == "reproduced"


def test_claim_that_fails_in_one_seed_is_not_reproduced():
    finding = experiment([5.0, 6.0, 7.0], [2.0, 5.5, 4.0]).run(range(3), progress=False)
    assert finding.verdict == "not reproduced"
    assert "not reproduced" in repr(finding)
    assert "not reproduced" in finding._repr_html_()


def test_measurement_that_is_not_a_number_is_never_a_success():
    finding = experiment([math.nan, 6.0], [2.0, 3.0]).run(range(2), progress=False)
    assert finding.verdict == "not reproduced"


def test_interval_is_students_t():
    finding = experiment([1.0, 2.0, 3.0], [0.0, 0.0, 0.0]).run(range(3), progress=False)
    low, high = finding.interval("error")
    assert math.isclose((low + high) / 2, 2.0)
    assert math.isclose((high - low) / 2, 4.302653 / math.sqrt(3), rel_tol=1e-5)


def test_one_seed_is_not_enough():
    with pytest.raises(ValueError, match="two seeds at least"):
        experiment([1.0], [0.0]).run([0], progress=False)
