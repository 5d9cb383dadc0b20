"""Rules of process policies over opportunities: read with a message that names them, evaluated by column and by record.

A name that is no column and no reference is looked for in `extra`, as whatever kind the rule needs; where it is not
there either it is unknown, so that a process may ask for a field before the CRM has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from json import loads
from re import compile as pattern
from typing import Any

import ibis

from geartrain.facts.transforms import day_text, decimal_text
from geartrain.kernel.errors import Invalid
from geartrain.kernel.measure.dimensions import Path, locate
from geartrain.kernel.records import ColumnKind, RecordType
from geartrain.kernel.rules import InvalidRule, Rule, WrongValue, check, parse
from geartrain.kernel.rules.columns import json_text

AS_OF = "as_of"
START = "opportunity"
# What a name that is nowhere declared may be, so that the rule reads on: the first that fits.
GUESSES = (ColumnKind.text, ColumnKind.number, ColumnKind.flag, ColumnKind.day)
NUMBER = pattern(r"-?[0-9]{1,30}(\.[0-9]+)?")
YES, NO = ("true", "yes", "1"), ("false", "no", "0")


def read_rule(text: str, where: str) -> Rule:
    """The rule of a text.

    Raises:
        ValueError: it is none; a model that is validated reports it with the file and line.
    """
    try:
        return parse(text, where=where)
    except InvalidRule as error:
        raise ValueError(f"{error.message.rstrip('.')}{'; ' + error.hint if error.hint else ''}") from None


def evaluated(rule: Rule, values: Mapping[str, Any]) -> tuple[Any, str]:
    """What a rule comes to for one record, and in words; unknown where the record holds another kind of value."""
    try:
        return rule.evaluate(values), str(rule.explain(values))
    except WrongValue as error:
        return None, f"cannot be told: {error.message}"


class Reading:
    """How the names in some rules read on the records of a type.

    Args:
        types: Record types by name.
        rules: All rules that are asked.
        start: The type that they are about.
    """

    def __init__(self, types: Mapping[str, RecordType], rules: Iterable[Rule], start: str = START) -> None:
        self.types, self.rules, self.start = types, tuple(rules), start

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name a rule reads."""
        return frozenset(name for rule in self.rules for name in rule.fields) - {AS_OF}

    @cached_property
    def paths(self) -> dict[str, Path]:
        """Names to where they lead; those that lead nowhere are missing."""
        found: dict[str, Path] = {}
        for name in sorted(self.names):
            with suppress(Invalid):
                found[name] = locate(self.types, self.start, name)
        return found

    @cached_property
    def loose(self) -> dict[str, ColumnKind]:
        """Names that lead nowhere, and what they are taken for."""
        known = {n: ColumnKind.text if p.extra else p.column.kind for n, p in self.paths.items()}
        known[AS_OF] = ColumnKind.day
        found: dict[str, ColumnKind] = {}
        for rule in self.rules:
            for name in sorted(rule.fields - set(known)):
                fits = (g for g in GUESSES if not _clashes(rule, {**known, name: g}))
                known[name] = found[name] = next(fits, ColumnKind.text)
        return found

    def columns(self, table: ibis.Table, *, as_of: Any) -> dict[str, Any]:
        """Names to columns of a table that `kernel.measure.frame.open_frame` made along `paths`, `extra` among it."""
        found: dict[str, Any] = {AS_OF: as_of}
        for name, path in self.paths.items():
            found[name] = json_text(table[path.alias], path.extra) if path.extra else table[path.alias]
        for name, kind in self.loose.items():
            found[name] = _loose_column(json_text(table["extra"], name), kind)
        return found

    def values(self, row: Mapping[str, Any], *, as_of: date) -> dict[str, Any]:
        """Names to the values of one record: a row of such a table."""
        found: dict[str, Any] = {AS_OF: as_of}
        for name, path in self.paths.items():
            found[name] = _extra(row[path.alias]).get(path.extra) if path.extra else row[path.alias]
        more = _extra(row.get("extra"))
        return found | {name: _loose_value(more.get(name), kind) for name, kind in self.loose.items()}


def over(table: ibis.Table, rule: Rule, columns: Mapping[str, Any]) -> Any:
    """A rule as a column of a table, also one that reads nothing of it."""
    value = rule.column(lambda name: columns[name])
    first = table[table.columns[0]]
    return value if isinstance(value, ibis.Column) else ibis.ifelse(first.isnull(), value, value)


def _clashes(rule: Rule, kinds: Mapping[str, ColumnKind]) -> bool:
    return any(i.code == "rule_kinds" for i in check(rule, kinds))


def _extra(text: Any) -> dict[str, Any]:
    found = loads(text) if text else {}
    return found if isinstance(found, dict) else {}


def _loose_column(text: Any, kind: ColumnKind) -> Any:
    if kind is ColumnKind.number:
        return decimal_text(text)
    if kind is ColumnKind.day:
        return day_text(text)
    if kind is ColumnKind.flag:
        said = text.lower()
        return ibis.cases((said.isin(YES), True), (said.isin(NO), False))
    return text


def _loose_value(value: Any, kind: ColumnKind) -> Any:
    if not isinstance(value, str):
        return None
    if kind is ColumnKind.number:
        exact = Decimal("0.0001")
        return Decimal(value).quantize(exact, ROUND_HALF_UP) if NUMBER.fullmatch(value) else None
    if kind is ColumnKind.day:
        with suppress(ValueError):
            return date.fromisoformat(value[:10])
        return None
    if kind is ColumnKind.flag:
        return True if value.lower() in YES else False if value.lower() in NO else None
    return value
