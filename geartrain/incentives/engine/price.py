"""One component of everybody, priced in sets: weighed, sliced, summed, and settled in exact fractions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import ibis
import pyarrow as pa

from geartrain.incentives.components import Ground, component_result
from geartrain.incentives.engine.settle import Due, Odd, Settling, Sum
from geartrain.incentives.engine.slices import Keep, flat_slices, marginal_slices
from geartrain.incentives.engine.support import conditions, unsupported
from geartrain.incentives.engine.terms import Term, days_of, terms_of
from geartrain.incentives.engine.weigh import INTEGER, SAFE, WIDE, Weights, calendar_of, weighed_credits
from geartrain.incentives.lines import Credit, Payee
from geartrain.incentives.plan import Component, CompPlan
from geartrain.incentives.rules import tier_rules
from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import Calendar

Execute = Callable[[ibis.Expr], pa.Table]
OWN = ("payee", "id", "day", "type", "amount", "booked", "rate", "measure")
BY_DAY = ("payee", "day", "mask", "fall", "rate")
ALIKE = ("payee", "window", "period", "mask", "fall", "rate")


@dataclass(frozen=True)
class Priced:
    """What a component pays.

    Args:
        dues: By payee, window and period, in that order.
        one_by_one: Payees whose lines had to be priced singly, because a cap or a cancelled group reaches into them.
    """

    dues: tuple[Due, ...]
    one_by_one: frozenset[str]


@dataclass(frozen=True)
class Work:
    """A component on the credits of everybody.

    Args:
        credits: Grain: a credit. payee, id, day, type, amount and booked (decimals in plan currency), the columns that
            conditions read, `rate` where pay is converted.
        payees: Their columns, quotas and days; their credits are not read.
        execute: Runs a question.
        keep: Writes a relation down under its name and gives it back; what is not kept is worked out again.
        people: payee and its `user.…` columns, where conditions read them.
        places: Decimals of amounts that are whole parts of a money unit.
    """

    comp_plan: CompPlan
    component: Component
    payees: Sequence[Payee]
    credits: ibis.Table
    calendar: Calendar
    execute: Execute
    keep: Keep = lambda name, table: table
    people: ibis.Table | None = None
    places: int = 0

    @property
    def scale(self) -> int:
        """Decimals of the amounts."""
        return self.places or getattr(self.credits.amount.type(), "scale", None) or 0


def price_component(work: Work) -> Priced:
    """What a component pays everybody, to the cent what the evaluator of one payee says.

    Raises:
        Invalid: sets cannot price it; `unsupported` says so beforehand.
    """
    known = {*work.credits.columns, *(work.people.columns if work.people is not None else ())}
    known |= {"amount"} if work.places else {"amount", "credit"}
    if reason := unsupported(work.component, known):
        raise Invalid(f"{work.comp_plan.key}/{work.component.key} cannot be priced in sets: {reason}.")
    unit = unit_of(work)
    terms = list(terms_of(work.comp_plan, work.component, work.payees, work.calendar, unit=unit))
    days = list(days_of(work.comp_plan, work.component, work.calendar))
    number = _number(work, terms, unit)
    calendar = calendar_of(days)
    weighed = weighed_credits(work.credits, work.component, calendar, terms, number=number, people=work.people)
    odd = _over_cap(work, weighed, terms, unit)
    slices, lines = _sums(work, weighed, calendar, terms, unit, number)
    order = {key: n for n, day in enumerate(days) for key in (day.group, day.period)}
    settling = Settling(work.component, work.comp_plan.rounding, order)
    dues: list[Due] = []
    for term in terms:
        if term.payee in odd:
            continue
        at = (term.payee, term.window.key)
        try:
            dues += settling.window(term, slices.get(at, []), lines.get(at, []))
        except Odd:
            odd.add(term.payee)
    dues = [d for d in dues if d.payee not in odd]
    dues += _one_by_one(work, odd)
    return Priced(tuple(sorted(dues, key=lambda d: (d.payee, d.window, order[d.period]))), frozenset(odd))


def unit_of(work: Work) -> int:
    """Parts of one money unit that credits are counted in: 100 for cents, more where multipliers cut finer."""
    return int(10**work.scale) * Weights(work.component).parts


def _number(work: Work, terms: Sequence[Term], unit: int) -> str:
    """The type that every total fits, with room for bounds."""
    amounts = work.credits.group_by("payee").agg(n=work.credits.amount.abs().sum())
    asked = work.execute(amounts.aggregate(n=amounts.n.max()))
    total = Fraction(asked["n"][0].as_py() or 0) / 10**work.places * Fraction(Weights(work.component).parts) ** 2
    highest = max((abs(b) for t in terms for b in (*t.table.bounds, *t.windfall.bounds)), default=Fraction(0))
    finest = max((t.fine for t in terms), default=1)
    return INTEGER if 2 * max(total, highest) * unit * finest < SAFE else WIDE


def _sums(
    work: Work, weighed: ibis.Table, calendar: ibis.Table, terms: Sequence[Term], unit: int, number: str
) -> tuple[dict[tuple[str, str], list[Sum]], dict[tuple[str, str], list[Sum]]]:
    """Slices and lines that are paid alike, summed; by payee and window."""
    component = work.component
    assert component.tiers is not None
    if component.window == "per_deal":
        alike = weighed.group_by(*BY_DAY, "w").agg(count=weighed.count())
        counted = alike.join(calendar, "day").group_by(*ALIKE, "w").agg(count=lambda t: t["count"].sum())
        return {}, _read(work.execute(counted), "w", lambda _: unit)
    whole = tier_rules()[component.tiers.kind].whole is not None or component.grouping == "period"
    fines = {(t.payee, t.window.key): unit * t.fine for t in terms}
    slices: ibis.Table | None = None
    daily, parts = None, lambda at: unit
    if not whole and component.tiers.kind == "marginal":
        slices, days = marginal_slices(weighed, calendar, terms, number=number, keep=work.keep)
        if not conditions(component) and "rate" not in work.credits.columns:
            # Lines all alike: what the days were told by says their sums, and the credits need not be read again.
            alike = days.mutate(mask=ibis.literal(0, "int64"), fall=False, rate=ibis.literal(None, "decimal(38, 18)"))
            daily, parts = alike.mutate(w=alike.total).drop("window"), fines.__getitem__
    elif not whole:
        slices = flat_slices(weighed, calendar, terms, number=number, keep=work.keep)
    if daily is None:
        daily = weighed.group_by(*BY_DAY).agg(w=_total(weighed.w))
    lines = daily.join(calendar, "day").group_by(*ALIKE, "grp").agg(w=lambda t: _total(t.w))
    found = _read(work.execute(lines), "w", parts)
    if slices is None:
        return {}, found
    by_day = slices.group_by(*BY_DAY, "n").agg(part=_total(slices.part))
    summed = by_day.join(calendar, "day").group_by(*ALIKE, "n").agg(part=lambda t: _total(t.part))
    return _read(work.execute(summed), "part", fines.__getitem__), found


def _total(column: Any) -> Any:
    return column.sum().cast(WIDE)


def _read(table: pa.Table, value: str, parts: Callable[[tuple[str, str]], int]) -> dict[tuple[str, str], list[Sum]]:
    found: dict[tuple[str, str], list[Sum]] = defaultdict(list)
    for row in table.to_pylist():
        at = (row["payee"], row["window"])
        rate = Fraction(1) if row["rate"] is None else Fraction(row["rate"])
        credit = Fraction(int(row[value]), parts(at))
        found[at].append(Sum(row["period"], row["mask"], row["fall"], rate, credit, row.get("grp", ""),
                             row.get("n"), row.get("count", 1)))  # fmt: skip
    return found


def _over_cap(work: Work, weighed: ibis.Table, terms: Sequence[Term], unit: int) -> set[str]:
    """Payees with a deal that the cap per deal may cut."""
    cap = work.component.caps.per_deal
    if cap is None:
        return set()
    most = Weights(work.component).most * _dearest(work)
    dearest: dict[str, Fraction] = defaultdict(Fraction)
    for term in terms:
        dearest[term.payee] = max(dearest[term.payee], term.top_rate * most)
    limits = {payee: rate for payee, rate in dearest.items() if rate}
    rows = {
        "payee": list(limits),
        "highest": [int(min(Fraction(cap) / rate * unit, Fraction(SAFE))) for rate in limits.values()],
    }
    table = ibis.memtable(rows, schema=ibis.schema({"payee": "string", "highest": "int64"}))
    met = weighed.join(table, "payee")
    found = work.execute(met.filter(met.w.abs() > met.highest).select("payee").distinct())
    return set(found["payee"].to_pylist())


def _dearest(work: Work) -> Fraction:
    if "rate" not in work.credits.columns:
        return Fraction(1)
    found = work.execute(work.credits.aggregate(n=work.credits.rate.max()))["n"][0].as_py()
    return Fraction(found) if found is not None else Fraction(1)


def _one_by_one(work: Work, odd: Iterable[str]) -> list[Due]:
    """What the exact evaluator says of some payees."""
    names = sorted(odd)
    if not names:
        return []
    rows = work.execute(work.credits.filter(work.credits.payee.isin(names)))
    held = credits_of_rows(rows, work.component, places=work.places)
    dues: list[Due] = []
    for payee in (p for p in work.payees if p.id in set(names)):
        ground = Ground(work.comp_plan, replace(payee, credits=tuple(held.get(payee.id, ()))), work.calendar)
        dues += dues_of(ground, work.component)
    return dues


def credits_of_rows(table: pa.Table, component: Component, *, places: int = 0) -> dict[str, list[Credit]]:
    """The credits of some rows, by payee, as the evaluator of one payee reads them."""
    found: dict[str, list[Credit]] = defaultdict(list)
    for row in table.to_pylist():
        values = {k: v for k, v in row.items() if k not in OWN}
        rate = Fraction(1) if row.get("rate") is None else Fraction(row["rate"])
        booked = None if row.get("booked") is None else Fraction(row["booked"])
        amount = Fraction(row["amount"]) / 10**places
        found[row["payee"]].append(
            Credit(row["id"], row["day"], amount, booked, type=row["type"], measure=component.measure,
                   values=values, pay_rate=rate)
        )  # fmt: skip
    return found


def dues_of(ground: Ground, component: Component) -> list[Due]:
    """What the evaluator of one payee says, in the shape of the sets."""
    sums: dict[tuple[str, str], list[Any]] = {}
    for line in component_result(ground, component).lines:
        credit, exact, amount = sums.get((line.window, line.period), (Fraction(0), Fraction(0), Decimal(0)))
        sums[line.window, line.period] = [credit + line.credit, exact + line.exact, amount + line.amount]
    return [Due(ground.payee.id, window, period, *found) for (window, period), found in sums.items()]


def by_payee(dues: Iterable[Due]) -> Mapping[str, Decimal]:
    """What each payee is paid in all."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for due in dues:
        found[due.payee] += due.amount
    return found
