"""Worked examples: the small tables a metric's policy carries, asked and compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

import pyarrow as pa

from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.measure.metric import Example, Metric
from geartrain.kernel.measure.query import query
from geartrain.kernel.measure.source import Source
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import ColumnKind, RecordType

ARROW: Mapping[ColumnKind, pa.DataType] = {
    ColumnKind.text: pa.string(),
    ColumnKind.integer: pa.int64(),
    ColumnKind.number: pa.decimal128(38, 9),
    ColumnKind.money: pa.decimal128(38, 4),
    ColumnKind.flag: pa.bool_(),
    ColumnKind.day: pa.date32(),
    ColumnKind.instant: pa.timestamp("us"),
    ColumnKind.json: pa.string(),
}


class SourceFactory(Protocol):
    """Makes a source that holds these tables and nothing else; every type not among them is empty."""

    def __call__(
        self, tables: Mapping[str, pa.Table], *, as_of: date, calendar: FiscalCalendar, currency: str
    ) -> Source: ...


def run_examples(
    metric: Metric,
    source_factory: SourceFactory,
    *,
    types: Mapping[str, RecordType],
    metrics: Mapping[str, Metric] | None = None,
) -> list[Issue]:
    """Ask every worked example of a metric and compare.

    Args:
        metric: Whose examples.
        source_factory: See `SourceFactory`.
        types: Record types and views the examples' tables may be of.
        metrics: Those that a derived metric reads.
    Returns:
        One issue for each example that does not hold, with the rows expected and found.
    """
    issues = []
    for number, example in enumerate(metric.examples, 1):
        where = f"{metric.key}: example {number}"
        unknown = [name for name in example.facts if name not in types]
        if unknown:
            issues.append(Issue("example_fails", Level.error, f"There is no record type '{unknown[0]}'.", where))
            continue
        found = _ask(metric, example, source_factory, types, metrics or {})
        if not same_rows(found, example.rows):
            message = f"{example.says or metric.name}: expected {_text(example.rows)}, found {_text(found)}."
            issues.append(Issue("example_fails", Level.error, message, where, "Mend the definition or the example."))
    return issues


def _ask(
    metric: Metric,
    example: Example,
    source_factory: SourceFactory,
    types: Mapping[str, RecordType],
    metrics: Mapping[str, Metric],
) -> Sequence[Sequence[Any]]:
    asked, calendar = example.query, example.workspace.calendar
    tables = {name: arrow_rows(types[name], rows, calendar) for name, rows in example.facts.items()}
    last = asked.until - timedelta(days=1) if asked.until else date(2100, 1, 1)
    as_of = asked.as_of or last
    source = source_factory(tables, as_of=as_of, calendar=calendar, currency=example.workspace.currency)
    answer = query(
        source,
        {**metrics, metric.key: metric},
        keys=[metric.key],
        by=asked.by,
        since=asked.since,
        until=asked.until,
        where=asked.where,
        as_of=as_of,
    )
    return answer.rows


def arrow_rows(record_type: RecordType, rows: Sequence[Mapping[str, Any]], calendar: FiscalCalendar) -> pa.Table:
    """Rows as a file would hold them, typed; columns left out are unknown, a bare date is midnight in the zone."""
    names = [c.name for c in record_type.columns]
    kinds = {c.name: c.kind for c in record_type.columns} | {"extra": ColumnKind.json}
    columns: dict[str, pa.Array] = {}
    for name in [*names, *([] if "extra" in names else ["extra"])]:
        values = [_typed(row.get(name), kinds[name], calendar) for row in rows]
        columns[name] = pa.array(values, ARROW[kinds[name]])
    return pa.table(columns)


def _typed(value: Any, kind: ColumnKind, calendar: FiscalCalendar) -> Any:
    if value is None:
        return None
    if kind is ColumnKind.day:
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    if kind is ColumnKind.instant:
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        return value.replace(tzinfo=None) if isinstance(value, datetime) else calendar.instant(value)
    if kind in (ColumnKind.money, ColumnKind.number):
        return Decimal(str(value))
    return str(value) if kind in (ColumnKind.text, ColumnKind.json) else value


def same_rows(found: Sequence[Sequence[Any]], expected: Sequence[Sequence[Any]]) -> bool:
    """Whether rows agree in order, numbers at the decimals that are written."""
    if len(found) != len(expected):
        return False
    pairs = zip(found, expected, strict=True)
    return all(len(f) == len(e) and all(map(_same, f, e)) for f, e in pairs)


def _same(found: Any, expected: Any) -> bool:
    if expected is None or found is None:
        return found is expected
    try:
        written = Decimal(str(expected))
    except InvalidOperation:
        return str(found) == str(expected)
    if not isinstance(found, int | Decimal):
        return str(found) == str(expected)
    exponent = written.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return round(Decimal(found), places) == written


def _text(rows: Sequence[Sequence[Any]]) -> str:
    return str([[v if v is None else str(v) for v in row] for row in rows])
