"""Ownership that disagrees with the clause that decides, and the write-back that would mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.kernel.rules import Rule, WrongValue, parse
from geartrain.planning.kinds.rules_of_engagement import Clause, RulesOfEngagement, said

Record = Mapping[str, Any]
SINCE = "owner_since"  # the day the owner changed, from which a holdover is counted
BEFORE = "previous_owner_id"


@dataclass(frozen=True)
class Finding:
    """One record that the clauses give to somebody else than owns it, or that no clause decides.

    Args:
        clause: The one that decides; None for a gap.
        owner, expected: Who owns it, and who should; None where nobody does, or it cannot be told.
        until: The last day on which a holdover keeps it with who had it.
    """

    record: str
    clause: str | None
    owner: str | None
    expected: str | None
    message: str
    until: date | None = None
    split: Mapping[str, str] = field(default_factory=dict)

    @property
    def write_back(self) -> dict[str, str] | None:
        """The owner update that is proposed; None where there is none."""
        if self.expected is None or self.expected == self.owner:
            return None
        return {"record": self.record, "field": "owner_id", "from": self.owner or "", "to": self.expected}

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "record": self.record,
            "clause": self.clause,
            "owner": self.owner,
            "expected": self.expected,
            "until": self.until,
            "message": self.message,
            "split": dict(self.split),
            "write_back": self.write_back,
        }


@dataclass(frozen=True)
class Enforcement:
    """What the clauses make of records: how many agree, and every one that does not."""

    records: int
    agreed: int
    findings: tuple[Finding, ...]


def enforce(
    rules: RulesOfEngagement, records: Iterable[Record], *, key: str, owner: str = "owner_id", as_of: date
) -> Enforcement:
    """Hold every record's owner against the first clause that holds.

    A clause's owner is an expression over the record (`account_owner_id`, `'queue'`, case …), or the very word where
    it names no column. A holdover of so many days after `owner_since` leaves it with `previous_owner_id` until then.
    """
    clauses = [(c, c.rule(), _expression(c)) for c in rules.clauses]
    findings: list[Finding] = []
    count = 0
    for record in records:
        count += 1
        if (found := _judged(rules, clauses, record, key, owner, as_of)) is not None:
            findings.append(found)
    return Enforcement(count, count - len(findings), tuple(findings))


def _expression(clause: Clause) -> Rule | None:
    """The clause's owner as an expression; None where it cannot be one."""
    try:
        return parse(clause.owner, where=clause.key)
    except Invalid:
        return None


def _judged(
    rules: RulesOfEngagement,
    clauses: list[tuple[Clause, Rule, Rule | None]],
    record: Record,
    key: str,
    owner: str,
    as_of: date,
) -> Finding | None:
    name, has = str(record.get(key)), _text(record.get(owner))
    scenario = {axis: record.get(axis) for axis in rules.axes}
    if strange := [a for a, v in scenario.items() if v not in rules.axes[a]]:
        shown = "nothing" if scenario[strange[0]] is None else f"'{scenario[strange[0]]}'"
        return Finding(name, None, has, None, f"{name} has {shown} as {strange[0]}, which is no value of that axis.")
    clause, expression = next(((c, e) for c, rule, e in clauses if rule.evaluate(record) is True), (None, None))
    if clause is None:
        return Finding(name, None, has, None, f"No clause decides who owns {name}: {said(scenario)}.")
    expected = _owner(clause, expression, record)
    held, until = _held(clause, record, as_of)
    split = {who: str(share) for who, share in clause.split.items()}
    if has == (expected if held is None else held):
        return None
    if expected is None:
        message = f"{clause.key} gives {name} to {clause.owner}, which is unknown for it."
        return Finding(name, clause.key, has, None, message, split=split)
    message = f"{clause.key} gives {name} to {held or expected}, and {has or 'nobody'} has it."
    if held is not None:
        message += f" The holdover runs until {until}."
        return Finding(name, clause.key, has, held, message, until, split)
    return Finding(name, clause.key, has, expected, message, split=split)


def _owner(clause: Clause, expression: Rule | None, record: Record) -> str | None:
    if expression is None or (expression.fields and not expression.fields & set(record)):
        return clause.owner  # a role or a person by name
    try:
        return _text(expression.evaluate(record))
    except WrongValue:
        return None


def _held(clause: Clause, record: Record, as_of: date) -> tuple[str | None, date | None]:
    """Who keeps it on a holdover, and the last day of it."""
    if clause.holdover is None or (before := _text(record.get(BEFORE))) is None:
        return None, None
    until: Any = clause.holdover.until
    since = record.get(SINCE)
    if clause.holdover.days is not None:
        if not isinstance(since, date):
            return None, None
        until = since + timedelta(days=clause.holdover.days - 1)
    return (before, until) if isinstance(until, date) and as_of <= until else (None, None)


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)
