"""A metric decides which records count, and with what.

Where the number is made of rows, the subject is the record, its result the side of the line it is on, or what it brings
in. Where it is derived from other metrics or makes rows of its own, the subject is the month, its result the value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import ibis

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue
from geartrain.kernel.measure.aggregate import Value
from geartrain.kernel.measure.compute import compute, inputs
from geartrain.kernel.measure.contributions import Reading, contributions, readings, row_by_row
from geartrain.kernel.measure.metric import Metric
from geartrain.kernel.measure.query import ask, formula, query
from geartrain.kernel.periods import Grain
from geartrain.kernel.policy.backtest import Counted, Figure, Step, decisions
from geartrain.kernel.policy.ground import Ground
from geartrain.kernel.policy.policy import Policy
from geartrain.kernel.rules import parse
from geartrain.kernel.rules.explanation import said

WHOLE = "whole window"
MONTH = "month"
MOST_MONTHS = 120


class Metrics:
    """The decider of metrics."""

    kind = "metric"
    subject = "record"
    money = "what the record brings in, or the amount of the deal where the metric does not sum money"

    def check(self, policy: Policy, ground: Ground) -> list[Issue]:
        """Nothing: what a metric may not say is refused when it is asked for."""
        return []

    def decide(self, policy: Policy, ground: Ground, *, beside: Policy | None) -> ibis.Table:
        """The records that count, or the months."""
        metric: Metric = policy.envelope
        if not row_by_row(metric):
            return _cells(metric, ground)
        return contributions(ask(ground.source, since=ground.since, until=ground.until), metric)

    def alike(self, policy: Policy, beside: Policy, ground: Ground) -> Counted:
        """Nothing is left out."""
        return Counted()

    def trace(self, policy: Policy, ground: Ground, subjects: Sequence[str]) -> Mapping[str, tuple[Step, ...]]:
        """Each condition of either side with the values of the record; or the formula with its inputs of the month."""
        metric: Metric = policy.envelope
        if not row_by_row(metric):
            return _cell_traces(metric, ground, subjects)
        question = ask(ground.source, since=ground.since, until=ground.until)
        found = readings(question, metric, subjects)
        missing = (Step("from", metric.spec.from_ or "", False, "It is not among the rows this version reads."),)
        return {s: tuple(_steps(found[s], ground)) if s in found else missing for s in subjects}

    def figures(self, policy: Policy, ground: Ground) -> list[Figure]:
        """The metric over the window and by month."""
        metric: Metric = policy.envelope
        cells = {**_values(metric, ground, ""), **(_months(metric, ground) if _dated(metric, ground) else {})}
        return [Figure(metric.key, metric.name, metric.unit, cell, _number(v)) for cell, v in cells.items()]

    def notes(self, policy: Policy, ground: Ground) -> list[str]:
        """What the metric's answer says of itself, and when it is seen from."""
        answer = query(
            ground.source, _metrics(ground), keys=[policy.key], since=ground.since, until=ground.until, as_of=None
        )
        return [f"Seen from the end of {ground.source.as_of}.", *answer.notes]


def _metrics(ground: Ground) -> dict[str, Metric]:
    return {key: p.envelope for key, p in ground.policies.of("metric").items()}


def _values(metric: Metric, ground: Ground, by: str) -> dict[str, Value]:
    """The values of a metric by the period, or by what it makes rows of."""
    found = query(
        ground.source,
        _metrics(ground),
        keys=[metric.key],
        by=[by] if by else [],
        since=ground.since,
        until=ground.until,
    )
    cells = (" ".join(str(c) for c in row[:-1]) or WHOLE for row in found.rows)
    return {cell: values[metric.key] for cell, values in zip(cells, found.values, strict=True)}


def _months(metric: Metric, ground: Ground) -> dict[str, Value]:
    """The value of every month that has begun by the day that is seen, and of later ones that have any."""
    question = ask(ground.source, by=[MONTH], since=ground.since, until=ground.until)
    numbers = compute(_metrics(ground), question, [metric.key])[metric.key]
    until = min(ground.until, date.fromordinal(ground.source.as_of.toordinal() + 1))
    begun = ground.source.calendar.between(ground.since, until, Grain.month) if ground.since < until else []
    keys = {p.key for p in begun[-MOST_MONTHS:]} | {str(cell[0]) for cell in numbers.found if cell[0] is not None}
    return {key: numbers.at((key,)) for key in sorted(keys)}


def _dated(metric: Metric, ground: Ground) -> bool:
    """Whether it has a value by the month."""
    if any(a.alone for a in metric.spec.aggregates):
        return False
    try:
        _values(metric, ground, MONTH)
    except Invalid:
        return False
    return True


def _cells(metric: Metric, ground: Ground) -> ibis.Table:
    found = _values(metric, ground, MONTH if _dated(metric, ground) else "")
    return decisions([_cell(metric, cell, value) for cell, value in found.items()])


def _cell(metric: Metric, cell: str, value: Value) -> dict[str, Any]:
    number = _number(value)
    shown = None if value.value is None else str(value.value) if number is None else format(number, "f")
    result = "undefined" if value.value is None else "value"
    # No money: the values of months do not add up.
    return {"subject": f"metric/{metric.key}/{cell}", "result": result, "value": shown, "amount": None}


def _number(value: Value) -> Decimal | None:
    held = value.value
    return Decimal(held) if isinstance(held, int | Decimal) and not isinstance(held, bool) else None


def _steps(found: Sequence[Reading], ground: Ground) -> list[Step]:
    """The conditions a record met or did not, each once, then what it brings in."""
    steps: dict[Step, None] = {}
    for reading in found:
        item = reading.item
        if item.at and reading.dated is not None:
            stood = f"{item.at} {said(reading.values[item.at])}"
            within = "is within" if reading.dated else "is not within"
            text = f"{stood} {within} {ground.since} to {ground.until} (exclusive)"
            steps[Step("at", item.at, reading.dated, text)] = None
        for part, rule in (("where", item.spec.where), (item.role, item.aggregate.where)):
            if rule:
                seen = parse(rule).explain(reading.values)
                steps[Step(part, rule, _flag(seen.value), str(seen))] = None
        for rule in item.aggregate.rules() if reading.counts else ():
            seen = parse(rule).explain(reading.values)
            steps[Step(f"{item.role} {item.aggregate.agg}", rule, None, _stands(rule, seen.value))] = None
    return list(steps)


def _stands(rule: str, value: object) -> str:
    return f"{rule} is {said(value)}"


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _cell_traces(metric: Metric, ground: Ground, subjects: Sequence[str]) -> dict[str, tuple[Step, ...]]:
    by = MONTH if _dated(metric, ground) else ""
    values = {below: _values(_metrics(ground)[below], ground, by) for below in inputs(metric)}
    head = Step("spec", formula(metric.spec), None, formula(metric.spec))
    found = {}
    for subject in subjects:
        cell = subject.removeprefix(f"metric/{metric.key}/")
        steps = [_input(_metrics(ground)[below], cells.get(cell)) for below, cells in values.items()]
        found[subject] = (head, *steps)
    return found


def _input(metric: Metric, value: Value | None) -> Step:
    stands = said(value.value) if value is not None else "unknown"
    return Step("input", metric.key, None, f"{metric.name} is {stands}")


DECIDER = Metrics()
