"""From the open pipeline at the start of a period to that at its end, movement by movement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Literal

import ibis
from pydantic import Field

from geartrain.kernel.errors import Invalid
from geartrain.kernel.measure.aggregate import Aggregate, Expression, Part, Rows, Value, exact
from geartrain.kernel.measure.frame import BALANCE_DAY, Frame
from geartrain.kernel.periods import Grain

MOVEMENTS = (
    "opening", "new", "pulled_in", "reopened", "transferred_in", "up", "down",
    "won", "lost", "slipped_out", "transferred_out", "removed", "closing",
)  # fmt: skip
MONEY = "decimal(38, 4)"
PERIODS = {"balance_key": "string", "balance_day": "date", "starts": "timestamp(6)", "ends": "timestamp(6)",
           "due_from": "date", "due_to": "date"}  # fmt: skip


class Waterfall(Aggregate):
    """What became of the open pipeline between the start and the end of a period, to the cent.

    A deal is in the pipeline while it is open and, with `due`, due in the period. Comparing its state at the start
    with that at the end (both as at the end of the day before), each deal has one movement by this precedence:
    in at both: up or down by the change of its amount. In, then won: won at its amount then, and the change to it is
    up or down. In, then lost, due elsewhere or gone: lost, slipped_out or removed at the amount it had. In only at the
    end: new if it was not there at the start, pulled_in if it was open then but due elsewhere, else reopened. In at
    neither, but come and closed in between: in (new, pulled_in or reopened) and out (won or lost), both at the amount
    then. Where the dimensions of a deal that was in have changed, it leaves the old ones by transferred_out and enters
    the new by transferred_in at the amount it had. An unknown amount adds nothing and is counted.
    Rule: opening + every movement between = closing.
    """

    agg: Literal["waterfall"] = "waterfall"
    id: str = Field(description="column: what a deal is")
    of: Expression
    opened: str = Field(description="column: instant from which the state holds")
    closed: str = Field(description="column: instant from which it no longer does; unknown: still")
    created: str = Field(description="column: the beginning of the deal")
    open: Expression = Field(description="true while the deal is open")
    won: Expression = Field(description="true once it is won")
    due: str | None = Field(default=None, description="column: only what is due in the period; left out: all")
    due_within: Literal["period", "quarter", "year"] = "period"

    @property
    def alone(self) -> bool:
        """Its movements are rows of their own."""
        return True

    @property
    def additive(self) -> bool:
        """Each movement's parts sum to it, transfers between the parts apart."""
        return True

    @property
    def basis(self) -> tuple[str, ...]:
        """States at both ends of each period."""
        return ("waterfall", self.opened, self.closed)

    def rules(self) -> tuple[str, ...]:
        """Amount and state."""
        return (self.of, self.open, self.won)

    def columns(self) -> tuple[str, ...]:
        """The identity and the dates it reads."""
        return tuple(c for c in (self.opened, self.closed, self.created, self.id, self.due) if c)

    def parts(self) -> Mapping[str, Part]:
        """None: both ends are compared first."""
        return {}

    def spread(self, frame: Frame, grain: Grain | None) -> tuple[Frame, Any | None]:
        """Each state once for every period at the start or end of which it held."""
        window, calendar = frame.window, frame.window.calendar
        if grain is None and window.since is None:
            raise Invalid("A waterfall needs a start.", hint="Give since, or cut by a period.")
        rows = []
        for period, day in window.balance_days(grain):
            due = period if self.due_within == "period" else calendar.containing(period.start, Grain(self.due_within))
            ends = calendar.instant(day + timedelta(days=1))
            rows.append((period.key, day, calendar.instant(period.start), ends, due.start, due.end))
        table = frame.table.cross_join(ibis.memtable(rows, schema=PERIODS))
        spread = replace(frame, table=table, beside=frozenset({BALANCE_DAY}))
        table = table.filter(self._holds(spread, "starts") | self._holds(spread, "ends"))
        return replace(spread, table=table), table.balance_key

    def _holds(self, frame: Frame, end: str) -> Any:
        table = frame.table
        return (table[self.opened] < table[end]) & (table[self.closed].isnull() | (table[self.closed] >= table[end]))

    def own(self, rows: Rows, keys: Mapping[str, Any]) -> Any:
        """Per key one column of amount and one of deals for every movement."""
        deals = self._deals(rows, keys)
        moved, amount = movements(deals, [k for k in keys if f"{k}_0" in deals.columns])
        whole = {k: deals[k] for k in keys if f"{k}_0" not in deals.columns}
        sides = []
        for side, names in (("0", ("opening", "transferred_out")), ("1", MOVEMENTS)):
            here = {k: deals[f"{k}_{side}"] if k not in whole else whole[k] for k in keys}
            both = ("opening", "transferred_out")
            values = {}
            for name in MOVEMENTS:
                counted = moved[name] if (name in names and (side == "0" or name not in both)) else ibis.literal(False)
                counted = counted.fill_null(False)
                values[f"{name}_amount"] = ibis.ifelse(counted, amount[name], ibis.literal(0, MONEY)).cast(MONEY)
                values[f"{name}_n"] = _one(counted)
                unknown = counted & (deals.unknown0 if name in both else deals.unknown1)
                values[f"{name}_null"] = _one(unknown.fill_null(False))
            sides.append(deals.select(**here, **values))
        table = sides[0].union(sides[1])
        columns = {c: table[c].sum() for c in table.columns if c not in keys}
        return table.group_by(list(keys)).aggregate(**columns) if keys else table.aggregate(**columns)

    def _deals(self, rows: Rows, keys: Mapping[str, Any]) -> Any:
        """One row per period and deal: how it stood at both ends."""
        frame = rows.frame
        table = frame.table if rows.condition is None else frame.table.filter(rows.condition)
        frame = replace(frame, table=table)
        rows = Rows(frame)
        due = ibis.literal(True)
        if self.due:
            day = frame.read(self.due)
            day = day.date() if day.type().is_timestamp() else day
            due = ((day >= table.due_from) & (day < table.due_to)).fill_null(False)
        value = rows.value(self.of).cast(MONEY)
        states = table.select(
            **keys,
            deal=table[self.id],
            period=table.balance_key,
            at0=self._holds(frame, "starts"),
            at1=self._holds(frame, "ends"),
            value=value.fill_null(ibis.literal(0, MONEY)),
            unknown=value.isnull(),
            is_open=rows.value(self.open).fill_null(False),
            is_won=rows.value(self.won).fill_null(False),
            is_due=due,
            fresh=(table[self.created] >= table.starts).fill_null(False),
        )
        dims = [k for k in keys if keys[k].get_name() != "balance_key"]
        found: dict[str, Any] = {k: states[k].max() for k in keys if k not in dims}
        for side, at in (("0", states.at0), ("1", states.at1)):
            found[f"has{side}"] = _any(at)
            found[f"in{side}"] = _any(at & states.is_open & states.is_due)
            found[f"open{side}"] = _any(at & states.is_open)
            found[f"won{side}"] = _any(at & states.is_won)
            found[f"due{side}"] = _any(at & states.is_due)
            found[f"value{side}"] = states.value.max(where=at)
            found[f"unknown{side}"] = _any(at & states.unknown)
            for key in dims:
                found[f"{key}_{side}"] = states[key].max(where=at)
        found["fresh"] = _any(states.fresh)
        deals = states.group_by(["period", "deal"]).aggregate(**found)
        # What is no longer there at the end leaves where it was at the start.
        last = {f"{k}_1": ibis.ifelse(deals.has1, deals[f"{k}_1"], deals[f"{k}_0"]) for k in dims}
        return deals.mutate(**last)

    def expand(self, parts: Mapping[str, Any]) -> Iterable[tuple[tuple[str, ...], Mapping[str, Any]]]:
        """One cell per movement, in order."""
        for name in MOVEMENTS:
            yield (name,), {k: parts[f"{name}_{k}"] for k in ("amount", "n", "null")}

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """The movement's amount, signed."""
        amount = exact(parts.get("amount"))
        detail = {"n_null": int(parts.get("null") or 0)}
        return Value(0 if amount is None else amount, int(parts.get("n") or 0), detail)


def movements(d: Any, dims: Iterable[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Which movements a deal makes, and the amount of each, by the names of `MOVEMENTS`.

    Args:
        d: One row per deal, its state at both ends: has, in, open, won, due (flags), value and unknown, each with 0
            or 1 behind it, and `fresh`: it began in between. A column `mid0` is `value0` at the rates of the end.
        dims: What a deal may be transferred between: columns with _0 and _1 behind them.
    """
    closed0, closed1 = d.has0 & ~d.open0, d.has1 & ~d.open1
    moved_on = ibis.literal(False)
    for key in dims:
        moved_on = moved_on | ~d[f"{key}_0"].identical_to(d[f"{key}_1"])
    through = ~d.in0 & closed1 & ~closed0 & d.due1
    back = ~d.in0 & d.open0.fill_null(False)
    enters = (~d.in0 & d.in1) | through
    new = enters & (~d.has0 | d.fresh)
    pulled = enters & ~new & back
    wins = closed1 & d.won1 & (d.in0 | through)
    stays = d.in0 & (d.in1 | wins)
    change = d.value1 - (d.mid0 if "mid0" in d.columns else d.value0)
    moved = {
        "opening": d.in0,
        "new": new,
        "pulled_in": pulled,
        "reopened": enters & ~new & ~pulled,
        "transferred_in": d.in0 & moved_on,
        "up": stays & (change > 0),
        "down": stays & (change < 0),
        "won": wins,
        "lost": closed1 & ~d.won1 & (d.in0 | through),
        "slipped_out": d.in0 & d.open1 & ~d.in1,
        "transferred_out": d.in0 & moved_on,
        "removed": d.in0 & ~d.has1,
        "closing": d.in1,
    }
    lost = -ibis.ifelse(d.in0, d.value0, d.value1)
    amount = dict.fromkeys(("new", "pulled_in", "reopened", "closing"), d.value1)
    amount |= dict.fromkeys(("slipped_out", "transferred_out", "removed"), -d.value0)
    amount |= dict.fromkeys(("opening", "transferred_in"), d.value0)
    return moved, amount | {"up": change, "down": change, "won": -d.value1, "lost": lost}


def _any(condition: Any) -> Any:
    """Whether it holds for any row of a group."""
    return condition.any()


def _one(condition: Any) -> Any:
    """1 where it holds: PostgreSQL does not cast truth to a number."""
    return ibis.ifelse(condition, ibis.literal(1, "int64"), ibis.literal(0, "int64"))


PRIMITIVE = Waterfall
