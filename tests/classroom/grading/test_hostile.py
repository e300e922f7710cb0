"""Whatever is handed in gets the points it deserves, and harms neither the machine nor anybody else's result."""

import dataclasses
import os
import socket
import time

import psutil
import pytest

from cnncourse.classroom.grading.grade import Patience, Setup, grade
from cnncourse.classroom.isolation.sandbox import Sandbox, strongest_isolation
from tests.classroom.handed_in import EXERCISE, answered, as_file, released, short_assignment
from tests.classroom.hostile import BANK, OURS, WRONG_C3

# As many times as long as all of the right answers together take here, and as many seconds.
QUICK = Patience(check=1, answer_cell=1, other_cell=1, other_cells=2, cells=8, part=3)

FOLLOWED = 4  # hostile submissions to a right one: what they leave in the sandbox stays there for all that follow


@pytest.fixture(scope="module")
def patient(project):
    """The exercise and how it is graded, with time for everything."""
    return Setup.of(short_assignment(EXERCISE, project), b"a secret")


@pytest.fixture(scope="module")
def setup(project, patient, sandbox):
    """Patience for what hangs, not for what is slow: the slower right answers are here, the more of it."""
    right = as_file(answered(project, C3=OURS))
    grade("warm", right, patient, sandbox)
    started = time.monotonic()
    grade("good", right, patient, sandbox)
    took = time.monotonic() - started
    longer = {limit.name: getattr(QUICK, limit.name) * (1 + took) for limit in dataclasses.fields(QUICK)}
    return dataclasses.replace(patient, patience=Patience(**longer))


@pytest.fixture(scope="module")
def listener():
    """Whoever gets through to this machine's loopback is seen here."""
    for port in range(47600, 47610):
        with socket.socket() as server:
            try:
                server.bind(("127.0.0.1", port))
            except OSError:
                continue
            server.listen()
            server.setblocking(False)
            yield server
            return


@pytest.fixture(scope="module")
def sandbox(patient, listener, tmp_path_factory):
    if not strongest_isolation().is_sandbox:
        pytest.fail("these tests need bubblewrap; install it (for example: apt install bubblewrap)")
    (tmp_path_factory.mktemp("grades") / "hidden-secret.txt").write_text("what learners must not see")
    os.environ["CNNCOURSE_HIDDEN"] = "what learners must not see"
    with Sandbox(strongest_isolation(), patient.assignment.modules) as sandbox:
        yield sandbox
    del os.environ["CNNCOURSE_HIDDEN"]


@pytest.fixture(scope="module")
def good(project, setup, sandbox):
    """What right answers earn before anything hostile has run."""
    result = grade("good", as_file(answered(project, C3=OURS)), setup, sandbox)
    assert result.points == result.possible, result
    return result


@pytest.fixture(scope="module")
def plain(project, setup, sandbox):
    """What the wrong C3 earns without any attack."""
    return grade("plain", as_file(answered(project, C3=WRONG_C3)), setup, sandbox).parts


def everything_said(result):
    told = [f"{check.message} {check.got} {check.misconception}" for check in result.checks]
    return "\n".join([*told, *result.remarks, *result.attention])


def test_bank_is_large_enough_and_without_repetition():
    assert len(BANK) >= 40
    assert len({submission.name for submission in BANK}) == len(BANK)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("submission", "is_followed"),
    [(each, each is BANK[-1] or number % FOLLOWED == 0) for number, each in enumerate(BANK, 1)],
    ids=[each.name for each in BANK],
)
def test_submission_gets_what_it_deserves_and_so_does_who_comes_after(
    submission, is_followed, project, setup, sandbox, good, plain
):
    result = grade("odd", as_file(submission.make(project)), setup, sandbox)
    said = everything_said(result)
    for part, (points, possible) in result.parts.items():
        if part in submission.earns:
            assert points == possible, f"{part}\n{said}"
        elif part == "C3":  # the part that is attacked; for the next one the course's own C3 may stand in
            deserved = plain[part][0] if part in submission.plain else 1
            assert points <= deserved < possible, f"{part}\n{said}"
    assert submission.says in said
    if is_followed:
        assert grade("good", as_file(answered(project, C3=OURS)), setup, sandbox) == good


@pytest.mark.slow
def test_nothing_hostile_is_left_running(project, setup, sandbox, good, listener):
    sandbox.end_worker()
    left = [
        process for process in psutil.process_iter(["cmdline"]) if "time.sleep(61.25)" in str(process.info["cmdline"])
    ]
    assert not left
    with pytest.raises(BlockingIOError):  # nobody has called
        listener.accept()


@pytest.mark.slow
def test_untouched_notebook_earns_nothing_and_raises_nothing(project, setup, sandbox):
    result = grade("untouched", as_file(released(project)), setup, sandbox)
    assert result.points == 0
    assert {check.status for check in result.checks} == {"not attempted yet"}
    assert not result.attention


@pytest.mark.slow
def test_answer_that_ends_python_costs_its_own_part_only(project, setup, sandbox):
    ends = "\n    def train(self, mode=True):\n        import os\n        os._exit(0)\n"
    right = f"{OURS}\nclass Ending(PartialConv2d):{ends}\nC3 = lambda table: Ending(6, table, 5)"
    result = grade("late", as_file(answered(project, C3=right)), setup, sandbox)
    lost = {check.check for check in result.checks if check.part == "C3" and not check.points}
    assert {"one convolution, nothing more", "still sparse after training"} <= lost
    assert result.parts["MendedSubsampling"] == (5, 5)


@pytest.mark.slow
def test_submission_that_is_slow_in_every_check_is_given_up_in_the_end(project, setup, sandbox):
    slow = f"{WRONG_C3}\n    def forward(self, maps):\n        import time\n        time.sleep(1.5)\n"
    hurried = dataclasses.replace(setup, patience=dataclasses.replace(QUICK, submission=1))
    result = grade("slow", as_file(answered(project, C3=slow)), hurried, sandbox)
    assert result.points == 0
    assert "no time was left for this check" in everything_said(result)


@pytest.mark.slow
def test_same_seed_gives_the_same_result_to_the_last_digit(project, setup, sandbox):
    wrong = as_file(answered(project, C3=WRONG_C3))
    assert grade("a", wrong, setup, sandbox).to_json() == grade("a", wrong, setup, sandbox).to_json()


@pytest.mark.slow
def test_another_secret_gives_other_inputs(project, setup, sandbox):
    wrong = as_file(answered(project, MendedSubsampling="def MendedSubsampling(channels): return nn.AvgPool2d(2)"))
    first, second = (
        grade("a", wrong, dataclasses.replace(setup, secret=secret), sandbox) for secret in (b"one", b"other")
    )
    assert first.points == second.points
    assert first.fingerprint != second.fingerprint
