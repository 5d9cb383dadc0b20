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


class Memory:
    """So many answers, the ones not asked for longest forgotten first; safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._answers: OrderedDict[Hashable, Any] = OrderedDict()
        self._working: dict[Hashable, Lock] = {}
        self._lock = Lock()

    def remembered(self, key: Hashable, work: Callable[[], Answer]) -> Answer:
        """The answer to a question, worked out once: those who ask the same meanwhile wait for the first.

        What `work` raises is raised to whoever worked and remembered for nobody.
        """
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
            mine = self._working.setdefault(key, Lock())
        with mine:
            with self._lock:
                if key in self._answers:
                    return self._answers[key]
            try:
                answer = work()
                with self._lock:
                    self._answers[key] = answer
                    while len(self._answers) > self.most:
                        self._answers.popitem(last=False)
                return answer
            finally:
                with self._lock:
                    self._working.pop(key, None)

    def forget(self) -> None:
        """Start empty."""
        with self._lock:
            self._answers.clear()


answers = Memory(2_000)


def remembered(key: Hashable, work: Callable[[], Answer]) -> Answer:
    """The answer to a question about the facts, worked out once for everyone in this process who may have it."""
    return answers.remembered(key, work)
