"""The forecast call: opened, submitted to, looked at and locked; nothing that was said is ever changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from geartrain.intelligence.forecast.process import (
    SUBMITTED,
    Error,
    Standing,
    Submission,
    category_of,
    own_deals,
    recorded,
    stand,
)
from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound, PeriodLocked
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.kernel.periods import Period
from geartrain.services.access import Actor, Permission, Role, require
from geartrain.services.facts import Facts, open_facts
from geartrain.services.pipeline_history import get_as_of
from geartrain.services.trail import record, writing
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import ForecastCall

KEEPERS = frozenset({Role.revops, Role.head_of_sales, Role.admin})
DUE = timedelta(days=2)
ZERO = Decimal(0)


@dataclass(frozen=True)
class CallInfo:
    """One round of submissions."""

    period: str
    as_of: date
    due: datetime
    opened_at: datetime
    opened_by: str
    locked_at: datetime | None
    locked_by: str | None

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {**vars(self), "state": "locked" if self.locked_at else "open"}


@dataclass(frozen=True)
class Status:
    """A call as one person may see it. `late` and `missing` are people who had something to say."""

    call: CallInfo
    lines: Sequence[Standing]
    names: dict[str, str]
    parents: dict[str, str | None]
    late: Sequence[str]
    missing: Sequence[str]
    carried: Sequence[str]
    currency: str

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer: one line per person and category, all three numbers."""
        return {
            **self.call.as_json(),
            "currency": self.currency,
            "lines": [self._line(one) for one in self.lines],
            "late": list(self.late),
            "missing": list(self.missing),
            "carried_forward": list(self.carried),
        }

    def _line(self, one: Standing) -> dict[str, Any]:
        return {
            "user_id": one.user, "name": self.names.get(one.user, one.user), "manager_id": self.parents.get(one.user),
            "category": one.category, "roll_up": one.rollup, "own": _said(one.own), "manager": _said(one.manager),
            "effective": one.effective, "kind": one.kind,
        }  # fmt: skip


def open_call(
    ws: Workspace, actor: Actor, *, period: str, as_of: date | None = None, due: datetime | None = None
) -> CallInfo:
    """Open a round of submissions for a period; the hierarchy is frozen as it is now.

    Raises:
        Forbidden: only RevOps, the head of sales and administrators open calls. Conflict: it is open already.
    """
    require(actor, Permission.view_metrics)
    _keeper(actor, "open")
    day, asked = as_of or last_day(ws, actor), ws.calendar.parse(period)
    with open_facts(ws, actor, as_of=day) as facts:
        held, snapshot = dict(facts.hierarchy().manager_of), facts.id
    version = sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()
    with writing(ws, in_turn=True):
        from geartrain.stores.decisions.models import ForecastCall

        if ForecastCall.objects.filter(period=asked.key, as_of=day).exists():
            raise Conflict(f"The call of {asked.key} as of {day} is open already.", hint="Submit to it, or lock it.")
        row = ForecastCall.objects.create(
            period=asked.key, as_of=day, due=_aware(due or ws.now() + DUE), opened_at=_aware(ws.now()),
            opened_by=actor.login, snapshot=snapshot, hierarchy=held, hierarchy_version=version,
        )  # fmt: skip
        record(ws, actor, "forecast.open", f"forecast/{asked.key}/{day}", due=row.due.isoformat())
    return _info(row)


def submit_forecast(
    ws: Workspace,
    actor: Actor,
    *,
    period: str,
    category: str,
    amount: Decimal | str,
    user: str | None = None,
    note: str = "",
    as_of: date | None = None,
) -> Status:
    """Submit a number to the latest call of a period (or that as of a day), for oneself or for somebody below.

    Args:
        user: Whose line; None: one's own. Somebody else's is a manager adjustment and needs a reason in `note`.

    Raises:
        Invalid: no such category, not an amount, or an override without its reason.
        PeriodLocked: the call is locked. NotFound: no call, or a person the actor may not know of.
    """
    require(actor, Permission.view_metrics)
    name = category.replace("-", "_")
    if name not in SUBMITTED:
        raise Invalid(f"'{category}' is not submitted.", hint=f"One of: {', '.join(SUBMITTED)}.")
    value = _amount(amount)
    call = _call(ws, period, as_of)
    hierarchy = Hierarchy(call.hierarchy)
    line = user or actor.user_id
    if line is None:
        raise Invalid("Say whose line it is.", hint="Add --for USER_ID, or act as a person with --as.")
    if line not in hierarchy.manager_of or not _may(actor, line, hierarchy):
        raise NotFound(f"There is nobody by the id '{line}' in this call.", hint="See: geartrain forecast status")
    own = actor.user_id is None or actor.user_id == line
    kind = "own" if own and not (actor.user_id is None and note) else "manager"
    if kind == "manager" and not note.strip():
        raise Invalid("An override needs its reason.", hint="Add --note 'why'.")
    if _locked(call):
        raise PeriodLocked(
            f"The call of {call.period} as of {call.as_of} is locked.", hint="Open the next one and submit to that."
        )
    lines, deals = _standing(ws, call)
    below = set(hierarchy.tree(line))
    frozen = [d for d in deals if d["owner_id"] in below]
    text = json.dumps(frozen, sort_keys=True, default=str)
    with writing(ws, in_turn=True):
        from geartrain.stores.decisions.models import ForecastFrozen, ForecastSubmission

        if _locked(call):
            raise PeriodLocked(f"The call of {call.period} was locked meanwhile.", hint="Submit to the next one.")
        kept, _ = ForecastFrozen.objects.get_or_create(
            sha256=sha256(text.encode()).hexdigest(), defaults={"deals": json.loads(text)}
        )
        ForecastSubmission.objects.create(
            call=call, user_id=line, category=name, kind=kind, amount=value, rollup=lines[line, name].rollup,
            currency=ws.currency, note=note.strip(), made_at=_aware(ws.now()), made_by=actor.login,
            hierarchy_version=call.hierarchy_version, snapshot=call.snapshot, frozen=kept,
        )  # fmt: skip
        record(ws, actor, "forecast.submit", f"forecast/{call.period}/{call.as_of}/{line}", category=name, kind=kind,
               amount=str(value), note=note.strip())  # fmt: skip
    return get_status(ws, actor, period=call.period, as_of=call.as_of)


def lock_call(ws: Workspace, actor: Actor, *, period: str, as_of: date | None = None) -> CallInfo:
    """End a call: from now on nothing is submitted to it.

    Raises:
        Forbidden: as `open_call`. PeriodLocked: it is locked already.
    """
    require(actor, Permission.view_metrics)
    _keeper(actor, "lock")
    call = _call(ws, period, as_of)
    with writing(ws, in_turn=True):
        from geartrain.stores.decisions.models import ForecastLock

        if _locked(call):
            raise PeriodLocked(f"The call of {call.period} as of {call.as_of} is locked already.")
        ForecastLock.objects.create(call=call, at=_aware(ws.now()), by=actor.login)
        record(ws, actor, "forecast.lock", f"forecast/{call.period}/{call.as_of}")
    return _info(_call(ws, period, call.as_of))


def get_status(ws: Workspace, actor: Actor, *, period: str, as_of: date | None = None) -> Status:
    """Who said what, beside what their team adds up to; a person sees their own line and those below.

    Raises:
        NotFound: no call was opened for the period.
    """
    require(actor, Permission.view_metrics)
    call = _call(ws, period, as_of)
    hierarchy = Hierarchy(call.hierarchy)
    standing, _ = _standing(ws, call)
    seen = [p for p in sorted(hierarchy.manager_of) if _may(actor, p, hierarchy)]
    made = {s.user: s for s in sorted(_submissions(call), key=lambda s: s.made_at, reverse=True) if s.kind == "own"}
    concerned = [p for p in seen if any(standing[p, c].rollup or standing[p, c].own for c in SUBMITTED)]
    late = [p for p in seen if p in made and made[p].made_at > _naive(call.due)]
    with open_facts(ws, actor, as_of=call.as_of) as facts:
        names = {
            r["user_id"]: r["name"] for r in facts.execute(facts.raw("user").select("user_id", "name")).to_pylist()
        }
    lines = [standing[p, c] for p in seen for c in SUBMITTED if p in concerned]
    carried = sorted({one.user for one in lines if (said := one.own or one.manager) and said.carried})
    return Status(
        _info(call), lines, names, dict(hierarchy.manager_of), late, [p for p in concerned if p not in made], carried,
        ws.currency,
    )  # fmt: skip


def get_accuracy(ws: Workspace, actor: Actor, *, periods: Sequence[str] = ()) -> dict[str, Any]:
    """How right people were at the last call of each period that is over: accuracy, bias, what overrides were worth."""
    require(actor, Permission.view_metrics)
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import ForecastCall

    day, errors, rows = last_day(ws, actor), [], []
    wanted = {ws.calendar.parse(p).key for p in periods}
    for call in ForecastCall.objects.order_by("period", "as_of"):
        period = ws.calendar.parse(call.period)
        if period.end > day + timedelta(days=1) or (wanted and period.key not in wanted):
            continue
        hierarchy, (standing, _) = Hierarchy(call.hierarchy), _standing(ws, call)
        won = _won(ws, period, period.end - timedelta(days=1))
        for person in sorted(hierarchy.manager_of):
            line = standing[person, "call"]
            if not _may(actor, person, hierarchy) or not (line.own or line.manager):
                continue
            actual = sum((won.get(p, ZERO) for p in hierarchy.tree(person)), ZERO)
            error = Error(person, period.key, line.effective, line.rollup, actual)
            errors.append(error)
            rows.append({
                "user_id": person, "period": period.key, "as_of": call.as_of,
                "weeks_to_end": (period.end - call.as_of).days // 7, "level": len(hierarchy.chain(person)),
                "call": error.call, "roll_up": error.rollup, "actual": actual, "accuracy": error.accuracy,
                "value_added": error.value_added,
            })  # fmt: skip
    last = {(e.user, e.period): e for e in errors}
    return {"calls": rows, "people": [vars(r) for r in recorded(list(last.values()))]}


def _standing(ws: Workspace, call: ForecastCall) -> tuple[dict[tuple[str, str], Standing], list[dict[str, Any]]]:
    """Every line of a call, and the open deals under it as they stood on its day."""
    from geartrain.services.access import operator

    period = ws.calendar.parse(call.period)
    everyone = operator("forecast")
    rows = [dict(r) for r in get_as_of(ws, everyone, as_of=call.as_of, limit=1_000_000).rows]
    due = [r for r in rows if r["close_date"] is not None and r["close_date"] < period.end and r["owner_id"]]
    open_ = [(r["owner_id"], category_of(r["forecast_category"], r["stage"], {}), r["amount"] or ZERO) for r in due]
    own = own_deals(_won(ws, period, call.as_of), open_)
    deals = [
        {k: r[k] for k in ("opportunity_id", "owner_id", "stage", "amount", "close_date", "forecast_category")}
        for r in sorted(rows, key=lambda r: str(r["opportunity_id"]))
    ]
    return stand(Hierarchy(call.hierarchy), own, [*_carried(call), *_submissions(call)]), deals


def _won(ws: Workspace, period: Period, as_of: date) -> dict[str, Decimal]:
    """Booked in a period by owner, as known at the end of a day."""
    from geartrain.services.access import operator
    from geartrain.services.metrics import query_metrics

    until = min(period.end, as_of + timedelta(days=1))
    if until <= period.start:
        return {}
    found = query_metrics(
        ws, operator("forecast"), keys=["bookings"], by=["owner"], since=period.start, until=until, as_of=as_of
    )
    return {r["owner"]: Decimal(r["bookings"] or 0) for r in found.records() if r["owner"]}


def _submissions(call: ForecastCall, *, carried: bool = False) -> list[Submission]:
    return [
        Submission(s.user_id, s.category, s.kind, s.amount, s.note, _naive(s.made_at), s.made_by, carried)
        for s in call.submissions.order_by("id")
    ]


def _carried(call: ForecastCall) -> list[Submission]:
    """What was said at the call before of the same period: it still counts, and is flagged."""
    before = type(call).objects.filter(period=call.period, as_of__lt=call.as_of).order_by("-as_of").first()
    return [] if before is None else [*_carried(before), *_submissions(before, carried=True)]


def _call(ws: Workspace, period: str, as_of: date | None) -> ForecastCall:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import ForecastCall

    key = ws.calendar.parse(period).key
    rows = ForecastCall.objects.filter(period=key)
    row = (rows.filter(as_of=as_of) if as_of else rows).order_by("-as_of").first()
    if row is None:
        day = f" as of {as_of}" if as_of else ""
        raise NotFound(f"No call is open for {key}{day}.", hint=f"Open one: geartrain forecast open --period {key}")
    return row


def _info(row: ForecastCall) -> CallInfo:
    lock = getattr(row, "lock", None) if _locked(row) else None
    return CallInfo(
        row.period, row.as_of, _naive(row.due), _naive(row.opened_at), row.opened_by,
        _naive(lock.at) if lock else None, lock.by if lock else None,
    )  # fmt: skip


def _locked(call: ForecastCall) -> bool:
    from geartrain.stores.decisions.models import ForecastLock

    return ForecastLock.objects.filter(call=call).exists()


def _may(actor: Actor, person: str, hierarchy: Hierarchy) -> bool:
    """Oneself and everyone below, as the call has it; some roles see everyone."""
    return actor.sees_everyone or (actor.user_id is not None and person in hierarchy.tree(actor.user_id))


def _keeper(actor: Actor, verb: str) -> None:
    if not actor.roles & KEEPERS:
        raise Forbidden(f"{actor.name or actor.login} may not {verb} a forecast call.", hint="Ask RevOps.")


def _amount(text: Decimal | str) -> Decimal:
    try:
        value = Decimal(str(text).replace(",", ""))
    except InvalidOperation:
        raise Invalid(f"'{text}' is no amount.", hint="Write it as 1250000 or 1250000.50.") from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** 15:
        raise Invalid(f"'{text}' is no amount.", hint="Write it as 1250000 or 1250000.50.")
    return value.quantize(Decimal("0.0001"))


def _said(one: Submission | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "amount": one.amount, "note": one.note, "made_at": one.made_at, "made_by": one.made_by,
        "carried_forward": one.carried,
    }  # fmt: skip


def _aware(at: datetime) -> datetime:
    from datetime import UTC

    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)


__all__ = ["CallInfo", "Facts", "Status", "get_accuracy", "get_status", "lock_call", "open_call", "submit_forecast"]
