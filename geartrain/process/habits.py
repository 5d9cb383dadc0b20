"""Deviations of a deal as a whole: it dwelt too long, its date was pushed, its amount cut, its owner changed.

Each gives a table of `opportunity_id`, `at` (when it was so at last), `stage` and `value` (how much of it).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis

from geartrain.facts.transforms import day_text, decimal_text, instant, month_number
from geartrain.process.sales_process import SalesProcess

DAY = 86_400
SUBMITTED = ("pending", "approved", "rejected")
COLUMNS = ("opportunity_id", "at", "stage", "value")


def stays(rows: ibis.Table, *, until: datetime) -> ibis.Table:
    """Per deal and open stage how many seconds it was inside, visits added up, and until when.

    Args:
        rows: See `stage_log.mapped_visits`.
        until: Where a stay that has not ended is cut.
    """
    rows = rows.filter(rows.stage.notnull())
    in_order = ibis.window(group_by="opportunity_id", order_by=["at", "seq"])
    left = ibis.coalesce(rows["at"].lead().over(in_order), instant(until))
    spent = rows.mutate(left=left, seconds=_seconds(left) - _seconds(rows["at"]))
    spent = spent.filter(spent.kind == "open")
    return spent.group_by("opportunity_id", "type", "stage").aggregate(
        seconds=spent.seconds.sum(), left=spent.left.max()
    )


def dwell(process: SalesProcess, rows: ibis.Table, deals: ibis.Table, *, until: datetime) -> ibis.Table:
    """Stages that a deal was in for longer than three quarters of the won deals of its type; `value` is in days.

    The quantile lies between two values where it falls between two deals.
    """
    spent = stays(rows, until=until)
    won = deals.filter(deals.is_won).select(won="opportunity_id")
    of_won = spent.semi_join(won, spent.opportunity_id == won.won)
    bound = of_won.group_by(of_type="type", of_stage="stage").aggregate(
        limit=of_won.seconds.cast("float64").quantile(float(process.conformance.dwell_quantile)), n=of_won.count()
    )
    bound = bound.filter(bound.n >= process.conformance.dwell_minimum_won)
    met = [spent.type.identical_to(bound.of_type), spent.stage == bound.of_stage]
    both = spent.inner_join(bound, met)
    long = both.filter(both.seconds > both["limit"])
    return long.select("opportunity_id", at="left", stage="stage", value=(long.seconds.cast("float64") / DAY).round(2))


def close_date_push(changes: ibis.Table, *, least: int) -> ibis.Table:
    """Close dates moved to a later fiscal month so often; `value` is how often."""
    own = changes.filter(changes.field == "close_date")
    before, after = day_text(_before(own)), day_text(own.new_value)
    return _counted(own.filter(month_number(after) > month_number(before)), least)


def amount_reduced(changes: ibis.Table) -> ibis.Table:
    """Amounts that were made smaller; `value` is how often."""
    own = changes.filter(changes.field == "amount")
    return _counted(own.filter(decimal_text(own.new_value) < decimal_text(_before(own))), 1)


def owner_changed(changes: ibis.Table, *, least: int) -> ibis.Table:
    """Owners that changed so often; `value` is how often."""
    own = changes.filter(changes.field == "owner_id")
    return _counted(own.filter(own.new_value != _before(own)), least)


def won_without_quote(deals: ibis.Table, quotes: ibis.Table) -> ibis.Table:
    """Won deals that no quote was made for."""
    won = deals.filter(deals.is_won)
    bare = won.anti_join(quotes, "opportunity_id")
    return bare.select("opportunity_id", at="closed_at", stage=ibis.null("string"), value=ibis.null("float64"))


def approval_restarted(quotes: ibis.Table) -> ibis.Table:
    """Quotes submitted again after they had been; `value` is how often."""
    submitted = quotes.filter(quotes.status.lower().isin(SUBMITTED))
    in_order = ibis.window(group_by="quote_id", order_by="revision")
    again = submitted.mutate(before=submitted.revision.lag().over(in_order))
    return _counted(again.filter(again.before.notnull()).rename(changed_at="created_at"), 1)


def _before(own: ibis.Table) -> Any:
    """What a field was before a change; where the change does not say, what the one before it set."""
    in_order = ibis.window(group_by="opportunity_id", order_by="changed_at")
    return ibis.coalesce(own.old_value, own.new_value.lag().over(in_order))


def _counted(found: ibis.Table, least: int) -> ibis.Table:
    counted = found.group_by("opportunity_id").aggregate(n=found.count(), at=found.changed_at.max())
    counted = counted.filter(counted.n >= least)
    return counted.select("opportunity_id", "at", stage=ibis.null("string"), value=counted.n.cast("float64"))


def _seconds(at: Any) -> Any:
    return at.epoch_seconds().cast("int64")
