"""Ask a source for metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.kernel.measure.aggregate import Value
from geartrain.kernel.measure.answer import Answer
from geartrain.kernel.measure.compute import Cell, compute, find, needed
from geartrain.kernel.measure.dimensions import GRAINS, MANAGER, PEOPLE, UNMAPPED, Path, locate
from geartrain.kernel.measure.metric import Metric, Spec
from geartrain.kernel.measure.notes import notes_of
from geartrain.kernel.measure.scan import Question
from geartrain.kernel.measure.source import Source
from geartrain.kernel.measure.when import Window
from geartrain.kernel.records import RecordType

MOVEMENT = "movement"


def query(
    source: Source,
    metrics: Mapping[str, Metric],
    *,
    keys: Sequence[str],
    by: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    where: str | None = None,
    filters: Mapping[str, str | None] | None = None,
    as_of: date | None = None,
) -> Answer:
    """The values of some metrics, cut by some dimensions.

    Args:
        source: The facts.
        metrics: Every metric there is, by key.
        keys: Those asked for.
        by: Own columns, references (`account.segment`), owner, team, region, segment, day … year, manager (roll-up).
        since: First day, None for the beginning.
        until: The day after the last, None for the end.
        where: A rule over the columns of the types measured, and what they refer to.
        filters: Dimension to the one value of it that counts, as an answer shows it (None: unknown); a manager is
            the whole tree. A period (`quarter: 2026Q3`) narrows the window.
        as_of: What happened later is not seen; the source's own where None.
    Returns:
        One row per combination of dimension values that any metric has rows for; a metric without any there is its
        empty value (0 for counts and sums, unknown for the rest). Without dimensions one row.
    Raises:
        NotFound: no such metric.
        Invalid: a dimension, a rule or the window makes no sense for a metric.
    """
    question = ask(source, by=by, since=since, until=until, where=where, filters=filters, as_of=as_of)
    chosen = [find(metrics, key) for key in dict.fromkeys(keys)]
    if not chosen:
        raise Invalid("No metric was asked for.", hint="Name at least one.")
    alone = [m for m in needed(metrics, keys) if any(a.alone for a in m.spec.aggregates)]
    if alone and (len(chosen) > 1 or chosen != alone):
        raise Invalid(f"'{alone[0].key}' makes rows of its own.", hint="Ask for it alone.")
    issues = list(question.hierarchy.issues) if question.hierarchy else []
    numbers = compute(metrics, question, [m.key for m in chosen], issues)
    dimensions = (*question.by, *([MOVEMENT] if alone else []))
    cells = {cell: None for m in chosen for cell in numbers[m.key].found}
    read, labels = _read(question, cells, _references(metrics, question, chosen))
    values = {cell: {m.key: numbers[m.key].at(cell) for m in chosen} for cell in cells or ({} if by else {(): None})}
    merged = {read(cell): found for cell, found in values.items()}
    # Movements keep the order they come in: the sort is stable.
    ordered = dict(sorted(merged.items(), key=lambda kv: _order(kv[0][: len(by)])))
    return Answer(
        columns=(*dimensions, *(m.key for m in chosen)),
        rows=tuple((*cell, *(found[m.key].value for m in chosen)) for cell, found in ordered.items()),
        values=tuple(ordered.values()),
        metrics={m.key: _meta(metrics, question, m, [v[m.key] for v in ordered.values()]) for m in chosen},
        as_of=question.window.as_of,
        facts=source.snapshot,
        labels=labels,
        issues=tuple(issues),
    )


def ask(
    source: Source,
    *,
    by: Sequence[str] = (),
    since: date | None = None,
    until: date | None = None,
    where: str | None = None,
    filters: Mapping[str, str | None] | None = None,
    as_of: date | None = None,
) -> Question:
    """The question behind `query` and `explain`, checked."""
    if len(set(by)) != len(by):
        raise Invalid("A dimension is named twice.", hint="Name each once.")
    filters = dict(filters or {})
    for name in [n for n in filters if n in GRAINS]:
        period = source.calendar.parse(filters.pop(name) or "")
        since, until = max(since or period.start, period.start), min(until or period.end, period.end)
    window = Window(since, until, as_of or source.as_of, source.calendar)
    hierarchy = None
    if MANAGER in by or MANAGER in filters:
        people = source.table(PEOPLE)
        rows = source.execute(people.select("user_id", "manager_id")).to_pydict()
        hierarchy = Hierarchy(dict(zip(rows["user_id"], rows["manager_id"], strict=True)))
    return Question(source, tuple(by), window, where or None, hierarchy, tuple(sorted(filters.items())))


def refuse_unoffered(
    types: Mapping[str, RecordType], metrics: Mapping[str, Metric], keys: Sequence[str], by: Sequence[str]
) -> None:
    """A metric that says what it may be cut by is cut by nothing else, whatever that is called; by time it always may.

    Who may be cut by owner may be by manager, which is the owners rolled up.

    Raises:
        Invalid: it is asked by something else; the hint has what it declares, and where to add to it.
    """
    for key in keys:
        for base in needed(metrics, [key]):
            start, declared = base.spec.from_ or "", base.spec.dimensions
            if not declared or not start:
                continue
            paths = {p for d in declared if (p := _path(types, start, d))}
            for name in by:
                same = "owner" if name == MANAGER else name
                if name in GRAINS or name in declared or _path(types, start, same) in paths:
                    continue
                through = "" if base.key == key else f", which is worked out from '{base.key}',"
                hint = f"By {', '.join(declared)}, and by time; or add it to `dimensions:` of '{base.key}'."
                raise Invalid(f"'{key}'{through} is not offered by '{name}'.", hint=hint)


def _path(types: Mapping[str, RecordType], start: str, name: str) -> Path | None:
    try:
        return locate(types, start, name)
    except Invalid:
        return None


def _order(cell: Cell) -> tuple[tuple[bool, bool, Any], ...]:
    """Known values in their order, then unmapped ones, then unknown."""
    return tuple((v is None, isinstance(v, str) and v.startswith(UNMAPPED), "" if v is None else v) for v in cell)


def _references(metrics: Mapping[str, Metric], question: Question, chosen: Sequence[Metric]) -> dict[int, str]:
    """Places among the dimensions that hold keys of a type, and the type."""
    names = {s.from_ for m in needed(metrics, [m.key for m in chosen]) if (s := m.spec).from_}
    found: dict[int, str] = {}
    for place, name in enumerate(question.by):
        if name in GRAINS:
            continue
        if name == MANAGER:
            found[place] = PEOPLE
            continue
        for start in sorted(names):
            column = locate(question.source.types, start, name).column
            if column.ref and column.ref in question.source.types:
                found[place] = column.ref
    return found


def _read(question: Question, cells: Mapping[Cell, None], references: Mapping[int, str]) -> tuple[Any, Any]:
    """How cells are shown: keys that point nowhere are marked as unmapped, the others have names beside them."""
    source = question.source
    labels: dict[str, dict[str, str]] = {}
    known: dict[int, set[Any]] = {}
    for place, name in references.items():
        values = sorted({c[place] for c in cells if isinstance(c[place], str)})
        kind = source.types[name]
        table, key = source.table(name), kind.key[0]
        if len(values) <= 1000:
            table = table.filter(table[key].isin(values or [""]))
        label = table["name"] if "name" in kind else table[key]
        rows = source.execute(table.select(key=table[key], label=label)).to_pydict()
        known[place] = set(rows["key"])
        named = dict(zip(rows["key"], rows["label"], strict=True))
        labels[question.by[place]] = {v: named[v] or v for v in values if v in named}

    def read(cell: Cell) -> Cell:
        return tuple(
            UNMAPPED + v
            if i in known and isinstance(v, str) and v not in known[i] and not v.startswith(UNMAPPED)
            else v
            for i, v in enumerate(cell)
        )

    return read, labels


def _meta(metrics: Mapping[str, Metric], question: Question, metric: Metric, values: Sequence[Value]) -> dict[str, Any]:
    """What a metric's column is."""
    below = [m for m in needed(metrics, [metric.key]) if m.spec.form != "derived"]
    dates = sorted({f"{m.spec.from_}.{at}" for m in below if (at := dated_by(m.spec))})
    window = question.window.since or question.window.until
    undated = bool(window) and any(dated_by(m.spec) is None for m in below)
    ways = {
        name: sorted({locate(question.source.types, m.spec.from_ or "", name).words(m.spec.from_ or "") for m in below})
        for name in question.by
        if name not in GRAINS and name != MANAGER
    }
    return {
        "name": metric.name,
        "version": metric.version,
        "sha256": metric.sha256,
        "unit": metric.unit,
        "type": metric.type.value,
        "direction": metric.direction.value,
        "definition": metric.definition,
        "formula": formula(metric.spec),
        "dated_by": dates,
        "dimensions": ways,
        "notes": notes_of(metric, values, overlapping=MANAGER in question.by, undated=undated),
    }


def dated_by(spec: Spec) -> str | None:
    """The column that puts a row into a period; for a balance, the one it is open from."""
    first = spec.aggregates[0]
    return spec.at or first.dated or (first.basis[1] if first.basis else None)


def formula(spec: Spec) -> str:
    """What is computed, in the words of the policy."""
    if spec.expr is not None:
        before = [f"{name}: {key} one period earlier" for name, key in spec.previous.items()]
        return "; ".join([spec.expr, *before])
    sides = [" ".join(_words(a.model_dump(exclude_none=True))) for a in spec.aggregates]
    said = f"({sides[0]}) / ({sides[1]})" if len(sides) == 2 else sides[0]
    return (
        f"{said}, from {spec.from_}"
        + (f" where {spec.where}" if spec.where else "")
        + (f", by {spec.at}" if spec.at else "")
    )


def _words(fields: Mapping[str, Any]) -> list[str]:
    first = [str(fields["agg"]), *([str(fields["of"])] if "of" in fields else [])]
    rest = [f"{k} {v}" for k, v in fields.items() if k not in ("agg", "of", "where")]
    return first + rest + ([f"where {fields['where']}"] if "where" in fields else [])
