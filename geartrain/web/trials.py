"""What a backtest found, as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geartrain.facts import record_types
from geartrain.services.changes.backtests import Tried
from geartrain.web.records import record_url
from geartrain.web.tables import Col, Table, make_table

MOST_TRIED = 200


def changes_table(request: Any, tried: Tried) -> Table:
    """The subjects that would have been decided otherwise, with both traces."""
    rows = [
        {
            "subject": c.subject,
            "before": c.before.result or "none",
            "after": c.after.result or "none",
            "amount_before": c.amount_before,
            "amount_after": c.amount_after,
            "why_before": "; ".join(s.text for s in c.before.trace),
            "why_after": "; ".join(s.text for s in c.after.trace),
        }
        for c in tried.found.changes
    ]
    columns = (
        Col("subject", "Subject", href=_subject_href),
        Col("before", "Today"),
        Col("after", "Draft"),
        Col("amount_before", "Amount today", unit="money"),
        Col("amount_after", "Amount, draft", unit="money"),
        Col("why_before", "Why today", wide=True, sortable=False),
        Col("why_after", "Why under the draft", wide=True, sortable=False),
    )
    empty = "Nothing would have been decided otherwise in this window."
    return make_table(request, name="changes", columns=columns, rows=rows, caption="What differs", empty=empty)


def _subject_href(row: Mapping[str, Any]) -> str:
    """The record a subject is about; nowhere where it is a month, a view or a record with several key columns."""
    kind, _, key = str(row["subject"]).partition("#")[0].partition("/")
    found = record_types().get(kind)
    return record_url(kind, key) if found is not None and len(found.key) == 1 else ""


def figures_table(request: Any, tried: Tried) -> Table:
    """The totals today and under the draft."""
    rows = [{"label": f.label, "period": f.period, "before": f.before, "after": f.after} for f in tried.found.figures]
    units = {f.unit for f in tried.found.figures}
    unit = units.pop() if len(units) == 1 else ""
    columns = (
        Col("label", "Figure"),
        Col("period", "Period"),
        Col("before", "Today", unit=unit),
        Col("after", "Draft", unit=unit),
    )
    return make_table(request, name="figures", columns=columns, rows=rows, caption="Figures", export=False)
