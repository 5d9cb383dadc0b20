"""Territories: how they stand, what moves would do, the fewest that mend them, and the proposal."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import Router, Schema
from pydantic import Field

from geartrain.services.planning import territories_workspace as use
from geartrain.web.api.plain import Line, Text, plain

PREFIX = "/territories"
router = Router()
Moves = Annotated[dict[Line, Line], Field(max_length=use.MOST, description="account id to the seller's")]


class MovesIn(Schema):
    """Accounts that change hands on trial."""

    moves: Moves


class ProposalIn(Schema):
    """Moves, and under which name they are proposed."""

    moves: Moves
    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    summary: Text = ""


@router.get("", response=dict[str, str], summary="The territory policies in force")
def listed(request: Any) -> Any:
    return use.list_territory_policies(request.workspace, request.actor)


@router.get("/{policy}", response=dict[str, Any], summary="Assignment, balance and what is broken, as it stands")
def one(request: Any, policy: Line) -> Any:
    return plain(use.try_moves(request.workspace, request.actor, policy=policy, moves={})[1])


@router.post("/{policy}/try", response=dict[str, Any], summary="What moves would do; nothing is written")
def tried(request: Any, policy: Line, asked: MovesIn) -> Any:
    return plain(use.try_moves(request.workspace, request.actor, policy=policy, moves=asked.moves)[1])


@router.get("/{policy}/suggestion", response=dict[str, Any], summary="The fewest moves that bring all into tolerance")
def suggested(request: Any, policy: Line) -> Any:
    return plain(use.suggest_workspace(request.workspace, request.actor, policy=policy))


@router.post("/{policy}/proposals", response={201: dict[str, Any]}, summary="Ask somebody else to approve moves")
def proposed(request: Any, policy: Line, asked: ProposalIn) -> Any:
    made = use.propose_moves(
        request.workspace, request.actor, policy=policy, moves=asked.moves, key=asked.key, summary=asked.summary
    )
    return 201, plain(made)
