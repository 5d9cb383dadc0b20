"""What is wrong in the facts, found set-based: one query per record type for the rules, one per reference."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import ibis
import pyarrow as pa

from geartrain.intelligence.quality.closest import Candidates
from geartrain.intelligence.quality.ruleset import Dimension, QualityRule, Ruleset
from geartrain.kernel.issues import Level
from geartrain.kernel.measure.dimensions import Path, locate
from geartrain.kernel.records import Column, RecordType
from geartrain.kernel.rules.columns import json_text

# One finding per wrong value up to here; what is left over is one finding more, so that nothing is silent.
MOST_VALUES = 50
EXTRA = "extra"


class Source(Protocol):
    """The facts as somebody may see them (services/records/facts.py)."""

    types: Mapping[str, RecordType]
    as_of: date

    def table(self, name: str) -> ibis.Table: ...
    def raw(self, name: str) -> ibis.Table: ...
    def execute(self, expr: ibis.Expr) -> pa.Table: ...


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with the records of one type, with how many of them.

    `applicable` is the number of records the rule looked at, so that the share can be stated; `value` is the wrong
    value where the finding is about one; `closest` the id somebody probably meant.
    """

    rule: str
    type: str
    field: str
    value: str | None
    count: int
    closest: str | None
    message: str
    hint: str
    level: Level = Level.warning
    dimension: Dimension = Dimension.validity
    applicable: int = 0
    weight: float = 1

    def as_json(self) -> dict[str, Any]:
        """The shape `geartrain check` answers with."""
        names = ("rule", "type", "field", "value", "count", "closest", "message", "hint")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Assessed:
    """How many records a rule applied to and how many passed, findings or none: the score is made of these."""

    rule: str
    type: str
    dimension: Dimension
    applicable: int
    passing: int
    weight: float = 1


def find(source: Source, ruleset: Ruleset) -> tuple[list[Finding], list[Assessed]]:
    """Everything that is wrong, worst first, and what was assessed.

    Worst: errors before warnings before info, then by count, then by name, so that the order is total.
    """
    findings: list[Finding] = []
    assessed: list[Assessed] = []
    for name, record_type in source.types.items():
        table = source.table(name)
        total = int(source.execute(table.count().name("n").as_table())["n"][0].as_py())
        if not total:
            continue
        rules = [rule for rule in ruleset.rules if rule.type == name]
        beside = with_references(table, rules, types=source.types, records=source.raw)
        for outcome in _rules(source, beside, rules):
            findings += outcome[0]
            assessed.append(outcome[1])
        for column in record_type.columns:
            if column.ref:
                findings += _references(source, table, record_type, column, assessed)
            elif column.choices:
                findings += _choices(source, table, record_type, column, assessed)
    order = list(Level)
    findings.sort(key=lambda f: (order.index(f.level), -f.count, f.type, f.rule, f.field, f.value or ""))
    return findings, assessed


def failing(source: Source, rule: QualityRule) -> ibis.Table:
    """The records a rule applies to that do not pass."""
    table = source.table(rule.type)
    beside = with_references(table, [rule], types=source.types, records=source.raw)
    applies, passes = conditions(beside, rule, as_of=source.as_of)
    return beside.filter(applies & ~passes).select(table.columns)


def with_references(
    table: ibis.Table,
    rules: Sequence[QualityRule],
    *,
    types: Mapping[str, RecordType],
    records: Callable[[str], ibis.Table],
) -> ibis.Table:
    """The records of the rules' type with what the rules read of records they refer to, under its dotted name.

    Args:
        records: Everybody's records by type: a rule says the same whoever asks. A reference that leads nowhere gives
            unknown; it is a finding of its own.
    """
    for rule in rules:
        for name in sorted(referred(rule) - set(table.columns)):
            table = _beside(table, locate(types, rule.type, name), name, records)
    return table


def referred(rule: QualityRule) -> set[str]:
    """The dotted names a rule reads: columns of the records that its own refer to."""
    names = {name for part in rule.rules() for name in part.fields if "." in name}
    return {name for name in names if not name.startswith(f"{EXTRA}.")}


def _beside(table: ibis.Table, path: Path, name: str, records: Callable[[str], ibis.Table]) -> ibis.Table:
    """The records with the column that a path leads to, one left join for each reference on the way."""
    held, columns = path.steps[0].column, table.columns
    wanted = [*(step.column for step in path.steps[1:]), path.column.name]
    for step, column in zip(path.steps, wanted, strict=True):
        target = records(step.type)
        target = target.select(**{f"{name}#key": target[step.key], f"{name}#": target[column]})
        table = table.left_join(target, table[held] == target[f"{name}#key"]).drop(f"{name}#key")
        table = table.select(*columns, **{name: table[f"{name}#"]})
        held = name
    return table


def conditions(table: ibis.Table, rule: QualityRule, *, as_of: date) -> tuple[ibis.BooleanValue, ibis.BooleanValue]:
    """(applies, passes) of a rule over a table, unknown settled as False in both."""
    applies, passes = judged(table, rule, as_of=as_of)
    return applies.fill_null(False), passes.fill_null(False)


def judged(table: ibis.Table, rule: QualityRule, *, as_of: date) -> tuple[ibis.BooleanValue, ibis.BooleanValue]:
    """(applies, passes) of a rule over a table, null where it cannot be told."""

    def resolve(path: str) -> ibis.Value:
        if path == "as_of":
            return ibis.literal(as_of)
        head, _, tail = path.partition(".")
        return json_text(table[EXTRA], tail) if head == EXTRA and tail else table[path]

    applies, check = rule.rules()
    return _over(table, applies.column(resolve)), _over(table, check.column(resolve))


def _over(table: ibis.Table, value: ibis.BooleanValue) -> ibis.BooleanValue:
    """A condition as a column of the table, also one that reads nothing of it (`applies_when: true`)."""
    first = table[table.columns[0]]
    return value if isinstance(value, ibis.Column) else ibis.ifelse(first.isnull(), value, value)


def _rules(source: Source, table: ibis.Table, rules: Sequence[QualityRule]) -> Iterable[tuple[list[Finding], Assessed]]:
    if not rules:
        return
    sums: dict[str, ibis.Value] = {}
    for n, rule in enumerate(rules):
        applies, passes = conditions(table, rule, as_of=source.as_of)
        sums[f"a{n}"] = applies.cast("int64").sum()
        sums[f"p{n}"] = (applies & passes).cast("int64").sum()
    row = source.execute(table.aggregate(**sums)).to_pylist()[0]
    for n, rule in enumerate(rules):
        applicable, passing = int(row[f"a{n}"] or 0), int(row[f"p{n}"] or 0)
        count = applicable - passing
        said = rule.message.format(count=f"{count:,}", applicable=f"{applicable:,}")
        found = Finding(
            rule.key,
            rule.type,
            rule.field,
            None,
            count,
            None,
            said,
            rule.hint,
            rule.severity,
            rule.dimension,
            applicable,
            float(rule.weight),
        )
        done = Assessed(rule.key, rule.type, rule.dimension, applicable, passing, float(rule.weight))
        yield [found] if count else [], done


def _references(
    source: Source, table: ibis.Table, record_type: RecordType, column: Column, assessed: list[Assessed]
) -> list[Finding]:
    assert column.ref is not None
    target = source.types[column.ref]
    key = target.key[0]
    known = source.raw(column.ref)
    held = table.filter(table[column.name].notnull())
    unmatched = held.filter(held[column.name].notin(known.select(key).distinct()[key]))
    wrong = source.execute(
        unmatched.group_by(value=unmatched[column.name])
        .aggregate(n=lambda t: t.count())
        .order_by([ibis.desc("n"), "value"])
    ).to_pylist()
    applicable = _count(source, held)
    missing = sum(int(r["n"]) for r in wrong)
    if not wrong:
        if applicable:
            assessed.append(_assessed("unmatched_reference", record_type, column, applicable, 0))
        return []
    names = _names(source, known, target)
    if not names:
        return [_not_loaded(record_type, column, missing, len(wrong), applicable)]
    assessed.append(_assessed("unmatched_reference", record_type, column, applicable, missing))
    candidates = Candidates(names)
    found = [_unmatched(record_type, column, r, candidates, applicable) for r in wrong[:MOST_VALUES]]
    return [*found, *_rest(found[:1], wrong[MOST_VALUES:])]


def _unmatched(
    record_type: RecordType, column: Column, row: Mapping[str, Any], candidates: Candidates, applicable: int
) -> Finding:
    value, count = str(row["value"]), int(row["n"])
    closest = candidates.closest(value)
    hint = (
        f"If '{closest}' is meant, add `{value}: {closest}` to the mapping's aliases of {column.name} and load again."
        if closest is not None
        else f"Load the missing {column.ref}, or add an alias in the mapping."
    )
    return Finding(
        "unmatched_reference",
        record_type.name,
        column.name,
        value,
        count,
        closest,
        f"{count:,} {record_type.name} records name the {column.ref} '{value}', which does not exist.",
        hint,
        Level.error,
        Dimension.consistency,
        applicable,
    )


def _not_loaded(record_type: RecordType, column: Column, missing: int, values: int, applicable: int) -> Finding:
    said = (
        f"{missing:,} {record_type.name} records name {values:,} different {column.ref} records in {column.name}, "
        f"but no {column.ref} has been loaded."
    )
    hint = f"Load the {column.ref} table of the same source."
    return Finding(
        "reference_not_loaded",
        record_type.name,
        column.name,
        None,
        missing,
        None,
        said,
        hint,
        Level.info,
        Dimension.consistency,
        applicable,
    )


def _choices(
    source: Source, table: ibis.Table, record_type: RecordType, column: Column, assessed: list[Assessed]
) -> list[Finding]:
    held = table.filter(table[column.name].notnull())
    allowed = [choice.lower() for choice in column.choices]
    odd = held.filter(held[column.name].lower().notin(allowed))
    wrong = source.execute(
        odd.group_by(value=odd[column.name]).aggregate(n=lambda t: t.count()).order_by([ibis.desc("n"), "value"])
    ).to_pylist()
    applicable = _count(source, held)
    if applicable:
        failed = sum(int(r["n"]) for r in wrong)
        assessed.append(_assessed("unknown_choice", record_type, column, applicable, failed))
    candidates = Candidates({c: (c,) for c in column.choices})
    found = [
        Finding(
            "unknown_choice",
            record_type.name,
            column.name,
            str(r["value"]),
            int(r["n"]),
            candidates.closest(str(r["value"])),
            f"{int(r['n']):,} {record_type.name} records have the {column.name} '{r['value']}'.",
            f"Map it with a value table in the mapping, to one of: {', '.join(column.choices)}.",
            Level.warning,
            Dimension.validity,
            applicable,
        )
        for r in wrong[:MOST_VALUES]
    ]
    return [*found, *_rest(found[:1], wrong[MOST_VALUES:])]


def _rest(example: Sequence[Finding], rows: Sequence[Mapping[str, Any]]) -> list[Finding]:
    if not rows:
        return []
    first, count = example[0], sum(int(r["n"]) for r in rows)
    said = f"{count:,} more {first.type} records have {len(rows):,} other wrong values of {first.field}."
    return [
        Finding(
            first.rule,
            first.type,
            first.field,
            None,
            count,
            None,
            said,
            "Mend the ones above first, then check again.",
            first.level,
            first.dimension,
            first.applicable,
        )
    ]


def _assessed(rule: str, record_type: RecordType, column: Column, applicable: int, failed: int) -> Assessed:
    dimension = Dimension.consistency if rule == "unmatched_reference" else Dimension.validity
    return Assessed(f"{rule}:{column.name}", record_type.name, dimension, applicable, applicable - failed)


def _names(source: Source, known: ibis.Table, target: RecordType) -> dict[str, tuple[str, ...]]:
    """Id to the texts it may be recognised by: the id itself and the name."""
    key = target.key[0]
    columns = [key, "name"] if "name" in target else [key]
    rows = source.execute(known.select(*columns).distinct().order_by(columns)).to_pylist()
    return {r[key]: tuple(t for t in (r[key], r.get("name")) if t) for r in rows}


def _count(source: Source, table: ibis.Table) -> int:
    return int(source.execute(table.count().name("n").as_table())["n"][0].as_py())
