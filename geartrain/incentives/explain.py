"""A plan in plain words: what is paid for what, its payout curve and worked examples; hashed, it is what is signed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any

from geartrain.incentives.exact import plain, rounded
from geartrain.incentives.plan import Component, CompPlan
from geartrain.incentives.rules import tier_rules
from geartrain.incentives.rules.interpolated import interpolate
from geartrain.incentives.tables import money_table

MARKS = tuple(Fraction(n, 100) for n in (0, 25, 50, 75, 90, 100, 110, 125, 150, 200))
WINDOWS = {
    "per_deal": "Each deal stands alone",
    "month": "The total runs over a month and is paid once it is over",
    "quarter": "The total runs over a quarter and is paid once it is over",
    "year": "The total runs over the year and is paid once it is over",
    "quarter_to_date": "The total runs from the start of the quarter",
    "year_to_date": "The total runs from the start of the year",
}


@dataclass(frozen=True)
class CurvePoint:
    """What a component pays a full-year participant at an attainment."""

    attainment: Decimal
    pay: Decimal


@dataclass(frozen=True)
class Rendering:
    """A plan in words.

    Args:
        paragraphs: Heading and sentences.
        curves: By component; empty where pay is not relative to quota.
    """

    comp_plan: CompPlan
    paragraphs: tuple[tuple[str, tuple[str, ...]], ...]
    curves: dict[str, tuple[CurvePoint, ...]]

    @property
    def text(self) -> str:
        """All of it."""
        lines = [f"{self.comp_plan.name} ({self.comp_plan.key})"]
        for heading, said in self.paragraphs:
            lines += ["", heading, *(f"  {s}" for s in said)]
        for key, points in self.curves.items():
            lines += ["", f"What {key} pays in a full year"]
            lines += [f"  at {p.attainment:f} %: {p.pay:,f} {self.comp_plan.currency}" for p in points]
        return "\n".join(lines) + "\n"

    @property
    def sha256(self) -> str:
        """Hash of the text: what somebody signs."""
        return sha256(self.text.encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        curves = {
            k: [{"attainment": p.attainment / 100, "pay": f"{p.pay:f}"} for p in v] for k, v in self.curves.items()
        }
        said = [{"heading": h, "text": list(t)} for h, t in self.paragraphs]
        return {"plan": self.comp_plan.key, "name": self.comp_plan.name, "paragraphs": said, "curves": curves,
                "text": self.text, "sha256": self.sha256}  # fmt: skip


def explain_plan(comp_plan: CompPlan) -> Rendering:
    """The plan in plain words."""
    parts = [("Who and when", tuple(_who(comp_plan)))]
    parts += [(f"{c.key}, {plain(Fraction(c.weight) * 100):f} % of the target", tuple(_component(comp_plan, c)))
              for c in comp_plan.components]  # fmt: skip
    parts += [("Credit", tuple(_crediting(comp_plan)))]
    rest = tuple(_rest(comp_plan))
    parts += [("Besides", rest)] if rest else []
    curves = {c.key: curve for c in comp_plan.components if (curve := payout_curve(comp_plan, c))}
    return Rendering(comp_plan, tuple(parts), curves)


def payout_curve(comp_plan: CompPlan, c: Component, marks: tuple[Fraction, ...] = MARKS) -> tuple[CurvePoint, ...]:
    """Pay over attainment for a full year; empty where it cannot be told without a quota."""
    target = comp_plan.annual_target * Fraction(c.weight)
    if not target:
        return ()
    if c.tiers is None:
        assert c.curve is not None
        below = None if c.curve.below == "hold" else Fraction(c.curve.below)
        points = [(Fraction(x), Fraction(y)) for x, y in c.curve.points]
        pays = [interpolate(points, m, below=below, extend=c.curve.above == "extend")[1] * target for m in marks]
    elif c.tiers.basis == "quota_share" and all(t.rate.multiple for t in c.rates):
        table, rule = money_table(c, target=target, quota=Fraction(1)), tier_rules()[c.tiers.kind]
        pays = [rule.pay_at(table, m) for m in marks]
    else:
        return ()
    return tuple(CurvePoint(plain(m * 100), rounded(p, comp_plan.rounding)) for m, p in zip(marks, pays, strict=True))


def _who(comp_plan: CompPlan) -> Iterator[str]:
    start, end = comp_plan.effective
    yield f"It holds from {start} to {end}, that day not included, and pays in {comp_plan.currency}."
    if isinstance(comp_plan.eligible, str):
        yield f"It is for people of whom this holds: {comp_plan.eligible}."
    else:
        yield (
            "It is for people whose "
            + ", and whose ".join(f"{k} is {' or '.join(v)}" for k, v in comp_plan.eligible.items())
            + "."
        )
    if t := comp_plan.target_incentive:
        prorated = ", less for the days of a year somebody does not take part in" if t.prorate == "days" else ""
        yield f"The target incentive is {t.annual:,f} {comp_plan.currency} a year{prorated}."
    yield f"It is paid each {comp_plan.pay.frequency.replace('_', '-')}, {comp_plan.pay.lag_days} days after its end."


def _component(comp_plan: CompPlan, c: Component) -> Iterator[str]:
    if c.score is not None:
        assert c.curve is not None
        yield f"The score '{c.score}' decides: " + _curve(c) + "."
        return
    assert c.measure is not None
    assert c.tiers is not None
    m = comp_plan.measures[c.measure]
    counted = f" where {m.where}" if m.where else ""
    yield f"{c.measure}: {m.amount} of each {m.source}{counted}, on the day of {m.date}; {m.credit} credit."
    if c.quota:
        days = ", by the days of taking part" if c.quota.prorate == "days" else ""
        yield f"It is held against the quota of {c.quota.measure}{days}."
    yield f"{WINDOWS[c.window]}; {tier_rules()[c.tiers.kind].says}."
    unit = "% of quota" if c.tiers.basis == "quota_share" else comp_plan.currency
    scale = 100 if c.tiers.basis == "quota_share" else 1
    for t in c.rates:
        upto = "upwards" if t.high is None else f"to {plain(Fraction(t.high) * scale):,f}"
        yield f"From {plain(Fraction(t.low) * scale):,f} {upto} {unit}: {_rate(c, str(t.rate), comp_plan)}."
    if c.curve:
        yield _curve(c).capitalize() + "."
    if c.threshold and c.threshold.at:
        says = "then everything counts from zero" if c.threshold.kind == "first_dollar" else "and only what lies above"
        yield f"Pay begins at {plain(Fraction(c.threshold.at) * scale):,f} {unit}, {says}."
    for cap, of in ((c.caps.per_deal, "deal"), (c.caps.per_period, "pay period")):
        if cap is not None:
            kept = "is lost" if c.caps.excess == "forfeit" else "is kept and paid when there is room"
            yield f"One {of} pays {cap:,f} {comp_plan.currency} at most; the rest {kept}."
    yield from (f"Where {g.when}, pay is multiplied by {g.multiply:f}." for g in c.gates)
    for x in c.multipliers:
        yield from (
            f"Where {x.when}, {n} is multiplied by {v:f}." for n, v in (("credit", x.credit), ("pay", x.pay)) if v
        )
    if c.windfall:
        yield f"Where {c.windfall.when}, what lies above quota is paid at par: no accelerator."


def _rate(c: Component, rate: str, comp_plan: CompPlan) -> str:
    if c.tiers is not None and c.tiers.kind == "step_amount":
        return f"{rate[:-1]} × the target" if rate.endswith("x") else f"{Decimal(rate):,f} {comp_plan.currency}"
    return f"{rate[:-1]} × the par rate" if rate.endswith("x") else f"{plain(Fraction(rate) * 100):f} %"


def _curve(c: Component) -> str:
    assert c.curve is not None
    points = ", ".join(f"{plain(Fraction(x) * 100):f} % pays {plain(Fraction(y) * 100):f} %" for x, y in c.curve.points)
    below = "as the first point" if c.curve.below == "hold" else f"{plain(Fraction(c.curve.below) * 100):f} %"
    above = "the last stretch goes on" if c.curve.above == "extend" else "the last value holds"
    return f"in straight lines, {points} of target; below that {below}, above it {above}"


def _crediting(comp_plan: CompPlan) -> Iterator[str]:
    for rule in comp_plan.crediting:
        if rule.type == "direct":
            yield "A deal is credited to those who share it, to its owner whole where nobody does."
        elif rule.type == "overlay":
            part = plain(Fraction(str(rule.share)) * 100)
            yield f"On top, {part:f} % goes to everybody of whom this holds: {rule.to}."
        else:
            levels = f"{rule.levels} levels of " if rule.levels else ""
            yield f"It is rolled up to {levels}managers, each deal once."


def _rest(comp_plan: CompPlan) -> Iterator[str]:
    if d := comp_plan.draw:
        kind = "to be paid back" if d.recoverable else "not to be paid back"
        months = f" in the first {d.months} months" if d.months else ""
        yield f"At least {d.amount:,f} {comp_plan.currency} a {d.per} is paid{months}; what is advanced is {kind}."
    if b := comp_plan.clawback:
        within = f" within {b.within_days} days" if b.within_days is not None else ""
        yield f"Where {b.when}{within}, pay comes back: {b.amount.replace('_', ' ')}."
    if h := comp_plan.holdback:
        yield f"{plain(Fraction(h.percent) * 100):f} % is held until {h.release}."
    for s in comp_plan.spifs:
        when = f" where {s.when}" if s.when else ""
        budget = f", {s.budget:,f} in all" if s.budget is not None else ""
        yield f"{s.key}: {s.per_unit:,f} {comp_plan.currency} a deal{when}, from {s.since} to {s.until}{budget}."
