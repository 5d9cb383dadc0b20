"""Coverage: which role looks after which segment, how many accounts, how often, and who helps."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field

from geartrain.kernel.policy import Envelope, Kind, Strict
from geartrain.kernel.prose import Passage, number
from geartrain.planning.parts import Word, wrong


class Coverage(Strict):
    """One segment, or a part of it by motion, and the role that covers it."""

    segment: Word = Field(description="key of the segment")
    role: Word = Field(description="who covers it")
    motion: str | None = Field(default=None, description="key of the motion; empty: every one")
    accounts_per_seller: int | None = Field(default=None, gt=0, description="accounts one ramped seller looks after")
    touches: dict[str, Annotated[Decimal, Field(ge=0)]] = Field(
        default={}, description="tier of account to touches a year, e.g. {A: 36, B: 12}"
    )
    hours_per_touch: Decimal = Field(default=Decimal(1), gt=0, description="work in a touch, travel included")

    def workload(self, tier: str) -> Decimal | None:
        """Hours a year that an account of a tier takes; None where the tier has no touches stated.

        Example: 36 touches of 1.5 hours are 54.
        """
        touches = self.touches.get(tier)
        return None if touches is None else touches * self.hours_per_touch


class Overlay(Strict):
    """A role that helps another: `ratio` of those it helps to one of it."""

    role: Word = Field(description="who helps, e.g. solution_engineer")
    to: Word = Field(description="whom, e.g. account_executive")
    ratio: Decimal = Field(gt=0, description="how many of those one serves: 3 is one to three")


def _once(rows: tuple[Coverage, ...]) -> tuple[Coverage, ...]:
    seen: set[tuple[str, str, str | None]] = set()
    for n, row in enumerate(rows):
        if (key := (row.segment, row.role, row.motion)) in seen:
            raise wrong(f"'{row.segment}' is covered by '{row.role}' twice", n, "segment", hint="Keep one of the two.")
        seen.add(key)
    return rows


def _others(overlays: tuple[Overlay, ...]) -> tuple[Overlay, ...]:
    seen: set[tuple[str, str]] = set()
    for n, overlay in enumerate(overlays):
        if overlay.role == overlay.to:
            raise wrong(f"'{overlay.role}' helps itself", n, "to", hint="Name the role that is helped.")
        if (overlay.role, overlay.to) in seen:
            raise wrong(f"'{overlay.role}' to '{overlay.to}' is stated twice", n, "role", hint="Keep one of the two.")
        seen.add((overlay.role, overlay.to))
    return overlays


class CoverageModel(Strict):
    """The `spec` of a coverage_model policy."""

    coverage: Annotated[tuple[Coverage, ...], AfterValidator(_once)] = Field(
        min_length=1, description="segment by segment: who covers it and how closely"
    )
    overlays: Annotated[tuple[Overlay, ...], AfterValidator(_others)] = Field(
        default=(), description="who helps whom, and how many"
    )

    def tell(self) -> list[Passage]:
        """Its parts for people."""
        rows = tuple(
            (
                c.segment.replace("_", " ").capitalize(),
                (c.motion or "every one").replace("_", " "),
                c.role.replace("_", " "),
                "–" if c.accounts_per_seller is None else number(c.accounts_per_seller),
                ", ".join(f"{tier} {number(n)}" for tier, n in c.touches.items()) or "–",
            )
            for c in self.coverage
        )
        helps = tuple(
            (o.role.replace("_", " "), f"1 to {number(o.ratio)} {o.to.replace('_', ' ')}") for o in self.overlays
        )
        columns = ("Segment", "Motion", "Covered by", "Accounts a seller", "Touches a year by tier")
        table = Passage("Who covers what", columns=columns, rows=rows)
        return [table, *([Passage("Who helps", "", ("Role", "Ratio"), helps)] if helps else [])]


KIND = Kind(
    "coverage_model",
    Envelope[CoverageModel],
    "Which role covers which segment: accounts per seller, touches a year by tier, overlay ratios.",
)
