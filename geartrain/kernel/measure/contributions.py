"""What each row brings into a metric: the rows behind a number, as a table that two versions of it are compared by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from geartrain.kernel.measure.aggregate import Rows
from geartrain.kernel.measure.frame import Frame
from geartrain.kernel.measure.metric import Metric
from geartrain.kernel.measure.scan import Item, Question, conditions, open_rows, past_of
from geartrain.kernel.records import ColumnKind, RecordType
from geartrain.kernel.rules import parse

ROLES = ("numerator", "denominator", "value")
TEXT, MONEY = "decimal(38, 9)", "decimal(38, 4)"
AMOUNT = "amount"
# A metric of one aggregate has no sides.
COUNTED = {"value": "counted"}


@dataclass(frozen=True)
class Reading:
    """What one row showed one side of the line.

    Args:
        values: The columns its conditions and its expression read, by name.
        dated: Whether its date falls into the window; None where the metric has none.
        counts: Whether it counts on this side.
    """

    item: Item
    values: Mapping[str, Any]
    dated: bool | None
    counts: bool


def items_of(metric: Metric) -> list[Item]:
    """Its aggregates with the side of the line each is on; none for a derived metric."""
    found = [(role, getattr(metric.spec, role)) for role in ROLES]
    return [Item(metric.key, role, metric.spec, a) for role, a in found if a is not None]


def row_by_row(metric: Metric) -> bool:
    """Whether its number is made of rows that each count or not; a derived one, or one with its own rows, is not."""
    items = items_of(metric)
    return bool(items) and not any(i.aggregate.alone for i in items)


def contributions(question: Question, metric: Metric) -> ibis.Table:
    """One row per record that counts on either side.

    Columns: subject (`opportunity/O-1`), result (the sides it is on), value (what it brings in, as text; null where
    being counted is all) and amount (that money, else the record's own amount; workspace currency).
    """
    items = items_of(metric)
    kind = question.source.types[items[0].name]
    frame, sides = _sides(question, items, kind)
    table = frame.table
    brought = {item.role: _brought(frame, item) for item in items}
    counts = {role: met.fill_null(False) for role, met in sides.items()}
    columns = {
        "subject": subject_of(table, kind),
        "result": _joined([ibis.ifelse(counts[r], COUNTED.get(r, r), ibis.null("string")) for r in counts], ", "),
        "value": _joined([_shown(brought[r], counts[r]) for r in counts], " / "),
        "amount": _money(frame, kind, metric, brought),
    }
    any_side = counts[items[0].role]
    for item in items[1:]:
        any_side = any_side | counts[item.role]
    return table.filter(any_side).select(**columns)


def readings(question: Question, metric: Metric, subjects: Sequence[str]) -> dict[str, list[Reading]]:
    """What these records showed each side, those that are not among the rows left out."""
    items = items_of(metric)
    kind = question.source.types[items[0].name]
    frame, sides = _sides(question, items, kind)
    columns: dict[str, Any] = {"subject": subject_of(frame.table, kind)}
    names = {item.role: _names(item) for item in items}
    for item in items:
        past = past_of(frame, item)
        for n, name in enumerate(names[item.role]):
            columns[f"{item.role}.{n}"] = frame.read(name, past)
        if item.at and not item.aggregate.basis:
            columns[f"{item.role}.dated"] = frame.within(item.at)
        columns[f"{item.role}.counts"] = sides[item.role].fill_null(False)
    rows = frame.table.select(**columns)
    found = question.source.execute(rows.filter(rows.subject.isin(list(subjects)))).to_pylist()
    return {str(row["subject"]): [_reading(item, names[item.role], row) for item in items] for row in found}


def subject_of(table: ibis.Table, kind: RecordType) -> Any:
    """A record's name among all records, e.g. `quote/Q-7/2`."""
    text = ibis.literal(kind.name)
    for column in kind.key:
        text = text + "/" + table[column].cast("string").fill_null("")
    return text


def _sides(question: Question, items: Sequence[Item], kind: RecordType) -> tuple[Frame, dict[str, Any]]:
    also = [AMOUNT] if AMOUNT in kind and kind[AMOUNT].kind is ColumnKind.money else []
    frame, period = open_rows(question, items, also=also)
    sides = {}
    for item in items:
        met = [one(frame) for one in conditions(question, frame, item, dated=period is None).values()]
        found = Rows(frame).also(*met)
        sides[item.role] = _column(frame, ibis.literal(True) if found is None else found)
    return frame, sides


def _column(frame: Frame, value: Any) -> Any:
    """A condition as a column of the rows, also one that reads nothing of them."""
    first = frame.table[frame.table.columns[0]]
    return value if isinstance(value, ibis.Column) else ibis.ifelse(first.isnull(), value, value)


def _brought(frame: Frame, item: Item) -> Any | None:
    return item.aggregate.gives(Rows(frame, None, past_of(frame, item)))


def _shown(value: Any | None, counts: Any) -> Any:
    """What a side takes of a row, as text that is equal where it is: numbers all at one scale."""
    if value is None:
        return ibis.null("string")
    kind = value.type()
    text = value.cast(TEXT).cast("string") if kind.is_numeric() else value.cast("string")
    return ibis.ifelse(counts, text, ibis.null("string"))


def _joined(texts: Sequence[Any], between: str) -> Any:
    """The texts that there are; null where there is none."""
    if len(texts) == 1:
        return texts[0]
    first, second = texts
    both = first + between + second
    return ibis.coalesce(both, first, second)


def _money(frame: Frame, kind: RecordType, metric: Metric, brought: Mapping[str, Any]) -> Any:
    value = brought.get("value")
    if metric.unit == "money" and value is not None and value.type().is_numeric():
        return value.cast(MONEY)
    if AMOUNT in kind and kind[AMOUNT].kind is ColumnKind.money:
        return frame.read(AMOUNT).cast(MONEY)
    return ibis.null(MONEY)


def _names(item: Item) -> list[str]:
    texts = [item.spec.where, item.aggregate.where, *item.aggregate.rules()]
    read = {name for text in texts if text for name in parse(text).fields}
    return sorted(read | ({item.at} if item.at else set()))


def _reading(item: Item, names: Sequence[str], row: Mapping[str, Any]) -> Reading:
    values = {name: row[f"{item.role}.{n}"] for n, name in enumerate(names)}
    return Reading(item, values, row.get(f"{item.role}.dated"), bool(row[f"{item.role}.counts"]))
