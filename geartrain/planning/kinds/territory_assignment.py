"""Moves of accounts between sellers, proposed by one person and approved by another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

from geartrain.kernel.policy import Envelope, Kind, Strict


class Moved(Strict):
    """One account that changes hands; an empty `from` had nobody."""

    account_id: str = Field(min_length=1)
    from_: str = Field(default="", alias="from")
    to: str = Field(min_length=1)


def _each_once(moves: Sequence[Moved]) -> Sequence[Moved]:
    names = [m.account_id for m in moves]
    if twice := next((n for n in names if names.count(n) > 1), None):
        raise ValueError(f"the account '{twice}' is moved twice")
    return moves


class TerritoryAssignment(Strict):
    """The `spec` of a territory_assignment: owners are changed by it once it is published."""

    policy: str = Field(min_length=1, description="key of the territory policy it was made under")
    moves: Annotated[tuple[Moved, ...], AfterValidator(_each_once)] = Field(min_length=1)


KIND = Kind(
    "territory_assignment",
    Envelope[TerritoryAssignment],
    "Which accounts go to whom from a day on: moves under a territory policy.",
    governed=True,
)
