"""How long deals stay in each stage, and whether they ever got further."""

from __future__ import annotations

from datetime import date

import ibis

from geartrain.facts.transforms import (
    Tables,
    ViewPolicies,
    days,
    elapsed_seconds,
    end_of,
    instant,
    quotient,
    shaped,
    small_table,
)
from geartrain.facts.views import opportunity_state
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

VIEW = RecordType(
    name="stage_visit",
    grain="one row per opportunity and stage it was in",
    key=("opportunity_id", "stage"),
    owner="owner_id",
    happened="entered_at",
    doc="Every open stage a deal was in, visits added up: time inside, re-entries, and when it first got further.",
    columns=(
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("stage", required=True),
        Column("stage_rank", ColumnKind.integer, doc="1 for the first stage"),
        Column("entered_at", ColumnKind.instant, required=True, doc="first entry"),
        Column("left_at", ColumnKind.instant, doc="last exit; empty while inside"),
        Column("days", ColumnKind.number, doc="days inside up to the end of the day, visits added up"),
        Column("is_inside", ColumnKind.flag, required=True, doc="still inside: its time is still running"),
        Column("re_entries", ColumnKind.integer, required=True, doc="entries after the first"),
        Column(
            "counted_from", ColumnKind.instant, required=True, doc="where a clock that runs once would have started"
        ),
        Column("counted_to", ColumnKind.instant, doc="where that clock stopped; empty while inside"),
        Column("reached_next_at", ColumnKind.instant, doc="first time in a later stage, or won; skipped stages count"),
        Column("owner_id", ref="user", doc="owner when it last was in the stage"),
        Column("account_id", ref="account"),
        Column("type", choices=("new", "expansion", "renewal")),
        Column("product_id", ref="product"),
        Column("lead_source"),
        Column("source_function"),
        Column("created_at", ColumnKind.instant),
    ),
)


def build(tables: Tables, *, as_of: date, calendar: FiscalCalendar, policies: ViewPolicies) -> ibis.Table:
    """Visits up to the end of the day.

    `counted_from` and `counted_to` lie as far apart as all visits together took, so that a survival curve over them
    sees the time inside, re-entries included. Example: 1 to 5 March and again 11 to 13 March: 6 days, one re-entry.
    """
    end = instant(end_of(as_of, calendar))
    states = opportunity_state.build(tables, as_of=as_of, calendar=calendar, policies=policies)
    states = states.filter(states.stage.notnull())
    spells = states.mutate(
        seconds=elapsed_seconds(states.valid_from, ibis.coalesce(states.valid_to, end), calendar=calendar),
        enters=_enters(states),
    )
    inside = spells.filter(~spells.is_closed)
    visits = inside.group_by("opportunity_id", "stage").aggregate(
        entered_at=inside.valid_from.min(),
        last_left=inside.valid_to.max(),
        is_inside=inside.valid_to.isnull().any(),
        seconds=inside.seconds.sum(),
        entries=inside.enters.sum(),
        owner_id=inside.owner_id.argmax(inside.valid_from),
        **{c: inside[c].argmax(inside.valid_from) for c in ("account_id", "type", "product_id", "lead_source")},
        source_function=inside.source_function.argmax(inside.valid_from),
        created_at=inside.created_at.min(),
    )
    ranked = visits.left_join(_ranks(visits, policies), "stage").drop("stage_right")
    reached = _reached(ranked, states)
    joined = ranked.left_join(reached, ["opportunity_id", "stage"])
    span = joined.seconds.cast("int64").as_interval("s")
    return shaped(
        joined.mutate(
            left_at=ibis.ifelse(joined.is_inside, None, joined.last_left),
            days=days(joined.seconds),
            re_entries=joined.entries - 1,
            counted_from=ibis.ifelse(joined.is_inside, end - span, joined.entered_at),
            counted_to=ibis.ifelse(joined.is_inside, None, joined.entered_at + span),
        ),
        VIEW,
    )


def _enters(states: ibis.Table) -> ibis.Value:
    """1 where a state begins a visit: the deal was not in this stage, or not open, just before."""
    in_order = ibis.window(group_by="opportunity_id", order_by="valid_from")
    same = (states.stage.lag().over(in_order) == states.stage) & (
        states.is_closed.lag().over(in_order) == states.is_closed
    )
    return ibis.ifelse(same.fill_null(False), 0, 1)


def _ranks(visits: ibis.Table, policies: ViewPolicies) -> ibis.Table:
    """Stage to its place in the order: the policy's, else that in which deals first enter them on average."""
    if policies.stages:
        ranks = list(range(1, len(policies.stages) + 1))
        return small_table({"stage": "string", "stage_rank": "int64"}, stage=policies.stages, stage_rank=ranks)
    in_order = ibis.window(group_by="opportunity_id", order_by=["entered_at", "stage"])
    placed = visits.mutate(place=ibis.row_number().over(in_order))
    # Millionths of a place: whole numbers order alike in every engine.
    total = placed.group_by("stage").aggregate(places=placed.place.sum(), n=placed.count())
    mean = total.select("stage", place=quotient(total.places * 1_000_000, total.n))
    return mean.select("stage", stage_rank=ibis.row_number().over(order_by=[mean.place, mean.stage]) + 1)


def _reached(visits: ibis.Table, states: ibis.Table) -> ibis.Table:
    """Per deal and stage, the first instant in a stage further on, or won, at or after entering it."""
    further = visits.select(deal="opportunity_id", rank=visits.stage_rank, at=visits.entered_at)
    won = states.filter(states.is_won)
    wins = won.select(deal="opportunity_id", rank=ibis.literal(1_000_000, "int64"), at=won.valid_from)
    steps = further.union(wins, distinct=False)
    met = visits.inner_join(
        steps,
        [
            visits.opportunity_id == steps.deal,
            steps.rank > visits.stage_rank,
            steps["at"] >= visits.entered_at,
        ],
    )
    return met.group_by("opportunity_id", "stage").aggregate(reached_next_at=met["at"].min())
