"""One pass over the rows of a type for every aggregate that can share it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import ibis

from geartrain.kernel.errors import Invalid
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.kernel.measure.aggregate import Aggregate, Part, Rows
from geartrain.kernel.measure.dimensions import GRAINS, MANAGER, UNMAPPED, Path, locate
from geartrain.kernel.measure.frame import BALANCE_DAY, CURRENCY, Frame, open_frame
from geartrain.kernel.measure.metric import Spec
from geartrain.kernel.measure.money import FX_DAY, foreign, with_rates
from geartrain.kernel.measure.source import Source
from geartrain.kernel.measure.when import Window, period_number, period_of
from geartrain.kernel.periods import Grain
from geartrain.kernel.records import ColumnKind
from geartrain.kernel.rules import parse

NO_RATE = "no_rate"
MOST_LISTED = 20
Conditions = Mapping[tuple[object, ...], Callable[[Frame], Any]]


@dataclass(frozen=True)
class Item:
    """One aggregate of one metric."""

    metric: str
    role: str
    spec: Spec
    aggregate: Aggregate

    @property
    def name(self) -> str:
        """The type or view it is measured from."""
        return self.spec.from_ or ""

    @property
    def at(self) -> str | None:
        """The column that puts a row into a period."""
        return self.spec.at or self.aggregate.dated


@dataclass(frozen=True)
class Question:
    """What is asked of one source, whatever the metrics."""

    source: Source
    by: tuple[str, ...]
    window: Window
    where: str | None
    hierarchy: Hierarchy | None = None
    filters: tuple[tuple[str, str | None], ...] = ()

    @property
    def grain(self) -> Grain | None:
        """The finest time dimension asked for."""
        return next((g for g in Grain if g.value in self.by), None)


@dataclass(frozen=True)
class Scan:
    """An expression, and where in its columns each item finds its parts.

    `lacking` makes, for each item, the expression of its rows without a rate; none where nothing is foreign.
    `params` are the values of the expression's parameters.
    """

    items: tuple[Item, ...]
    expr: Any
    parts: tuple[Mapping[str, str], ...]
    lacking: tuple[Callable[[], Any], ...] = ()
    params: Mapping[Any, Any] = field(default_factory=dict)


def passes(question: Question, items: Sequence[Item]) -> list[tuple[Item, ...]]:
    """The items that share one pass, each type read as seldom as can be."""
    groups: dict[tuple[object, ...], list[Item]] = {}
    for item in items:
        if item.name not in question.source.types:
            known = ", ".join(question.source.types)
            raise Invalid(f"'{item.metric}' is measured from '{item.name}', which is not there.", hint=f"Of: {known}.")
        apart = question.grain is not None or foreign(question.source, item.name)
        own = item if not item.aggregate.parts() else None
        key = (item.name, item.aggregate.basis, item.at if apart else None, own and (own.metric, own.role))
        groups.setdefault(key, []).append(item)
    return [tuple(group) for group in groups.values()]


def paths_of(question: Question, items: Sequence[Item], *, also: Collection[str] = ()) -> list[Path]:
    """Where the names lead that the items of one pass, the dimensions and the conditions read, and others besides."""
    texts = [t for i in items for t in (*i.aggregate.rules(), i.aggregate.where, i.spec.where) if t]
    names = {n for t in [*texts, question.where] if t for n in parse(t).fields} - {BALANCE_DAY}
    names |= set(also)
    names |= {d for d in (*question.by, *dict(question.filters)) if d not in GRAINS and d != MANAGER}
    return [locate(question.source.types, items[0].name, n) for n in sorted(names)]


def open_rows(question: Question, items: Sequence[Item], *, also: Collection[str] = ()) -> tuple[Frame, Any | None]:
    """The rows the items are taken over before any condition, and the period of each where it is not by `at`.

    `also` are names that are read besides.
    """
    source, window, first = question.source, question.window, items[0]
    paths = paths_of(question, items, also=also)
    own = {c for i in items for c in (*i.aggregate.columns(), i.at) if c}
    frame = open_frame(source, first.name, window, paths, own=own)
    for column in sorted(own):
        frame.kind(column)
    frame, period = first.aggregate.spread(frame, question.grain)
    currencies = foreign(source, first.name)
    if currencies and any(not p.steps and p.column.kind is ColumnKind.money for p in paths):
        frame = with_rates(frame, currencies, _rate_day(frame, first.at))
    return frame, period


def _rate_day(frame: Frame, at: str | None) -> Any:
    """The day of an amount's rate: that of `at` where it is past, else the day that is seen."""
    if BALANCE_DAY in frame.beside:
        return frame.table[BALANCE_DAY]
    seen = ibis.literal(frame.window.as_of, "date")
    if at is None:
        return seen
    day = frame.read(at)
    day = day.date() if day.type().is_timestamp() else day
    return ibis.ifelse(day < seen, day, seen)


def scan_of(question: Question, items: tuple[Item, ...]) -> Scan:
    """The expression of one pass."""
    frame, period = open_rows(question, items)
    wanted = [conditions(question, frame, item, dated=period is None) for item in items]
    shared = {key: met for key, met in wanted[0].items() if all(key in other for other in wanted[1:])}
    if shared:
        frame = replace(frame, table=frame.table.filter([met(frame) for met in shared.values()]))
    keys, frame = _keys(question, frame, items[0], balance=period is not None)
    rest = [{key: met for key, met in found.items() if key not in shared} for found in wanted]
    if items[0].aggregate.parts():
        frame = _worked_out(frame, items, rest)
    columns: dict[str, Any] = {}
    places: dict[tuple[object, ...], str] = {}
    found: list[Mapping[str, str]] = []
    lacking: list[Callable[[], Any]] = []
    for item, others in zip(items, rest, strict=True):
        past = past_of(frame, item)
        rows = Rows(frame, None, past)
        rows = replace(rows, condition=rows.also(*(met(frame) for met in others.values())))
        if (table := item.aggregate.own(rows, keys)) is not None:
            return Scan(items, table, ({c: c for c in table.columns if c not in keys},))
        mine: dict[str, str] = {}
        parts = dict(item.aggregate.parts())
        if frame.rate:
            parts[NO_RATE] = Part((NO_RATE,), _no_rate)
        for name, part in parts.items():
            place = (*part.key, past, tuple(others))
            if place not in places:
                places[place] = f"p{len(places)}"
                columns[places[place]] = part.column(rows)
            mine[name] = places[place]
        found.append(mine)
        if frame.rate:
            lacking.append(partial(_without_rate, rows, question.source.types[item.name].key))
    table = frame.table
    by = [expr.name(name) for name, expr in keys.items()]
    expr = table.group_by(by).aggregate(**columns) if by else table.aggregate(**columns)
    return Scan(items, expr, tuple(found), tuple(lacking))


def _worked_out(frame: Frame, items: Sequence[Item], rest: Sequence[Conditions]) -> Frame:
    """The frame with every expression that several aggregated columns read beside it, so that it is computed once."""
    texts: dict[tuple[str, frozenset[str]], None] = {}
    for item, others in zip(items, rest, strict=True):
        past = past_of(frame, item)
        wheres = [str(key[1]) for key in others if key[0] == "where"]
        texts |= {(t, past): None for t in (*item.aggregate.rules(), *wheres) if parse(t).fields != {t}}
    if not texts:
        return frame
    names = {key: f"v{place}" for place, key in enumerate(texts)}
    columns = {name: Rows(frame, None, past).value(text) for (text, past), name in names.items()}
    return replace(frame, table=frame.table.mutate(**columns), values=names)


def _no_rate(rows: Rows) -> Any:
    table = rows.frame.table
    return table.count(where=rows.also(table[rows.frame.rate or ""].isnull()))


def _without_rate(rows: Rows, key: Sequence[str]) -> Any:
    """The first rows whose currency has no rate for their day: key, currency and day."""
    table = rows.frame.table
    found = table.filter(rows.also(table[rows.frame.rate or ""].isnull()))
    return found.select(*key, CURRENCY, FX_DAY).order_by(list(key)).limit(MOST_LISTED)


def past_of(frame: Frame, item: Item) -> frozenset[str]:
    """The events that the item's rows are known to have had by the day that is seen."""
    if item.aggregate.basis:
        return frozenset(c for c in item.aggregate.columns()[:1] if c == frame.cut.born)
    return frozenset({item.at}) if item.at and frame.is_event(item.at) else frozenset()


def conditions(question: Question, frame: Frame, item: Item, *, dated: bool) -> Conditions:
    """What a row must meet to count for an item; equal keys stand for equal conditions, written out when called."""
    past = past_of(frame, item)
    found: dict[tuple[object, ...], Callable[[Frame], Any]] = {}
    if dated and (at := item.at):
        found["within", at] = lambda f: f.within(at)
    if not frame.all_exist(past):
        found["exists", past] = lambda f: f.exists()
    for text in (item.spec.where, question.where, item.aggregate.where):
        if text:
            found["where", text, past] = lambda f, rule=text: Rows(f, None, past).value(rule)  # type: ignore[misc]
    for name, value in question.filters:
        found["filter", name, value, past] = lambda f, n=name, v=value: _is(  # type: ignore[misc]
            question, f, item, n, v, past
        )
    return found


def _is(question: Question, frame: Frame, item: Item, name: str, value: str | None, past: frozenset[str]) -> Any:
    """Whether a row stands under this value of a dimension, as the answer shows it."""
    if name == MANAGER:
        owner = question.source.types[item.name].owner
        if owner is None or question.hierarchy is None or value is None:
            raise Invalid(f"'{item.metric}' has no manager {value}.")
        return frame.table[owner].isin(question.hierarchy.tree(value))
    path = frame.path(name)
    shown = frame.dimension(path, past)
    if value is None:
        return shown.isnull()
    if path.column.ref and not path.steps and value.startswith(UNMAPPED):
        value = value.removeprefix(UNMAPPED)
    return (shown if shown.type().is_string() else shown.cast("string")) == value


def _keys(question: Question, frame: Frame, item: Item, *, balance: bool) -> tuple[dict[str, Any], Frame]:
    """The columns the answer is grouped by, k0, k1, … in the order asked."""
    if MANAGER in question.by:
        frame = _above(question, frame, item)
    keys: dict[str, Any] = {}
    for place, name in enumerate(question.by):
        if name == MANAGER:
            keys[f"k{place}"] = frame.table.above
        elif name not in GRAINS:
            keys[f"k{place}"] = frame.dimension(frame.path(name), past_of(frame, item))
        elif balance:
            if sum(d in GRAINS for d in question.by) > 1:
                raise Invalid(f"'{item.metric}' is a balance: cut it by one length of period.")
            keys[f"k{place}"] = frame.table.balance_key
        elif item.at is None:
            raise Invalid(f"'{item.metric}' has no date (at:), so it has no {name}.", hint="Ask without it.")
        else:
            keys[f"k{place}"] = _period(frame, item.at, GRAINS[name])
    return keys, frame


def _period(frame: Frame, at: str, grain: Grain) -> Any:
    """What stands for the period a row falls in."""
    if frame.kind(at) is ColumnKind.day:
        return period_number(frame.table[at], grain, frame.window.calendar)
    return period_of(frame.table[at], grain, frame.window, seen=frame.is_event(at))


def _above(question: Question, frame: Frame, item: Item) -> Frame:
    """Each row once for every manager in whose tree its owner is; once under nobody where there is none."""
    owner = question.source.types[item.name].owner
    if owner is None or question.hierarchy is None:
        raise Invalid(f"'{item.metric}' cannot be rolled up: {item.name} has no owner.", hint="Ask without manager.")
    managers = question.hierarchy.reports_of
    rows: list[tuple[str | None, str | None]] = [
        (below, above) for above, below, _ in question.hierarchy.pairs() if above in managers
    ]
    pairs = ibis.memtable(rows or [(None, None)], schema={"below": "string", "above": "string"})
    return replace(frame, table=frame.table.left_join(pairs, frame.table[owner] == pairs.below))
