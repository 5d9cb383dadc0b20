"""Who reports to whom: chains, trees and the cycles that real data has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from geartrain.kernel.issues import Issue, Level


@dataclass(frozen=True)
class Hierarchy:
    """A reporting line, person to manager; None or an unknown manager is a top.

    A cycle (A reports to B reports to A) is cut where it is met first in id order, and listed in `issues`:
    everyone still has a finite chain and no question hangs.
    """

    manager_of: Mapping[str, str | None]

    @cached_property
    def _cut(self) -> tuple[dict[str, str | None], list[Issue]]:
        parents: dict[str, str | None] = {}
        issues: list[Issue] = []
        for person in sorted(self.manager_of):
            manager = self.manager_of[person]
            if manager is not None and manager not in self.manager_of:
                manager = None
            seen, at = {person}, manager
            while at is not None and at not in seen:
                seen.add(at)
                at = parents.get(at)
            if at == person:
                issues.append(
                    Issue(
                        "hierarchy_cycle",
                        Level.error,
                        f"{person} reports to {manager}, who in the end reports to {person}.",
                        f"user/{person}",
                        "Correct manager_id of one of them; until then this one counts as having no manager.",
                    )
                )
                manager = None
            parents[person] = manager
        return parents, issues

    @property
    def issues(self) -> list[Issue]:
        """The cycles found."""
        return self._cut[1]

    @cached_property
    def reports_of(self) -> Mapping[str, tuple[str, ...]]:
        """Direct reports of each manager, in id order."""
        found: dict[str, list[str]] = defaultdict(list)
        for person, manager in self._cut[0].items():
            if manager is not None:
                found[manager].append(person)
        return {k: tuple(v) for k, v in found.items()}

    def chain(self, person: str) -> list[str]:
        """The managers above, nearest first; empty for a top or an unknown person."""
        found: list[str] = []
        at = self._cut[0].get(person)
        while at is not None:
            found.append(at)
            at = self._cut[0].get(at)
        return found

    def tree(self, person: str) -> list[str]:
        """The person and everyone below, each once, depth first in id order; the person alone where unknown."""
        found, stack = [], [person]
        while stack:
            found.append(at := stack.pop())
            stack.extend(reversed(self.reports_of.get(at, ())))
        return found

    def pairs(self) -> Iterable[tuple[str, str, int]]:
        """(ancestor, person, distance) for everyone and everyone above, oneself at distance 0 included."""
        for person in sorted(self.manager_of):
            for distance, above in enumerate([person, *self.chain(person)]):
                yield above, person, distance
