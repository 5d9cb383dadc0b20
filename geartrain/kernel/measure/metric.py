"""A metric as a policy: the model of its YAML, and how a text becomes one.

The whole shape (every key that may stand in a file; those without `?` must):

    kind: metric
    key: win_rate                    # snake_case, unique in the workspace
    version?: 1                      # counted by whoever publishes; the sha256 of the text identifies it
    name: Win rate                   # unique too, compared without case and spaces
    class: output                    # readiness | activity | output | impact
    type: rate                       # volume | rate | value | time | cost | quality
    function: sales                  # marketing | sales | customer_success | partner | enablement | revops
    owner: head-of-revops            # exactly one role or person
    direction: up                    # up | down | none: what is better
    unit: ratio                      # ratio | count | money | money_per_day | days | hours | months | …: for rendering
    spec: …                          # one of the three below
    drives?: [bookings]              # metric keys
    goals?: [grow-new-business]      # corporate goal keys
    target?: {value: 0.28, tolerance: 0.03}
    basis?: closed basis             # one phrase beside the number, where there are several of its name
    definition: Won opportunities over all closed ones, by the date of closing.
    notes?: What a reader should know; edge cases and what they do.
    examples?: …                     # see the end

**A ratio.** `from` is a record type or a view; `at` the column (instant or day) that puts a row into a period, left out
for what has no period; `where` filters every row; `where` inside an aggregate filters that one. Expressions are rules
(geartrain.kernel.rules) over the row's columns, over what it refers to (`account.segment`, `owner.team`) and `extra.x`.
Instants stand in the workspace's zone inside expressions. The denominator may be left out nowhere; empty means null.

    spec:
      from: opportunity
      at: closed_at
      where: "type = 'new'"                                   # optional
      numerator:   {agg: count, where: is_won}
      denominator: {agg: count, where: is_closed}
      dimensions: [owner, team, account.segment]              # optional: what it may be asked by; empty: all

**One aggregate.** The same with `value` in place of numerator and denominator. Every primitive by example:

      value: {agg: count, where: is_won}                      # rows
      value: {agg: count_distinct, of: account_id}            # different values, unknown ones apart
      value: {agg: sum, of: amount, where: is_won}            # exact; money stays decimal
      value: {agg: mean, of: amount, where: is_won}           # exact sum / count of known values, rounded once
      value: {agg: median, of: amount}                        # of known values; the middle two halved
      value: {agg: quantile, of: amount, q: 0.9}              # linear between neighbours
      value: {agg: min, of: created_at}                       # also max; numbers, days and instants
      value: {agg: max, of: amount}

    of those that entered in the period (`entered` is the date: leave `at` out), the share that
    reached, ever or within so many days; the share of the cohort that had `matures` days (else `within`) by as_of is
    shown beside it as maturity:
      value: {agg: cohort_conversion, entered: mql_at, reached: sal_at, within: 90, matures: 90, where: "…"}
      `reached` may be an expression that gives an instant or a day (unknown: not reached).

    days from start to end, where an unknown end is still running at as_of (Kaplan-Meier); `q` 0.5 is the median;
    `at` (start or end, or any date) puts it into a period; unit days; null where the curve never falls that far:
      value: {agg: km_median, start: entered_at, end: left_at, q: 0.5, where: "…"}

    a balance: rows that are open at the end of each period asked for (or at as_of, if that is earlier); no `at`;
    without `of` it counts rows; `balance_day` may stand in of and where, it is the day of the balance; `due` keeps only
    rows whose date falls within the period of the balance:
      value: {agg: as_of_sum, of: amount, opened: created_at, closed: closed_at, due: close_date, where: "…"}
      An interval view (one row per state of a deal) works the same: opened: valid_from, closed: valid_to.

    what became of the open pipeline between the start and the end of a period; `from` is an interval view: one row per
    deal and state, valid in [opened, closed); adds the dimension `movement` to the answer and is asked for alone:
      value:
        agg: waterfall
        id: opportunity_id           # what a deal is
        of: amount
        opened: valid_from           # instant from which the state holds
        closed: valid_to             # instant from which it no longer does; null: still
        created: created_at          # the deal's own beginning: tells new from pulled in
        open: not is_closed          # expressions over the state
        won: is_won
        due?: close_date             # the pipeline due in the period; left out: all that is open
        due_within?: period          # period (the one asked for) | quarter | year (the one it begins in)
      movements in order: opening, new, pulled_in, reopened, transferred_in, up, down, won, lost, slipped_out,
      transferred_out, removed, closing. Signed: opening + all between = closing, to the cent.

**Derived.** An expression over other metric keys; unknown goes through, a division by nothing or by 0 is null.
`previous` names the value of a metric one period earlier (of the time dimension asked for, else of the whole window,
which must then be one fiscal period).

    spec:
      expr: 4 * (recurring - recurring_before) / cost_before
      previous: {recurring_before: recurring, cost_before: sm_cost}

**Worked examples**, run by the tests. Columns left out are unknown. Numbers are compared at the decimals written.

    examples:
      - says: Two of the three that closed were won; the open one does not count.
        facts:
          opportunity:
            - {opportunity_id: o1, created_at: 2026-01-05, closed_at: 2026-02-01, is_closed: true, is_won: true}
            - {opportunity_id: o2, created_at: 2026-01-05, closed_at: 2026-02-03, is_closed: true, is_won: false}
        workspace?: {currency: USD, fiscal_year_start: 1, time_zone: UTC}
        query: {by: [quarter], since: 2026-01-01, until: 2027-01-01, where: "type = 'new'", as_of: 2026-03-31}
        rows: [[2026Q1, 0.5]]
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import sha256
from typing import Any, Literal

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.measure.aggregate import Expression
from geartrain.kernel.measure.primitives import AnyAggregate
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.policy.kind import Envelope, Strict
from geartrain.kernel.rules import InvalidRule, parse
from geartrain.kernel.yaml_text import load_yaml


class MetricClass(StrEnum):
    """Where a metric stands on the way from being ready to the corporate goal, lowest first."""

    readiness = "readiness"
    activity = "activity"
    output = "output"
    impact = "impact"


class MetricType(StrEnum):
    """What sort of quantity it is."""

    volume = "volume"
    rate = "rate"
    value = "value"
    time = "time"
    cost = "cost"
    quality = "quality"


class Function(StrEnum):
    """Who does the work it measures."""

    marketing = "marketing"
    sales = "sales"
    customer_success = "customer_success"
    partner = "partner"
    enablement = "enablement"
    revops = "revops"


class Direction(StrEnum):
    """What is better."""

    up = "up"
    down = "down"
    none = "none"


class Target(Strict):
    """What is desired, and how far off still counts as met."""

    value: float
    tolerance: float = Field(default=0, ge=0)


class Spec(Strict):
    """What is computed: a ratio, one aggregate, or an expression over other metrics; exactly one of the three."""

    from_: str | None = Field(default=None, alias="from", description="record type or view")
    at: str | None = Field(default=None, description="column that puts a row into a period")
    where: Expression | None = Field(default=None, description="filters every row")
    numerator: AnyAggregate | None = None
    denominator: AnyAggregate | None = None
    value: AnyAggregate | None = None
    expr: str | None = Field(default=None, description="arithmetic over metric keys")
    previous: dict[str, str] = Field(default_factory=dict, description="name in expr to metric, one period earlier")
    dimensions: tuple[str, ...] = Field(default=(), description="what it may be asked by; empty: all")

    @model_validator(mode="after")
    def _one_of_three(self) -> Spec:
        ratio = self.numerator is not None or self.denominator is not None
        if [ratio, self.value is not None, self.expr is not None].count(True) != 1:
            raise ValueError("give either numerator and denominator, or value, or expr")
        if ratio and (self.numerator is None or self.denominator is None):
            raise ValueError("a ratio needs both numerator and denominator")
        if self.expr is None and self.from_ is None:
            raise ValueError("say which record type or view it is measured from (from:)")
        if self.expr is not None and (self.from_ or self.at or self.where):
            raise ValueError("a derived metric (expr:) has no from, at or where of its own")
        if self.expr is None and self.previous:
            raise ValueError("only a derived metric (expr:) can have previous:")
        texts = [t for a in self.aggregates for t in (*a.rules(), a.where) if t]
        for text in [*texts, *filter(None, (self.where, self.expr))]:
            try:
                parse(text)
            except InvalidRule as error:
                raise ValueError(error.message) from None
        alone = [a for a in (self.numerator, self.denominator) if a is not None and a.alone]
        if alone:
            raise ValueError(f"{alone[0].agg} cannot stand in a ratio; use it as value")
        return self

    @property
    def aggregates(self) -> tuple[AnyAggregate, ...]:
        """The aggregates in reading order; none for a derived metric."""
        return tuple(a for a in (self.numerator, self.denominator, self.value) if a is not None)

    @property
    def form(self) -> Literal["ratio", "aggregate", "derived"]:
        """Which of the three it is."""
        return "ratio" if self.numerator else "aggregate" if self.value else "derived"


class ExampleQuery(Strict):
    """What a worked example asks."""

    by: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    where: str | None = None
    as_of: date | None = None


class ExampleWorkspace(Strict):
    """The settings a worked example is computed under."""

    currency: str = "USD"
    fiscal_year_start: int = Field(default=1, ge=1, le=12)
    time_zone: str = "UTC"

    @property
    def calendar(self) -> FiscalCalendar:
        """The fiscal calendar they make."""
        return FiscalCalendar(self.fiscal_year_start, self.time_zone)


class Example(Strict):
    """Small tables, a question and the rows that answer it."""

    says: str = Field(default="", description="what it shows, in a sentence")
    facts: dict[str, tuple[dict[str, Any], ...]]
    workspace: ExampleWorkspace = ExampleWorkspace()
    query: ExampleQuery = ExampleQuery()
    rows: tuple[tuple[Any, ...], ...]


class Metric(Envelope[Spec]):
    """A metric as its policy states it."""

    kind: Literal["metric"] = "metric"
    key: str = Field(pattern=r"^[a-z][a-z0-9_]*$", description="as expressions name it")
    class_: MetricClass = Field(alias="class")
    type: MetricType
    function: Function
    direction: Direction
    unit: str = Field(min_length=1)
    drives: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    target: Target | None = None
    basis: str = ""
    examples: tuple[Example, ...] = ()
    _text: str = PrivateAttr(default="")

    @field_validator("definition", "notes", mode="after")
    @classmethod
    def _one_line(cls, value: str) -> str:
        return " ".join(value.split())

    @property
    def text(self) -> str:
        """The policy as it was written; for one built in code, the JSON of its model."""
        return self._text or self.model_dump_json(by_alias=True)

    @cached_property
    def sha256(self) -> str:
        """Hash of the text: what identifies this version of the metric."""
        return sha256(self.text.encode()).hexdigest()


@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[Metric | None, tuple[tuple[str, int, str], ...]]:
    """The metric of a text, or (code, line, message) of everything wrong with it; remembered by the text."""
    try:
        raw = load_yaml(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return None, (("policy_not_yaml", line, f"This is not YAML: {error.problem}."),)
    except YAMLError as error:
        return None, (("policy_not_yaml", 1, f"This is not YAML: {error}."),)
    if not isinstance(raw, dict):
        return None, (("policy_not_yaml", 1, "A metric is a mapping of keys to values."),)
    try:
        metric = Metric.model_validate(raw)
    except ValidationError as error:
        return None, tuple(_complaints(error, text))
    metric._text = text
    return metric, ()


def load_metric(text: str, where: str = "") -> tuple[Metric | None, list[Issue]]:
    """The metric a YAML text states, or what is wrong with the text.

    Args:
        text: The policy.
        where: Its file, for the issues' `file:line`.
    Returns:
        The metric and no issues, or None and at least one.
    """
    metric, wrong = _read(text)
    hint = "See docs/reference/metrics.md for the keys of a metric."
    return metric, [Issue(code, Level.error, said, f"{where}:{line}", hint) for code, line, said in wrong]


def _complaints(error: ValidationError, text: str) -> Iterator[tuple[str, int, str]]:
    root = YAML().compose(text)
    for item in error.errors():
        path = [str(p) for p in item["loc"]]
        said = item["msg"].removeprefix("Value error, ")
        name = ".".join(path) or "spec"
        message = f"'{name}' is not a key of a metric." if item["type"] == "extra_forbidden" else f"{name}: {said}."
        yield "metric_invalid", _line(root, path), message


def _line(node: Node, path: list[str]) -> int:
    """The line of the deepest node along the path that the text has."""
    line = int(node.start_mark.line) + 1
    for part in path:
        if isinstance(node, MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == part), None)
            if found is None:
                continue
            line, node = int(found[0].start_mark.line) + 1, found[1]
        elif isinstance(node, SequenceNode) and part.isdigit() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = int(node.start_mark.line) + 1
    return line
