"""The pipeline as it stood at the end of any day, and the waterfall between two days, down to the deals."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import ibis

from geartrain.intelligence.pipeline.movement import BARS, Cut, End, Rates, moves, standing, totals
from geartrain.intelligence.pipeline.worth import worth
from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.periods import Period
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.records.sources import FactSource, source_of
from geartrain.services.workspace import Workspace

VALUES = ("amount", "list_price")
# So many deals are told with the bars; more are asked for bar by bar.
MOST = 20_000
SPANS = 120  # waterfalls in one question: more than two years by week
LAST_DAY = date(2199, 12, 31)  # by which every state has begun
ZERO = Decimal(0)


@dataclass(frozen=True)
class Group:
    """Open deals of one stage and owner."""

    stage: str | None
    owner: str | None
    deals: int
    amount: Decimal


@dataclass(frozen=True)
class AsOf:
    """The open pipeline at the end of a day.

    Args:
        amount: Of all deals whose amount is known, workspace currency.
        unknown: Deals without one: they count as deals and add nothing.
        stood_in: Deals at the list price of their product because their amount then is not known.
        rows: The deals themselves, largest first.
    """

    as_of: date
    currency: str
    value: str
    deals: int
    amount: Decimal
    unknown: int
    stood_in: int
    groups: Sequence[Group]
    rows: Sequence[Mapping[str, Any]]
    facts: str

    def by(self, what: str) -> list[dict[str, Any]]:
        """Deals and amount by `stage` or `owner`, largest first."""
        found: dict[str | None, list[Any]] = {}
        for group in self.groups:
            held = found.setdefault(getattr(group, what), [0, ZERO])
            held[0] += group.deals
            held[1] += group.amount
        rows = [{what: k, "deals": n, "amount": a} for k, (n, a) in found.items()]
        return sorted(rows, key=lambda r: (-r["amount"], r[what] or ""))

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer; `opportunities` is null where there are more than can be told at once."""
        whole = len(self.rows) == self.deals
        return {
            "as_of": self.as_of,
            "currency": self.currency,
            "value": self.value,
            "deals": self.deals,
            "amount": self.amount,
            "amount_unknown": self.unknown,
            "at_list_price": self.stood_in,
            "by_stage": self.by("stage"),
            "by_owner": self.by("owner"),
            "by_stage_and_owner": [vars(g) for g in self.groups],
            "opportunities": [dict(r) for r in self.rows] if whole else None,
            "facts": self.facts,
        }


@dataclass(frozen=True)
class Bar:
    """One bar: signed amount, number of deals, of unknown amounts; `rows` None where they were not asked for."""

    bar: str
    amount: Decimal
    deals: int
    unknown: int
    rows: Sequence[Mapping[str, Any]] | None = None

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        rows = None if self.rows is None else [dict(r) for r in self.rows]
        return {
            "bar": self.bar, "amount": self.amount, "deals": self.deals, "amount_unknown": self.unknown,
            "opportunities": rows,
        }  # fmt: skip


@dataclass(frozen=True)
class Waterfall:
    """From the open pipeline at the start to that at the end: opening + every bar between = closing, to the cent."""

    since: date
    until: date
    currency: str
    value: str
    bars: Sequence[Bar]
    facts: str

    @property
    def amounts(self) -> dict[str, Decimal]:
        """Amount by bar."""
        return {b.bar: b.amount for b in self.bars}

    @property
    def difference(self) -> Decimal:
        """What is missing to the closing: 0, always."""
        amounts = self.amounts
        return sum((a for b, a in amounts.items() if b != "closing"), ZERO) - amounts["closing"]

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer: each bar by its name too."""
        return {
            "from": self.since,
            "to": self.until,
            "opening_as_of": self.since - timedelta(days=1),
            "closing_as_of": self.until - timedelta(days=1),
            "currency": self.currency,
            "value": self.value,
            **self.amounts,
            "difference": self.difference,
            "bars": [b.as_json() for b in self.bars],
            "facts": self.facts,
        }


def get_as_of(
    ws: Workspace, actor: Actor, *, as_of: date, value: str = "amount", owner: str | None = None, limit: int = MOST
) -> AsOf:
    """The pipeline that was open at the end of a day, as it stood then.

    Args:
        value: amount: the amount then, the list price standing in where it is not known; list_price: that throughout.
        owner: Only the deals of this person and everyone below; None: all the actor may see.

    Raises:
        Invalid: no such value. NotFound: nobody by that id whose deals the actor may see.
    """
    require(actor, Permission.view_records)
    _check(value, as_of, as_of)
    with open_facts(ws, actor, as_of=as_of) as facts:
        people = people_of(facts, owner)
        key = ("pipeline as of", value, owner, limit, facts.scope(pay_read=False))
        return remembered(key, lambda: _as_of(ws, facts, people, value, limit))


def get_waterfall(
    ws: Workspace,
    actor: Actor,
    *,
    since: date,
    until: date,
    value: str = "amount",
    owner: str | None = None,
    due: Period | None = None,
    bar: str | None = None,
    limit: int = MOST,
) -> Waterfall:
    """What became of the open pipeline in `[since, until)`, as known at the end of it.

    Args:
        due: Only what is due in that period: deals are pulled in and pushed out as their close date moves.
        bar: Tell the deals of this bar alone; None: of every bar, while they are not too many.

    Raises:
        Invalid: the days are the wrong way round, or no such value or bar. NotFound: as `get_as_of`.
    """
    require(actor, Permission.view_records)
    _check(value, since, until)
    if since > until:
        raise Invalid(f"A waterfall from {since} to {until} runs backwards.", hint="Give --from before --to.")
    if bar is not None and bar not in BARS:
        raise Invalid(f"There is no bar '{bar}'.", hint=f"One of: {', '.join(BARS)}.")
    with open_facts(ws, actor, as_of=until - timedelta(days=1)) as facts:
        people = people_of(facts, owner)
        key = ("waterfall", since, until, value, owner, due, bar, limit, facts.scope(pay_read=False))
        span = None if due is None else (due.start, due.end)
        return remembered(key, lambda: _waterfall(ws, facts, people, since, until, value, span, bar, limit))


def get_waterfalls(
    ws: Workspace,
    actor: Actor,
    *,
    since: date,
    until: date,
    days: int = 7,
    value: str = "amount",
    owner: str | None = None,
    due: Period | None = None,
) -> list[Waterfall]:
    """`get_waterfall` of every so many days of `[since, until)` in one question; sums only.

    The last span is cut at the end. Example: a quarter by week is 13 or 14 waterfalls, each of which opens
    at what the one before closed at.

    Raises:
        Invalid, NotFound: as `get_waterfall`, and more than `SPANS` of them.
    """
    require(actor, Permission.view_records)
    _check(value, since, until)
    if since > until or days < 1:
        raise Invalid(f"Spans of {days} days from {since} to {until} are none.", hint="Give --from before --to.")
    if (until - since).days > SPANS * days:
        raise Invalid(f"That is more than {SPANS} waterfalls.", hint="Ask for fewer days, or for longer spans.")
    edges = [*(since + timedelta(days=n) for n in range(0, (until - since).days, days)), until]
    with open_facts(ws, actor, as_of=until - timedelta(days=1)) as facts:
        people = people_of(facts, owner)
        key = ("waterfalls", since, until, days, value, owner, due, facts.scope(pay_read=False))
        span = None if due is None else (due.start, due.end)
        spans = list(itertools.pairwise(edges))
        return remembered(key, lambda: _waterfalls(ws, facts, people, spans, value, span)) if spans else []


def _check(value: str, *days: date) -> None:
    if value not in VALUES:
        raise Invalid(f"A pipeline is not valued at '{value}'.", hint=f"One of: {', '.join(VALUES)}.")
    check_days(*days)


def check_days(*days: date) -> None:
    """Raises Invalid for a day no calendar of business has."""
    for day in days:
        if not 1900 <= day.year < 2200:
            raise Invalid(f"{day} is not a day of business.", hint="Choose one from 1900 to 2199.")


def people_of(facts: Facts, owner: str | None) -> frozenset[str] | None:
    """Whose deals are asked for, cut to what the actor may see; None for everybody's."""
    visible = facts.visible()
    if owner is None:
        return visible
    hierarchy = facts.hierarchy()
    if owner not in hierarchy.manager_of or (visible is not None and owner not in visible):
        raise NotFound(f"There is nobody by the id '{owner}'.", hint="Ids are listed by: geartrain records list user")
    return frozenset(hierarchy.tree(owner))


def engine_source(ws: Workspace, facts: Facts) -> FactSource:
    """The facts and views of everybody, for engines that cut to people themselves."""
    whole = source_of(facts, current_policies(ws))
    return FactSource(
        records=facts.raw, whole=facts.raw, mine=lambda view, table: table, run=facts.execute,
        calendar=facts.calendar, currency=facts.currency, as_of=facts.as_of, snapshot=whole.snapshot,
        policies=whole.policies, keep=whole.keep,
    )  # fmt: skip


def valued_states(ws: Workspace, facts: Facts, value: str) -> tuple[ibis.Table, Rates]:
    """Every state of every deal with its worth, whoever asks: the engine cuts to people, as deals change hands.

    Worked out once over the whole history and kept with the facts; of it, what began by the end of the day.
    """
    source = engine_source(ws, facts)
    foreign = source.currencies("opportunity_state") - {facts.currency}
    rates = Rates(facts.currency, facts.raw("fx_rate") if foreign else None)
    whole = replace(source, as_of=LAST_DAY, keep=lambda key, table: table, _built={})
    states = whole.table("opportunity_state").drop("campaign_id", "lead_source", "source_function")
    valued = worth(states, facts.raw("product"), currency=facts.currency, at_list=value == "list_price")
    key = repr(("valued states", source.snapshot, value, facts.currency, facts.calendar, source.policies))
    kept = facts.snapshot.keep(key, valued)
    end = ibis.literal(facts.calendar.instant(facts.as_of + timedelta(days=1)), "timestamp(6)")
    begun = kept.filter(kept.valid_from < end)
    still = ibis.ifelse(begun.valid_to < end, begun.valid_to, ibis.null("timestamp(6)"))
    return begun.mutate(valid_to=still), rates


def _as_of(ws: Workspace, facts: Facts, people: frozenset[str] | None, value: str, limit: int) -> AsOf:
    states, rates = valued_states(ws, facts, value)
    end = facts.calendar.instant(facts.as_of + timedelta(days=1))
    rows = standing(states, end)
    rows = rows.filter(~rows.is_closed)
    if people is not None:
        rows = rows.filter(rows.owner_id.isin(sorted(people)) if people else ibis.literal(False))
    rows = rates.apply(rows, "worth", facts.as_of)
    table = rows.select(
        "opportunity_id", "owner_id", "stage", "close_date", "forecast_category", "created_at",
        amount=rows.worth, at_list_price=rows.stood_in,
    )  # fmt: skip
    counted = table.group_by("stage", "owner_id").aggregate(
        deals=table.count(), amount=table.amount.sum(), unknown=table.count(where=table.amount.isnull()),
        stood_in=table.count(where=table.at_list_price),
    )  # fmt: skip
    found = facts.execute(counted).to_pylist()
    groups = [Group(r["stage"], r["owner_id"], r["deals"], r["amount"] or ZERO) for r in found]
    groups.sort(key=lambda g: (-g.amount, g.stage or "", g.owner or ""))
    deals = sum(g.deals for g in groups)
    listed = table.order_by([table.amount.isnull(), ibis.desc("amount"), "opportunity_id"]).limit(limit)
    return AsOf(
        facts.as_of, facts.currency, value, deals, sum((g.amount for g in groups), ZERO),
        sum(r["unknown"] for r in found), sum(r["stood_in"] for r in found), groups,
        facts.execute(listed).to_pylist(), facts.id,
    )  # fmt: skip


def _waterfall(
    ws: Workspace, facts: Facts, people: frozenset[str] | None, since: date, until: date, value: str,
    due: tuple[date, date] | None, bar: str | None, limit: int,
) -> Waterfall:  # fmt: skip
    states, rates = valued_states(ws, facts, value)
    cut, spans = Cut(people, due), _spans(facts, [(since, until)])
    sums = _sums(facts, totals(states, spans, rates=rates, cut=cut)).get(0, {})
    expected = sum(sums[f"{name}_deals"] for name in BARS if sums and bar in (None, name))
    told: dict[str, list[dict[str, Any]]] | None = None
    if expected <= limit:
        told = {}
        rows = moves(states, spans, rates=rates, cut=cut).drop("span")
        wanted = rows if bar is None else rows.filter(rows.bar == bar)
        for row in facts.execute(wanted.order_by("bar", ibis.desc(wanted.amount.abs()), "opportunity_id")).to_pylist():
            told.setdefault(row.pop("bar"), []).append(row)
    bars = [
        replace(one, rows=None if told is None or bar not in (None, one.bar) else told.get(one.bar, []))
        for one in _bars(sums)
    ]
    return Waterfall(since, until, facts.currency, value, bars, facts.id)


def _waterfalls(
    ws: Workspace, facts: Facts, people: frozenset[str] | None, days: Sequence[tuple[date, date]], value: str,
    due: tuple[date, date] | None,
) -> list[Waterfall]:  # fmt: skip
    states, rates = valued_states(ws, facts, value)
    sums = _sums(facts, totals(states, _spans(facts, days), rates=rates, cut=Cut(people, due)))
    return [
        Waterfall(since, until, facts.currency, value, _bars(sums.get(n, {})), facts.id)
        for n, (since, until) in enumerate(days)
    ]


def _spans(facts: Facts, days: Sequence[tuple[date, date]]) -> list[tuple[End, End]]:
    """Each day as the instant it begins at, with the rates of the day before."""

    def end(day: date) -> End:
        return End(facts.calendar.instant(day), day - timedelta(days=1))

    return [(end(since), end(until)) for since, until in days]


def _sums(facts: Facts, found: ibis.Table) -> dict[int, Mapping[str, Any]]:
    return {row["span"]: row for row in facts.execute(found).to_pylist()}


def _bars(sums: Mapping[str, Any]) -> list[Bar]:
    return [
        Bar(b, sums.get(f"{b}_amount") or ZERO, sums.get(f"{b}_deals") or 0, sums.get(f"{b}_unknown") or 0)
        for b in BARS
    ]
