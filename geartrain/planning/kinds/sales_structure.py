"""Sales structure: units, who leads whom, how many, and how many a manager may have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from geartrain.kernel.policy import Envelope, Kind, Strict
from geartrain.kernel.prose import Passage
from geartrain.planning.parts import Named, check_known, circle, each_once, known, wrong

Heads = Annotated[int, Field(ge=0)]
EVERY = "default"  # of spans: managers whose role has none of its own


class Span(Strict):
    """How many people report to one manager."""

    min: int = Field(default=0, ge=0, description="at least")
    max: int = Field(ge=1, description="at most")

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.min > self.max:
            raise wrong(f"at least {self.min} is more than at most {self.max}", "min", hint="Swap them.")
        return self


class Unit(Named):
    """A team or a group of teams."""

    parent: str | None = Field(default=None, description="key of the unit above; empty: the top")
    lead: str | None = Field(default=None, description="role of who leads it; empty: the lead of the unit above")
    roles: dict[str, Heads] = Field(default={}, description="role to how many of them, the lead not counted")
    region: str | None = Field(default=None, description="as the records name it")
    segment: str | None = Field(default=None, description="key of the segment it sells to")

    @property
    def heads(self) -> int:
        """Everyone in the unit itself, its lead too."""
        return sum(self.roles.values()) + (self.lead is not None)


class SalesStructure(Strict):
    """The `spec` of a sales_structure policy."""

    units: Annotated[tuple[Unit, ...], each_once("units")] = Field(min_length=1, description="from the top down")
    spans: dict[str, Span] = Field(
        default={}, description="role of a manager, or `default`, to how many may report to one"
    )

    @model_validator(mode="after")
    def _is_a_tree(self) -> SalesStructure:
        named = ((u.parent, ("units", n, "parent")) for n, u in enumerate(self.units) if u.parent is not None)
        check_known(named, known(self.units), "unit")
        if (key := circle({u.key: u.parent for u in self.units})) is not None:
            n = next(n for n, u in enumerate(self.units) if u.key == key)
            said = f"'{key}' lies below itself"
            raise wrong(said, "units", n, "parent", hint="Correct the parent of one unit of the circle.")
        return self

    def span_of(self, role: str) -> Span | None:
        """How many may report to a manager of a role; None where nothing is said."""
        return self.spans.get(role) or self.spans.get(EVERY)

    def reports(self, unit: Unit) -> int:
        """How many report to the lead of a unit: its people, the leads below, and the people of units without one."""
        below = [u for u in self.units if u.parent == unit.key]
        return sum(unit.roles.values()) + sum(1 if u.lead else self.reports(u) for u in below)

    def roles(self) -> tuple[str, ...]:
        """Every role that is in it, each once, from the top down."""
        named = [
            r for u in self.units for r in ((u.lead,) if u.lead else ()) + tuple(k for k, n in u.roles.items() if n)
        ]
        return tuple(dict.fromkeys(named))

    def tell(self) -> list[Passage]:
        """Its parts for people."""
        rows = tuple(self._row(u, depth) for u, depth in self._down(None, 0))
        total = sum(u.heads for u in self.units)
        spans = tuple(
            ("Every other manager" if r == EVERY else _role(r), str(s.min), str(s.max)) for r, s in self.spans.items()
        )
        limits = [Passage("How many report to one manager", "", ("Manager", "At least", "At most"), spans)]
        columns = ("Unit", "Led by", "People", "Report to the lead")
        said = f"{total} people in {len(self.units)} units."
        return [Passage("Units", said, columns, rows), *(limits if spans else [])]

    def _down(self, parent: str | None, depth: int) -> list[tuple[Unit, int]]:
        below = [u for u in self.units if u.parent == parent]
        return [pair for u in below for pair in ((u, depth), *self._down(u.key, depth + 1))]

    def _row(self, unit: Unit, depth: int) -> tuple[str, ...]:
        people = ", ".join(f"{n} {_role(role).lower()}" for role, n in unit.roles.items() if n)
        lead = _role(unit.lead) if unit.lead else "–"
        return ("\u2003" * depth + unit.title, lead, people or "–", str(self.reports(unit)) if unit.lead else "–")


def _role(role: str) -> str:
    return role.replace("_", " ").capitalize()


KIND = Kind("sales_structure", Envelope[SalesStructure], "Units, who leads whom, how many, and spans of control.")
