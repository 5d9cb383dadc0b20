"""Territories in one piece: which places touch, whose lie apart, and what can be joined at no loss of balance."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from geartrain.kernel.issues import Issue, Level
from geartrain.planning.territories.expressions import Row
from geartrain.planning.territories.policy import TerritoryPolicy
from geartrain.planning.territories.problem import Ints, Problem
from geartrain.planning.territories.programme import Bands

Pair = tuple[str, str]
SLACK = 1e-9  # of a scaled load: as much may rounding add


@dataclass(frozen=True)
class Graph:
    """Which units touch.

    Args:
        touches: Of each unit, the units beside it. places: Of each unit, the places in it.
        loose: Places of accounts that no pair names: they touch nothing.
    """

    touches: tuple[frozenset[int], ...]
    places: tuple[tuple[str, ...], ...]
    loose: tuple[str, ...] = ()

    def parts(self, units: Iterable[int]) -> list[list[int]]:
        """Units by what hangs together, the part with the most places first, then by its first place."""
        rest, found = set(units), []
        while rest:
            part, edge = [], [min(rest)]
            rest.discard(edge[0])
            while edge:
                part.append(at := edge.pop())
                near = sorted(self.touches[at] & rest)
                rest.difference_update(near)
                edge += near
            found.append(sorted(part))
        return sorted(found, key=lambda p: (-sum(len(self.places[u]) for u in p), self.places[p[0]], p))


def graph_of(problem: Problem, policy: TerritoryPolicy, rows: Sequence[Row], pairs: Iterable[Pair]) -> Graph:
    """The units that touch because places in them do; a place that several units share joins them."""
    units: dict[str, set[int]] = {}
    for n, row in enumerate(rows):
        if (place := row.get(policy.geography)) is not None:
            units.setdefault(str(place), set()).add(int(problem.unit_of[n]))
    touches: list[set[int]] = [set() for _ in range(len(problem.cost))]
    named: set[str] = set()
    for one, other in pairs:
        named |= {one, other}
        for a in units.get(one, ()):
            touches[a] |= units.get(other, set()) - {a}
            for b in units.get(other, ()):
                touches[b] |= {a} - {b}
    places: list[list[str]] = [[] for _ in touches]
    for place, at in sorted(units.items()):
        for unit in at:
            places[unit].append(place)
    return Graph(tuple(map(frozenset, touches)), tuple(map(tuple, places)), tuple(sorted(set(units) - named)))


def joined(problem: Problem, bands: Bands, chosen: Ints, graph: Graph, left: Callable[[], float]) -> Ints:
    """The assignment with parts that lie apart given to a seller beside them, wherever hard rules admit it and no load
    leaves its band further; each time what costs least. Every step makes the parts one fewer, so it ends."""
    chosen = chosen.copy()
    index = bands.index(problem, chosen)
    while left() > 0 and (step := _cheapest(problem, bands, chosen, index, graph)) is not None:
        _, source, goal, units = step
        shift = bands.weights[units].sum(axis=0)
        index[source] -= shift / bands.scale[source]
        index[goal] += shift / bands.scale[goal]
        chosen[units] = goal
    return chosen


Step = tuple[float, int, int, list[int]]


def _cheapest(problem: Problem, bands: Bands, chosen: Ints, index: Any, graph: Graph) -> Step | None:
    steps: list[Step] = []
    for source in range(len(problem.sellers)):
        for units in graph.parts(np.flatnonzero(chosen == source).tolist())[1:]:
            beside = {int(chosen[v]) for u in units for v in graph.touches[u]} - {source, -1}
            for goal in sorted(beside):
                if problem.allowed[units, goal].all() and _fits(bands, index, source, goal, units):
                    cost = float(problem.cost[units, goal].sum() - problem.cost[units, source].sum())
                    steps.append((cost, source, goal, units))
    return min(steps, default=None)


def _fits(bands: Bands, index: Any, source: int, goal: int, units: list[int]) -> bool:
    """Whether what lies outside its band is no more after the step than before."""
    pair = [source, goal]
    shift = bands.weights[units].sum(axis=0)
    moved = index[pair] + np.stack([-shift, shift]) / bands.scale[pair]

    def outside(of: Any) -> Any:
        return np.maximum(np.maximum(of - bands.upper[pair], bands.lower[pair] - of), 0.0).sum()

    return bool(outside(moved) <= outside(index[pair]) + SLACK)


def apart(problem: Problem, chosen: Ints, graph: Graph) -> list[dict[str, Any]]:
    """One row a seller whose territory is in several parts: the places of each but the largest."""
    found = []
    for j, seller in enumerate(problem.sellers):
        parts = graph.parts(np.flatnonzero(chosen == j).tolist())
        if len(parts) > 1:
            places = [[p for u in part for p in graph.places[u]] for part in parts[1:]]
            found.append({"seller": seller, "parts": len(parts), "apart": places})
    return found


def issues_of(found: Sequence[dict[str, Any]], graph: Graph, where: str) -> list[Issue]:
    """What is not in one piece, and places that the table does not know."""
    told = []
    if graph.loose:
        some = ", ".join(graph.loose[:5])
        message = f"{len(graph.loose)} places touch nothing: no pair of the adjacency table names {some}."
        told.append(Issue("territory_place_unknown", Level.warning, message, where, "Add the places beside them."))
    for row in found:
        message = f"The territory of {row['seller']} is in {row['parts']} parts."
        hint = "No seller beside them may have the others within the balance: widen it, or add a pair that is missing."
        told.append(Issue("territory_apart", Level.warning, message, where, hint))
    return told
