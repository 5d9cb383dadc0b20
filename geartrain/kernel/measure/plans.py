"""Passes compiled once for every window they are asked with.

Building and compiling an expression costs more than running it over a small table. Questions that differ only in their
first and last day share one expression, in which both are parameters; engines keep its SQL (`Source.execute`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

from geartrain.kernel.measure.aggregate import Aggregate
from geartrain.kernel.measure.dimensions import Path
from geartrain.kernel.measure.money import foreign
from geartrain.kernel.measure.scan import Item, Question, Scan
from geartrain.kernel.measure.when import Bound

KEPT = 500
# The key holds ids of what the entry keeps alive, so that none is given to something else meanwhile.
_plans: OrderedDict[Hashable, tuple[Scan, Mapping[Bound, Any], object]] = OrderedDict()
_lock = Lock()


def planned(
    question: Question,
    items: tuple[Item, ...],
    paths: Sequence[Path],
    scan: Callable[[Question, tuple[Item, ...]], Scan],
) -> Scan:
    """The pass for some items, out of memory where one of the same shape was made; else made by `scan`."""
    if not _lasting(question, items):
        return scan(question, items)
    key = _key(question, items, paths)
    with _lock:
        found = _plans.get(key)
        if found is not None:
            _plans.move_to_end(key)
    if found is None:
        noted: dict[Bound, Any] = {}
        made = scan(replace(question, window=replace(question.window, bound=noted)), items)
        found = made, noted, (question.source.types, question.source.cuts)
        with _lock:
            _plans[key] = found
            while len(_plans) > KEPT:
                _plans.popitem(last=False)
    made, bounds, _ = found
    return replace(made, params={param: question.window.at(*bound) for bound, param in bounds.items()})


def _lasting(question: Question, items: Sequence[Item]) -> bool:
    """Whether the window's days stand nowhere in the expression but where rows are chosen.

    Not where people or rates are read into it, an aggregate lays out rows for each period, or the zone has offsets:
    then periods are told apart by their first instants.
    """
    timed = question.grain is not None and question.window.calendar.zone != "UTC"
    laid_out = any(i.aggregate.basis or type(i.aggregate).spread is not Aggregate.spread for i in items)
    own = any(type(i.aggregate).own is not Aggregate.own for i in items)
    return not (question.hierarchy or timed or laid_out or own or foreign(question.source, items[0].name))


def _key(question: Question, items: Sequence[Item], paths: Sequence[Path]) -> Hashable:
    """All that the expression depends on but the first and the last day. Tables are equal only in one state."""
    source, window = question.source, question.window
    names = {items[0].name, *(step.type for path in paths for step in path.steps)}
    tables = tuple(source.table(name).op() for name in sorted(names))
    asked = tuple((i.metric, i.role, id(i.spec)) for i in items)
    shape = question.by, question.where, question.filters, window.since is None, window.until is None
    return id(source.types), id(source.cuts), window.calendar, window.as_of, tables, asked, shape
