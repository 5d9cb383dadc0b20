"""What a page looks at: a fiscal period, the last day that is seen, and filters; all of it in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import ibis

from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import Grain, Period
from geartrain.kernel.records import ColumnKind
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.workspace import Workspace

# What a page can be cut by, in the order the filter bar shows: name to the metric dimension it means.
FILTERS = {"region": "region", "team": "team", "segment": "segment", "type": "type"}


@dataclass(frozen=True)
class View:
    """A period, seen from the end of a day, with filters.

    Args:
        period: A fiscal quarter or year.
        as_of: The last day that is seen: today, or the last day the facts tell of where they end before today.
        filters: Dimension to the one value it is cut to.
        stale_days: How many days before today the facts end.
    """

    period: Period
    grain: Grain
    as_of: date
    filters: Mapping[str, str]
    stale_days: int = 0

    @property
    def where(self) -> str:
        """The filters as a rule expression; empty for none."""
        quoted = ((FILTERS[k], v.replace("'", "''")) for k, v in sorted(self.filters.items()))
        return " and ".join(f"{k} = '{v}'" for k, v in quoted)

    @property
    def until(self) -> date:
        """The end of the part of the period that is seen, exclusive."""
        return min(self.period.end, date.fromordinal(self.as_of.toordinal() + 1))

    @property
    def current(self) -> bool:
        """Whether the period is still running on the day that is seen."""
        return self.as_of in self.period


@dataclass(frozen=True)
class Choices:
    """What the filter bar offers."""

    periods: tuple[str, ...]
    values: Mapping[str, tuple[str, ...]]


def get_view(ws: Workspace, actor: Actor, *, asked: Mapping[str, str]) -> tuple[View, Choices]:
    """The view that an address asks for, and what else could be asked.

    Args:
        asked: `period` (2026Q3, 2026), `as_of`, and any of `FILTERS`; others are somebody else's.

    Raises:
        Invalid: no such period, or not a date.
    """
    require(actor, Permission.view_metrics)
    today = ws.calendar.day_of(ws.now())
    with open_facts(ws, actor) as facts:
        first, last = _spanned(facts)
        values = remembered(("filters", facts.scope(pay_read=False)), lambda: _values(facts))
    seen = min(today, last) if last else today
    as_of = parse_day(asked["as_of"]) if asked.get("as_of") else seen
    period = ws.calendar.parse(asked["period"]) if asked.get("period") else ws.calendar.containing(as_of, Grain.quarter)
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    if months not in (3, 12):
        raise Invalid(f"'{period.key}' is neither a fiscal quarter nor a year.", hint="Write 2026Q3 or 2026.")
    filters = {k: asked[k] for k in FILTERS if asked.get(k)}
    view = View(period, Grain.year if months == 12 else Grain.quarter, as_of, filters, max(0, (today - seen).days))
    return view, Choices(_periods(ws, first or as_of, as_of), values)


def last_day(ws: Workspace, actor: Actor) -> date:
    """The last day that the facts tell of, today at the latest; today where there are none."""
    today = ws.calendar.day_of(ws.now())
    with open_facts(ws, actor) as facts:
        last = _spanned(facts)[1]
    return min(today, last) if last else today


def parse_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"'{text}' is not a date.", hint="Write it as YYYY-MM-DD.") from None
    # Years before and after it are looked at too: they stay within what a calendar has.
    if not 1900 <= day.year < 2200:
        raise Invalid(f"{day} is not a day of business.", hint="Choose one from 1900 to 2199.")
    return day


def _periods(ws: Workspace, first: date, last: date) -> tuple[str, ...]:
    """Quarters and years that hold facts, latest first, at most the last eight years."""
    start = max(first, date(last.year - 8, 1, 1))
    until = date.fromordinal(last.toordinal() + 1)
    spans = [*ws.calendar.between(start, until, Grain.quarter), *ws.calendar.between(start, until, Grain.year)]
    return tuple(p.key for p in sorted(spans, key=lambda p: (p.end, p.start), reverse=True))


def _spanned(facts: Facts) -> tuple[date | None, date | None]:
    """How far the facts reach, remembered. Of all records: what is the latest day is one answer for everybody."""
    return remembered(("span", facts.id, facts.as_of, facts.known_as_of), lambda: _span(facts))


def _span(facts: Facts) -> tuple[date | None, date | None]:
    """The first and the last day that opportunities, their changes and leads tell of."""
    today = facts.calendar.instant(date.fromordinal(facts.as_of.toordinal() + 1))
    found: list[date] = []
    for name, columns in (
        ("opportunity", ("created_at", "closed_at")),
        ("opportunity_change", ("changed_at",)),
        ("lead", ("created_at",)),
    ):
        table = facts.raw(name)
        # A date in the future is a finding of the data-quality rules, not the end of the facts.
        sums = {
            f"{how}{n}": getattr(ibis.ifelse(table[c] < today, table[c], ibis.null(table[c].type())), how)()
            for n, c in enumerate(columns)
            for how in ("min", "max")
        }
        row = facts.execute(table.aggregate(**sums)).to_pylist()[0]
        found += [facts.calendar.day_of(v) for v in row.values() if v is not None]
    return (min(found), max(found)) if found else (None, None)


def _values(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Each filter's values among the records that are visible, in order."""
    where = {
        "region": ("user", "region"),
        "team": ("user", "team"),
        "segment": ("account", "segment"),
        "type": ("opportunity", "type"),
    }
    offered: dict[str, tuple[str, ...]] = {}
    for name, (record_type, column) in where.items():
        assert facts.types[record_type][column].kind is ColumnKind.text
        table = facts.table(record_type)
        held = table.filter(table[column].notnull()).select(value=column).distinct().order_by("value").limit(200)
        offered[name] = tuple(facts.execute(held)["value"].to_pylist())
    return offered


def names(ws: Workspace, actor: Actor) -> dict[str, str]:
    """What everybody is called, by user id: to stand beside what the actor sees anyway."""
    with open_facts(ws, actor) as facts:
        return facts.names()
