"""The declaration of a record type: its grain, key and columns with their kinds and units."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property


class ColumnKind(StrEnum):
    """What a column holds, and so how it is read, stored and compared.

    Stored as: text VARCHAR, integer BIGINT, number DECIMAL(38,9), money DECIMAL(38,4), flag BOOLEAN,
    day DATE, instant TIMESTAMP in UTC without zone, json VARCHAR holding one JSON object.
    """

    text = "text"
    integer = "integer"
    number = "number"
    money = "money"
    flag = "flag"
    day = "day"
    instant = "instant"
    json = "json"


IBIS_TYPE: dict[ColumnKind, str] = {
    ColumnKind.text: "string",
    ColumnKind.integer: "int64",
    ColumnKind.number: "decimal(38, 9)",
    ColumnKind.money: "decimal(38, 4)",
    ColumnKind.flag: "boolean",
    ColumnKind.day: "date",
    ColumnKind.instant: "timestamp(6)",
    ColumnKind.json: "string",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a record type.

    Args:
        name: The contract: CSV header, expression name, API field.
        kind: See `ColumnKind`.
        required: A row without it is quarantined. Key columns are always required.
        ref: Name of the record type whose (single) key this column holds, e.g. `account`.
        choices: The values it may take, empty for any. Compared without case; others are a finding.
        default: What an empty cell means, as the text a file would hold; None for unknown.
        low: Smallest allowed value of a number; lower is quarantined.
        high: Largest allowed value of a number; higher is quarantined.
        doc: One phrase for people: meaning and unit.
    """

    name: str
    kind: ColumnKind = ColumnKind.text
    required: bool = False
    ref: str | None = None
    choices: tuple[str, ...] = ()
    default: str | None = None
    low: float | None = None
    high: float | None = None
    doc: str = ""

    @property
    def ibis_type(self) -> str:
        """The column's type in every engine, as Ibis spells it."""
        return IBIS_TYPE[self.kind]


@dataclass(frozen=True)
class RecordType:
    """One type of record: what a row stands for, what identifies it, what it carries.

    Args:
        name: snake_case singular; also the file's stem in a canonical folder.
        grain: "one row per …".
        key: Columns that identify a record; a second row with the same key is a new version of it.
        columns: In contract order.
        owner: Column naming the user whose record it is, for row scope and roll-up; None for shared records.
        happened: Column that says when it happened (business time), None for records without one.
        doc: What it is for, for people.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    owner: str | None = None
    happened: str | None = None
    doc: str = ""
    _by_name: dict[str, Column] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update({c.name: c for c in self.columns})
        missing = [k for k in (*self.key, self.owner, self.happened) if k and k not in self._by_name]
        if missing:
            raise ValueError(f"{self.name} names columns it does not have: {missing}")

    def __contains__(self, column: str) -> bool:
        return column in self._by_name

    def __getitem__(self, column: str) -> Column:
        return self._by_name[column]

    @cached_property
    def schema(self) -> dict[str, str]:
        """Column name to Ibis type, the housekeeping columns (`META`) included."""
        return {c.name: c.ibis_type for c in self.columns} | META

    @cached_property
    def references(self) -> dict[str, str]:
        """Column name to the record type it points at."""
        return {c.name: c.ref for c in self.columns if c.ref}


# Every stored row carries these. `extra` holds whatever else the source had, as one JSON object with
# text values. `derived` marks rows that a load worked out (opportunity_change by diffing two loads).
META: dict[str, str] = {
    "extra": "string",
    "load_source": "string",
    "load_id": "string",
    "recorded_at": "timestamp(6)",
    "derived": "boolean",
}
