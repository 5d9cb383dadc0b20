"""One component of one payee: which credits count, what windows they stand in, what they pay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import groupby

from geartrain.incentives.conditions import as_day, evaluate, holds, seen
from geartrain.incentives.exact import plain, rounded
from geartrain.incentives.lines import ComponentResult, Credit, Line, LineSlice, Payee
from geartrain.incentives.plan import Component, CompPlan, Rounding
from geartrain.incentives.pricing import Priced, Terms, Weighed, price_lines
from geartrain.incentives.rules import Slice, tier_rules
from geartrain.incentives.tables import money_table, windfall_table
from geartrain.incentives.windows import due_period, participation, pay_period, window_of, year_share
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.periods import Calendar, Period

ZERO = Fraction(0)
ONE = Fraction(1)


@dataclass(frozen=True)
class Ground:
    """What the components of one payee under one plan stand on."""

    comp_plan: CompPlan
    payee: Payee
    calendar: Calendar

    def taking_part(self, span: Period) -> Fraction:
        """The share of a span's days that the payee takes part in."""
        user = self.payee.user
        return participation(as_day(user.get("start_date")), as_day(user.get("end_date")), span)

    def target(self, component: Component, span: Period) -> Fraction:
        """Target incentive of a span × weight."""
        stated = self.comp_plan.target_incentive
        annual = self.comp_plan.annual_target if stated else Fraction(str(self.payee.user.get("target_incentive") or 0))
        whole = annual * year_share(span) * Fraction(component.weight)
        return whole * self.taking_part(span) if stated and stated.prorate == "days" else whole

    def quota(self, component: Component, span: Period) -> Fraction | None:
        """Quota of a span: the sum of what lies in it, by days where a quota's span reaches out of it."""
        if component.quota is None:
            return None
        name, days = component.quota.measure, component.quota.prorate == "days"
        flat = self.payee.flat_quotas
        if (given := flat.get(name, flat.get(None))) is not None:
            return given * self.taking_part(span) if days else given
        found = [q for q in self.payee.quotas if q.measure == name and q.start < span.end and q.end > span.start]
        total = ZERO
        for q in found:
            shared = Period(max(q.start, span.start), min(q.end, span.end), span.key)
            part = Fraction((shared.end - shared.start).days, (q.end - q.start).days)
            total += q.amount * part * (self.taking_part(shared) if days else ONE)
        return total if found else None


@dataclass(frozen=True)
class Entry:
    """A line with its conditions worked out."""

    credit: Credit
    weighed: Weighed
    why: tuple[str, ...]
    period: Period


def component_result(ground: Ground, component: Component) -> ComponentResult:
    """What a component pays, line by line; in any order of the credits the same."""
    if component.score is not None:
        return _scored(ground, component)
    credits = sorted(_counted(ground, component), key=order)
    lines: list[Line] = []
    issues: list[Issue] = []
    attainment, quota, credited = None, None, ZERO
    for window, held in groupby(credits, key=lambda c: _window_of(ground, component, c.day)):
        found = ground.quota(component, window)
        if component.quota is not None and not (found and found > 0):
            issues.append(_without_quota(ground, component, window))
            continue
        priced = _window(ground, component, window, list(held), found)
        lines += priced
        quota, credited = found, sum((line.credit for line in priced), ZERO)
        attainment = credited / quota if quota else None
    if not credits and component.quota is not None:
        window = _window_of(ground, component, ground.comp_plan.effective[0])
        quota = ground.quota(component, window)
        attainment = ZERO if quota else None
        issues += [] if quota else [_without_quota(ground, component, window)]
    known = lines or not issues
    earned = sum((line.amount for line in lines), rounded(ZERO, ground.comp_plan.rounding)) if known else None
    return ComponentResult(component.key, tuple(lines), earned, attainment, quota, credited, tuple(issues))


def _window_of(ground: Ground, component: Component, day: date) -> Period:
    return window_of(day, component.window, ground.comp_plan, ground.calendar)


def order(credit: Credit) -> tuple[object, ...]:
    """The order in which credits are priced: total, whatever order they come in."""
    return (credit.day, credit.id, credit.type, credit.amount, sorted((k, str(v)) for k, v in credit.values.items()))


def _counted(ground: Ground, component: Component) -> Iterable[Credit]:
    """The credits that the component's measure counts; a condition that cannot be told leaves a credit in: whoever
    hands credits over has decided already, and says so by leaving the column out."""
    assert component.measure is not None
    measure = ground.comp_plan.measures[component.measure]
    start, end = ground.comp_plan.effective
    for credit in ground.payee.credits:
        if credit.measure not in (None, component.measure) or not start <= credit.day < end:
            continue
        values = seen(credit, ground.payee.user, quota=None, attained=ZERO)
        where = f"{ground.comp_plan.key}/measures/{component.measure}"
        if measure.where is not None and holds(measure.where, values, where=where) is False:
            continue
        if measure.amount != "amount" and credit.measure is None:
            counted = evaluate(measure.amount, values, where=where)
            if counted is not None:
                booked = credit.booked if credit.booked is not None else credit.amount
                part = credit.amount / booked if booked else ONE
                credit = replace(credit, amount=Fraction(counted) * part)
        yield credit


def _window(
    ground: Ground, component: Component, window: Period, credits: Sequence[Credit], quota: Fraction | None
) -> list[Line]:
    assert component.tiers is not None
    entries = _entries(ground, component, credits, quota)
    target = ground.target(component, window)
    table = money_table(component, target=target, quota=quota)
    terms = Terms(
        tier_rules()[component.tiers.kind],
        table,
        windfall_table(table, component, target=target, quota=quota),
        component.caps,
        component.window == "per_deal",
        component.settle == "period_lines",
    )
    priced = _period_capped(entries, price_lines([e.weighed for e in entries], terms), component)
    return _rounded(ground, component, window, entries, priced, quota)


def _entries(ground: Ground, component: Component, credits: Sequence[Credit], quota: Fraction | None) -> list[Entry]:
    """Credits with what multipliers, gates and windfall make of them."""
    found: list[Entry] = []
    x = ZERO
    where = f"{ground.comp_plan.key}/{component.key}"
    for credit in credits:
        before = seen(credit, ground.payee.user, quota=quota, attained=x)
        counted, factor, why = credit.amount, credit.pay_rate, []
        applied = [m for m in component.multipliers if holds(m.when, before, where=where)]
        for m in applied:
            if m.credit is not None:
                counted *= Fraction(m.credit)
                why.append(f"credit × {plain(Fraction(m.credit)):f}: {m.when}")
        x += counted
        after = seen(credit, ground.payee.user, quota=quota, attained=x)
        for gate in component.gates:
            if holds(gate.when, after, where=where):
                factor *= Fraction(gate.multiply)
                why.append(f"gate × {plain(Fraction(gate.multiply)):f}: {gate.when}")
        for m in applied:
            if m.pay is not None:
                factor *= Fraction(m.pay)
                why.append(f"pay × {plain(Fraction(m.pay)):f}: {m.when}")
        big = component.windfall is not None and bool(holds(component.windfall.when, after, where=where))
        if big and component.windfall is not None:
            why.append(f"windfall, no accelerator: {component.windfall.when}")
        period = pay_period(credit.day, ground.comp_plan.pay.frequency, ground.calendar)
        group = period.key if component.grouping == "period" else None
        due = due_period(credit.day, component.window, ground.comp_plan, ground.calendar)
        found.append(Entry(credit, Weighed(counted, factor, big, group), tuple(why), due))
    return found


def _period_capped(entries: Sequence[Entry], priced: Sequence[Priced], component: Component) -> list[Priced]:
    """Lines under the cap of a pay period; what is carried is paid first in the next that has room."""
    cap = component.caps.per_period
    if cap is None:
        return list(priced)
    found: list[Priced] = []
    balance = ZERO
    for _, pairs in groupby(zip(entries, priced, strict=True), key=lambda p: p[0].period):
        inside = [p for _, p in pairs]
        earned, paid = balance, ZERO
        for p in inside:
            earned += p.pay
            now = min(Fraction(cap), earned)
            moved = now - paid - p.pay
            extra = LineSlice("capped" if moved < 0 else "carried", Slice(0, ZERO, None, ZERO, ZERO, moved), moved)
            found.append(replace(p, slices=(*p.slices, extra)) if moved else p)
            paid = now
        balance = earned - paid if component.caps.excess == "carry" else ZERO
    return found


def _rounded(
    ground: Ground,
    component: Component,
    window: Period,
    entries: Sequence[Entry],
    priced: Sequence[Priced],
    quota: Fraction | None,
) -> list[Line]:
    """Lines with money: R(Sᵢ) − R(Sᵢ₋₁) of the window's running pay."""
    found: list[Line] = []
    running = ZERO
    for entry, p in zip(entries, priced, strict=True):
        before = ZERO if component.window == "per_deal" else running
        amount, running = _step(before, p.pay, ground.comp_plan.rounding)
        c = entry.credit
        found.append(
            Line(
                component.key,
                c.id,
                c.day,
                c.type,
                c.booked,
                entry.weighed.credit,
                p.attained,
                quota,
                entry.weighed.factor,
                window.key,
                entry.period.key,
                entry.period.end,
                p.slices,
                p.pay,
                amount,
                entry.why,
                c.values,
                before,
            )
        )
    return found


def _step(running: Fraction, pay: Fraction, rounding: Rounding) -> tuple[Decimal, Fraction]:
    return rounded(running + pay, rounding) - rounded(running, rounding), running + pay


def _without_quota(ground: Ground, component: Component, window: Period) -> Issue:
    assert component.quota is not None
    message = f"{ground.payee.id or 'The payee'} has no quota of {component.quota.measure} above 0 in {window.key}."
    where = f"{ground.comp_plan.key}/{component.key}"
    hint = f"Load a quota fact of the measure '{component.quota.measure}' that covers it, or give `quota`."
    return Issue("pay_quota_missing", Level.error, message, where, hint)


def _scored(ground: Ground, component: Component) -> ComponentResult:
    """A component paid by a score: its curve × target, a line a window, or a pay period where it pays as it goes."""
    from geartrain.incentives.rules.interpolated import interpolate

    assert component.score is not None
    assert component.curve is not None
    value, curve = ground.payee.scores.get(component.score), component.curve
    if value is None:
        message = f"There is no score '{component.score}' for {ground.payee.id or 'the payee'}."
        hint = f"Give it: scores: {{{component.score}: 1.0}}."
        where = f"{ground.comp_plan.key}/{component.key}"
        return ComponentResult(
            component.key, (), None, issues=(Issue("pay_score_missing", Level.warning, message, where, hint),)
        )
    below = None if curve.below == "hold" else Fraction(curve.below)
    points = [(Fraction(x), Fraction(y)) for x, y in curve.points]
    n, worth = interpolate(points, value, below=below, extend=curve.above == "extend")
    lines: list[Line] = []
    running = ZERO
    for span, due in _spans(ground, component):
        target = ground.target(component, span)
        before = running
        amount, running = _step(before, target * worth, ground.comp_plan.rounding)
        part = Slice(n, ZERO, None, value, worth, target * worth)
        slices = (LineSlice("own", part, target * worth),)
        lines.append(
            Line(component.key, component.score, _last(span.end), "score", None, value, value, None, ONE, span.key,
                 due.key, due.end, slices, target * worth, amount, before=before)
        )  # fmt: skip
    earned = sum((line.amount for line in lines), rounded(ZERO, ground.comp_plan.rounding))
    return ComponentResult(component.key, tuple(lines), earned, value, None, value)


def _spans(ground: Ground, component: Component) -> Iterable[tuple[Period, Period]]:
    """The spans a score is paid for, each with the period it is paid in."""
    comp_plan, calendar = ground.comp_plan, ground.calendar
    day = comp_plan.effective[0]
    while day < comp_plan.effective[1]:
        if component.window.endswith("to_date") or component.window == "per_deal":
            whole = pay_period(day, comp_plan.pay.frequency, calendar)
            span = Period(max(whole.start, comp_plan.effective[0]), min(whole.end, comp_plan.effective[1]), whole.key)
        else:
            span = window_of(day, component.window, comp_plan, calendar)
        yield span, pay_period(_last(span.end), comp_plan.pay.frequency, calendar)
        day = span.end


def _last(end: date) -> date:
    return date.fromordinal(end.toordinal() - 1)
