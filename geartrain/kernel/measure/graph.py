"""The aligned measurement framework as a graph: from activity to output to impact to corporate goal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from geartrain.kernel.measure.metric import Metric, MetricClass, Spec

ORDER: Mapping[MetricClass, int] = {c: place for place, c in enumerate(MetricClass)}


@dataclass(frozen=True, slots=True)
class Node:
    """A metric as the graph sees it.

    Args:
        formula: Canonical, so that equal formulas are equal texts; None where it is not known.
        owners: Exactly one where all is well.
    """

    key: str
    name: str
    class_: MetricClass
    function: str
    owners: tuple[str, ...]
    drives: tuple[str, ...] = ()
    goals: tuple[str, ...] = ()
    formula: str | None = None


@dataclass(frozen=True)
class Graph:
    """Metrics, goals, and for each stage that functions share the metric each of them counts it by."""

    nodes: Mapping[str, Node]
    goals: tuple[str, ...]
    shared_stages: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def inverted(self) -> tuple[tuple[str, str], ...]:
        """Edges that run down the class order, in the order of the metrics."""
        return tuple(
            (a.key, b)
            for a in self.nodes.values()
            for b in a.drives
            if b in self.nodes and ORDER[a.class_] > ORDER[self.nodes[b].class_]
        )

    @cached_property
    def drives(self) -> Mapping[str, tuple[str, ...]]:
        """What each metric drives: known metrics, inverted edges dropped."""
        dropped = set(self.inverted)
        return {
            a.key: tuple(b for b in a.drives if b in self.nodes and (a.key, b) not in dropped)
            for a in self.nodes.values()
        }

    @cached_property
    def driven_by(self) -> Mapping[str, tuple[str, ...]]:
        """What drives each metric directly."""
        found: dict[str, list[str]] = {key: [] for key in self.nodes}
        for a, targets in self.drives.items():
            for b in targets:
                found[b].append(a)
        return {key: tuple(drivers) for key, drivers in found.items()}

    def above(self, key: str) -> list[str]:
        """Everything a metric drives, directly or not, nearest first."""
        return _walk(self.drives, key)

    def below(self, key: str) -> list[str]:
        """Everything that drives a metric, directly or not, nearest first."""
        return _walk(self.driven_by, key)

    def reaches_goal(self, key: str) -> bool:
        """Whether the metric, or anything it drives, serves a goal there is."""
        known = set(self.goals)
        return any(known & set(self.nodes[k].goals) for k in [key, *self.above(key)])

    def coverage(self) -> dict[str, tuple[int, int]]:
        """Per function, in name order: metrics that reach a goal, and all of its metrics."""
        found: dict[str, tuple[int, int]] = {}
        for node in sorted(self.nodes.values(), key=lambda n: n.function):
            reached, of = found.get(node.function, (0, 0))
            found[node.function] = reached + self.reaches_goal(node.key), of + 1
        return found


def graph_of(
    metrics: Iterable[Metric], goals: Sequence[str], shared_stages: Mapping[str, Mapping[str, str]] | None = None
) -> Graph:
    """The graph that some metrics make with some goals."""
    nodes = {
        m.key: Node(m.key, m.name, m.class_, m.function.value, owners_in(m.owner), m.drives, m.goals, canonical(m.spec))
        for m in metrics
    }
    return Graph(nodes, tuple(goals), shared_stages or {})


def owners_in(text: str) -> tuple[str, ...]:
    """The roles or people an owner line names: `a, b`, `a and b`, `a / b`, `a & b` are two."""
    return tuple(part for part in re.split(r"\s*[,;/&]\s*|\s+and\s+", text.strip()) if part)


def canonical(spec: Spec) -> str:
    """A formula as a text: what it may be cut by left out, names and spaces in expressions evened out."""

    def even(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {k: even(v) for k, v in sorted(value.items())}
        return _even_text(value) if isinstance(value, str) else value

    fields = spec.model_dump(exclude_none=True, exclude_defaults=False, by_alias=True, exclude={"dimensions"})
    return repr(even(fields))


def _even_text(text: str) -> str:
    """Spaces around operators and the case of names do not matter; what stands in quotes does."""
    parts = re.split(r"('(?:[^']|'')*')", text)
    return "".join(
        p if p.startswith("'") else re.sub(r"\s*([-+*/=<>!(),])\s*", r"\1", _spaces(p).lower()) for p in parts
    )


def _spaces(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def _walk(edges: Mapping[str, Sequence[str]], start: str) -> list[str]:
    """Breadth first; a cycle is walked once."""
    found: dict[str, None] = {}
    queue = list(edges.get(start, ()))
    while queue:
        at = queue.pop(0)
        if at not in found and at != start:
            found[at] = None
            queue.extend(edges.get(at, ()))
    return list(found)
