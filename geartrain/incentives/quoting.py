"""Prices a hypothetical: what somebody would earn of given credits under a plan that need not be in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from geartrain.incentives.components import order
from geartrain.incentives.conditions import as_day, typed
from geartrain.incentives.evaluate import Evaluation, evaluate_payee
from geartrain.incentives.exact import plain, share
from geartrain.incentives.lines import Credit, Line, Payee, QuotaFact
from geartrain.incentives.plan import CompPlan, exact_number
from geartrain.incentives.teams import mean_of_ratios, pooled
from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import Calendar

GIVEN = ("user", "quota", "credits", "scores", "team")
SHAPE = 'Write {"user": {…}, "quota": 1000000, "credits": [["2026-02-01", 600000, {"type": "new"}]], "scores": {…}}.'


@dataclass(frozen=True)
class Quote:
    """A priced hypothetical."""

    evaluation: Evaluation
    team: tuple[tuple[Fraction, Fraction], ...] = ()

    @property
    def components(self) -> dict[str, Decimal | None]:
        """What each component, and each SPIF, earns; None where it cannot be worked out."""
        return {part.key: part.earned for part in self.evaluation.parts}

    def as_json(self) -> dict[str, Any]:
        """The shape of `pay quote --format json`."""
        found, comp_plan = self.evaluation, self.evaluation.comp_plan
        earned = [v for v in self.components.values() if v is not None]
        return {
            "plan": comp_plan.key,
            "currency": comp_plan.currency,
            "components": {k: _text(v) for k, v in self.components.items()},
            "earned": _text(sum(earned, Decimal(0))),
            "attainment": {p.key: _ratio(p.attainment) for p in found.components},
            "team_attainment": {k: _ratio(v) for k, v in team_attainment(comp_plan, self.team).items()},
            "quota": {p.key: None if p.quota is None else plain(p.quota) for p in found.components},
            "lines": [line_json(n, line) for n, line in enumerate(found.lines, 1)],
            "slices": [s for n, line in enumerate(found.lines, 1) for s in slices_json(n, line)],
            "movements": [movement_json(m) for m in found.moves],
            "periods": [period_json(p) for p in found.periods],
            "paid": _text(sum((p.paid for p in found.periods), Decimal(0))),
            "issues": [i.as_json() for i in found.issues],
        }


def quote(comp_plan: CompPlan, given: Mapping[str, Any], calendar: Calendar) -> Quote:
    """Price what is given.

    Raises:
        Invalid: the inputs are not of the shape `SHAPE`; the message says which part.
    """
    if not isinstance(given, Mapping):
        raise Invalid("The inputs are not an object.", hint=SHAPE)
    if unknown := sorted(set(given) - set(GIVEN)):
        raise Invalid(f"'{unknown[0]}' is not an input of a quote.", hint=SHAPE)
    user = _mapping(given.get("user"), "user")
    flat, facts = _quotas(given.get("quota"))
    credits = _credits(_rows(given.get("credits"), "credits"))
    scores = {str(k): _number(v, f"scores.{k}") for k, v in _mapping(given.get("scores"), "scores").items()}
    team = tuple(_member(n, row) for n, row in enumerate(_rows(given.get("team"), "team"), 1))
    payee = Payee(str(user.get("user_id") or ""), typed(user), facts, flat, credits, scores)
    return Quote(evaluate_payee(comp_plan, payee, calendar), team)


def team_attainment(comp_plan: CompPlan, team: Sequence[tuple[Fraction, Fraction]]) -> dict[str, Fraction | None]:
    """The team's attainment of each component that is measured: pooled, or the mean where its measure says so."""
    return {
        c.key: (mean_of_ratios if comp_plan.measures[c.measure].team == "mean" else pooled)(team)
        for c in comp_plan.components
        if c.measure is not None
    }


def line_json(number: int, line: Line) -> dict[str, Any]:
    """A line, with the arithmetic in words."""
    return {
        "line": number,
        "component": line.component,
        "date": line.day,
        "deal": line.id,
        "type": line.type,
        "credit": plain(line.credit),
        "running_total": plain(line.attained),
        "quota": None if line.quota is None else plain(line.quota),
        "attainment": _ratio(line.attained / line.quota) if line.quota else None,
        "multiplier": plain(line.factor),
        "window": line.window,
        "period": line.period,
        "amount": _text(line.amount),
        "exact": plain(line.exact, 9),
        "why": list(line.why),
    }


def slices_json(number: int, line: Line) -> list[dict[str, Any]]:
    """The slices of a line: pay adds up to its exact amount."""
    return [
        {
            "line": number,
            "component": line.component,
            "deal": line.id,
            "part": s.part,
            "tier": s.slice.tier or None,
            "from": plain(s.slice.low) if s.slice.tier else None,
            "to": plain(s.slice.high) if s.slice.tier and s.slice.high is not None else None,
            "credit": plain(s.slice.credit),
            "rate": plain(s.slice.rate, 12),
            "pay": plain(s.pay, 9),
        }
        for s in line.slices
    ]


def movement_json(m: Any) -> dict[str, Any]:
    """A movement on a line."""
    return {
        "kind": m.kind,
        "component": m.component,
        "deal": m.id,
        "date": m.day,
        "period": m.period,
        "amount": _text(m.amount),
        "why": m.why,
    }


def period_json(p: Any) -> dict[str, Any]:
    """What a period pays."""
    money = ("earned", "held", "released", "clawed_back", "drawn", "recovered", "owed", "holding", "paid")
    return {"period": p.period} | {name: _text(getattr(p, name)) for name in money}


def _text(value: Decimal | None) -> str | None:
    """Money as text with at least two decimals."""
    if value is None:
        return None
    exponent = value.as_tuple().exponent
    return format(value if isinstance(exponent, int) and exponent <= -2 else value.quantize(Decimal("0.01")), "f")


def _ratio(value: Fraction | None) -> Decimal | None:
    return None if value is None else share(value)


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise Invalid(f"{name} is not an object.", hint=SHAPE)
    return {str(k): v for k, v in value.items()}


def _rows(value: Any, name: str) -> Sequence[Any]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise Invalid(f"{name} is not a list.", hint=SHAPE)
    return value


def _number(value: Any, name: str) -> Fraction:
    try:
        return Fraction(exact_number(value))
    except ValueError as error:
        raise Invalid(f"{name}: {value!r} is no number: {error}.", hint=SHAPE) from None


def _day(value: Any, name: str) -> date:
    day = as_day(typed(value))
    if day is None:
        raise Invalid(f"{name}: {value!r} is no date.", hint="Write it as 2026-02-01.")
    return day


def _quotas(value: Any) -> tuple[dict[str | None, Fraction], tuple[QuotaFact, ...]]:
    """A number for every measure, a number by measure, or quota facts as the `quota` record has them."""
    if value is None:
        return {}, ()
    if isinstance(value, Mapping):
        return {str(k): _number(v, f"quota.{k}") for k, v in value.items()}, ()
    if isinstance(value, list | tuple):
        return {}, tuple(_fact(n, _mapping(row, f"quota[{n}]")) for n, row in enumerate(value, 1))
    return {None: _number(value, "quota")}, ()


def _fact(n: int, row: Mapping[str, Any]) -> QuotaFact:
    wanted = ("measure", "period_start", "period_end", "amount")
    if missing := [k for k in wanted if k not in row]:
        raise Invalid(f"quota[{n}] lacks {missing[0]}.", hint=f"A quota fact has {', '.join(wanted)}.")
    start, end = (_day(row[k], f"quota[{n}].{k}") for k in ("period_start", "period_end"))
    if end <= start:
        raise Invalid(f"quota[{n}] ends before it starts.", hint="period_end is the first day after the period.")
    return QuotaFact(str(row["measure"]), start, end, _number(row["amount"], f"quota[{n}].amount"))


def _credits(rows: Sequence[Any]) -> tuple[Credit, ...]:
    """Credits in order of day, those without an id numbered so: the order in which they are given says nothing."""
    found = sorted((_credit(n, row) for n, row in enumerate(rows, 1)), key=order)
    return tuple(replace(c, id=c.id or f"credit {n:0{len(str(len(found)))}}") for n, c in enumerate(found, 1))


def _credit(n: int, row: Any) -> Credit:
    if not isinstance(row, list | tuple) or not 2 <= len(row) <= 3:
        raise Invalid(f"credits[{n}] is not [date, amount] or [date, amount, {{columns}}].", hint=SHAPE)
    values = typed(_mapping(row[2] if len(row) == 3 else None, f"credits[{n}]"))
    amount = _number(row[1], f"credits[{n}]")
    known = {
        k: Fraction(v) for k, v in values.items() if k in ("pay_rate", "plan_rate") and isinstance(v, int | Decimal)
    }
    rate = known.get("pay_rate", Fraction(1)) / (known.get("plan_rate") or Fraction(1))
    return Credit(
        str(values.get("opportunity_id") or values.get("id") or ""),
        _day(row[0], f"credits[{n}]"),
        amount * known.get("plan_rate", Fraction(1)),
        booked=amount,
        type=str(values.get("credit_type") or "direct"),
        measure=values.get("measure"),
        values=values,
        pay_rate=rate,
    )


def _member(n: int, row: Any) -> tuple[Fraction, Fraction]:
    if isinstance(row, Mapping):
        row = [row.get("credited"), row.get("quota")]
    if not isinstance(row, list | tuple) or len(row) != 2:
        raise Invalid(f"team[{n}] is not [credited, quota].", hint='Write "team": [[120000, 100000], …].')
    return _number(row[0], f"team[{n}]"), _number(row[1], f"team[{n}]")
