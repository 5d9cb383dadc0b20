"""Long work in the served process: one at a time, with progress, and it can be cancelled."""

from __future__ import annotations

import logging
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from geartrain.kernel.errors import GeartrainError, NotFound
from geartrain.services.access import Actor

log = logging.getLogger(__name__)
KEPT = 200


class State(StrEnum):
    """Where a task stands."""

    waiting = "waiting"
    running = "running"
    done = "done"
    failed = "failed"
    cancelled = "cancelled"


class Cancelled(GeartrainError):
    """The person who started it stopped it; what it had begun is undone by whoever raises."""

    code = "cancelled"
    status = 409


@dataclass
class Task:
    """Some work that somebody started.

    Args:
        owner: Login of who started it: nobody else sees it.
        page: Name of the address that shows it.
        context: What the page of the task needs besides.
    """

    id: str
    title: str
    owner: str
    page: str = ""
    context: dict[str, Any] = field(default_factory=dict)
    state: State = State.waiting
    phase: str = ""
    done: int = 0
    total: int | None = None
    result: Any = None
    error: str = ""
    hint: str = ""
    _stop: threading.Event = field(default_factory=threading.Event)

    def report(self, phase: str, done: int = 0, total: int | None = None) -> None:
        """Report progress; raises where the task was cancelled meanwhile."""
        if self._stop.is_set():
            raise Cancelled("Cancelled. Nothing was kept.")
        self.phase, self.done, self.total = phase, done, total

    def cancel(self) -> None:
        """Stop at the next step, or before the first."""
        self._stop.set()

    def seen(self) -> Task:
        """As it stands at this moment: a page that looks at it twice must not see two states."""
        now = copy(self)
        if now.state is State.waiting and self._stop.is_set():
            now.state = State.cancelled
        return now

    @property
    def url(self) -> str:
        """Where it is shown."""
        from django.urls import reverse

        return reverse(self.page, args=[self.id]) if self.page else ""

    @property
    def percent(self) -> int | None:
        """How far it is; None where that is not known."""
        return min(100, round(100 * self.done / self.total)) if self.total else None

    @property
    def over(self) -> bool:
        """Whether it has ended, one way or another."""
        return self.state in (State.done, State.failed, State.cancelled)


_tasks: OrderedDict[str, Task] = OrderedDict()
_lock = threading.Lock()
# One thread: loads wait for each other anyway, and pages keep the other core.
_runner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="task")


def start_task(actor: Actor, title: str, work: Callable[[Task], Any], *, page: str = "", **context: Any) -> Task:
    """Begin some work, after what is running already. `work` is given the task to report progress to."""
    task = Task(secrets.token_urlsafe(12), title, actor.login, page, context)
    with _lock:
        _tasks[task.id] = task
        for old in [t.id for t in _tasks.values() if t.over][: max(0, len(_tasks) - KEPT)]:
            del _tasks[old]
    _runner.submit(_run, task, work)
    return task


def own_tasks(actor: Actor) -> list[Task]:
    """What one started, latest first, as long as the server remembers it."""
    with _lock:
        return [t.seen() for t in reversed(_tasks.values()) if t.owner == actor.login]


def get_task(actor: Actor, task_id: str) -> Task:
    """One of one's own tasks.

    Raises:
        NotFound: there is none, or it is somebody else's, or the server was started again since.
    """
    with _lock:
        task = _tasks.get(task_id)
    if task is None or task.owner != actor.login:
        raise NotFound("There is no such task.", hint="It may have ended long ago. The history of loads is kept.")
    return task.seen()


def _run(task: Task, work: Callable[[Task], Any]) -> None:
    try:
        task.report("")  # raises where it was cancelled before its turn
        task.state = State.running
        task.result = work(task)
        task.state = State.done
    except Cancelled as error:
        task.state, task.error = State.cancelled, error.message
    except GeartrainError as error:
        task.state, task.error, task.hint = State.failed, error.message, error.hint
    except Exception:
        # The last resort of a thread: whatever it was, the log has it and the person is told, not left waiting.
        log.exception("Task %s failed", task.title)
        task.state, task.error = State.failed, "Something went wrong on our side. The server's log has the details."
    finally:
        from django.db import connections

        connections.close_all()
