"""Calls held elsewhere: their submissions taken over at once, each call with its frozen deals and one event."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from geartrain.intelligence.forecast.frozen import Base, hash_of
from geartrain.intelligence.forecast.process import SUBMITTED, Submission, stand
from geartrain.kernel.errors import Conflict, Invalid
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.kernel.periods import Period
from geartrain.services.access import Actor, Permission, require
from geartrain.services.forecasting.forecast_bases import bases_of
from geartrain.services.forecasting.forecast_reminders import remind
from geartrain.services.forecasting.forecast_standing import check_keeper, process_of, see, stamp
from geartrain.services.records.facts import open_facts
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import ForecastCall

Progress = Callable[..., None]


@dataclass(frozen=True)
class PastCall:
    """One call with everything that was said in it.

    Args:
        locked: None leaves it open.
    """

    period: str
    as_of: date
    opened: datetime
    due: datetime
    locked: datetime | None
    said: Sequence[Submission]


def load_calls(
    ws: Workspace,
    actor: Actor,
    *,
    calls: Sequence[PastCall],
    bases: Sequence[Base] = (),
    progress: Progress = lambda *_: None,
) -> dict[str, int]:
    """Take calls over; all of them or none. The pipeline of each day is rebuilt and frozen under what was said.

    Args:
        bases: What each call stands on, where it is at hand; worked out where not.

    Raises:
        Forbidden: only who keeps the process. Conflict: a call of that period and day is there already.
        Invalid: a category or kind there is not, or somebody who was not there.
    """
    require(actor, Permission.view_metrics)
    check_keeper(actor, "load")
    periods = {c.period: ws.calendar.parse(c.period) for c in calls}
    asked = [replace(c, period=periods[c.period].key) for c in calls]
    if asked != sorted(asked, key=lambda c: c.as_of):
        raise Invalid("Calls are loaded in the order of their days.", hint="Sort them by as_of.")
    lines = _hierarchies(ws, actor, [c.as_of for c in asked])
    _check(asked, lines)
    progress("Rebuilding the pipeline of each call", 0, 1)
    bases = bases or bases_of(ws, [(periods[c.period], c.as_of) for c in asked], process=process_of(ws))
    with open_facts(ws, actor) as facts:
        snapshot = facts.id
    with writing(ws, in_turn=True):
        made = _make(ws, actor, asked, lines, snapshot)
        count = _fill(ws, actor, asked, made, bases, [periods[c.period] for c in asked])
        for call, row in zip(asked, made, strict=True):
            if call.locked is None:
                spoken = {s.user for s in call.said if s.kind == "own"}
                remind(ws, row, sorted(see(ws, row).submitters - spoken))
    progress("Rebuilding the pipeline of each call", 1, 1)
    return {"calls": len(made), "submissions": count}


def digest(rows: Iterable[Sequence[Any]]) -> str:
    """Of submissions: person, category, kind, amount, roll-up, note, instant and by whom, in their order."""
    plain = [[f"{v:.4f}" if isinstance(v, Decimal) else _text(v) for v in row] for row in rows]
    return sha256(json.dumps(plain, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def _text(value: Any) -> str:
    return stamp(value).isoformat() if isinstance(value, datetime) else str(value)


def _hierarchies(ws: Workspace, actor: Actor, days: Sequence[date]) -> dict[date, dict[str, str | None]]:
    """Who reported to whom on each day: whoever had started by then."""
    with open_facts(ws, actor) as facts:
        held = facts.hierarchy().manager_of
        users = facts.execute(facts.raw("user").select("user_id", "start_date")).to_pylist()
    start = {r["user_id"]: r["start_date"] for r in users}
    return {day: {p: m for p, m in held.items() if not start.get(p) or start[p] <= day} for day in set(days)}


def _check(asked: Sequence[PastCall], lines: dict[date, dict[str, str | None]]) -> None:
    for call in asked:
        where = f"{call.period} as of {call.as_of}"
        for one in call.said:
            if one.category not in SUBMITTED or one.kind not in ("own", "manager"):
                raise Invalid(
                    f"{where}: '{one.category}' of kind '{one.kind}' is not submitted.",
                    hint=f"Categories: {', '.join(SUBMITTED)}; kinds: own, manager.",
                )
            if one.user not in lines[call.as_of]:
                raise Invalid(f"{where}: nobody by the id '{one.user}' was there.", hint="Load the users first.")
            if one.kind == "manager" and not one.note.strip():
                raise Invalid(f"{where}: the override of '{one.user}' has no reason.", hint="Give it in `note`.")


def _make(
    ws: Workspace, actor: Actor, asked: Sequence[PastCall], lines: dict[date, dict[str, str | None]], snapshot: str
) -> list[ForecastCall]:
    from geartrain.stores.decisions.models import ForecastCall

    there = set(ForecastCall.objects.values_list("period", "as_of"))
    if twice := [c for c in asked if (c.period, c.as_of) in there]:
        raise Conflict(f"The call of {twice[0].period} as of {twice[0].as_of} is there already.", hint="Leave it out.")
    rows = [
        ForecastCall(
            period=c.period, as_of=c.as_of, due=stamp(c.due), opened_at=stamp(c.opened), opened_by=actor.login,
            snapshot=snapshot, hierarchy=lines[c.as_of],
            hierarchy_version=sha256(json.dumps(lines[c.as_of], sort_keys=True).encode()).hexdigest(),
        )
        for c in asked
    ]  # fmt: skip
    ForecastCall.objects.bulk_create(rows, batch_size=200)
    found = {(r.period, r.as_of): r for r in ForecastCall.objects.filter(as_of__in=[c.as_of for c in asked])}
    return [found[c.period, c.as_of] for c in asked]


def _fill(
    ws: Workspace, actor: Actor, asked: Sequence[PastCall], made: Sequence[ForecastCall], bases: Sequence[Base],
    periods: Sequence[Period],
) -> int:  # fmt: skip
    from geartrain.stores.decisions.models import ForecastFrozen, ForecastLock, ForecastSubmission

    documents = [base.document() for base in bases]
    keys = [hash_of(d) for d in documents]
    fresh = {k: ForecastFrozen(sha256=k, deals=d) for k, d in zip(keys, documents, strict=True)}
    ForecastFrozen.objects.bulk_create(fresh.values(), ignore_conflicts=True, batch_size=50)
    frozen = dict(ForecastFrozen.objects.filter(sha256__in=keys).values_list("sha256", "id"))
    rows: list[ForecastSubmission] = []
    before: dict[str, list[Submission]] = {}
    for call, row, base, key, period in zip(asked, made, bases, keys, periods, strict=True):
        said = sorted(call.said, key=lambda s: s.made_at)
        lines = {(s.user, s.category) for s in said}
        carried = [s for s in before.get(call.period, []) if (s.user, s.category) not in lines]
        before[call.period] = [*carried, *said]
        stood = stand(Hierarchy(row.hierarchy), base.lines(period.end), before[call.period])
        told = [
            ForecastSubmission(
                call=row, user_id=s.user, category=s.category, kind=s.kind, amount=s.amount,
                rollup=stood[s.user, s.category].rollup, currency=ws.currency, note=s.note, made_at=stamp(s.made_at),
                made_by=s.made_by, hierarchy_version=row.hierarchy_version, snapshot=row.snapshot,
                frozen_id=frozen[key],
            )
            for s in said
        ]  # fmt: skip
        rows += told
        record(ws, actor, "forecast.load", f"forecast/{call.period}/{call.as_of}", submissions=len(told),
               sha256=digest(columns_of(told)), frozen=key, hierarchy=row.hierarchy_version,
               locked=call.locked is not None)  # fmt: skip
    ForecastSubmission.objects.bulk_create(rows, batch_size=2000)
    locks = [
        ForecastLock(call=r, at=stamp(c.locked), by=actor.login) for c, r in zip(asked, made, strict=True) if c.locked
    ]
    ForecastLock.objects.bulk_create(locks, batch_size=500)
    return len(rows)


def columns_of(rows: Iterable[Any]) -> list[tuple[Any, ...]]:
    """What `digest` is over."""
    return [(r.user_id, r.category, r.kind, r.amount, r.rollup, r.note, r.made_at, r.made_by) for r in rows]


def has_calls(ws: Workspace) -> bool:
    """Whether any call was ever opened."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import ForecastCall

    return ForecastCall.objects.exists()
