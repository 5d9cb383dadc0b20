"""Data-quality rules decide of every record they apply to whether it passes.

The subject is a record under a rule, `opportunity/O-1#missing_amount`; the result pass, fail or unknown; the money that
of the records that do not pass. Records are those that happened within the window; a type without such a date is looked
at as a whole. Rules that both versions have alike are counted and not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import reduce
from json import loads
from typing import Any

import ibis

from geartrain.intelligence.quality import QualityRule, Ruleset
from geartrain.intelligence.quality.findings import judged, referred, with_references
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.measure.contributions import MONEY, subject_of
from geartrain.kernel.measure.dimensions import locate
from geartrain.kernel.measure.frame import Frame, open_frame
from geartrain.kernel.measure.money import foreign, with_rates
from geartrain.kernel.policy import Policy, read_document
from geartrain.kernel.policy.backtest import DECISIONS, Counted, Figure, Step, decisions
from geartrain.kernel.policy.ground import Ground
from geartrain.kernel.policy.policy import closest
from geartrain.kernel.records import ColumnKind, RecordType
from geartrain.kernel.rules import Kind, check

RESULTS = ("pass", "fail", "unknown")
# The column that says what a record is worth, the first that its type has.
WORTH = ("amount", "value")


class DataQuality:
    """The decider of data-quality rules."""

    kind = "data_quality"
    subject = "record under a rule"
    money = "the amount of the record where it does not pass, once for every rule it fails"

    def check(self, policy: Policy, ground: Ground) -> list[Issue]:
        """Rules over a type or column that is not there, at their lines."""
        return [issue for n, rule in enumerate(policy.spec.rules) for issue in _wrong(policy, n, rule, ground)]

    def decide(self, policy: Policy, ground: Ground, *, beside: Policy | None) -> ibis.Table:
        """The result of every record under every rule the other version has not alike."""
        same = _shared(policy, beside) if beside else frozenset()
        tables = [_decided(ground, rule) for rule in policy.spec.rules if _meaning(rule) not in same]
        return reduce(lambda a, b: a.union(b), tables) if tables else decisions()

    def alike(self, policy: Policy, beside: Policy, ground: Ground) -> Counted:
        """Records and their money under the rules that both have."""
        same = _shared(policy, beside)
        sums = [_counts(ground, t, [r for r in rules if _meaning(r) in same]) for t, rules in _by_type(policy.spec)]
        rows = [row for found in sums for row in found]
        known = [row["amount"] for row in rows if row["amount"] is not None]
        return Counted(sum(int(row[r]) for row in rows for r in RESULTS), sum(known, Decimal(0)) if known else None)

    def trace(self, policy: Policy, ground: Ground, subjects: Sequence[str]) -> Mapping[str, tuple[Step, ...]]:
        """The rule in words, with the values it saw."""
        rules = {rule.key: rule for rule in policy.spec.rules}
        asked: dict[str, list[str]] = {}
        for subject in subjects:
            record, _, key = subject.rpartition("#")
            asked.setdefault(key, []).append(record)
        found: dict[str, tuple[Step, ...]] = {}
        for key, records in asked.items():
            if key not in rules:
                said = f"There is no rule '{key}'."
                found |= {f"{r}#{key}": (Step("rule", key, None, said),) for r in records}
                continue
            found |= {f"{r}#{key}": steps for r, steps in _traced(ground, rules[key], records)}
        return found

    def figures(self, policy: Policy, ground: Ground) -> list[Figure]:
        """How many checks pass, fail and cannot be told, and the share that passes."""
        rows = [row for name, rules in _by_type(policy.spec) for row in _counts(ground, name, rules)]
        sums = {r: sum(int(row[r]) for row in rows) for r in RESULTS}
        total = sum(sums.values())
        share = Decimal(sums["pass"]) / total if total else None
        labels = {"pass": "Checks that pass", "fail": "Checks that fail", "unknown": "Checks that cannot be told"}
        counts = [Figure(r, labels[r], "count", "whole window", Decimal(sums[r])) for r in RESULTS]
        return [Figure("share", "Share that passes", "ratio", "whole window", share), *counts]

    def notes(self, policy: Policy, ground: Ground) -> list[str]:
        """Which records are looked at."""
        types = dict.fromkeys(rule.type for rule in policy.spec.rules)
        whole = [t.replace("_", " ") for t in types if ground.source.types[t].happened is None]
        said = [f"Records are judged as of {ground.source.as_of}, as they stand in the facts."]
        return [*said, f"Without a date, all looked at: {', '.join(whole)}."] if whole else said


def _meaning(rule: QualityRule) -> tuple[str, str, str, str]:
    return rule.key, rule.type, rule.rules()[0].canonical, rule.rules()[1].canonical


def _shared(one: Policy, other: Policy) -> frozenset[tuple[str, str, str, str]]:
    left, right = ({_meaning(rule) for rule in p.spec.rules} for p in (one, other))
    return frozenset(left & right)


def _by_type(ruleset: Ruleset) -> list[tuple[str, list[QualityRule]]]:
    found: dict[str, list[QualityRule]] = {}
    for rule in ruleset.rules:
        found.setdefault(rule.type, []).append(rule)
    return list(found.items())


def _rows(ground: Ground, name: str, rules: Sequence[QualityRule], *, money: bool = True) -> tuple[ibis.Table, Any]:
    """The records of a type that happened within the window, and what each is worth (null where no column says)."""
    source, kind = ground.source, ground.source.types[name]
    frame = open_frame(source, name, ground.window, [])
    worth = next((c for c in WORTH if c in kind and kind[c].kind is ColumnKind.money), None) if money else None
    if worth and (currencies := foreign(source, name)):
        frame = with_rates(frame, currencies, ibis.literal(source.as_of, "date"))
    if kind.happened:
        frame = Frame(source, name, frame.window, frame.table.filter(frame.within(kind.happened)), rate=frame.rate)
    table = frame.table.mutate(worth=frame.read(worth).cast(MONEY) if worth else ibis.null(MONEY))
    table = with_references(table, rules, types=source.types, records=source.table)
    return table, table.worth


def _judged(table: ibis.Table, rule: QualityRule, ground: Ground) -> tuple[Any, Any]:
    """Whether a rule applies, and its result."""
    applies, passes = judged(table, rule, as_of=ground.source.as_of)
    # Not by `isnull`: SQL reads `not x is null is null` the other way round.
    sure, maybe = passes.fill_null(False), passes.fill_null(True)
    result = ibis.ifelse(sure, "pass", ibis.ifelse(maybe, "unknown", "fail"))
    return applies.fill_null(False), result


def _decided(ground: Ground, rule: QualityRule) -> ibis.Table:
    table, worth = _rows(ground, rule.type, [rule])
    applies, result = _judged(table, rule, ground)
    subject = subject_of(table, ground.source.types[rule.type]) + f"#{rule.key}"
    zero = ibis.literal(Decimal(0), MONEY)
    amount = ibis.ifelse(result == "pass", ibis.ifelse(worth.isnull(), worth, zero), worth)
    columns = {"subject": subject, "result": result, "value": ibis.null("string"), "amount": amount}
    return table.filter(applies).select(**{c: columns[c] for c in DECISIONS})


def _counts(ground: Ground, name: str, rules: Sequence[QualityRule]) -> list[Mapping[str, Any]]:
    """Per rule how many records pass, fail and cannot be told, and the money of those that do not pass; one pass."""
    if not rules:
        return []
    table, worth = _rows(ground, name, rules)
    sums: dict[str, Any] = {}
    for n, rule in enumerate(rules):
        applies, result = _judged(table, rule, ground)
        sums |= {f"{r}{n}": (applies & (result == r)).cast("int64").sum() for r in RESULTS}
        sums[f"amount{n}"] = ibis.ifelse(applies & (result != "pass"), worth, ibis.null(MONEY)).sum()
    row = ground.source.execute(table.aggregate(**sums)).to_pylist()[0]
    names = (*RESULTS, "amount")
    return [{name: _known(name, row[f"{name}{n}"]) for name in names} for n in range(len(rules))]


def _known(name: str, value: Any) -> Any:
    return value if name == "amount" else value or 0


def _traced(ground: Ground, rule: QualityRule, records: Sequence[str]) -> Iterable[tuple[str, tuple[Step, ...]]]:
    kind = ground.source.types[rule.type]
    table, _ = _rows(ground, rule.type, [rule], money=False)
    table = table.mutate(subject=subject_of(table, kind))
    rows = ground.source.execute(table.filter(table.subject.isin(list(records)))).to_pylist()
    seen = {str(row["subject"]): row for row in rows}
    for record in records:
        yield record, _steps(rule, seen.get(record), ground)


def _steps(rule: QualityRule, row: Mapping[str, Any] | None, ground: Ground) -> tuple[Step, ...]:
    if row is None:
        return (Step("type", rule.type, False, f"It is no {rule.type} of the window."),)
    values = {**row, "as_of": ground.source.as_of, "extra": _extra(row)}
    steps = []
    for part, read in zip(("applies_when", "check"), rule.rules(), strict=True):
        said = read.explain(values)
        holds = said.value if isinstance(said.value, bool) else None
        if part == "check" or rule.applies_when != "true":
            steps.append(Step(part, read.text, holds, str(said)))
        if part == "applies_when" and holds is not True:
            break
    return tuple(steps)


def _extra(row: Mapping[str, Any]) -> Any:
    return loads(row["extra"]) if row.get("extra") else {}


def _wrong(policy: Policy, n: int, rule: QualityRule, ground: Ground) -> Iterable[Issue]:
    kind: RecordType | None = ground.source.types.get(rule.type)
    if kind is None:
        near = closest(rule.type, ground.source.types)
        hint = f"Did you mean '{near}'?" if near else "See docs/reference/record-types.md."
        said = f"There is no record type '{rule.type}'."
        yield Issue("policy_value_invalid", Level.error, said, _line(policy, n, "type"), hint)
        return
    columns = {c.name: c.kind for c in kind.columns} | {"as_of": ColumnKind.day}
    for name in referred(rule):
        with suppress(Invalid):  # what leads nowhere is told below, as a column that is not there
            columns[name] = locate(ground.source.types, rule.type, name).column.kind
    for part, read in zip(("applies_when", "check"), rule.rules(), strict=True):
        for issue in check(read, columns, expects=Kind.flag):
            said = f"{rule.key}: {issue.message}"
            yield Issue(issue.code, issue.level, said, _line(policy, n, part), issue.hint)


def _line(policy: Policy, n: int, part: str) -> str:
    document, _ = read_document(policy.body, policy.where)
    return f"{policy.where}:{document.line(['spec', 'rules', n, part]) if document else 1}"


DECIDER = DataQuality()
