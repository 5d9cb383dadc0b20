"""What is wrong with a set of metrics, each decidable from the graph alone.

`where` of an issue is what it is about: a metric, a goal, `M2,M5`, `M1->M3`. Inverted edges are dropped before the
other lints look, so that one wrong edge is one issue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.measure.graph import Graph
from geartrain.kernel.measure.metric import MetricClass

Lint = Callable[[Graph], Iterator[Issue]]


def goal_without_impact(graph: Graph) -> Iterator[Issue]:
    """A goal that no impact metric serves cannot be seen to be reached."""
    served = {g for n in graph.nodes.values() if n.class_ is MetricClass.impact for g in n.goals}
    for goal in graph.goals:
        if goal not in served:
            message = f"No impact metric serves the goal '{goal}'."
            hint = "Name the goal in an impact metric, or drop the goal."
            yield Issue("goal_without_impact", Level.error, message, goal, hint)


def impact_without_output(graph: Graph) -> Iterator[Issue]:
    """An impact that no output drives can be watched and not moved."""
    for key in _undriven(graph, MetricClass.impact, MetricClass.output):
        message = f"Nothing the team produces is said to drive '{key}'."
        hint = "Name it under `drives` of an output metric."
        yield Issue("impact_without_output", Level.warning, message, key, hint)


def output_without_activity(graph: Graph) -> Iterator[Issue]:
    """An output that no activity drives leaves open what to do about it."""
    for key in _undriven(graph, MetricClass.output, MetricClass.activity):
        message = f"Nothing the team does is said to drive '{key}'."
        hint = "Name it under `drives` of an activity metric."
        yield Issue("output_without_activity", Level.warning, message, key, hint)


def orphan(graph: Graph) -> Iterator[Issue]:
    """A metric that reaches no goal changes no decision."""
    for key in graph.nodes:
        if not graph.reaches_goal(key):
            hint = "Say what it drives or which goal it serves, or drop it."
            yield Issue("orphan", Level.warning, f"'{key}' reaches no corporate goal.", key, hint)


def class_inversion(graph: Graph) -> Iterator[Issue]:
    """An edge from a higher class down to a lower one has cause and effect the wrong way round."""
    for a, b in graph.inverted:
        classes = f"{graph.nodes[a].class_} drives {graph.nodes[b].class_}"
        message = f"'{a}' is said to drive '{b}', but {classes} runs down the order."
        yield Issue("class_inversion", Level.error, message, f"{a}->{b}", "Turn the edge round, or correct a class.")


def cycle(graph: Graph) -> Iterator[Issue]:
    """Metrics that drive each other in a circle explain nothing."""
    seen: set[str] = set()
    for key in graph.nodes:
        ring = [k for k in graph.above(key) if key in graph.above(k)]
        if key in graph.drives[key]:
            ring = ring or [key]
        if ring and key not in seen:
            members = sorted({key, *ring})
            seen.update(members)
            message = f"{', '.join(members)} drive each other in a circle."
            yield Issue("cycle", Level.error, message, ",".join(members), "Drop one of the edges.")


def duplicate_term(graph: Graph) -> Iterator[Issue]:
    """Two metrics of one name, or of one formula: one of them will be quoted as the other."""
    pairs: dict[tuple[str, str], str] = {}
    nodes = list(graph.nodes.values())
    for i, a in enumerate(nodes):
        for b in nodes[i + 1 :]:
            if _normal(a.name) == _normal(b.name):
                pairs[a.key, b.key] = "have one name"
            elif a.formula is not None and a.formula == b.formula:
                pairs[a.key, b.key] = "have one formula"
    for (first, second), why in pairs.items():
        message = f"'{first}' and '{second}' {why}."
        yield Issue("duplicate_term", Level.error, message, f"{first},{second}", "Keep one, or tell them apart.")


def owner_missing(graph: Graph) -> Iterator[Issue]:
    """A metric that nobody answers for."""
    for node in graph.nodes.values():
        if not node.owners:
            yield Issue(
                "owner_missing", Level.error, f"'{node.key}' has no owner.", node.key, "Name one role or person."
            )


def owner_several(graph: Graph) -> Iterator[Issue]:
    """A metric that several answer for, so nobody does."""
    for node in graph.nodes.values():
        if len(node.owners) > 1:
            message = f"'{node.key}' has {len(node.owners)} owners: {', '.join(node.owners)}."
            yield Issue("owner_several", Level.error, message, node.key, "Keep one; the others are consulted.")


def misaligned(graph: Graph) -> Iterator[Issue]:
    """A stage that functions hand over at, counted by different metrics."""
    for stage, by_function in graph.shared_stages.items():
        if len(set(by_function.values())) > 1:
            said = ", ".join(f"{f} counts '{m}'" for f, m in sorted(by_function.items()))
            message = f"The stage '{stage}' is shared, but {said}."
            yield Issue("misaligned", Level.error, message, stage, "Agree on one metric for it.")


def unknown_reference(graph: Graph) -> Iterator[Issue]:
    """An edge to a metric or goal that does not exist."""
    for node in graph.nodes.values():
        lost = [m for m in node.drives if m not in graph.nodes] + [g for g in node.goals if g not in graph.goals]
        for name in lost:
            message = f"'{node.key}' names '{name}', which does not exist."
            yield Issue(
                "unknown_reference", Level.error, message, f"{node.key}->{name}", "Correct the key, or drop it."
            )


LINTS: tuple[Lint, ...] = (
    goal_without_impact,
    impact_without_output,
    output_without_activity,
    orphan,
    class_inversion,
    cycle,
    duplicate_term,
    owner_missing,
    owner_several,
    misaligned,
    unknown_reference,
)


def lint(graph: Graph) -> list[Issue]:
    """Everything that is wrong, lint by lint in the order of `LINTS`."""
    return [issue for one in LINTS for issue in one(graph)]


def _undriven(graph: Graph, class_: MetricClass, driver: MetricClass) -> Iterator[str]:
    for node in graph.nodes.values():
        drivers = [graph.nodes[k].class_ for k in graph.below(node.key)]
        if node.class_ is class_ and driver not in drivers:
            yield node.key


def _normal(name: str) -> str:
    return " ".join(name.casefold().split())
