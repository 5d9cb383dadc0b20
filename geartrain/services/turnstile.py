"""Many ask at once, one works for all who wait: what costs as much for one as for fifty is paid once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass
class Ticket(Generic[Asked, Answer]):
    """One question; the answer, or what went wrong, once `done`."""

    asked: Asked
    done: bool = False
    answer: Answer | None = None
    error: BaseException | None = None


@dataclass
class Turnstile(Generic[Asked, Answer]):
    """Lets one thread work at a time, on everything of its kind that waits by then, in the order it came.

    What `work` does for several it does for all or none of them.

    Args:
        most: How many one works for at once.
    """

    most: int = 100
    _waiting: dict[Hashable, list[Ticket[Asked, Answer]]] = field(default_factory=dict)
    _guard: Lock = field(default_factory=Lock)
    _turn: Lock = field(default_factory=Lock)

    def ask(self, key: Hashable, asked: Asked, work: Callable[[Sequence[Asked]], Sequence[Answer]]) -> Answer:
        """The answer to one question.

        Args:
            key: Questions with the same one are worked on together, by the `work` of any of them.
        Raises:
            Whatever `work` raised for this one: where it fails for several at once, each is worked on alone.
        """
        ticket: Ticket[Asked, Answer] = Ticket(asked)
        with self._guard:
            self._waiting.setdefault(key, []).append(ticket)
        while not ticket.done:
            with self._turn:
                if not ticket.done:
                    self._work(key, work)
        if ticket.error is not None:
            raise ticket.error
        return ticket.answer  # type: ignore[return-value]

    def _work(self, key: Hashable, work: Callable[[Sequence[Asked]], Sequence[Answer]]) -> None:
        with self._guard:
            queue = self._waiting.pop(key, [])
            mine, rest = queue[: self.most], queue[self.most :]
            if rest:
                self._waiting[key] = rest
        try:
            if not _answered(mine, work) and len(mine) > 1:
                for ticket in mine:
                    _answered([ticket], work)
        finally:
            for ticket in mine:
                ticket.done = True


def _answered(tickets: Sequence[Ticket[Asked, Answer]], work: Callable[[Sequence[Asked]], Sequence[Answer]]) -> bool:
    """Work for these together; whether it went well."""
    try:
        for ticket, answer in zip(tickets, work([t.asked for t in tickets]), strict=True):
            ticket.answer, ticket.error = answer, None
    except BaseException as error:
        for ticket in tickets:
            ticket.error = error
        return False
    return True
