"""Metrics: the catalogue, their values, what a value is made of, and what is wrong with the set of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeVar

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue
from geartrain.kernel.measure import Answer, Explanation, Metric, explain, query
from geartrain.kernel.measure.aggregate import Number, Value
from geartrain.kernel.measure.compute import find, needed
from geartrain.kernel.measure.dimensions import GRAINS, locate
from geartrain.kernel.measure.graph import Graph, graph_of
from geartrain.kernel.measure.lints import lint
from geartrain.kernel.measure.query import refuse_unoffered
from geartrain.kernel.periods import Grain, Period, add_months
from geartrain.kernel.policy import Policy, PolicySet
from geartrain.kernel.rules import parse
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.policies import current_policies, shipped_policies
from geartrain.services.records.facts import PAY_COLUMNS, Facts, open_facts
from geartrain.services.records.sources import all_types, source_of
from geartrain.services.workspace import Workspace

Found = TypeVar("Found")


@dataclass(frozen=True)
class MetricCard:
    """A metric with its place among the others.

    Args:
        where: The file it stands in.
        driven_by: Keys of the metrics that say they drive it.
        serves: The goals that it or anything it drives names.
        dimensions: What it can be cut by, fiscal time and the hierarchy included.
    """

    metric: Metric
    where: str
    driven_by: tuple[str, ...]
    serves: tuple[str, ...]
    dimensions: tuple[str, ...]


@dataclass(frozen=True)
class Linted:
    """What is wrong with the metrics, and how many of each function's reach a goal (reached, all)."""

    issues: tuple[Issue, ...]
    coverage: Mapping[str, tuple[int, int]]
    graph: Graph


@dataclass(frozen=True)
class Compared:
    """A metric now, in the period before, and in the same period a year ago, each None where not defined."""

    key: str
    now: Number
    before: Number
    year_ago: Number


def shipped_metrics() -> list[Metric]:
    """The catalogue that ships, in key order."""
    return list(metrics_in(shipped_policies()).values())


def metrics_in(policies: PolicySet) -> dict[str, Metric]:
    """The metrics among some policies, by key."""
    return {key: policy.envelope for key, policy in policies.of("metric").items()}


def list_metrics(ws: Workspace, actor: Actor) -> list[Metric]:
    """Every metric in force, in key order."""
    require(actor, Permission.view_metrics)
    return list(metrics_in(current_policies(ws)).values())


def get_metric(ws: Workspace, actor: Actor, *, key: str) -> MetricCard:
    """One metric with its neighbours in the graph.

    Raises:
        NotFound: there is no such metric.
    """
    require(actor, Permission.view_metrics)
    policies = current_policies(ws)
    policy, graph = policies.get("metric", key), _graph(policies)
    reached = [key, *graph.above(key)]
    serves = tuple(g for g in graph.goals if any(g in graph.nodes[k].goals for k in reached))
    return MetricCard(policy.envelope, policy.where, graph.driven_by[key], serves, _dimensions(policies, policy))


def query_metrics(
    ws: Workspace,
    actor: Actor,
    *,
    keys: Sequence[str],
    by: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    where: str | None = None,
    filters: Mapping[str, str | None] | None = None,
    as_of: date | None = None,
    known_as_of: datetime | None = None,
    as_offered: bool = False,
) -> Answer:
    """The values of some metrics over the facts the actor may see.

    Args:
        since: First day; None: from the beginning. With both None a metric is over all time, a balance as of the day.
        until: The day after the last.
        where: A rule over the columns of what is measured. A metric that does not have such a column has no value.
        filters: Dimension to value, as answers show them.
        as_of: The last day that is seen; today where None.
        known_as_of: Only what was known at that instant (UTC).
        as_offered: Only by what the metrics declare in `dimensions:`, for whoever may name any; a page that is laid out
            by stage or owner asks regardless.
    Raises:
        NotFound: no such metric. Invalid: a dimension, rule or window that makes no sense.
    """
    require(actor, Permission.view_metrics)
    asked: dict[str, Any] = {"since": since, "until": until, "where": where or None, "filters": dict(filters or {})}
    with _asked(ws, actor, as_of=as_of, known_as_of=known_as_of) as (facts, policies):
        metrics = metrics_in(policies)
        if as_offered:
            refuse_unoffered(all_types(), metrics, keys, by)
        fit, unfit = _fitting(metrics, keys, where or None)

        def work() -> Answer:
            source = source_of(facts, policies)
            return query(source, metrics, keys=fit, by=list(by), as_of=facts.as_of, **asked)

        question = ("query", tuple(fit), tuple(by), since, until, where or None, tuple(sorted((filters or {}).items())))
        answer = _remembered(facts, policies, fit, question, work)
    return _with_unfit(answer, metrics, keys, unfit) if unfit else answer


def explain_metric(
    ws: Workspace,
    actor: Actor,
    *,
    key: str,
    since: date | None = None,
    until: date | None = None,
    where: str | None = None,
    filters: Mapping[str, str | None] | None = None,
    as_of: date | None = None,
    known_as_of: datetime | None = None,
    limit: int = 50,
) -> Explanation:
    """What the value of a metric is made of: its definition, version, both counts and the records, newest first.

    Raises:
        NotFound: no such metric. Invalid: as `query_metrics`.
    """
    require(actor, Permission.view_metrics)
    if not 0 <= limit <= 10_000:
        raise Invalid("At most 10,000 records can be listed.", hint="Choose a limit from 0 to 10000.")
    asked: dict[str, Any] = {"since": since, "until": until, "where": where or None, "filters": dict(filters or {})}
    with _asked(ws, actor, as_of=as_of, known_as_of=known_as_of) as (facts, policies):
        metrics = metrics_in(policies)
        question = ("explain", key, since, until, where or None, tuple(sorted((filters or {}).items())), limit)

        def work() -> Explanation:
            return explain(source_of(facts, policies), metrics, key, as_of=facts.as_of, limit=limit, **asked)

        return _remembered(facts, policies, [key], question, work)


def lint_metrics(ws: Workspace, actor: Actor) -> Linted:
    """The lints of the aligned measurement framework over the policies in force, and the coverage by function.

    Issues of files that could not be read come first; an issue about a metric names its file.
    """
    require(actor, Permission.view_metrics)
    policies = current_policies(ws)
    graph, files = _graph(policies), {k: p.where for k, p in policies.of("metric").items()}
    named = [
        replace(i, where=f"{files[first]} ({i.where})")
        if (first := i.where.split("->")[0].split(",")[0]) in files
        else i
        for i in lint(graph)
    ]
    return Linted((*policies.issues, *named), graph.coverage(), graph)


def compare_periods(
    ws: Workspace, actor: Actor, *, keys: Sequence[str], period: Period, where: str | None = None
) -> list[Compared]:
    """Metrics in a fiscal period, in the one of the same length before it, and in the same one a year earlier."""
    before = add_months(period.start, -_months(period)), period.start
    year_ago = add_months(period.start, -12), add_months(period.end, -12)
    spans = [(period.start, period.end), before, year_ago]
    rows = [
        query_metrics(ws, actor, keys=keys, since=since, until=until, where=where).records()[0]
        for since, until in spans
    ]
    return [Compared(key, *(row[key] for row in rows)) for key in dict.fromkeys(keys)]


def trend(
    ws: Workspace, actor: Actor, *, keys: Sequence[str], grain: Grain, last: date, count: int, where: str | None = None
) -> list[tuple[str, dict[str, Number]]]:
    """(period key, values) of so many periods, oldest first; the last one holds the day `last`. None: not defined."""
    if count < 1:
        raise Invalid("A trend has at least one period.")
    periods = [ws.calendar.containing(last, grain)]
    while len(periods) < count:
        periods.insert(0, ws.calendar.previous(periods[0], grain))
    since, until = periods[0].start, periods[-1].end
    answer = query_metrics(ws, actor, keys=keys, by=[grain.value], since=since, until=until, where=where)
    found = {row[grain.value]: row for row in answer.records()}
    return [(p.key, {key: found.get(p.key, {}).get(key) for key in keys}) for p in periods]


@contextmanager
def _asked(
    ws: Workspace, actor: Actor, *, as_of: date | None, known_as_of: datetime | None
) -> Iterator[tuple[Facts, PolicySet]]:
    """The facts a question is asked of, and the policies that say what it means."""
    policies = current_policies(ws)
    with open_facts(ws, actor, as_of=as_of, known_as_of=known_as_of) as facts:
        yield facts, policies


def _remembered(
    facts: Facts, policies: PolicySet, keys: Sequence[str], question: tuple[object, ...], work: Callable[[], Found]
) -> Found:
    """The answer, worked out once for the facts, the scope, the question and the versions of all it depends on."""
    metrics = metrics_in(policies)
    versions = tuple((m.key, m.sha256) for m in needed(metrics, keys))
    other = tuple((p.kind, p.key, p.sha256) for p in policies.policies.values() if p.kind != "metric")
    pay_read = any(_may_read_pay(m) for m in needed(metrics, keys)) or _names_pay(repr(question))
    return remembered((*question, versions, other, facts.scope(pay_read=pay_read)), work)


def _may_read_pay(metric: Metric) -> bool:
    """Whether anything in a metric's text could lead to a column that not everyone may see; in doubt it may."""
    return _names_pay(metric.spec.model_dump_json(by_alias=True)) or metric.spec.from_ == "user"


def _names_pay(text: str) -> bool:
    return any(word in text for word in (*PAY_COLUMNS, "extra"))


def _fitting(metrics: Mapping[str, Metric], keys: Sequence[str], where: str | None) -> tuple[list[str], dict[str, str]]:
    """Which of the metrics a rule can be asked of, and of the others the name they do not have."""
    fit: list[str] = []
    unfit: dict[str, str] = {}
    for key in dict.fromkeys(keys):
        lost = _lost(metrics, find(metrics, key), where) if where else None
        if lost is None:
            fit.append(key)
        else:
            unfit[key] = lost
    # Where the rule fits nothing, the question is wrong: let it say so.
    return (fit, unfit) if fit else (list(unfit), {})


def _lost(metrics: Mapping[str, Metric], metric: Metric, where: str) -> str | None:
    """The first name in a rule that leads nowhere from a type the metric is measured from."""
    for below in needed(metrics, [metric.key]):
        if (start := below.spec.from_) is None:
            continue
        for name in sorted(parse(where, where="where").fields):
            try:
                locate(all_types(), start, name)
            except Invalid:
                return name
    return None


def _with_unfit(answer: Answer, metrics: Mapping[str, Metric], keys: Sequence[str], unfit: Mapping[str, str]) -> Answer:
    """The answer with a column of unknown values for each metric the rule says nothing about."""
    order = list(dict.fromkeys(keys))
    by = [c for c in answer.columns if c not in metrics]
    reasons = {k: f"{metrics[k].name} has no '{name}' to filter by" for k, name in unfit.items()}
    values = tuple({**row, **{k: Value(None, 0, reason=said) for k, said in reasons.items()}} for row in answer.values)
    rows = tuple(tuple(record.get(c) for c in (*by, *order)) for record in answer.records())
    meta = {k: _meta(metrics[k], [f"Not defined where {reasons[k]}."]) for k in unfit}
    return replace(
        answer,
        columns=(*by, *order),
        rows=rows,
        values=values,
        metrics={k: {**answer.metrics, **meta}[k] for k in order},
    )


def _meta(metric: Metric, notes: list[str]) -> dict[str, Any]:
    return {
        "name": metric.name,
        "version": metric.version,
        "sha256": metric.sha256,
        "unit": metric.unit,
        "type": metric.type.value,
        "direction": metric.direction.value,
        "definition": metric.definition,
        "formula": "",
        "dated_by": [],
        "dimensions": {},
        "notes": notes,
    }


def _graph(policies: PolicySet) -> Graph:
    goals = policies.get("corporate_goals", "default").spec
    shared = {stage: {str(f): m for f, m in said.items()} for stage, said in goals.shared_stages.items()}
    return graph_of(metrics_in(policies).values(), [goal.key for goal in goals.goals], shared)


def _dimensions(policies: PolicySet, policy: Policy) -> tuple[str, ...]:
    """What every type it is measured from can be cut by: what the policy lists, else text, flags and references."""
    bases = [m for m in needed(metrics_in(policies), [policy.key]) if m.spec.from_]
    sets: list[set[str]] = []
    for base in bases:
        kind = all_types()[base.spec.from_ or ""]
        own = {c.name for c in kind.columns if c.kind in ("text", "flag") and c.name not in kind.key}
        short = {n for n in ("owner", "team", "region", "segment") if _leads(kind.name, n)}
        manager = {"manager"} if kind.owner else set()
        rolled = manager if "owner" in base.spec.dimensions else set()
        sets.append({*base.spec.dimensions} | rolled if base.spec.dimensions else own | short | manager)
    shared = sorted(set.intersection(*sets)) if sets else []
    return (*GRAINS, *(d for d in shared if d not in GRAINS))


def _leads(start: str, name: str) -> bool:
    try:
        locate(all_types(), start, name)
    except Invalid:
        return False
    return True


def _months(period: Period) -> int:
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    if period.start.day != 1 or months < 1:
        raise Invalid(f"'{period.key}' is no month, quarter or year.", hint="Compare fiscal months, quarters or years.")
    return months
