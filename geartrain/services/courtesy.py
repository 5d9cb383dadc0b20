"""What nobody waits for steps aside while somebody does: background work lets requests that must be quick go first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, local

PATIENCE = 0.2  # seconds that one step of background work waits at most: under a lasting rush it still gets done

_idle = Condition()
_mine = local()
_ahead = 0


@contextmanager
def ahead() -> Iterator[None]:
    """While this lasts, background work waits before its next step."""
    global _ahead
    with _idle:
        _ahead += 1
    try:
        yield
    finally:
        with _idle:
            _ahead -= 1
            if not _ahead:
                _idle.notify_all()


@contextmanager
def in_background() -> Iterator[None]:
    """What this thread does until the block is left is background work."""
    _mine.background = True
    try:
        yield
    finally:
        _mine.background = False


def give_way(patience: float = PATIENCE) -> None:
    """Before a step of work: wait for those ahead, if this thread works in the background; else nothing."""
    if getattr(_mine, "background", False):
        with _idle:
            _idle.wait_for(lambda: not _ahead, patience)
