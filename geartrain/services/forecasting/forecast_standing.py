"""How a call stands: every line rolled up, from what is frozen under it or, while it is open, from the facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from geartrain.intelligence.forecast.frozen import Base, read_base
from geartrain.intelligence.forecast.policy import ForecastProcess
from geartrain.intelligence.forecast.process import Line, Standing, Submission, stand
from geartrain.kernel.errors import Forbidden, NotFound
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.services.access import Actor, Role, operator
from geartrain.services.answers import remembered
from geartrain.services.forecasting.forecast_bases import base_of
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import ForecastCall

KEEPERS = frozenset({Role.revops, Role.head_of_sales, Role.admin})


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
class Seen:
    """The people of a call.

    Args:
        submitters: Who is to submit by their job role; empty where the process names no roles.
        gone: Who did not work here on the day: nothing is expected of them.
    """

    hierarchy: Hierarchy
    names: dict[str, str]
    roles: dict[str, str]
    submitters: frozenset[str]
    gone: frozenset[str]
    by_role: bool

    def expects(self, person: str, *, concerned: bool) -> bool:
        """Whether somebody is to submit."""
        return person not in self.gone and (person in self.submitters if self.by_role else concerned)


def process_of(ws: Workspace) -> ForecastProcess:
    """The forecast process in force; the shipped defaults where none is."""
    found = [p.spec for p in current_policies(ws).of("forecast_process").values()]
    return next((s for s in found if isinstance(s, ForecastProcess)), ForecastProcess())


def see(ws: Workspace, call: ForecastCall, *, restated: bool = False) -> Seen:
    """The people of a call, along its own hierarchy or today's."""
    with open_facts(ws, operator("forecast"), as_of=call.as_of) as facts:
        key = ("forecast people", facts.id)
        rows = remembered(
            key,
            lambda: facts.execute(
                facts.raw("user").select("user_id", "name", "role", "start_date", "end_date")
            ).to_pylist(),
        )
        hierarchy = facts.hierarchy() if restated else Hierarchy(call.hierarchy)
    wanted = frozenset(process_of(ws).submits)
    gone = frozenset(r["user_id"] for r in rows if not _works(r, call.as_of))
    held = {r["user_id"] for r in rows if r["role"] in wanted and r["user_id"] in hierarchy.manager_of}
    return Seen(
        hierarchy, {r["user_id"]: r["name"] for r in rows}, {r["user_id"]: r["role"] or "" for r in rows},
        frozenset(held - gone), gone, bool(wanted),
    )  # fmt: skip


def standing_of(
    ws: Workspace, call: ForecastCall, hierarchy: Hierarchy | None = None, *, base: Base | None = None
) -> tuple[dict[Line, Standing], Base]:
    """Every line of a call, and what is under it: frozen where the call is locked, as known now while it is open."""
    period = ws.calendar.parse(call.period)
    base = base or (frozen_of(call) if is_locked(call) else None)
    base = base or base_of(ws, period, call.as_of, process=process_of(ws))
    own = base.lines(period.end)
    return stand(hierarchy or Hierarchy(call.hierarchy), own, said_in(call)), base


def frozen_of(call: ForecastCall) -> Base | None:
    """What was last frozen under a call; None where nothing was submitted to it."""
    last = call.submissions.order_by("-id").values_list("frozen_id", "frozen__sha256").first()
    if last is None:
        return None
    from geartrain.stores.decisions.models import ForecastFrozen

    return remembered(("frozen", last[1]), lambda: read_base(ForecastFrozen.objects.get(pk=last[0]).deals))


def said_in(call: ForecastCall) -> list[Submission]:
    """What was said of each line in a call; where nothing was, what was last said before in the period, flagged."""
    from geartrain.stores.decisions.models import ForecastSubmission

    rows = ForecastSubmission.objects.filter(call__period=call.period, call__as_of__lte=call.as_of)
    rows = rows.order_by("call__as_of", "id").values_list(
        "user_id", "category", "kind", "amount", "note", "made_at", "made_by", "call_id"
    )
    last = {(user, category): made_in for user, category, *_, made_in in rows}
    return [
        Submission(user, category, *rest, naive(at), by, made_in != call.pk)
        for user, category, *rest, at, by, made_in in rows
        if last[user, category] == made_in
    ]


def call_of(ws: Workspace, period: str, as_of: date | None) -> ForecastCall:
    """The latest call of a period, or that as of a day.

    Raises:
        NotFound: there is none.
    """
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import ForecastCall

    key = ws.calendar.parse(period).key
    rows = ForecastCall.objects.filter(period=key)
    row = (rows.filter(as_of=as_of) if as_of else rows).order_by("-as_of").first()
    if row is None:
        day = f" as of {as_of}" if as_of else ""
        raise NotFound(f"No call is open for {key}{day}.", hint=f"Open one: geartrain forecast open --period {key}")
    return row


def info_of(row: ForecastCall) -> CallInfo:
    """It as people read it."""
    lock = getattr(row, "lock", None)
    return CallInfo(
        row.period, row.as_of, naive(row.due), naive(row.opened_at), row.opened_by,
        naive(lock.at) if lock else None, lock.by if lock else None,
    )  # fmt: skip


def is_locked(call: ForecastCall) -> bool:
    """Asked of the store each time: somebody else may lock it."""
    from geartrain.stores.decisions.models import ForecastLock

    return ForecastLock.objects.filter(call_id=call.pk).exists()


def may_see(actor: Actor, person: str, hierarchy: Hierarchy) -> bool:
    """Oneself and everyone below, as the call has it; some roles see everyone."""
    return actor.sees_everyone or (
        actor.user_id is not None and (person == actor.user_id or actor.user_id in hierarchy.chain(person))
    )


def check_keeper(actor: Actor, verb: str) -> None:
    """Raises Forbidden where somebody does not keep the process."""
    if not actor.roles & KEEPERS:
        raise Forbidden(f"{actor.name or actor.login} may not {verb} a forecast call.", hint="Ask RevOps.")


def may_override(actor: Actor, person: str, hierarchy: Hierarchy) -> bool:
    """Those above them in the call, and those who keep the process."""
    return bool(actor.roles & KEEPERS) or actor.user_id in hierarchy.chain(person)


def check_override(actor: Actor, person: str, hierarchy: Hierarchy) -> None:
    """Raises Forbidden where somebody may see a line and not adjust it."""
    if not may_override(actor, person, hierarchy):
        raise Forbidden(f"{actor.name or actor.login} may not adjust this line.", hint="Ask a manager of theirs.")


def stamp(at: datetime) -> datetime:
    """With its zone, as the store wants it."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def naive(at: datetime) -> datetime:
    """Naive UTC, as everything else here has it."""
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def _works(row: dict[str, Any], day: date) -> bool:
    start, end = row["start_date"], row["end_date"]
    return (start is None or start <= day + timedelta(days=7)) and (end is None or end >= day)
