"""The one sentence that the answer to a question says: the title of its slide."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from geartrain.kernel.measure.dimensions import GRAINS, MANAGER
from geartrain.kernel.measure.pack import MetricVersion, Number, Pack, Question, Row
from geartrain.web.compose import MOVEMENTS
from geartrain.web.numbers import show

PARTS_OF_A_WHOLE = ("money", "count")


def message_of(pack: Pack, q: Question) -> str:
    """What a question's answer says, of its leading metric.

    Examples: "Bookings $12.3M: 55.4% of goal, +10.0% on 2026Q2"; "East leads with $4.2M, 34.1% of bookings";
    "Open pipeline $24.1M to $27.3M: new deals brought $9.0M, won took $8.2M".
    """
    metric = pack.metrics[q.metrics[0]]
    if not q.rows:
        return f"{q.title}: no records"
    if q.show == "waterfall":
        return _movements(pack, q, metric)
    if not q.by:
        return _figure(pack, q, metric, q.rows[0].numbers[metric.key])
    return _over_time(pack, q, metric) if q.by[0] in GRAINS else _leader(pack, q, metric)


def _figure(pack: Pack, q: Question, metric: MetricVersion, number: Number) -> str:
    value = show(number.value, metric.unit, currency=pack.currency)
    if number.value is None:
        return f"{metric.name} is not defined: {number.reason or 'no records'}"
    parts = []
    if number.goal:
        share = show(number.value / number.goal, "ratio").text
        target = show(number.goal, metric.unit, currency=pack.currency).text
        left = (_end_of(q) - pack.as_of).days
        to_go = f" with {left} day{'s' * (left > 1)} to go" if left > 0 and pack.as_of >= q.period.since else ""
        parts.append(f"{share} of goal{to_go}" if metric.unit in PARTS_OF_A_WHOLE else f"target {target}")
    for then, stretch in ((number.previous, q.previous), (number.year_ago, q.year_ago)):
        if then and stretch:
            change = number.value - then
            text = (
                show(abs(change) * 100, "points").text
                if metric.unit == "ratio"
                else show(abs(change / then), "ratio").text
            )
            parts.append(f"{'+' if change >= 0 else '−'}{text} on {stretch.name}")
            break
    return f"{metric.name} {value}" + (f": {', '.join(parts)}" if parts else "")


def _over_time(pack: Pack, q: Question, metric: MetricVersion) -> str:
    known = [(r.labels[0], v) for r in q.rows if (v := r.numbers[metric.key].value) is not None]
    if not known:
        return f"{metric.name} is not defined in any {q.by[0]}"
    name, last = known[-1]
    so_far = " so far" if pack.as_of < _end_of(q) else ""
    said = f"{metric.name} {_shown(pack, metric, last)} in {name}{so_far}"
    if len(known) < 2:
        return said
    low, high = min(v for _, v in known[:-1]), max(v for _, v in known[:-1])
    between = f"{_shown(pack, metric, low)} to {_shown(pack, metric, high)}"
    return f"{said}; {between} in the {len(known) - 1} before" if low != high else said


def _leader(pack: Pack, q: Question, metric: MetricVersion) -> str:
    known: list[tuple[Row, Decimal]] = [(r, v) for r in q.rows if (v := r.numbers[metric.key].value) is not None]
    if not known:
        return f"{metric.name} is not defined for any {q.by[0].replace('_', ' ')}"
    best, value = max(known, key=lambda pair: (pair[1], pair[0].labels))
    shown = _shown(pack, metric, value)
    total = sum((v for _, v in known), Decimal(0))
    if metric.unit in PARTS_OF_A_WHOLE and MANAGER not in q.by and total > 0 and len(known) > 1:
        return f"{best.labels[0]} has most: {shown}, {show(value / total, 'ratio')} of {_shown(pack, metric, total)}"
    return f"{metric.name} is highest for {best.labels[0]}: {shown}" if len(known) > 1 else f"{best.labels[0]}: {shown}"


def _movements(pack: Pack, q: Question, metric: MetricVersion) -> str:
    by_name = {r.labels[0]: r.numbers[metric.key].value or Decimal(0) for r in q.rows}
    opening, closing = (_shown(pack, metric, by_name.get(k)) for k in ("opening", "closing"))
    moved = {k: v for k, v in by_name.items() if k not in ("opening", "closing") and v}
    said = f"Open pipeline {opening} to {closing}"
    parts = []
    for pick, verb in ((max, "brought"), (min, "took")):
        name = pick(moved, key=lambda k: (moved[k], k), default=None)
        if name is not None and (moved[name] > 0) == (verb == "brought"):
            words = MOVEMENTS.get(name, name)
            parts.append(f"{words[0].lower()}{words[1:]} {verb} {_shown(pack, metric, abs(moved[name]))}")
    return f"{said}: {', '.join(parts)}" if parts else said


def _shown(pack: Pack, metric: MetricVersion, value: Decimal | None) -> str:
    return show(value, metric.unit, currency=pack.currency).text


def _end_of(q: Question) -> date:
    return q.period.until - timedelta(days=1)
