"""The forecast call: opened, submitted to, looked at and locked; nothing that was said is ever changed."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from geartrain.intelligence.forecast.frozen import Base, hash_of
from geartrain.intelligence.forecast.process import SUBMITTED, Standing, Submission
from geartrain.kernel.errors import Conflict, Invalid, NotFound, PeriodLocked
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.services.access import Actor, Permission, require
from geartrain.services.forecasting.forecast_reminders import remind, settle, settled
from geartrain.services.forecasting.forecast_standing import (
    KEEPERS,
    CallInfo,
    Seen,
    call_of,
    check_keeper,
    check_override,
    info_of,
    is_locked,
    may_see,
    naive,
    process_of,
    see,
    stamp,
    standing_of,
)
from geartrain.services.records.facts import open_facts
from geartrain.services.trail import record, writing
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import ForecastCall

NUMBER = re.compile(r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?([eE]\+?\d{1,2})?")
HOW = "Write it as 1250000 or 1,250,000.50."


@dataclass(frozen=True)
class Status:
    """A call as one person may see it.

    Args:
        late: Who submitted after it was due. missing: Who was to submit and has not. carried: Whose number is of the
            call before.
        unknown: Open deals of those seen without an amount: they add nothing.
        restated: Whether it is added up along today's hierarchy instead of that of the day.
    """

    call: CallInfo
    lines: Sequence[Standing]
    people: Seen
    late: Sequence[str]
    missing: Sequence[str]
    carried: Sequence[str]
    currency: str
    unknown: int = 0
    restated: bool = False

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer: one line per person and category, all three numbers."""
        return {
            **self.call.as_json(),
            "currency": self.currency,
            "hierarchy": "today" if self.restated else "as it was",
            "lines": [self._line(one) for one in self.lines],
            "late": list(self.late),
            "missing": list(self.missing),
            "carried_forward": list(self.carried),
            "amount_unknown": self.unknown,
        }

    def _line(self, one: Standing) -> dict[str, Any]:
        return {
            "user_id": one.user, "name": self.people.names.get(one.user, one.user),
            "manager_id": self.people.hierarchy.manager_of.get(one.user), "category": one.category,
            "roll_up": one.rollup, "own": _said(one.own), "manager": _said(one.manager),
            "effective": one.effective, "kind": one.kind,
        }  # fmt: skip


def open_call(
    ws: Workspace, actor: Actor, *, period: str, as_of: date | None = None, due: datetime | None = None
) -> CallInfo:
    """Open a round of submissions for a period; the hierarchy is frozen as it is now, and who submits is reminded.

    Args:
        as_of: The last day it looks at; the last day the facts tell of where None.
        due: Naive UTC; as the forecast process says where None, never before now.

    Raises:
        Forbidden: only RevOps, the head of sales and administrators open calls. Conflict: it is open already.
        Invalid: the period is over before the day, or an instant before now.
    """
    require(actor, Permission.view_metrics)
    check_keeper(actor, "open")
    day, asked = as_of or last_day(ws, actor), ws.calendar.parse(period)
    if not 1900 <= day.year < 2200:
        raise Invalid(f"{day} is not a day of business.", hint="Choose one from 1900 to 2199.")
    with open_facts(ws, actor, as_of=day) as facts:
        held, snapshot = dict(facts.hierarchy().manager_of), facts.id
    version, now = sha256(json.dumps(held, sort_keys=True).encode()).hexdigest(), ws.now()
    rounds = process_of(ws).rounds
    due = due or max(
        rounds.due.after(day, ws.calendar.zone), now + timedelta(days=max(1, rounds.due.days - rounds.opens.days))
    )
    with writing(ws, in_turn=True):
        from geartrain.stores.decisions.models import ForecastCall

        if (held_already := ForecastCall.objects.filter(period=asked.key, as_of=day).first()) is not None:
            if getattr(held_already, "lock", None) is not None:
                hint = "Open one that looks at a later day: nothing in a locked one changes."
                raise Conflict(f"The call of {asked.key} as of {day} was held and is locked.", hint=hint)
            raise Conflict(f"The call of {asked.key} as of {day} is open already.", hint="Submit to it, or lock it.")
        row = ForecastCall.objects.create(
            period=asked.key, as_of=day, due=stamp(due), opened_at=stamp(now), opened_by=actor.login,
            snapshot=snapshot, hierarchy=held, hierarchy_version=version,
        )  # fmt: skip
        record(ws, actor, "forecast.open", f"forecast/{asked.key}/{day}", due=row.due.isoformat(),
               hierarchy=version)  # fmt: skip
        remind(ws, row, sorted(see(ws, row).submitters))
    return info_of(row)


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
        Forbidden: somebody else's line, by one who neither leads them nor keeps the process.
    """
    submit_lines(ws, actor, period=period, said={category: amount}, user=user, note=note, as_of=as_of)
    return get_status(ws, actor, period=period, as_of=as_of)


def submit_lines(
    ws: Workspace,
    actor: Actor,
    *,
    period: str,
    said: dict[str, Decimal | str],
    user: str | None = None,
    note: str = "",
    as_of: date | None = None,
) -> CallInfo:
    """Submit several categories of one line at once: all of them or none; raises as `submit_forecast`."""
    require(actor, Permission.view_metrics)
    values = {_category(name): amount_of(amount) for name, amount in said.items()}
    call = call_of(ws, period, as_of)
    hierarchy = Hierarchy(call.hierarchy)
    line = user or actor.user_id
    if line is None:
        raise Invalid("Say whose line it is.", hint="Add --for USER_ID, or act as a person with --as.")
    if line not in hierarchy.manager_of or not may_see(actor, line, hierarchy):
        raise NotFound(f"There is nobody by the id '{line}' in this call.", hint="See: geartrain forecast status")
    kind = _kind(actor, line, note, hierarchy)
    if len(note) > 2000:
        raise Invalid("The reason is longer than 2,000 characters.", hint="Say it shorter.")
    _unlocked(call, "is locked.")
    _, base = standing_of(ws, call)
    with writing(ws, in_turn=True):
        _unlocked(call, "was locked meanwhile.")
        _keep(ws, actor, call, line, kind, values, " ".join(note.split("\x00")).strip(), base)
        if kind == "own":
            settled(ws, actor, call, line)
    return info_of(call)


def lock_call(ws: Workspace, actor: Actor, *, period: str, as_of: date | None = None) -> CallInfo:
    """End a call: from now on nothing is submitted to it.

    Raises:
        Forbidden: as `open_call`. PeriodLocked: it is locked already.
    """
    require(actor, Permission.view_metrics)
    check_keeper(actor, "lock")
    call = call_of(ws, period, as_of)
    with writing(ws, in_turn=True):
        from geartrain.stores.decisions.models import ForecastLock

        _unlocked(call, "is locked already.")
        ForecastLock.objects.create(call=call, at=stamp(ws.now()), by=actor.login)
        settle(ws, actor, call)
        record(ws, actor, "forecast.lock", f"forecast/{call.period}/{call.as_of}")
    return info_of(call_of(ws, period, call.as_of))


def keeps(actor: Actor) -> bool:
    """Whether somebody opens and locks calls."""
    return bool(actor.roles & KEEPERS)


def list_calls(ws: Workspace, actor: Actor, *, period: str | None = None) -> list[CallInfo]:
    """Every call, latest first; of one period where it is named."""
    require(actor, Permission.view_metrics)
    from geartrain.stores.decisions import open_decisions

    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import ForecastCall

    rows = ForecastCall.objects.select_related("lock").order_by("-as_of", "-period")
    return [info_of(row) for row in (rows.filter(period=ws.calendar.parse(period).key) if period else rows)]


def get_status(
    ws: Workspace, actor: Actor, *, period: str, as_of: date | None = None, restated: bool = False
) -> Status:
    """Who said what, beside what their team adds up to; a person sees their own line and those below.

    Args:
        restated: Add it up along today's hierarchy; False: along that of the day, which no reorganisation changes.

    Raises:
        NotFound: no call was opened for the period.
    """
    require(actor, Permission.view_metrics)
    call = call_of(ws, period, as_of)
    people = see(ws, call, restated=restated)
    standing, base = standing_of(ws, call, people.hierarchy)
    seen = [p for p in sorted(people.hierarchy.manager_of) if may_see(actor, p, people.hierarchy)]
    made = {u: at for (u, kind), at in _made(call).items() if kind == "own"}
    concerned = [p for p in seen if any(_spoken(standing[p, c]) for c in SUBMITTED)]
    due = naive(call.due)
    lines = [standing[p, c] for p in seen for c in SUBMITTED if p in concerned or p in people.submitters]
    carried = sorted({one.user for one in lines if (said := one.own or one.manager) and said.carried})
    expected = [p for p in seen if p not in made and people.expects(p, concerned=p in concerned)]
    unknown = sum(d.amount is None for d in base.of(set(seen)))
    return Status(
        info_of(call), lines, people, [p for p in seen if p in made and made[p] > due], expected, carried,
        ws.currency, unknown, restated,
    )  # fmt: skip


def _spoken(line: Standing) -> bool:
    """Whether there is anything on a line: deals, or what somebody said of it."""
    return bool(line.rollup or line.own or line.manager)


def _made(call: ForecastCall) -> dict[tuple[str, str], datetime]:
    """When each person's line was first spoken of in this call, by kind."""
    rows = call.submissions.order_by("-id").values_list("user_id", "kind", "made_at")
    return {(user, kind): naive(at) for user, kind, at in rows}


def _keep(
    ws: Workspace, actor: Actor, call: ForecastCall, line: str, kind: str, values: dict[str, Decimal], note: str,
    base: Base,
) -> None:  # fmt: skip
    from geartrain.stores.decisions.models import ForecastFrozen, ForecastSubmission

    document = base.document()
    digest = hash_of(document)
    kept, _ = ForecastFrozen.objects.get_or_create(sha256=digest, defaults={"deals": document})
    lines, _ = standing_of(ws, call, base=base)
    at = stamp(ws.now())
    for category, amount in values.items():
        made = ForecastSubmission.objects.create(
            call=call, user_id=line, category=category, kind=kind, amount=amount, rollup=lines[line, category].rollup,
            currency=ws.currency, note=note, made_at=at, made_by=actor.login,
            hierarchy_version=call.hierarchy_version, snapshot=call.snapshot, frozen=kept,
        )  # fmt: skip
        record(ws, actor, "forecast.submit", f"forecast/{call.period}/{call.as_of}/{line}", id=made.pk,
               category=category, kind=kind, amount=str(amount), note=note, frozen=digest)  # fmt: skip


def _kind(actor: Actor, line: str, note: str, hierarchy: Hierarchy) -> str:
    own = actor.user_id is None or actor.user_id == line
    if own and not (actor.user_id is None and note):
        if actor.user_id is None:
            check_keeper(actor, "submit to")
        return "own"
    check_override(actor, line, hierarchy)
    if not note.strip():
        raise Invalid("An override needs its reason.", hint="Add --note 'why'.")
    return "manager"


def _unlocked(call: ForecastCall, how: str) -> None:
    if is_locked(call):
        message = f"The call of {call.period} as of {call.as_of} {how}"
        raise PeriodLocked(message, hint="Open the next one and submit to that.")


def _category(name: str) -> str:
    plain = name.strip().lower().replace("-", "_").replace(" ", "_")
    if plain not in SUBMITTED:
        raise Invalid(f"'{name[:60]}' is not submitted.", hint=f"One of: {', '.join(SUBMITTED)}.")
    return plain


def amount_of(text: Decimal | str) -> Decimal:
    """An amount as people write it.

    Raises:
        Invalid: it is none, or more than anybody books.
    """
    said = str(text).strip()
    if not NUMBER.fullmatch(said):
        raise Invalid(f"'{said[:60]}' is no amount.", hint=HOW)
    try:
        value = Decimal(said.replace(",", ""))
    except InvalidOperation:
        raise Invalid(f"'{said[:60]}' is no amount.", hint=HOW) from None
    if abs(value) >= Decimal(10) ** 15:
        raise Invalid(f"'{said[:60]}' is more than anybody books.", hint="Stay below 1,000,000,000,000,000.")
    return value.quantize(Decimal("0.0001"))


def _said(one: Submission | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "amount": one.amount, "note": one.note, "made_at": one.made_at, "made_by": one.made_by,
        "carried_forward": one.carried,
    }  # fmt: skip


__all__ = ["CallInfo", "Status", "get_status", "list_calls", "lock_call", "open_call", "submit_forecast"]
