"""What a view rests on: the record types and columns below it, read off the view itself. Nobody draws it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import cache

import ibis
from ibis.common.graph import Graph
from ibis.expr import operations as ops

from geartrain.facts import record_types, view_modules
from geartrain.facts.transforms import ViewPolicies
from geartrain.kernel.periods import FiscalCalendar

ANY_DAY = date(2026, 6, 30)  # what a view reads does not depend on the day


@cache
def below(name: str, columns: frozenset[str] | None = None) -> Mapping[str, tuple[str, ...]]:
    """The record types below a type or view, each with the columns that are read of it.

    Args:
        name: A record type (which rests on itself) or a view.
        columns: Of the view only what is needed for these; None: all of it. What decides which rows there are, and how
            they are joined, always counts.

    >>> below("close_date_push", frozenset({"pushes"}))["opportunity_change"][:2]
    ('changed_at', 'field')
    """
    if name in record_types():
        return {name: tuple(sorted(columns or (c.name for c in record_types()[name].columns)))}
    root, order = _laid_out(name)
    return _read(root, order, [c for c in root.schema if columns is None or c in columns])


@cache
def _laid_out(name: str) -> tuple[ops.Relation, tuple[ops.Relation, ...]]:
    """A view and every relation it is built from, each after those that read it."""
    view = view_modules()[name]
    root = view.build(_unbound, as_of=ANY_DAY, calendar=FiscalCalendar(), policies=ViewPolicies()).op()
    in_order, _ = Graph.from_bfs(root).toposort()
    return root, tuple(n for n in reversed(list(in_order)) if isinstance(n, ops.Relation))


def _unbound(name: str) -> ibis.Table:
    return ibis.table(record_types()[name].schema, name=name)


def _read(root: ops.Relation, order: Sequence[ops.Relation], columns: Collection[str]) -> dict[str, tuple[str, ...]]:
    """From the top down: of each relation the columns that those above it need, then what these are made of."""
    needed: dict[ops.Relation, set[str]] = defaultdict(set)
    needed[root].update(columns)
    found: dict[str, set[str]] = defaultdict(set)
    for relation in order:
        if isinstance(relation, ops.UnboundTable):
            found[relation.name] |= needed[relation]
            continue
        for parent, name in _reads(relation, needed[relation]):
            needed[parent].add(name)
    return {name: tuple(sorted(names)) for name, names in sorted(found.items()) if name in record_types()}


def _reads(relation: ops.Relation, names: Collection[str]) -> Iterator[tuple[ops.Relation, str]]:
    """What the named columns of a relation are read from, and what its rows are chosen, joined and grouped by."""
    if isinstance(relation, ops.Set):
        yield from ((side, name) for side in (relation.left, relation.right) for name in names)
        return
    if isinstance(relation, ops.JoinReference):
        yield from ((relation.parent, name) for name in names)
        return
    values = relation.values
    wanted = [values[n] for n in names if n in values]
    wanted += [v for v in relation.__children__ if isinstance(v, ops.Value) and v not in list(values.values())]
    if isinstance(relation, ops.JoinChain):
        wanted += [p for link in relation.rest for p in link.predicates]
    if isinstance(relation, ops.Aggregate):
        wanted += list(relation.groups.values())
    for value in wanted:
        for node in value.find((ops.Field, ops.Subquery), filter=lambda n: not isinstance(n, ops.Relation)):
            if isinstance(node, ops.Field):
                yield node.rel, node.name
            else:
                yield from ((node.rel, name) for name in node.rel.schema)
