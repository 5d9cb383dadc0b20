"""Contracts as mirrored from where they are kept: when notice is due, and whether they agree with what was won."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

LIVE = frozenset({"executed", "active", "expiring"})


@dataclass(frozen=True, slots=True)
class Noticed:
    """A contract in force with an end.

    Args:
        notice_by: The end less the days of notice; None where either is unknown.
        days_left: From the day of the reading to that; negative: missed.
    """

    contract_id: str
    account_id: str | None
    value: Decimal | None
    currency: str | None
    end_date: date
    auto_renew: bool | None
    notice_by: date | None
    days_left: int | None

    @property
    def state(self) -> str:
        """`missed`, `due` within 90 days, `later`, or `unknown`."""
        if self.days_left is None:
            return "unknown"
        return "missed" if self.days_left < 0 else "due" if self.days_left <= 90 else "later"


@dataclass(frozen=True, slots=True)
class Unsynced:
    """An executed contract that no won opportunity bears out: the expensive failure."""

    contract_id: str
    opportunity_id: str | None
    problem: str
    value: Decimal | None
    won_amount: Decimal | None
    currency: str | None


def notice_by(end: date, notice_days: int) -> date:
    """The last day on which notice is in time.

    Example: end 2027-01-31, 60 days: 2026-12-02.
    """
    return end - timedelta(days=notice_days)


def notices(contracts: Iterable[Mapping[str, Any]], *, as_of: date) -> list[Noticed]:
    """Contracts in force that end after the day, by the day notice is due; those without one last."""
    found = []
    for c in contracts:
        end = c["end_date"]
        if end is None or end <= as_of or str(c["state"] or "").lower() not in LIVE:
            continue
        by = notice_by(end, int(c["notice_days"])) if c["notice_days"] is not None else None
        left = (by - as_of).days if by else None
        own = (c["contract_id"], c["account_id"], c["value"], c["currency"], end, c["auto_renew"])
        found.append(Noticed(*own, by, left))
    return sorted(found, key=lambda n: (n.notice_by is None, n.notice_by or n.end_date, n.contract_id))


def unsynced(contracts: Iterable[Mapping[str, Any]], deals: Mapping[str, Mapping[str, Any]]) -> list[Unsynced]:
    """Executed contracts whose opportunity is missing, not won, in another currency or of another value.

    Args:
        deals: Opportunities by id.
    """
    found = []
    for c in sorted(contracts, key=lambda c: str(c["contract_id"])):
        if c["executed_at"] is None and str(c["state"] or "").lower() not in (LIVE | {"renewed"}):
            continue
        deal = deals.get(c["opportunity_id"] or "")
        if problem := _problem(c, deal):
            amount = deal["amount"] if deal else None
            found.append(Unsynced(c["contract_id"], c["opportunity_id"], problem, c["value"], amount, c["currency"]))
    return found


def _problem(contract: Mapping[str, Any], deal: Mapping[str, Any] | None) -> str:
    if not contract["opportunity_id"]:
        return "names no opportunity"
    if deal is None:
        return "its opportunity does not exist"
    if not deal["is_won"]:
        return "its opportunity is not won"
    if contract["currency"] and deal["currency"] and contract["currency"] != deal["currency"]:
        return "another currency than its opportunity"
    if deal["amount"] is None or contract["value"] is None:
        return "a value is missing"
    return "another value than its opportunity" if deal["amount"] != contract["value"] else ""
