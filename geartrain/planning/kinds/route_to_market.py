"""Route to market: by which routes the goals are reached, and what each costs."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from geartrain.kernel.policy import Envelope, Kind, Strict
from geartrain.kernel.prose import Passage, listed, percent
from geartrain.planning.parts import Named, Share, Word, each_once, grouped, wrong


class RouteType(StrEnum):
    """How the company meets the buyer."""

    direct = "direct"
    inside = "inside"
    partner = "partner"
    marketplace = "marketplace"
    self_serve = "self_serve"
    oem = "oem"


class SalesRoute(Named):
    """One route."""

    type: RouteType = Field(description="direct, inside, partner, marketplace, self_serve or oem")
    share: Share = Field(description="of the goal that comes by this route, 0 to 1; of one goal: 1 in all")
    goal: str | None = Field(default=None, description="key of the corporate goal it carries")
    cost: Decimal | None = Field(
        default=None, ge=0, description="of selling by it, as a share of what it books (0.25: 25 cents a dollar)"
    )
    segments: tuple[Word, ...] = Field(default=(), description="it serves; empty: all")
    owner: str = Field(default="", description="role that answers for it; empty: the policy's owner")


def _whole(routes: tuple[SalesRoute, ...]) -> tuple[SalesRoute, ...]:
    for goal, of in grouped(routes, lambda r: r.goal or "").items():
        if (total := sum(r.share for r in of)) != 1:
            said = f"the shares of the goal '{goal}'" if goal else "the shares"
            last = max(n for n, r in enumerate(routes) if (r.goal or "") == goal)
            raise wrong(f"{said} add up to {total}, not to 1", last, "share", hint="Every goal is carried whole: 1.")
    return routes


class RouteToMarket(Strict):
    """The `spec` of a route_to_market policy."""

    routes: Annotated[tuple[SalesRoute, ...], each_once("routes"), AfterValidator(_whole)] = Field(
        min_length=1, description="each with its share of a goal and its cost"
    )

    def tell(self) -> list[Passage]:
        """Its parts for people."""
        rows = tuple(
            (
                r.title,
                str(r.type).replace("_", " "),
                percent(r.share),
                (r.goal or "no goal").replace("-", " "),
                "–" if r.cost is None else percent(r.cost),
                listed(r.segments, "all"),
            )
            for r in self.routes
        )
        columns = ("Route", "Type", "Share", "Of the goal", "Cost of bookings", "Segments")
        return [Passage("Routes", columns=columns, rows=rows)]


KIND = Kind(
    "route_to_market", Envelope[RouteToMarket], "By which routes the goals are reached: share of goal and cost."
)
