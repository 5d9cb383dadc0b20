"""What a lead is worth as of an instant: fit of who they are, engagement of what they did, never blended."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from geartrain.process.expressions import evaluated
from geartrain.process.lead_policy import Points, Score

PLACES = Decimal("0.0001")
DAY = Decimal(86_400_000_000)  # microseconds


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule gave: `raw` points, `given` after caps and decay, and why."""

    key: str
    raw: Decimal
    given: Decimal
    why: str

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {"key": self.key, "points": self.raw, "given": self.given, "why": self.why}


@dataclass(frozen=True, slots=True)
class Scored:
    """A lead's score; four decimals, rounded once."""

    fit: Decimal
    engagement: Decimal
    grade: str
    is_mql: bool
    parts: tuple[Part, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {
            "fit": self.fit,
            "engagement": self.engagement,
            "grade": self.grade,
            "is_mql": self.is_mql,
            "parts": [p.as_json() for p in self.parts],
        }


def score(
    scheme: Score,
    values: Mapping[str, Any],
    touches: Iterable[Mapping[str, Any]],
    *,
    at: datetime,
    brief: Brief | None = None,
) -> Scored:
    """The score of a lead as of an instant.

    Args:
        values: The lead's columns.
        touches: What it did, rows with `occurred_at`; those after the instant are not seen.
        brief: Of many leads: the numbers without their parts, what is equal worked out once; shared by all of them.

    Example: 40 points 14 days ago with a half-life of 14 days: engagement 20.
    Source: the process specification, 3.1.
    """
    fit, parts = brief.fit(scheme, values) if brief else fit_of(scheme, values)
    engagement, more = engagement_of(scheme, touches, at=at, brief=brief)
    letter = graded(scheme.grades.fit, fit)
    digit = graded(scheme.grades.engagement, engagement)
    grade = f"{letter}{digit}"
    return Scored(fit, engagement, grade, grade in scheme.mql, (*parts, *more))


def fit_of(scheme: Score, values: Mapping[str, Any]) -> tuple[Decimal, list[Part]]:
    """min(cap, sum over groups of min(the group's cap, sum of points)); unknown gives nothing."""
    total, parts = Decimal(0), []
    for group in scheme.fit.groups:
        held = [p for p in (_part(group.key, rule, values) for rule in group.rules) if p]
        points = sum((p.raw for p in held), Decimal(0))
        total += min(group.cap, points)
        parts += held
    return min(scheme.fit.cap, total).quantize(PLACES), parts


def engagement_of(
    scheme: Score, touches: Iterable[Mapping[str, Any]], *, at: datetime, brief: Brief | None = None
) -> tuple[Decimal, list[Part]]:
    """Sum of points x 0.5^(age in days / half-life)."""
    total, parts = Decimal(0), []
    for touch in touches:
        occurred = touch["occurred_at"]
        if occurred is None or occurred > at:
            continue
        if brief:
            if points := brief.points(scheme, touch):
                fades = decay(occurred, at, scheme.engagement.half_life_days)
                total += sum((p * fades for p in points), Decimal(0))
            continue
        for rule in scheme.engagement.events:
            if part := _part(f"{touch.get('kind') or 'touch'} {occurred:%Y-%m-%d}", rule, touch):
                given = part.raw * decay(occurred, at, scheme.engagement.half_life_days)
                total += given
                parts.append(Part(part.key, part.raw, given.quantize(PLACES), part.why))
    return total.quantize(PLACES), parts


def decay(occurred: datetime, at: datetime, half_life_days: Decimal) -> Decimal:
    """0.5^(age / half-life), the age in days with the part of a day."""
    age = at - occurred
    days = Decimal(age.days * 86_400_000_000 + age.seconds * 1_000_000 + age.microseconds) / DAY
    return Decimal("0.5") ** (days / half_life_days)


def graded(bounds: Mapping[str, Decimal], value: Decimal) -> str:
    """The grade with the highest bound that is reached; the lowest where none is."""
    reached = [g for g in bounds if bounds[g] <= value]
    return max(reached, key=lambda g: bounds[g]) if reached else min(bounds, key=lambda g: bounds[g])


def _part(key: str, rule: Points, values: Mapping[str, Any]) -> Part | None:
    holds, why = evaluated(rule.rule, values)
    return Part(rule.key or key, rule.points, rule.points, why) if holds is True else None


class Brief:
    """Remembers what rules came to, by the values they read: leads and touches are alike in them."""

    def __init__(self) -> None:
        self._fits: dict[Hashable, Decimal] = {}
        self._points: dict[Hashable, tuple[Decimal, ...]] = {}
        self._names: dict[int, tuple[str, ...]] = {}

    def fit(self, scheme: Score, values: Mapping[str, Any]) -> tuple[Decimal, list[Part]]:
        """As `fit_of`, without the parts."""
        key = self._key(values, [r for g in scheme.fit.groups for r in g.rules], 0)
        if key not in self._fits:
            self._fits[key] = fit_of(scheme, values)[0]
        return self._fits[key], []

    def points(self, scheme: Score, touch: Mapping[str, Any]) -> tuple[Decimal, ...]:
        """What a touch gives before it decays, by each rule that holds."""
        key = self._key(touch, scheme.engagement.events, 1)
        if key not in self._points:
            parts = (_part("", rule, touch) for rule in scheme.engagement.events)
            self._points[key] = tuple(p.raw for p in parts if p)
        return self._points[key]

    def _key(self, values: Mapping[str, Any], rules: Sequence[Points], which: int) -> Hashable:
        if which not in self._names:
            self._names[which] = tuple(sorted({n for r in rules for n in r.rule.fields}))
        return tuple(values.get(n) for n in self._names[which])


@dataclass(frozen=True, slots=True)
class Conversion:
    """Leads of a grade and how many became an opportunity; None without leads."""

    grade: str
    leads: int
    converted: int

    @property
    def rate(self) -> Decimal | None:
        """Converted / leads."""
        return Decimal(self.converted) / Decimal(self.leads) if self.leads else None


@dataclass(frozen=True)
class Validation:
    """Whether the score tells winners from the others.

    Args:
        lift: Conversion of the best grade / of all; None without leads.
        good_enough: Lift of 1.5 and more, our threshold.
    """

    grades: tuple[Conversion, ...]
    top: str
    lift: Decimal | None

    @property
    def good_enough(self) -> bool:
        """Whether it is worth routing on."""
        return self.lift is not None and self.lift >= Decimal("1.5")

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        grades = [{"grade": c.grade, "leads": c.leads, "converted": c.converted, "rate": c.rate} for c in self.grades]
        return {"grades": grades, "top": self.top, "lift": self.lift, "good_enough": self.good_enough}


def validate(outcomes: Sequence[tuple[str, bool]]) -> Validation:
    """Conversion by grade, and the lift of the best grade that any lead has.

    Args:
        outcomes: Per lead its grade when it came to sales, and whether it became an opportunity.
    """
    grades = sorted({g for g, _ in outcomes})
    found = [Conversion(g, sum(o[0] == g for o in outcomes), sum(o == (g, True) for o in outcomes)) for g in grades]
    everyone = Conversion("all", len(outcomes), sum(c for _, c in outcomes)).rate
    top = found[0].rate if found else None
    lift = top / everyone if top is not None and everyone else None
    return Validation(tuple(found), grades[0] if grades else "", lift)
