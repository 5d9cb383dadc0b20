"""What a value in a rule can be."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from geartrain.kernel.records import ColumnKind


class Kind(StrEnum):
    """The kinds of value a rule knows. `unknown` is a kind that cannot be told from the text alone."""

    number = "number"
    text = "text"
    flag = "flag"
    day = "day"
    instant = "instant"
    unknown = "unknown"


TIMES = frozenset({Kind.day, Kind.instant})
ORDERED = frozenset({Kind.number, Kind.day, Kind.instant, Kind.unknown})

_OF_COLUMN = {
    ColumnKind.text: Kind.text,
    ColumnKind.integer: Kind.number,
    ColumnKind.number: Kind.number,
    ColumnKind.money: Kind.number,
    ColumnKind.flag: Kind.flag,
    ColumnKind.day: Kind.day,
    ColumnKind.instant: Kind.instant,
    ColumnKind.json: Kind.text,
}

# The exact type of a value as the record evaluator meets it.
OF_TYPE: dict[type, Kind] = {
    bool: Kind.flag,
    int: Kind.number,
    Decimal: Kind.number,
    float: Kind.number,
    str: Kind.text,
    date: Kind.day,
    datetime: Kind.instant,
}


def of_column(kind: ColumnKind) -> Kind:
    """The kind of the values of a column of that kind."""
    return _OF_COLUMN[kind]


def agree(one: Kind, other: Kind) -> bool:
    """Whether values of the two kinds can be compared or stand in for each other. Days and instants do."""
    return one is other or Kind.unknown in (one, other) or {one, other} <= TIMES
