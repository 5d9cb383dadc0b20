import threading
import time

import pytest

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.access import Actor, Role
from geartrain.web.tasks import State, get_task, start_task

ANN = Actor("ann@example.com", frozenset({Role.revops}))
BOB = Actor("bob@example.com", frozenset({Role.admin}))


@pytest.fixture(autouse=True)
def _django(site):
    """A task lets go of its database connections."""


def over(task):
    until = time.monotonic() + 10
    while not task.over and time.monotonic() < until:
        time.sleep(0.005)
    return task


def test_reports_and_returns():
    def work(task):
        task.report("reading", 1, 2)
        return 42

    task = over(start_task(ANN, "t", work, names=["a"]))
    assert (task.state, task.result, task.phase, task.total) == (State.done, 42, "reading", 2)
    assert get_task(ANN, task.id).context == {"names": ["a"]}


def test_is_its_owners_alone():
    task = start_task(ANN, "t", lambda task: None)
    with pytest.raises(NotFound):
        get_task(BOB, task.id)
    with pytest.raises(NotFound):
        get_task(ANN, "other")


def test_what_the_user_did_wrong_is_told():
    def work(task):
        raise Invalid("No such file.", hint="Choose another.")

    task = over(start_task(ANN, "t", work))
    assert (task.state, task.error, task.hint) == (State.failed, "No such file.", "Choose another.")


def test_what_we_did_wrong_is_logged_and_told_without_detail(caplog):
    def work(task):
        raise RuntimeError("secret detail")

    task = over(start_task(ANN, "t", work))
    assert task.state is State.failed
    assert "secret" not in task.error
    assert "secret detail" in caplog.text


def test_can_be_cancelled_running_and_waiting():
    began, go = threading.Event(), threading.Event()

    def work(task):
        began.set()
        go.wait(10)
        task.report("on")

    running = start_task(ANN, "running", work)
    waiting = start_task(ANN, "waiting", lambda task: pytest.fail("it was cancelled"))
    began.wait(10)
    waiting.cancel()
    running.cancel()
    go.set()
    assert over(running).state is State.cancelled
    assert waiting.seen().state is State.cancelled
    assert over(waiting).state is State.cancelled


def test_who_looks_sees_one_state_however_long_the_look_takes():
    go = threading.Event()
    task = start_task(ANN, "t", lambda task: go.wait(10) and {"rows": 1})
    seen = get_task(ANN, task.id)
    go.set()
    assert over(task).state is State.done
    assert (seen.over, seen.result) == (False, None)
    assert get_task(ANN, task.id).result == {"rows": 1}
