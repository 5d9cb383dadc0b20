"""Everybody's records as plans read them: people, what they own, what they booked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

import ibis

from geartrain.kernel.hierarchy import Hierarchy
from geartrain.kernel.measure import query
from geartrain.kernel.measure.source import Source
from geartrain.kernel.policy import PolicySet
from geartrain.kernel.rules import Rule, parse

Row = dict[str, Any]


@dataclass
class Company:
    """One state of the records under a set of policies; each question is asked of the records once."""

    source: Source
    policies: PolicySet
    _metrics: dict[tuple[str, date | None, date | None], dict[str, Decimal]] = field(default_factory=dict)

    @property
    def as_of(self) -> date:
        """The last day that is seen."""
        return self.source.as_of

    @cached_property
    def users(self) -> list[Row]:
        """Every person's record, by id."""
        return sorted(self._rows("user"), key=lambda u: str(u["user_id"]))

    @cached_property
    def whole(self) -> bool:
        """Whether every person's record is seen: a company is not planned from a part of it."""
        every = getattr(self.source, "whole", self.source.table)("user")
        count = self.source.execute(every.aggregate(n=every.count())).to_pylist()[0]["n"]
        return bool(count == len(self.users))

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """Who reports to whom."""
        return Hierarchy({u["user_id"]: u["manager_id"] for u in self.users})

    @cached_property
    def potential(self) -> dict[str, Decimal]:
        """By owner, as the plan's assumptions have it."""
        return self._owned[0]

    @cached_property
    def accounts(self) -> dict[str, int]:
        """How many accounts each owner has."""
        return self._owned[2]

    def potential_change(self, people: Sequence[str]) -> Decimal:
        """What the assumptions make of the potential these people own, as a factor; 1 where they own none."""
        now = sum((self._owned[0].get(p, Decimal(0)) for p in people), Decimal(0))
        was = sum((self._owned[1].get(p, Decimal(0)) for p in people), Decimal(0))
        return now / was if was else Decimal(1)

    @cached_property
    def _supposed(self) -> list[list[tuple[Rule, Decimal]]]:
        specs = [p.spec for p in self.policies.of("plan_assumptions").values()]
        return [[(parse(p.when, where="potential"), p.factor) for p in spec.potential] for spec in specs]

    def factor(self, account: Mapping[str, Any]) -> Decimal:
        """What the assumptions multiply an account's potential by: of each policy the first rule that holds."""
        found = Decimal(1)
        for rules in self._supposed:
            found *= next((factor for rule, factor in rules if rule.evaluate(account) is True), Decimal(1))
        return found

    @cached_property
    def _owned(self) -> tuple[dict[str, Decimal], dict[str, Decimal], dict[str, int]]:
        found: tuple[dict[str, Decimal], dict[str, Decimal], dict[str, int]]
        found = defaultdict(Decimal), defaultdict(Decimal), defaultdict(int)
        for account in self._rows("account"):
            if not (owner := account["owner_id"]):
                continue
            potential = account["potential"] or Decimal(0)
            found[0][owner] += potential * self.factor(account)
            found[1][owner] += potential
            found[2][owner] += 1
        return found

    def by_owner(self, metric: str, *, since: date | None = None, until: date | None = None) -> Mapping[str, Decimal]:
        """A metric by owner; empty where there is no such metric."""
        asked = (metric, since, until)
        if asked not in self._metrics:
            metrics = {key: p.envelope for key, p in self.policies.of("metric").items()}
            self._metrics[asked] = {}
            if metric in metrics:
                answer = query(self.source, metrics, keys=[metric], by=["owner"], since=since, until=until)
                self._metrics[asked] = {
                    str(r["owner"]): Decimal(str(r[metric]))
                    for r in answer.records()
                    if r["owner"] is not None and r[metric] is not None
                }
        return self._metrics[asked]

    def chosen(self, rule: str) -> list[Row]:
        """The people a rule means, those who left among them; everybody where it is empty."""
        read = parse(rule, where="people") if rule else None
        there = [u for u in self.users if u["is_active"] or u["end_date"] is not None]
        return [u for u in there if read is None or read.evaluate(u) is True]

    def _rows(self, name: str) -> list[Row]:
        table: ibis.Table = self.source.table(name)
        rows: list[Row] = self.source.execute(table).to_pylist()
        return rows


def fte(user: Row) -> Decimal:
    """The full-time share of somebody, 1 where it is not known."""
    return Decimal(1) if user["fte"] is None else Decimal(user["fte"]).normalize()
