"""Rules of engagement: who owns what, clause by clause over finite axes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import Field, model_validator

from geartrain.kernel.errors import Invalid
from geartrain.kernel.policy import Envelope, Kind, Strict
from geartrain.kernel.prose import Passage, percent
from geartrain.kernel.rules import Rule, parse
from geartrain.kernel.rules.coverage import MOST, Coverage, coverage, enumerate_scenarios
from geartrain.planning.parts import Shares, Word, each_once, wrong

Value = bool | int | Decimal | str
Axis = Annotated[tuple[Value, ...], Field(min_length=1)]


class Holdover(Strict):
    """How long who had it keeps it: days, or until something."""

    days: int | None = Field(default=None, ge=1, le=3660, description="days after the owner changed")
    until: date | str | None = Field(default=None, description="a date, or the event that ends it")

    @model_validator(mode="after")
    def _one(self) -> Holdover:
        if (self.days is None) == (self.until is None):
            raise ValueError("give either days or until")
        return self

    def __str__(self) -> str:
        return f"{self.days} days" if self.days is not None else f"until {self.until}"


class Clause(Strict):
    """One rule of ownership. The first clause that holds decides."""

    key: Word = Field(description="how a dispute cites it")
    when: str | dict[str, Value | tuple[Value, ...]] = Field(
        description="expression over the axes, or axis to the value or values it holds for"
    )
    owner: str = Field(min_length=1, description="who owns it: a role, a person, or an expression over the record")
    holdover: Holdover | None = Field(default=None, description="how long who had it before keeps it")
    split: Shares = Field(default={}, description="who is credited to what share, 1 in all; empty: the owner alone")
    reason: str = Field(default="", description="why, for people")

    @property
    def expression(self) -> str:
        """`when` as an expression."""
        if isinstance(self.when, str):
            return self.when
        return " and ".join(_compared(axis, value) for axis, value in self.when.items()) or "true"

    def rule(self) -> Rule:
        """`when`, read."""
        return parse(self.expression, where=self.key)


def _compared(axis: str, value: Value | tuple[Value, ...]) -> str:
    if isinstance(value, tuple):
        return f"{axis} in ({', '.join(_literal(v) for v in value)})"
    return f"{axis} = {_literal(value)}"


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


class RulesOfEngagement(Strict):
    """The `spec` of a rules_of_engagement policy."""

    axes: dict[str, Axis] = Field(min_length=1, description="what ownership turns on, each with all of its values")
    clauses: Annotated[tuple[Clause, ...], each_once("clauses")] = Field(
        min_length=1, description="in order: the first that holds decides"
    )

    @model_validator(mode="after")
    def _finite(self) -> RulesOfEngagement:
        for axis, values in self.axes.items():
            if twice := [v for n, v in enumerate(values) if v in values[:n]]:
                raise wrong(f"'{twice[0]}' stands twice", "axes", axis, hint="Leave one out.")
        try:
            enumerate_scenarios(self.axes)
        except Invalid as error:
            raise wrong(f"more than {MOST:,} scenarios", "axes", hint=error.hint) from None
        return self

    @model_validator(mode="after")
    def _over_the_axes(self) -> RulesOfEngagement:
        for n, clause in enumerate(self.clauses):
            try:
                rule = clause.rule()
                self._try(rule)
            except Invalid as error:
                raise wrong(error.message, "clauses", n, "when", hint=error.hint) from None
            self._known(n, rule)
        return self

    def _try(self, rule: Rule) -> None:
        """One scenario, so that an expression over the wrong kinds of value is refused."""
        truth = rule.evaluate({axis: values[0] for axis, values in self.axes.items()})
        if not (truth is None or isinstance(truth, bool)):
            raise Invalid(f"'{rule.text}' is neither true nor false.", hint="Compare it with a value.")

    def _known(self, n: int, rule: Rule) -> None:
        if strange := sorted(rule.fields - set(self.axes)):
            hint = f"One of: {', '.join(self.axes)}."
            raise wrong(f"there is no axis '{strange[0]}'", "clauses", n, "when", hint=hint)
        for axis, values in rule.axes().items():
            if odd := [v for v in values if v not in self.axes[axis]]:
                hint = f"One of: {', '.join(str(v) for v in self.axes[axis])}."
                raise wrong(f"the axis '{axis}' has no value '{odd[0]}'", "clauses", n, "when", hint=hint)

    def coverage(self) -> Coverage:
        """Every scenario: which no clause covers, and which several do."""
        return coverage({c.key: c.rule() for c in self.clauses}, self.axes)

    def tell(self) -> list[Passage]:
        """Its parts for people."""
        rows = tuple(
            (
                str(n),
                c.key.replace("_", " "),
                said_when(c),
                c.owner,
                str(c.holdover or "–"),
                ", ".join(f"{who} {percent(share)}" for who, share in c.split.items()) or "–",
            )
            for n, c in enumerate(self.clauses, 1)
        )
        columns = ("", "Clause", "When", "Owner", "Holdover", "Split")
        return [Passage("Who owns what", "The first clause that holds decides.", columns, rows)]


def said_when(clause: Clause) -> str:
    """When a clause holds, for people."""
    if isinstance(clause.when, str):
        return clause.when
    return said(clause.when) or "always"


def said(scenario: Mapping[str, object]) -> str:
    """A scenario for people: `source outbound, life new`."""
    values = {a: " or ".join(map(str, v)) if isinstance(v, tuple) else str(v) for a, v in scenario.items()}
    return ", ".join(f"{axis.replace('_', ' ')} {value}" for axis, value in values.items())


KIND = Kind(
    "rules_of_engagement",
    Envelope[RulesOfEngagement],
    "Who owns what: clauses over finite axes, with holdover and split.",
)
