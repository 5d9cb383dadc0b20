"""Who is to submit to a call is reminded: a commitment, opened with the call and met by submitting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from geartrain.services.access import Actor
from geartrain.services.commitments import close_commitment, drop_commitment, open_commitment
from geartrain.services.workspace import Workspace

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import ForecastCall

KIND = "forecast_submission"


def remind(ws: Workspace, call: ForecastCall, people: Iterable[str]) -> None:
    """Open a commitment for everyone of these who may sign in; in the caller's transaction."""
    due = call.due.replace(tzinfo=None)
    for user_id, login in _logins(people).items():
        open_commitment(
            ws, kind=KIND, subject=_subject(call), title=f"Submit your forecast of {call.period}", assignee=login,
            due=due, opened=min(due, ws.now()), link=f"/the-call/?period={call.period}&day={call.as_of}",
            source=_subject(call), key=_key(call, user_id),
        )  # fmt: skip


def settled(ws: Workspace, actor: Actor, call: ForecastCall, user_id: str) -> None:
    """They have submitted; in the caller's transaction."""
    close_commitment(ws, actor, key=_key(call, user_id))


def settle(ws: Workspace, actor: Actor, call: ForecastCall) -> None:
    """The call is locked: whoever has not submitted cannot any more; in the caller's transaction."""
    from geartrain.stores.decisions.models import Commitment

    for key in Commitment.objects.filter(open_key__startswith=f"{_subject(call)}/").values_list("open_key", flat=True):
        drop_commitment(ws, actor, key=key, reason="The call was locked without it.")


def _logins(people: Iterable[str]) -> dict[str, str]:
    from geartrain.stores.decisions.models import User

    found = User.objects.filter(user_id__in=list(people), is_active=True).order_by("email")
    return dict(found.values_list("user_id", "email"))


def _subject(call: ForecastCall) -> str:
    return f"forecast/{call.period}/{call.as_of}"


def _key(call: ForecastCall, user_id: str) -> str:
    return f"{_subject(call)}/{user_id}"
