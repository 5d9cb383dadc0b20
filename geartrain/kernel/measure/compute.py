"""From metrics to numbers: scans run, parts put together, derived metrics worked out; by the dimension values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.measure.aggregate import Value, divide, rounded
from geartrain.kernel.measure.dimensions import GRAINS
from geartrain.kernel.measure.frame import CURRENCY
from geartrain.kernel.measure.metric import Metric
from geartrain.kernel.measure.money import FX_DAY
from geartrain.kernel.measure.notes import with_interval
from geartrain.kernel.measure.plans import planned
from geartrain.kernel.measure.scan import NO_RATE, Item, Question, Scan, passes, paths_of, scan_of
from geartrain.kernel.measure.when import period_key
from geartrain.kernel.periods import Grain, Period
from geartrain.kernel.rules import parse

Cell = tuple[Any, ...]
SCALE, MONEY_SCALE = 9, 4
Parts = Mapping[str, Mapping[str, Any]]


@dataclass
class Numbers:
    """The values of one metric by the dimension values, and what stands where there are none."""

    found: dict[Cell, Value]
    empty: Value

    def at(self, cell: Cell) -> Value:
        """The value of a cell."""
        return self.found.get(cell, self.empty)


def find(metrics: Mapping[str, Metric], key: str) -> Metric:
    """The metric of this key.

    Raises:
        NotFound: there is none.
    """
    if key not in metrics:
        raise NotFound(f"There is no metric '{key}'.", hint=f"One of: {', '.join(sorted(metrics))}.")
    return metrics[key]


def needed(metrics: Mapping[str, Metric], keys: Iterable[str], above: tuple[str, ...] = ()) -> list[Metric]:
    """The metrics of these keys and all they are derived from now, those first that others need.

    Raises:
        Invalid: a metric is derived from itself.
    """
    found: dict[str, Metric] = {}
    for key in keys:
        if key in above:
            raise Invalid(f"'{key}' is derived from itself: {' → '.join([*above, key])}.")
        metric = find(metrics, key)
        for below in needed(metrics, inputs(metric), (*above, key)):
            found[below.key] = below
        found[key] = metric
    return list(found.values())


def inputs(metric: Metric) -> list[str]:
    """The metrics a derived one reads of the same period; none for others."""
    if metric.spec.expr is None:
        return []
    return sorted(parse(metric.spec.expr).fields - metric.spec.previous.keys())


def compile_scans(metrics: Mapping[str, Metric], question: Question, keys: Sequence[str]) -> list[Scan]:
    """The passes over the rows that answer for these metrics; nothing is run."""
    items = []
    for metric in needed(metrics, keys):
        roles = {"numerator": metric.spec.numerator, "denominator": metric.spec.denominator, "value": metric.spec.value}
        items += [Item(metric.key, role, metric.spec, a) for role, a in roles.items() if a is not None]
    return [planned(question, group, paths_of(question, group), scan_of) for group in passes(question, items)]


def compute(
    metrics: Mapping[str, Metric], question: Question, keys: Sequence[str], issues: list[Issue] | None = None
) -> dict[str, Numbers]:
    """The numbers of these metrics and of all they are derived from; what is wrong with the rows goes to `issues`."""
    parts: dict[tuple[str, str], dict[Cell, Mapping[str, Any]]] = {}
    for scan in compile_scans(metrics, question, keys):
        rows = question.source.execute(scan.expr, scan.params).to_pylist()
        for item, names in zip(scan.items, scan.parts, strict=True):
            cells = parts.setdefault((item.metric, item.role), {})
            keyed = _cells(question)
            for row in rows:
                cell, found_parts = keyed(row), {name: row[column] for name, column in names.items()}
                for after, own in item.aggregate.expand(found_parts):
                    cells[(*cell, *after)] = own
        if issues is not None:
            issues += _lacking(question, scan, rows, issues)
    found: dict[str, Numbers] = {}
    for metric in needed(metrics, keys):
        if metric.spec.form == "derived":
            found[metric.key] = _derived(metrics, question, metric, found)
        elif metric.spec.form == "ratio":
            found[metric.key] = _ratio(metric, parts)
        else:
            found[metric.key] = _aggregate(metric, parts)
    return found


def _lacking(question: Question, scan: Scan, rows: Sequence[Mapping[str, Any]], told: Sequence[Issue]) -> list[Issue]:
    """The first records of a scan whose amount could not be converted, those told already left out."""
    found: dict[Issue, None] = {}
    for item, names, lacking in zip(scan.items, scan.parts, scan.lacking, strict=False):
        if not any(row[names[NO_RATE]] for row in rows):
            continue
        key = question.source.types[item.name].key
        for row in question.source.execute(lacking()).to_pylist():
            record = f"{item.name}/{'/'.join(str(row[k]) for k in key)}"
            said = f"{record} stands in {row[CURRENCY]}, which has no rate for {row[FX_DAY]}: its amount is left out."
            found[Issue("no_exchange_rate", Level.warning, said, record, "Load that day's rate as fx_rate.")] = None
    return [issue for issue in found if issue not in told]


def _cells(question: Question) -> Callable[[Mapping[str, Any]], Cell]:
    """How a row's keys read: periods as their fiscal keys, unmatched and unknown as they are."""
    calendar = question.window.calendar
    places = [(f"k{i}", GRAINS.get(name)) for i, name in enumerate(question.by)]
    remembered: dict[tuple[Any, Grain], str | None] = {}

    def key(value: Any, grain: Grain | None) -> Any:
        if grain is None:
            return value
        if (value, grain) not in remembered:
            remembered[value, grain] = period_key(value, grain, calendar)
        return remembered[value, grain]

    return lambda row: tuple([key(row[column], grain) for column, grain in places])


def scale_of(metric: Metric) -> int:
    """Decimals a division is rounded to: 4 for money, 9 for the rest."""
    return MONEY_SCALE if metric.unit.startswith("money") else SCALE


def _finish(aggregate: Any, parts: Mapping[str, Any], scale: int) -> Value:
    value: Value = aggregate.finish(parts, scale=scale)
    if parts.get(NO_RATE):
        value = replace(value, detail={**value.detail, NO_RATE: parts[NO_RATE]})
    return value


def _aggregate(metric: Metric, parts: Mapping[tuple[str, str], Mapping[Cell, Mapping[str, Any]]]) -> Numbers:
    aggregate, scale = metric.spec.aggregates[0], scale_of(metric)
    cells = parts[metric.key, "value"]
    done = {cell: with_interval(_finish(aggregate, found, scale)) for cell, found in cells.items()}
    return Numbers({c: v for c, v in done.items() if v.n or aggregate.alone or not c}, _finish(aggregate, {}, scale))


def _ratio(metric: Metric, parts: Mapping[tuple[str, str], Mapping[Cell, Mapping[str, Any]]]) -> Numbers:
    above, below = parts[metric.key, "numerator"], parts[metric.key, "denominator"]
    spec, scale = metric.spec, scale_of(metric)

    def value(cell: Cell | None) -> Value:
        one = _finish(spec.numerator, above.get(cell, {}) if cell is not None else {}, scale)
        other = _finish(spec.denominator, below.get(cell, {}) if cell is not None else {}, scale)
        return with_interval(share(one, other, scale, same=_same_amount(metric)))

    done = {cell: value(cell) for cell in {**below, **above}}
    return Numbers({c: v for c, v in done.items() if v.n or v.detail["n_above"] or not c}, value(None))


def _same_amount(metric: Metric) -> bool:
    """Whether both sides sum one amount, so that the ratio is a share of value."""
    above, below = metric.spec.numerator, metric.spec.denominator
    return (
        above is not None and below is not None and above.agg == below.agg == "sum" and above.rules() == below.rules()
    )


def share(above: Value, below: Value, scale: int, *, same: bool = False) -> Value:
    """One value over another, with both beside it.

    Where both sum one amount and everything else in the denominator is zero or unknown, the share says nothing
    (a CRM that empties lost deals would always show 100 %): not defined, with the reason.
    """
    missing = int(below.detail.get("n_null") or 0) + int(above.detail.get("n_null") or 0)
    detail: dict[str, Any] = {"numerator": above.value, "denominator": below.value, "n_above": above.n}
    detail |= {"n_null": missing} if "n_null" in below.detail or "n_null" in above.detail else {}
    lacking = int(above.detail.get(NO_RATE) or 0) + int(below.detail.get(NO_RATE) or 0)
    detail |= {NO_RATE: lacking} if lacking else {}
    if same and below.n > above.n and above.value and above.value == below.value:
        reason = f"all {below.n - above.n} other rows of the denominator have no amount or 0: the share would be empty"
        return Value(None, below.n, detail, reason)
    quotient = divide(above.value, below.value, scale)
    reason = "" if quotient is not None else above.reason or below.reason or "there is nothing to divide by"
    return Value(quotient, below.n, detail, reason)


def _derived(
    metrics: Mapping[str, Metric], question: Question, metric: Metric, found: Mapping[str, Numbers]
) -> Numbers:
    names = {key: found[key] for key in inputs(metric)}
    if metric.spec.previous:
        names |= _earlier(metrics, question, metric)
    scale = scale_of(metric)

    def value(pick: Callable[[Numbers], Value]) -> Value:
        read = {name: pick(numbers) for name, numbers in names.items()}
        result = parse(metric.spec.expr or "").evaluate({name: v.value for name, v in read.items()})
        number = rounded(result, scale) if isinstance(result, int | Decimal) else None
        unknown = [name for name, v in sorted(read.items()) if v.value is None]
        reason = f"{', '.join(unknown)} is unknown" if unknown else "there is nothing to divide by"
        detail = {"inputs": {name: v.value for name, v in sorted(read.items())}}
        reason = "" if number is not None else reason
        return Value(number, min((v.n for v in read.values()), default=0), detail, reason)

    cells = {cell: None for numbers in names.values() for cell in numbers.found}
    done = {cell: value(lambda n, c=cell: n.at(c)) for cell in cells}  # type: ignore[misc]
    return Numbers(done, value(lambda n: n.empty))


def _earlier(metrics: Mapping[str, Metric], question: Question, metric: Metric) -> dict[str, Numbers]:
    """The values of the metrics under `previous`, moved one period on."""
    wanted, window, calendar = metric.spec.previous, question.window, question.window.calendar
    grain = question.grain
    if grain is None:
        period, grain = _whole(question)
        before = calendar.previous(period, grain)
        asked = replace(question, window=replace(window, since=before.start, until=before.end))
        past = compute(metrics, asked, sorted(set(wanted.values())))
        return {name: past[key] for name, key in wanted.items()}
    since = window.since
    if since is not None:
        since = calendar.previous(calendar.containing(since, grain), grain).start
    past = compute(metrics, replace(question, window=replace(window, since=since)), sorted(set(wanted.values())))
    place = question.by.index(grain.value)

    def onward(cell: Cell) -> Cell:
        end = calendar.parse(cell[place]).end if cell[place] is not None else None
        return cell if end is None else (*cell[:place], calendar.containing(end, grain).key, *cell[place + 1 :])

    def inside(cell: Cell) -> bool:
        last = window.until or window.as_of + timedelta(days=1)
        return cell[place] is not None and calendar.parse(cell[place]).start < last

    moved = {key: {onward(c): v for c, v in numbers.found.items()} for key, numbers in past.items()}
    kept = {key: {c: v for c, v in cells.items() if inside(c)} for key, cells in moved.items()}
    return {name: Numbers(kept[key], past[key].empty) for name, key in wanted.items()}


def _whole(question: Question) -> tuple[Period, Grain]:
    """The fiscal period the window is."""
    since, until = question.window.since, question.window.until
    if since is not None and until is not None:
        for grain in reversed(Grain):
            period = question.window.calendar.containing(since, grain)
            if (period.start, period.end) == (since, until):
                return period, grain
    raise Invalid("A metric that looks at the period before needs one fiscal period.", hint="Give one, or cut by one.")
