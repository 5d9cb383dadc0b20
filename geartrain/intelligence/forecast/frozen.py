"""What a call stands on: the deals that were open on its day and what was booked by then, kept with what was said."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from geartrain.intelligence.forecast.process import Line, own_deals

ZERO = Decimal(0)
COLUMNS = ("opportunity_id", "owner_id", "stage", "category", "amount", "close_date")


@dataclass(frozen=True, slots=True)
class Deal:
    """An open deal as it stood; its category is settled, so that a later setting does not move it."""

    opportunity_id: str
    owner_id: str | None
    stage: str | None
    category: str
    amount: Decimal | None
    close_date: date | None

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {name: getattr(self, name) for name in COLUMNS}


@dataclass(frozen=True)
class Base:
    """Everything under a call.

    Args:
        won: Booked in the period by the end of the day, by owner, the workspace's currency.
        deals: Every deal that was open at the end of the day, by id.
    """

    won: Mapping[str, Decimal]
    deals: Sequence[Deal]

    def lines(self, end: date) -> dict[Line, Decimal]:
        """What each person's own deals say; those due from `end` on, or at no date, are not of the period."""
        due = ((d.owner_id, d.category, d.amount or ZERO) for d in self.deals if d.close_date and d.close_date < end)
        return own_deals(self.won, [(owner, c, amount) for owner, c, amount in due if owner])

    def of(self, people: Collection[str]) -> list[Deal]:
        """The deals of these people."""
        return [d for d in self.deals if d.owner_id in people]

    def document(self) -> dict[str, Any]:
        """It as it is kept: one list per deal."""
        rows = [[_plain(getattr(d, name)) for name in COLUMNS] for d in self.deals]
        return {"won": {k: str(v) for k, v in sorted(self.won.items())}, "columns": list(COLUMNS), "rows": rows}


def read_base(document: Mapping[str, Any]) -> Base:
    """What was kept."""
    deals = [
        Deal(i, owner, stage, category, None if a is None else Decimal(a), None if d is None else date.fromisoformat(d))
        for i, owner, stage, category, a, d in document["rows"]
    ]
    return Base({k: Decimal(v) for k, v in document["won"].items()}, deals)


def hash_of(document: Mapping[str, Any]) -> str:
    """Of the document; equal ones are kept once."""
    return sha256(json.dumps(document, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a deal between two calls: new, gone, amount, category, close_date or owner, and its two states."""

    opportunity_id: str
    what: tuple[str, ...]
    before: Deal | None
    after: Deal | None

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        sides = {"before": self.before and self.before.as_json(), "after": self.after and self.after.as_json()}
        return {"opportunity_id": self.opportunity_id, "what": list(self.what), **sides}


def moved(before: Sequence[Deal], after: Sequence[Deal]) -> list[Moved]:
    """The deals that differ, by id. Example: amount 50 then 40 and commit then best case: ("category", "amount")."""
    was, now = {d.opportunity_id: d for d in before}, {d.opportunity_id: d for d in after}
    found = []
    for key in sorted({*was, *now}):
        old, new = was.get(key), now.get(key)
        if old is None or new is None:
            found.append(Moved(key, ("new" if old is None else "gone",), old, new))
        elif differs := tuple(c for c in COLUMNS[1:] if getattr(old, c) != getattr(new, c)):
            found.append(Moved(key, differs, old, new))
    return found


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else str(value)
