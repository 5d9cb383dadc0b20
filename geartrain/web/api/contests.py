"""Contests: standings, leaderboards, awards."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema

from geartrain.services.pay import contests as use
from geartrain.web.api.plain import Line, plain

PREFIX = "/contests"
router = Router()


class AwardIn(Schema):
    """The open pay period it is paid in; empty: that of the freeze."""

    into: Line = ""


class DisplayIn(Schema):
    """Whether one's name may stand on leaderboards."""

    shown: bool


@router.get("", response=list[dict[str, Any]], summary="The contests in force")
def listed(request: Any) -> Any:
    return plain(use.list_contests(request.workspace, request.actor))


@router.post("/display", response=dict[str, Any], summary="Opt out of being named on leaderboards, or in again")
def display(request: Any, asked: DisplayIn) -> Any:
    return {"shown": use.set_display(request.workspace, request.actor, shown=asked.shown)}


@router.get("/{key}", response=dict[str, Any], summary="Everybody's standing; once it is frozen as it was known then")
def run(request: Any, key: Line) -> Any:
    return plain(use.run_contest(request.workspace, request.actor, key=key).as_json())


@router.get("/{key}/leaderboard", response=dict[str, Any], summary="The top and those around the caller")
def leaderboard(request: Any, key: Line, cohort: Line = "") -> Any:
    return plain(use.get_leaderboard(request.workspace, request.actor, key=key, cohort=cohort))


@router.get("/{key}/awards", response=list[dict[str, Any]], summary="What was awarded")
def awards(request: Any, key: Line) -> Any:
    return plain(use.list_awards(request.workspace, request.actor, key=key))


@router.post("/{key}/award", response=dict[str, Any], summary="Award it, each award once, and adjust what was reversed")
def award(request: Any, key: Line, asked: AwardIn) -> Any:
    return plain(use.award_contest(request.workspace, request.actor, key=key, into=asked.into))
