"""What the trail and the ledger tell of how a period was paid: corrections, disputes, days until it was locked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from geartrain.incentives.evaluate import Evaluation
from geartrain.incentives.health.conduct import Conduct, Correction, Disputed
from geartrain.incentives.health.values import Person
from geartrain.incentives.windows import pay_periods
from geartrain.kernel.periods import Period
from geartrain.services.pay.ledger import AWARD, MANUAL
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import PayEntry


def conduct_of(ws: Workspace, span: Period, evaluations: Sequence[Evaluation], people: Sequence[Person]) -> Conduct:
    """The conduct of the pay periods that end within a span."""
    plans = {e.comp_plan.key: e.comp_plan for e in evaluations}
    spans = {
        p.key: p
        for comp_plan in plans.values()
        for p in pay_periods(
            max(span.start, comp_plan.effective[0]),
            min(span.end, comp_plan.effective[1]),
            comp_plan.pay.frequency,
            ws.calendar,
        )
        if p.end <= span.end
    }
    return Conduct(
        len(people) * max(1, len(spans)),
        sum((p.earned for p in people), Decimal(0)),
        _corrections(ws, set(spans)),
        _disputes(ws, set(spans)),
        _locked(ws, spans),
        {k: len(p.components) for k, p in plans.items()},
    )


def _corrections(ws: Workspace, periods: set[str]) -> list[Correction]:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import PayEntry

    rows = PayEntry.objects.filter(origin__in=periods, old__isnull=False).order_by("id")
    return [
        Correction(e.payee, e.amount, by_hand=e.kind == MANUAL, error=_is_error(e)) for e in rows if e.kind != AWARD
    ]


def _is_error(e: PayEntry) -> bool:
    return e.kind != MANUAL or e.component == "correction"


def _disputes(ws: Workspace, periods: set[str]) -> list[Disputed]:
    from geartrain.stores.decisions.models import PayDispute

    rows = PayDispute.objects.filter(period__in=periods).order_by("id")
    return [Disputed(d.pk, d.payee, d.opened_at, d.decided_at, d.verdict, d.root_cause) for d in rows]


def _locked(ws: Workspace, spans: dict[str, Period]) -> dict[str, tuple[date, date]]:
    from geartrain.stores.decisions.models import AuditEvent

    subjects = {f"pay/{key}": key for key in spans}
    rows = AuditEvent.objects.filter(verb="pay.locked", subject__in=subjects).values_list("subject", "at")
    days = {subjects[s]: at for s, at in rows}
    return {k: (spans[k].end, ws.calendar.day_of(at)) for k, v in days.items() if (at := naive(v)) is not None}
