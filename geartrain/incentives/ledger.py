"""Entries: every movement of money of a payee, by period; their sums are what is paid, and what is owed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from geartrain.incentives.evaluate import Evaluation

NOTHING = Decimal(0)
KINDS = {"withheld": "held", "released": "released", "clawed_back": "clawed_back"}


@dataclass(frozen=True, order=True)
class EntryKey:
    """What an entry is of: one amount per payee, plan, period of origin, kind, component and deal."""

    payee: str
    comp_plan: str
    period: str
    kind: str
    component: str = ""
    deal: str = ""


@dataclass(frozen=True)
class Adjustment:
    """The difference that a locked period shows now, posted into an open one."""

    of: EntryKey
    old: Decimal
    new: Decimal
    cause: str

    @property
    def amount(self) -> Decimal:
        """What is paid more, or less."""
        return self.new - self.old


def entries_of(found: Evaluation) -> dict[EntryKey, Decimal]:
    """Every entry of every period of an evaluation; what is paid in a period is the sum of its entries.

    Kinds: earned, held, released, clawed_back, drawn, recovered.
    """
    sums: dict[EntryKey, Decimal] = {}
    who, comp_plan = found.payee.id, found.comp_plan.key

    def add(period: str, kind: str, amount: Decimal, component: str = "", deal: str = "") -> None:
        if amount:
            key = EntryKey(who, comp_plan, period, kind, component, deal)
            sums[key] = sums.get(key, NOTHING) + amount

    for line in found.lines:
        add(line.period, "earned", line.amount, line.component, line.id)
    for move in found.moves:
        if move.kind in KINDS:
            add(move.period, KINDS[move.kind], move.amount, move.component, move.id)
    for period in found.periods:
        add(period.period, "drawn", period.drawn)
        add(period.period, "recovered", period.recovered)
    return {key: sums[key] for key in sorted(sums)}


def differences(
    old: Mapping[EntryKey, Decimal], new: Mapping[EntryKey, Decimal], periods: Iterable[str]
) -> list[Adjustment]:
    """What locked periods show otherwise now, in order; nothing where they agree."""
    locked = set(periods)
    found = []
    for key in sorted(k for k in old.keys() | new.keys() if k.period in locked):
        before, after = old.get(key, NOTHING), new.get(key, NOTHING)
        if before != after:
            deal = f"{key.component}, {key.deal}" if key.deal else key.kind
            cause = "not there before" if key not in old else "no longer there" if key not in new else "priced anew"
            found.append(Adjustment(key, before, after, f"{deal}: {cause}"))
    return found
