"""Answers already worked out, by everything they depend on.

A key holds the hash of the facts, the versions of the policies, the question and the scope of the person who asks.
Equal keys have equal answers, so nothing is ever invalidated; the oldest are forgotten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

Answer = TypeVar("Answer")

KEPT = 2_000
_answers: OrderedDict[Hashable, Any] = OrderedDict()
_working: dict[Hashable, Lock] = {}
_lock = Lock()


def remembered(key: Hashable, work: Callable[[], Answer]) -> Answer:
    """The answer to a question, worked out once: those who ask the same meanwhile wait for the first.

    What `work` raises is raised to whoever worked and remembered for nobody.
    """
    with _lock:
        if key in _answers:
            _answers.move_to_end(key)
            return _answers[key]
        mine = _working.setdefault(key, Lock())
    with mine:
        with _lock:
            if key in _answers:
                return _answers[key]
        try:
            answer = work()
            with _lock:
                _answers[key] = answer
                while len(_answers) > KEPT:
                    _answers.popitem(last=False)
            return answer
        finally:
            with _lock:
                _working.pop(key, None)


def forget() -> None:
    """Start empty; for tests and for memory."""
    with _lock:
        _answers.clear()
