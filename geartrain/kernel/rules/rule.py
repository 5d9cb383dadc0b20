"""A rule: read once, then checked, evaluated, compiled and explained."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import ibis

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.records import ColumnKind
from geartrain.kernel.rules import axes, canonical, column, columns, explanation, limits, reader, record
from geartrain.kernel.rules.errors import InvalidRule, did_you_mean, place
from geartrain.kernel.rules.kinds import Kind, of_column
from geartrain.kernel.rules.sizing import size
from geartrain.kernel.rules.tree import Field, Literal, Node, Scalar
from geartrain.kernel.rules.typecheck import Checker, a

EXTRA = "extra"  # the JSON column for whatever else a source carries


@dataclass(frozen=True)
class Rule:
    """An expression that has been read. Two rules are equal if their text is; `canonical` tells if they say the same.

    Make one with `parse`.
    """

    text: str
    where: str = field(default="", compare=False)
    root: Node = field(default=Literal(0, None), repr=False, compare=False)

    @cached_property
    def fields(self) -> frozenset[str]:
        """Every column path it reads, e.g. `account.segment`: its lineage."""
        return frozenset(n.path for n in self.root.walk() if isinstance(n, Field))

    @cached_property
    def canonical(self) -> str:
        """The one way to write what it says."""
        return canonical.canonical(self.root)

    @cached_property
    def kind(self) -> Kind:
        """What it gives, as far as the text alone tells."""
        return Checker(_unknown).kind(self.root)

    @cached_property
    def _run(self) -> record.Run:
        return record.compiled(self.root)

    def evaluate(self, values: Mapping[str, object]) -> object:
        """The result for one record: Decimal, str, bool, date, datetime, or None for unknown.

        Paths are keys (`account.segment`) or mappings within mappings; a column that is not there is unknown.

        Raises:
            WrongValue: the record holds another kind of value than the rule needs.
        """
        return self._run(values)

    def column(self, resolve: Callable[[str], ibis.Value]) -> ibis.Value:
        """The result as a column, where `resolve` gives the column of a path.

        Raises:
            InvalidRule: a column does not fit the rule, e.g. text that is compared with a number.
        """
        found = {path: resolve(path) for path in sorted(self.fields)}

        def kinds(node: Field) -> Kind:
            kind = column.kind_of(found[node.path])
            if kind is None:
                problem = f"{node.path} holds {found[node.path].type()}, which rules cannot read."
                raise InvalidRule(problem, text=self.text, at=node.at, where=self.where)
            return kind

        checker = Checker(kinds)
        checker.kind(self.root)
        _refuse(self, checker)
        memo: dict[int, Kind] = {}

        def known(node: Node) -> Kind:
            if id(node) not in memo:
                memo[id(node)] = checker.kind(node)
            return memo[id(node)]

        return column.Compiler(found, known).value(self.root, like=known(self.root))

    def on(self, table: ibis.Table) -> ibis.Value:
        """The result as a column over a table that has the rule's columns; `extra.x` reads its JSON column `extra`.

        Raises:
            InvalidRule: a column is not there, or does not fit.
        """
        names = table.columns

        def resolve(path: str) -> Any:
            if path in names:
                return table[path]
            head, _, tail = path.partition(".")
            if head == EXTRA and tail and "." not in tail and EXTRA in names:
                return columns.json_text(table[EXTRA], tail)
            at = next(n.at for n in self.root.walk() if isinstance(n, Field) and n.path == path)
            problem, hint = _missing(path, names)
            raise InvalidRule(problem, text=self.text, at=at, where=self.where, hint=hint)

        return self.column(resolve)

    def explain(self, values: Mapping[str, object]) -> explanation.Explanation:
        """Why the result for one record is what it is, in words, with the values it saw."""
        return explanation.explain(self.root, values)

    def axes(self) -> dict[str, tuple[Scalar, ...]]:
        """Every field that is compared with written values, with those values, sorted; a flag has false and true."""
        return axes.axes_of(self.root)


def parse(text: str, *, where: str = "") -> Rule:
    """Read a rule.

    Args:
        text: A SQL expression within the language of docs/reference/rules.md.
        where: What the text is part of, for messages, e.g. `policies/quality.yaml/no_next_step`.
    Raises:
        InvalidRule: with line and column, what is wrong and how to mend it.
    """
    if not isinstance(text, str):
        raise Invalid(f"A rule is text, not {type(text).__name__}.", hint="Put it in quotation marks.")
    if len(text) > reader.MAX_LENGTH:
        reader.read(text, where=where)  # raises, and keeps the text out of the cache
    return _parse(text, where)


@lru_cache(4096)
def _parse(text: str, where: str) -> Rule:
    node = reader.read(text, where=where)
    rule = Rule(text, where, node)
    checker = Checker(_unknown)
    checker.kind(node)
    _refuse(rule, checker)
    if max(size(part).reads for part in node.walk()) > limits.COST:
        problem = "Multiplications and divisions are nested too deep to stay exact."
        raise InvalidRule(problem, text=text, at=node.at, where=where, hint="Split the calculation into several.")
    return rule


def check(rule: Rule, columns: Mapping[str, ColumnKind], *, expects: Kind | None = None) -> list[Issue]:
    """What is wrong with a rule over these columns: unknown ones and kinds that do not fit together.

    Args:
        rule: The rule.
        columns: Path to kind, e.g. `{"amount": ColumnKind.money, "account.segment": ColumnKind.text}`. `extra.…` is
            always there, and text.
        expects: The kind the rule has to give, e.g. `Kind.flag` where it is a condition; None for any.
    Returns:
        Errors in the order of the text, empty if the rule will run.
    """
    known = {path: of_column(kind) for path, kind in columns.items()}

    def kinds(node: Field) -> Kind:
        return (
            Kind.text if node.path.split(".")[0] == EXTRA and "." in node.path else known.get(node.path, Kind.unknown)
        )

    missing: dict[str, int] = {}
    for node in rule.root.walk():
        if isinstance(node, Field) and node.path not in known and not node.path.startswith(f"{EXTRA}."):
            missing.setdefault(node.path, node.at)
    found = [(at, "unknown_column", *_missing(path, known)) for path, at in missing.items()]
    checker = Checker(kinds)
    kind = checker.kind(rule.root)
    found += [(c.at, "rule_kinds", c.problem, c.hint) for c in checker.clashes]
    if expects is not None and kind not in (expects, Kind.unknown):
        found.append((rule.root.at, "rule_kinds", f"The rule gives {a(kind)} where {a(expects)} is needed.", ""))
    return [
        Issue(code, Level.error, text, place(rule.text, at, rule.where), hint) for at, code, text, hint in sorted(found)
    ]


def _missing(path: str, names: Iterable[str]) -> tuple[str, str]:
    hint = did_you_mean(path, names, otherwise=f"There are {', '.join(sorted(names)[:30])}.")
    return f"There is no column {path}.", hint


def _unknown(node: Field) -> Kind:
    return Kind.text if node.path.startswith(f"{EXTRA}.") else Kind.unknown


def _refuse(rule: Rule, checker: Checker) -> None:
    if checker.clashes:
        first = min(checker.clashes, key=lambda clash: clash.at)
        raise InvalidRule(first.problem, text=rule.text, at=first.at, where=rule.where, hint=first.hint)
