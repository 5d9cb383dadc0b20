"""Where a number comes from: its definition, its version, the counts above and below the line, the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from geartrain.kernel.measure.aggregate import Rows, Value
from geartrain.kernel.measure.answer import Answer, plain
from geartrain.kernel.measure.compute import find, inputs
from geartrain.kernel.measure.metric import Metric, Spec
from geartrain.kernel.measure.query import ask, formula, query
from geartrain.kernel.measure.scan import Item, Question, conditions, open_rows
from geartrain.kernel.measure.source import Source

ROLES = ("numerator", "denominator", "value")


@dataclass(frozen=True)
class Side:
    """One side of the line: what it takes, in the policy's words, and what that came to."""

    role: str
    words: str
    value: Any
    n: int


@dataclass(frozen=True)
class Explanation:
    """A number taken apart.

    Args:
        metric: The metric as it stands.
        value: The number with what it rests on.
        sides: Above and below the line, or the one aggregate; none for a derived metric.
        records: The rows that count, newest first: the key, the date, the amount, the columns its conditions read, and
            under `counts` the sides each is on.
        total: How many rows count; `records` may be fewer.
        inputs: The metrics a derived one is made of, explained.
        answer: The answer the number stands in, with its notes.
    """

    metric: Metric
    value: Value
    formula: str
    sides: tuple[Side, ...]
    records: tuple[Mapping[str, Any], ...]
    total: int
    inputs: tuple[Explanation, ...]
    answer: Answer

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        found: dict[str, Any] = {
            "metric": self.metric.key,
            "name": self.metric.name,
            "definition": self.metric.definition,
            "version": self.metric.version,
            "sha256": self.metric.sha256,
            "unit": self.metric.unit,
            "formula": self.formula,
            "value": self.value.value,
            "reason": self.value.reason,
            "detail": dict(self.value.detail),
            "sides": [{"role": s.role, "words": s.words, "value": s.value, "n": s.n} for s in self.sides],
            "records": list(self.records),
            "total": self.total,
            "inputs": [one.as_json() for one in self.inputs],
            "notes": self.answer.notes,
            "as_of": self.answer.as_of,
            "facts": self.answer.facts,
        }
        return {key: plain(value) for key, value in found.items()}


def explain(
    source: Source,
    metrics: Mapping[str, Metric],
    key: str,
    *,
    since: date | None = None,
    until: date | None = None,
    where: str | None = None,
    filters: Mapping[str, str | None] | None = None,
    as_of: date | None = None,
    limit: int = 50,
) -> Explanation:
    """The number of a metric for one period and one value of each dimension, and everything it is made of.

    Args:
        filters: Dimension to value, as an answer shows them (`{"quarter": "2026Q3", "team": "East"}`).
        limit: Most records to list; all are counted.
    Raises:
        NotFound: no such metric.
        Invalid: as `query`.
    """
    metric = find(metrics, key)
    asked: dict[str, Any] = {"since": since, "until": until, "where": where, "filters": filters, "as_of": as_of}
    answer = query(source, metrics, keys=[key], **asked)
    value = answer.values[0][key]
    below = tuple(explain(source, metrics, name, **asked, limit=limit) for name in inputs(metric))
    if metric.spec.form == "derived":
        return Explanation(metric, value, formula(metric.spec), (), (), 0, below, answer)
    records, counts = _records(ask(source, **asked), metric, limit)
    return Explanation(
        metric, value, formula(metric.spec), _sides(metric.spec, value, counts), records, counts["any"], below, answer
    )


def _sides(spec: Spec, value: Value, counts: Mapping[str, int]) -> tuple[Side, ...]:
    found = []
    for role in ROLES:
        if (aggregate := getattr(spec, role)) is not None:
            words = " ".join(f"{k} {v}" for k, v in aggregate.model_dump(exclude_none=True).items())
            number = value.value if role == "value" else value.detail[role]
            found.append(Side(role, words, number, counts[role]))
    return tuple(found)


def _records(question: Question, metric: Metric, limit: int) -> tuple[tuple[Mapping[str, Any], ...], dict[str, int]]:
    """The rows that any side counts, newest first, and how many each side has."""
    items = [Item(metric.key, r, metric.spec, a) for r in ROLES if (a := getattr(metric.spec, r)) is not None]
    frame, period = open_rows(question, items)
    sides = {}
    for item in items:
        met = [one(frame) for one in conditions(question, frame, item, dated=period is None).values()]
        sides[item.role] = Rows(frame).also(*met)
    kind = question.source.types[items[0].name]
    rules = [t for i in items for t in (*i.aggregate.rules(), i.aggregate.where, i.spec.where) if t]
    columns = {name: frame.table[name] for name in kind.key}
    at = items[0].at
    if at:
        columns[at] = frame.read(at)
    rows = Rows(frame)
    for rule in dict.fromkeys(rules):
        columns.setdefault(rule, rows.value(rule))
    flags = {f"counts {role}": True if met is None else met.fill_null(False) for role, met in sides.items()}
    table = frame.table.select(**columns, **flags)
    any_side = table[f"counts {items[0].role}"]
    for item in items[1:]:
        any_side = any_side | table[f"counts {item.role}"]
    table = table.filter(any_side)
    counted = {item.role: table.count(where=table[f"counts {item.role}"]) for item in items}
    counts = question.source.execute(table.aggregate(any=table.count(), **counted)).to_pylist()[0]
    order = [table[at].desc()] if at else []
    listed = table.order_by([*order, *(table[k] for k in kind.key if k != at)]).limit(limit)
    return tuple(_record(row, items) for row in question.source.execute(listed).to_pylist()), counts


def _record(row: Mapping[str, Any], items: Sequence[Item]) -> Mapping[str, Any]:
    values = {name: value for name, value in row.items() if not name.startswith("counts ")}
    return {**values, "counts": [item.role for item in items if row[f"counts {item.role}"]]}
