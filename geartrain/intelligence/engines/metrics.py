"""Every metric over the window of a scenario. A part is one metric: it reads its own policy and those below it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from geartrain.kernel.errors import Invalid
from geartrain.kernel.measure import Answer, Metric, query
from geartrain.kernel.measure.aggregate import Value
from geartrain.kernel.measure.compute import inputs as below
from geartrain.kernel.policy import Policy
from geartrain.kernel.policy.scenario import Engine, Inputs, Number, Part

# Kinds of policy that a view is worked out with besides the facts (services/records/sources.py, `view_policies`).
VIEW_KINDS: Mapping[str, str] = {"plan_month": "corporate_goals", "selling_time": "time_classes"}


def parts(inputs: Inputs) -> dict[str, Part]:
    """One for each metric that gives one number."""
    metrics = _metrics(inputs)
    single = [key for key, m in metrics.items() if not any(a.alone for a in m.spec.aggregates)]
    return {key: Part(tuple(_reads(inputs, metrics, key))) for key in single}


def run(inputs: Inputs, wanted: Sequence[str]) -> Mapping[str, Sequence[Number]]:
    """All at once, so that they share their passes; one by one where the question does not fit one of them."""
    metrics = _metrics(inputs)
    try:
        row = _ask(inputs, metrics, wanted).values[0]
    except Invalid:
        row = {key: _one(inputs, metrics, key) for key in wanted}
    return {key: _number(metrics[key], row[key]) for key in wanted}


def _ask(inputs: Inputs, metrics: Mapping[str, Metric], keys: Sequence[str]) -> Answer:
    ground = inputs.ground
    return query(ground.source, metrics, keys=keys, since=ground.since, until=ground.until)


def _one(inputs: Inputs, metrics: Mapping[str, Metric], key: str) -> Value:
    try:
        return _ask(inputs, metrics, [key]).values[0][key]
    except Invalid as error:
        return Value(None, 0, reason=error.message)


def _number(metric: Metric, value: Value) -> list[Number]:
    """None where the metric gives a day or a text: there is nothing to take a difference of."""
    held = value.value
    if held is not None and (isinstance(held, bool) or not isinstance(held, int | Decimal)):
        return []
    exact = None if held is None else Decimal(held)
    key, direction = f"metrics/{metric.key}", metric.direction.value
    return [Number(key, metric.name, metric.unit, direction, exact, value.reason if exact is None else "")]


def _metrics(inputs: Inputs) -> dict[str, Metric]:
    return {key: p.envelope for key, p in inputs.ground.policies.of("metric").items()}


def _reads(inputs: Inputs, metrics: Mapping[str, Metric], key: str) -> Iterator[Policy]:
    policies = inputs.ground.policies
    closure = _closure(metrics, key)
    yield from (policies.get("metric", k) for k in closure if k in metrics)
    kinds = {VIEW_KINDS.get(metrics[k].spec.from_ or "") for k in closure if k in metrics}
    yield from (p for (kind, _), p in sorted(policies.policies.items()) if kind in kinds)


def _closure(metrics: Mapping[str, Metric], key: str) -> list[str]:
    """A metric and all it is derived from, those of the period before included."""
    found: dict[str, None] = {}
    waiting = [key]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found[one] = None
        if one in metrics:
            waiting += [*below(metrics[one]), *metrics[one].spec.previous.values()]
    return sorted(found)


ENGINE = Engine(
    name="metrics",
    title="Metrics",
    policies=(("metric", "*"), *((kind, "*") for kind in VIEW_KINDS.values())),
    parts=parts,
    run=run,
    records=("*",),
)
