"""What became of the open pipeline between two instants: one row per deal, every bar the sum of its deals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import ibis

from geartrain.facts.transforms import converted, small_table
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
# All that a deal can be in that did not change.
STILL = frozenset({"opening", "fx", "closing"})
SPANS = {"span": "int64", "since": "timestamp(6)", "since_day": "date", "until": "timestamp(6)", "until_day": "date"}
# What is told of a deal at either end, by the column of its state; 0 or 1 stands behind it.
TOLD = {"value": "worth", "held": "currency", "owner": "owner_id", "stage": "stage"}


@dataclass(frozen=True)
class Rates:
    """How native amounts become the workspace's currency; `table` None where there is only that one."""

    currency: str
    table: ibis.Table | None = None

    def apply(self, rows: ibis.Table, amount: str, day: date | str, held: str = "currency") -> ibis.Table:
        """The rows with that column at the rate of a day, or of a column of days; unknown where there is no rate."""
        if self.table is None:
            return rows
        on = rows[day] if isinstance(day, str) else ibis.literal(day, "date")
        told = rows.mutate(rate_day=on, wanted=ibis.literal(self.currency))
        return converted(told, self.table, amount=amount, held=held, wanted="wanted", day="rate_day").drop(
            "rate_day", "wanted"
        )


@dataclass(frozen=True)
class End:
    """One end of a waterfall: an instant (naive UTC), and the day whose exchange rates hold at it."""

    at: datetime
    day: date


@dataclass(frozen=True)
class Cut:
    """Whose pipeline, and due when.

    Args:
        people: Owners whose pipeline it is; None: everybody's. A deal that leaves or enters them is re-owned.
        due: Only deals due in `[from, to)`; others are pulled in or pushed out as their date moves. None: all deals.
    """

    people: Collection[str] | None = None
    due: tuple[date, date] | None = None

    def mine(self, states: ibis.Table) -> Any:
        """Whether a state's owner is one of the people."""
        if self.people is None:
            return ibis.literal(True)
        return states.owner_id.isin(sorted(self.people)).fill_null(False) if self.people else ibis.literal(False)

    def within(self, states: ibis.Table) -> Any:
        """Whether a state is due in the days."""
        if self.due is None:
            return ibis.literal(True)
        first, end = (ibis.literal(day, "date") for day in self.due)
        return ((states.close_date >= first) & (states.close_date < end)).fill_null(False)


def standing(states: ibis.Table, at: datetime) -> ibis.Table:
    """The state of each deal in force just before an instant: one row per deal that had begun by then."""
    then = ibis.literal(at, "timestamp(6)")
    return states.filter((states.valid_from < then) & (states.valid_to.isnull() | (states.valid_to >= then)))


def moves(states: ibis.Table, spans: Sequence[tuple[End, End]], *, rates: Rates, cut: Cut = Cut()) -> ibis.Table:
    """What each deal did between the two instants of each span, all in one question.

    Grain in:  one row per deal and state (`opportunity_state` with `worth`). Grain out: one per span, deal and bar.
    Columns out: span (its place in `spans`), bar, opportunity_id, owner_id, stage, amount (signed, the workspace's
    currency), unknown.
    Rule: in each span opening + every bar between = closing; an unknown amount counts 0 and is marked.
    """
    deals = ibis.union(*(_told(rows, rates) for rows in _met(_held(states, spans, cut))), distinct=False)
    return ibis.union(
        *(
            deals.filter(one.counted).select(
                span="span",
                bar=ibis.literal(bar),
                opportunity_id="opportunity_id",
                owner_id=deals[f"owner_{one.side}"],
                stage=deals[f"stage_{one.side}"],
                amount=one.amount,
                unknown=one.unknown,
            )
            for bar, one in _counted(deals, cut).items()
        ),
        distinct=False,
    )


def totals(states: ibis.Table, spans: Sequence[tuple[End, End]], *, rates: Rates, cut: Cut = Cut()) -> ibis.Table:
    """The sums of `moves`: per span that has any the columns BAR_amount, BAR_deals and BAR_unknown of every bar."""
    same, changed = (_told(rows, rates) for rows in _met(_held(states, spans, cut)))
    rows = _sums(same, cut, STILL).union(_sums(changed, cut, BARS))
    return rows.group_by("span").aggregate(**{c: rows[c].sum() for c in rows.columns if c != "span"})


def _sums(deals: ibis.Table, cut: Cut, bars: Collection[str]) -> ibis.Table:
    """Per span the sums of these bars; the others are nothing."""
    found: dict[str, Any] = {}
    for bar, one in _counted(deals, cut).items():
        if bar in bars:
            found[f"{bar}_amount"] = one.amount.sum(where=one.counted)
            found[f"{bar}_deals"] = deals.count(where=one.counted)
            found[f"{bar}_unknown"] = deals.count(where=one.counted & one.unknown)
    rows = deals.group_by("span").aggregate(**found)
    nothing = {"amount": ibis.null(MONEY), "deals": ibis.literal(0, "int64"), "unknown": ibis.literal(0, "int64")}
    told = {f"{bar}_{what}": none for bar in BARS for what, none in nothing.items()}
    return rows.select("span", **{c: rows[c].cast(none.type()) if c in found else none for c, none in told.items()})


@dataclass(frozen=True)
class _Counted:
    """A bar: whether a deal is in it, for how much, whether that is unknown, and at which end it stands."""

    counted: Any
    amount: Any
    unknown: Any
    side: str


def _counted(deals: ibis.Table, cut: Cut) -> dict[str, _Counted]:
    moved, amount = movements(deals, [] if cut.people is None else ["mine"])
    change = deals.mid0 - deals.value0
    stays = deals.in0 & (deals.in1 | (moved["won"])) & (change != 0)
    moved, amount = moved | {"fx": stays}, amount | {"fx": change}
    found = {}
    for bar, name in BARS.items():
        side = "0" if name in BEFORE else "1"
        counted = moved[name].fill_null(False)
        if cut.people is not None:
            counted = counted & deals[f"mine_{side}"].fill_null(False)
        earlier = name in ("lost", "slipped_out", "removed") or side == "0"
        unknown = deals.unknown0 if earlier else deals.unknown1
        found[bar] = _Counted(counted, amount[name].cast(MONEY), unknown, side)
    return found


def _told(met: ibis.Table, rates: Rates) -> ibis.Table:
    """Both states of a deal in the workspace's currency, as `movements` reads them."""
    for amount, day in (("value_0", "since_day"), ("mid_0", "until_day"), ("value_1", "until_day")):
        met = rates.apply(met, amount, day, f"held_{amount[-1]}")
    zero = ibis.literal(0, MONEY)
    found: dict[str, Any] = {"span": met.span, "opportunity_id": met.opportunity_id, "mid0": met.mid_0.fill_null(zero)}
    for side in "01":
        has, open_, due = (met[f"{name}_{side}"].fill_null(False) for name in ("has", "open", "due"))
        found |= {f"has{side}": has, f"open{side}": open_, f"due{side}": due, f"in{side}": open_ & due}
        found[f"won{side}"] = met[f"won_{side}"].fill_null(False)
        found[f"value{side}"] = met[f"value_{side}"].fill_null(zero)
        found[f"unknown{side}"] = has & met[f"value_{side}"].isnull()
    # What is no longer there at the end leaves where it was at the start.
    for name in ("mine", "owner", "stage"):
        found[f"{name}_0"] = met[f"{name}_0"]
        found[f"{name}_1"] = ibis.ifelse(met.has_1.fill_null(False), met[f"{name}_1"], met[f"{name}_0"])
    found["fresh"] = (met.created >= met.since).fill_null(False)
    return met.select(**found)


def _held(states: ibis.Table, spans: Sequence[tuple[End, End]], cut: Cut) -> ibis.Table:
    """Each state once per span at the start or end of which it was in force, but for what was closed throughout."""
    columns = {"span": range(len(spans)), "since": [s.at for s, _ in spans], "since_day": [s.day for s, _ in spans],
               "until": [e.at for _, e in spans], "until_day": [e.day for _, e in spans]}  # fmt: skip
    table = small_table(SPANS, **{name: list(values) for name, values in columns.items()})
    # What the longest span does not touch is set aside first: it is most of a long history.
    first, last = (ibis.literal(pick(e.at for span in spans for e in span), "timestamp(6)") for pick in (min, max))
    near = states.filter(
        (states.valid_from < last) & (states.valid_to.isnull() | (states.valid_to >= first)),
        ~(states.is_closed & (states.valid_from < first) & (states.valid_to.isnull() | (states.valid_to >= last))),
    )
    near = near.select("opportunity_id", "valid_from", "valid_to", "created_at", *TOLD.values(), open=~near.is_closed,
                       won=near.is_won, due=cut.within(near), mine=cut.mine(near))  # fmt: skip
    rows = near.join(table, [near.valid_from < table.until, near.valid_to.isnull() | (near.valid_to >= table.since)])
    at0 = rows.valid_from < rows.since
    at1 = rows.valid_to.isnull() | (rows.valid_to >= rows.until)
    return rows.mutate(at0=at0, at1=at1).filter((at0 | at1) & ~(at0 & at1 & ~rows.open))


def _met(held: ibis.Table) -> tuple[ibis.Table, ibis.Table]:
    """One row per span and deal, both its ends in it: those that did not change, and the others, which are joined."""
    same, other = held.filter(held.at0 & held.at1), held.filter(~(held.at0 & held.at1))
    keys = ("span", "opportunity_id", "since", "since_day", "until_day")
    both = same.select(*keys, created="created_at", **_end(same, "0"), **_end(same, "1"), mid_0=_native(same))
    left, right = other.filter(other.at0), other.filter(other.at1)
    left = left.select(*keys, created_0="created_at", **_end(left, "0"))
    right = right.select(**{f"{k}_r": right[k] for k in keys}, created_1=right.created_at, **_end(right, "1"))
    met = left.outer_join(right, [left.span == right.span_r, left.opportunity_id == right.opportunity_id_r])
    found = {k: ibis.coalesce(met[k], met[f"{k}_r"]) for k in keys}
    ends = {c: met[c] for c in both.columns if c[-2:] in ("_0", "_1") and c != "mid_0"}
    changed = met.select(**found, created=ibis.coalesce(met.created_1, met.created_0), **ends, mid_0=met.value_0)
    return both, changed.select(*both.columns)


def _end(rows: ibis.Table, side: str) -> dict[str, Any]:
    """How a state is told at one end."""
    told = {f"{name}_{side}": rows[column] for name, column in TOLD.items()} | {f"value_{side}": _native(rows)}
    flags = {f"{name}_{side}": rows[name] for name in ("open", "won", "due", "mine")}
    return told | flags | {f"has_{side}": ibis.literal(True)}


def _native(rows: ibis.Table) -> Any:
    return rows.worth.cast(MONEY)
