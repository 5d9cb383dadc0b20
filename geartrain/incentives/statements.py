"""A payee's statement of a period: what they earned, line by line, and what is paid; recomputed from itself alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any

from geartrain.incentives.evaluate import Evaluation
from geartrain.incentives.exact import plain, rounded, share
from geartrain.incentives.ledger import Adjustment
from geartrain.incentives.lines import ComponentResult, Line
from geartrain.incentives.plan import Rounding
from geartrain.incentives.quoting import line_json, movement_json, slices_json
from geartrain.incentives.windows import window_of
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.periods import Calendar, Period
from geartrain.kernel.policy.decision import canonical

NOTHING = Decimal(0)
ENGINE = "1"  # goes up when the same inputs would give other amounts


def money(value: Decimal) -> str:
    """An amount as text with at least two decimals."""
    exponent = value.as_tuple().exponent
    return format(value if isinstance(exponent, int) and exponent <= -2 else value.quantize(Decimal("0.01")), "f")


def attainment_at(
    found: Evaluation, part: ComponentResult, period: Period, calendar: Calendar
) -> tuple[Fraction, Fraction] | None:
    """Credited and quota of the window that a period ends in; None without a quota."""
    component = next((c for c in found.comp_plan.components if c.key == part.key), None)
    if component is None or component.quota is None or part.quota is None:
        return None
    last = min(period.end, found.comp_plan.effective[1])
    window = window_of(last.fromordinal(last.toordinal() - 1), component.window, found.comp_plan, calendar)
    lines = [x for x in part.lines if x.window == window.key and x.day < period.end]
    quota = lines[-1].quota if lines else part.quota
    return (sum((x.credit for x in lines), Fraction(0)), quota) if quota else None


def statement(
    found: Evaluation,
    period: Period,
    calendar: Calendar,
    *,
    team: Mapping[str, Fraction | None],
    adjustments: Sequence[Adjustment] = (),
    inputs: str = "",
    plan_sha256: str = "",
) -> dict[str, Any]:
    """The statement as JSON; its manifest is the hash of the inputs, the plan, the engine and all it says."""
    row = next((p for p in found.periods if p.period == period.key), None)
    adjusted = sum((a.amount for a in adjustments), NOTHING)
    held = -row.held if row else NOTHING
    said: dict[str, Any] = {
        "payee": found.payee.id,
        "period": period.key,
        "plan": found.comp_plan.key,
        "currency": found.comp_plan.currency,
        "rounding": {"scale": found.comp_plan.rounding.scale, "mode": found.comp_plan.rounding.mode},
        "components": [_component(found, p, period, calendar, team) for p in found.parts],
        "earned": money(row.earned if row else NOTHING),
        "adjustments": [adjustment_json(a) for a in adjustments],
        "adjusted": money(adjusted),
        "draws": {k: money(getattr(row, k) if row else NOTHING) for k in ("drawn", "recovered", "owed")},
        "held": money(held),
        "released": money(row.released if row else NOTHING),
        "holding": money(row.holding if row else NOTHING),
        "clawed_back": money(row.clawed_back if row else NOTHING),
        "movements": [movement_json(m) for m in found.moves if m.period == period.key],
        "paid": money((row.paid if row else NOTHING) + adjusted),
        "issues": [i.as_json() for i in found.issues],
    }
    return said | {"manifest": manifest(said, inputs=inputs, plan_sha256=plan_sha256)}


def manifest(said: Any, *, inputs: str = "", plan_sha256: str = "") -> str:
    """Hash of what a result rests on and says."""
    return sha256(canonical([ENGINE, inputs, plan_sha256, said]).encode()).hexdigest()


def adjustment_json(a: Adjustment) -> dict[str, Any]:
    """A correction of a locked period, with what caused it."""
    return {
        "origin": a.of.period,
        "kind": a.of.kind,
        "component": a.of.component,
        "deal": a.of.deal,
        "old": money(a.old),
        "new": money(a.new),
        "amount": money(a.amount),
        "cause": a.cause,
    }


def _component(
    found: Evaluation, part: ComponentResult, period: Period, calendar: Calendar, team: Mapping[str, Fraction | None]
) -> dict[str, Any]:
    mine = [line for line in part.lines if line.period == period.key]
    numbered = list(enumerate(mine, 1))
    reached = attainment_at(found, part, period, calendar)
    scored = any(c.key == part.key and c.score is not None for c in found.comp_plan.components)
    ratio = part.attainment if scored else reached[0] / reached[1] if reached else None
    pooled = team.get(part.key)
    return {
        "key": part.key,
        "attainment": None if ratio is None else share(ratio),
        "team_attainment": None if pooled is None else share(pooled),
        "credited": None if reached is None else plain(reached[0]),
        "quota": None if reached is None else plain(reached[1]),
        "earned": money(sum((x.amount for x in mine), NOTHING)),
        "lines": [_line(n, x) for n, x in numbered],
        "slices": [
            s | {"pay_exact": str(x.slices[k].pay)} for n, x in numbered for k, s in enumerate(slices_json(n, x))
        ],
    }


def _line(number: int, line: Line) -> dict[str, Any]:
    more = {"due_before": str(line.before), "exact": str(line.exact), "says": words(line)}
    return line_json(number, line) | more


def words(line: Line) -> str:
    """A line's arithmetic in words."""
    parts = []
    for s in line.slices:
        if s.part == "own":
            tier = f" (tier {s.slice.tier})" if s.slice.tier else ""
            parts.append(f"{plain(s.slice.credit):,f} × {plain(s.slice.rate, 8):f}{tier}")
        else:
            names = {
                "repriced": "earlier lines at the tier now reached",
                "capped": "over the cap",
                "carried": "carried",
            }
            parts.append(f"{plain(s.pay, 4):,f} {names[s.part]}")
    factor = f" × {plain(line.factor):f}" if line.factor != 1 else ""
    why = f"; {'; '.join(line.why)}" if line.why else ""
    return f"{' + '.join(parts) or 'nothing'}{factor} = {money(line.amount)}{why}"


def verify_statement(said: Mapping[str, Any]) -> list[Issue]:
    """What does not add up in a statement, from its own lineage: slices, lines, components, what is paid."""
    where = f"statement/{said.get('payee')}/{said.get('period')}"
    found: list[Issue] = []

    def wrong(message: str) -> None:
        found.append(Issue("pay_statement_altered", Level.error, message, where, "Run the period again and compare."))

    rounding = Rounding(**said.get("rounding", {}))
    earned = NOTHING
    for part in said["components"]:
        total = NOTHING
        for line in part["lines"]:
            total += Decimal(line["amount"])
            slices = [Fraction(s["pay_exact"]) for s in part["slices"] if s["line"] == line["line"]]
            exact, before = Fraction(line["exact"]), Fraction(line["due_before"])
            name = f"{part['key']}, line {line['line']} ({line['deal']})"
            if sum(slices, Fraction(0)) != exact:
                wrong(f"{name}: its slices do not add up to {plain(exact):f}.")
            if rounded(before + exact, rounding) - rounded(before, rounding) != Decimal(line["amount"]):
                wrong(f"{name}: {line['amount']} is not what its slices round to.")
        if total != Decimal(part["earned"]):
            wrong(f"{part['key']}: its lines sum to {total:f}, not {part['earned']}.")
        earned += total
    adjusted = sum((Decimal(a["amount"]) for a in said["adjustments"]), NOTHING)
    draws = said["draws"]
    parts = (said["released"], said["clawed_back"], draws["drawn"], draws["recovered"])
    paid = earned + adjusted - Decimal(said["held"]) + sum(map(Decimal, parts), NOTHING)
    if paid != Decimal(said["paid"]):
        wrong(f"Its parts sum to {paid:f}, and {said['paid']} is paid.")
    return found
