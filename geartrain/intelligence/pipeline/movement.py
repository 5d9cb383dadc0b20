"""What became of the open pipeline between two instants: one row per deal, every bar the sum of its deals."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis

from geartrain.facts.transforms import converted
from geartrain.kernel.measure.primitives.waterfall import movements

MONEY = "decimal(38, 4)"
# The bars in the order they stand, and the movement of `kernel.measure` each is.
BARS: Mapping[str, str] = {
    "opening": "opening",
    "created": "new",
    "pulled_in": "pulled_in",
    "reopened": "reopened",
    "increased": "up",
    "decreased": "down",
    "fx": "fx",
    "pushed_out": "slipped_out",
    "won": "won",
    "lost": "lost",
    "re_owned_in": "transferred_in",
    "re_owned_out": "transferred_out",
    "removed": "removed",
    "closing": "closing",
}
# Bars that stand with the owner a deal had at the start; the others with the one at the end.
BEFORE = frozenset({"opening", "transferred_out"})


@dataclass(frozen=True)
class Rates:
    """How native amounts become the workspace's currency; `table` None where there is only that one."""

    currency: str
    table: ibis.Table | None = None

    def apply(self, rows: ibis.Table, amount: str, day: date) -> ibis.Table:
        """The rows with that column at the rate of a day; unknown where there is no rate."""
        if self.table is None:
            return rows
        told = rows.mutate(rate_day=ibis.literal(day, "date"), wanted=ibis.literal(self.currency))
        return converted(told, self.table, amount=amount, held="currency", wanted="wanted", day="rate_day").drop(
            "rate_day", "wanted"
        )


@dataclass(frozen=True)
class End:
    """One end of a waterfall: an instant (naive UTC), and the day whose exchange rates hold at it."""

    at: datetime
    day: date


def standing(states: ibis.Table, at: datetime) -> ibis.Table:
    """The state of each deal in force just before an instant: one row per deal that had begun by then."""
    then = ibis.literal(at, "timestamp(6)")
    return states.filter((states.valid_from < then) & (states.valid_to.isnull() | (states.valid_to >= then)))


def moves(
    states: ibis.Table,
    start: End,
    end: End,
    *,
    rates: Rates,
    people: Collection[str] | None = None,
    due: tuple[date, date] | None = None,
) -> ibis.Table:
    """What each deal did between two instants.

    Grain in:  one row per deal and state (`opportunity_state` with `worth`). Grain out: one row per deal and bar.

    Args:
        people: Owners whose pipeline it is; None: everybody's. A deal that leaves or enters them is re-owned.
        due: Only deals due in `[from, to)`; others are pulled in or pushed out as their date moves. None: all deals.

    Columns out: bar, opportunity_id, owner_id, stage, amount (signed, the workspace's currency), unknown.
    Rule: opening + every bar between = closing; an unknown amount counts 0 and is marked.
    """
    deals = _both(states, start, end, rates, people, due)
    moved, amount = movements(deals, [] if people is None else ["mine"])
    change = deals.mid0 - deals.value0
    stays = deals.in0 & (deals.in1 | (moved["won"])) & (change != 0)
    moved, amount = moved | {"fx": stays}, amount | {"fx": change}
    rows = []
    for bar, name in BARS.items():
        side = "0" if name in BEFORE else "1"
        counted = moved[name].fill_null(False)
        if people is not None:
            counted = counted & deals[f"mine_{side}"].fill_null(False)
        earlier = name in ("lost", "slipped_out", "removed") or side == "0"
        rows.append(
            deals.filter(counted).select(
                bar=ibis.literal(bar),
                opportunity_id="opportunity_id",
                owner_id=deals[f"owner_{side}"],
                stage=deals[f"stage_{side}"],
                amount=amount[name].cast(MONEY),
                unknown=deals.unknown0 if earlier else deals.unknown1,
            )
        )
    return ibis.union(*rows, distinct=False)


def totals(rows: ibis.Table) -> ibis.Table:
    """Amount, number of deals and of unknown amounts of each bar that has any."""
    return rows.group_by("bar").aggregate(
        amount=rows.amount.sum(), deals=rows.count(), unknown=rows.count(where=rows.unknown)
    )


def _both(
    states: ibis.Table,
    start: End,
    end: End,
    rates: Rates,
    people: Collection[str] | None,
    due: tuple[date, date] | None,
) -> ibis.Table:
    """One row per deal that stood at either end, both its states beside each other."""
    before = rates.apply(_side(states, start.at, people, due), "value", start.day)
    if rates.table is not None:
        again = _side(states, start.at, people, due).select("opportunity_id", "currency", mid="value")
        again = rates.apply(again, "mid", end.day).select(other="opportunity_id", mid="mid")
        before = before.left_join(again, before.opportunity_id == again.other).drop("other")
    else:
        before = before.mutate(mid=before.value)
    after = rates.apply(_side(states, end.at, people, due), "value", end.day)
    left = before.select(**{f"{c}_0": before[c] for c in before.columns})
    right = after.select(**{f"{c}_1": after[c] for c in after.columns})
    met = left.outer_join(right, left.opportunity_id_0 == right.opportunity_id_1)
    has0, has1 = met.opportunity_id_0.notnull(), met.opportunity_id_1.notnull()
    found: dict[str, Any] = {"opportunity_id": ibis.coalesce(met.opportunity_id_0, met.opportunity_id_1)}
    for side, has in (("0", has0), ("1", has1)):
        open_, due_ = met[f"open_{side}"].fill_null(False), met[f"due_{side}"].fill_null(False)
        found |= {f"has{side}": has, f"open{side}": open_, f"due{side}": due_, f"in{side}": open_ & due_}
        found[f"won{side}"] = met[f"won_{side}"].fill_null(False)
        found[f"value{side}"] = met[f"value_{side}"].fill_null(ibis.literal(0, MONEY))
        found[f"unknown{side}"] = has & met[f"value_{side}"].isnull()
    found["mid0"] = met.mid_0.fill_null(ibis.literal(0, MONEY))
    # What is no longer there at the end leaves where it was at the start.
    for name in ("mine", "owner", "stage"):
        found[f"{name}_0"] = met[f"{name}_0"]
        found[f"{name}_1"] = ibis.ifelse(has1, met[f"{name}_1"], met[f"{name}_0"])
    created = ibis.coalesce(met.created_1, met.created_0)
    found["fresh"] = (created >= ibis.literal(start.at, "timestamp(6)")).fill_null(False)
    return met.select(**found)


def _side(
    states: ibis.Table, at: datetime, people: Collection[str] | None, due: tuple[date, date] | None
) -> ibis.Table:
    rows = standing(states, at)
    within: Any = ibis.literal(True)
    if due is not None:
        within = ((rows.close_date >= ibis.literal(due[0])) & (rows.close_date < ibis.literal(due[1]))).fill_null(False)
    mine: Any = ibis.literal(True)
    if people is not None:
        mine = rows.owner_id.isin(sorted(people)).fill_null(False) if people else ibis.literal(False)
    return rows.select(
        "opportunity_id", "currency", value=rows.worth.cast(MONEY), open=~rows.is_closed, won=rows.is_won,
        due=within, mine=mine, owner=rows.owner_id, stage=rows.stage, created=rows.created_at,
    )  # fmt: skip
