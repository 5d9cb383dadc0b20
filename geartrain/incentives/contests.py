"""Contests: who ranks where among their like, and what they win of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from geartrain.incentives.conditions import holds
from geartrain.incentives.exact import plain, rounded
from geartrain.incentives.plan import Amount, Condition, Key, Number
from geartrain.kernel.policy import Strict

ZERO = Fraction(0)


class Guardrail(Strict):
    """A second metric that has to hold, lest the first be won at its cost."""

    metric: Key
    at_least: Number | None = None
    at_most: Number | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("a guardrail says `at_least` or `at_most`")
        return self

    def holds(self, value: Fraction | None) -> bool:
        """Whether it does; what is unknown does not."""
        if value is None:
            return False
        return value >= Fraction(self.at_least) if self.at_least is not None else value <= Fraction(self.at_most or 0)


class Prize(Strict):
    """What some ranks win: a fixed sum each, a share of a pot in proportion to their scores, or a sum per unit."""

    award: Key
    ranks: tuple[int, int] = Field(default=(1, 1), description="first and last rank that wins it; a number: that one")
    fixed: Amount | None = None
    pot: Amount | None = None
    per_unit: Amount | None = None
    most: Amount | None = Field(default=None, description="the most that one person wins of it")

    @model_validator(mode="before")
    @classmethod
    def _ranks(cls, value: object) -> object:
        if isinstance(value, dict):
            ranks = value.get("ranks", value.get("rank", 1))
            rest = {k: v for k, v in value.items() if k != "rank"}
            return rest | {"ranks": (ranks, ranks) if isinstance(ranks, int) else ranks}
        return value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(v is not None for v in (self.fixed, self.pot, self.per_unit)) != 1:
            raise ValueError("a prize is one of `fixed`, `pot` and `per_unit`")
        if not 1 <= self.ranks[0] <= self.ranks[1]:
            raise ValueError("ranks are written [first, last], from 1")
        return self


class Badge(Strict):
    """A word beside a name, by a rule over rank, value, score, people, won."""

    key: Key
    name: str
    when: Condition


class Display(Strict):
    """How much of a leaderboard everybody sees: the top, and so many around oneself."""

    top: int = Field(default=10, ge=1, le=1000)
    around: int = Field(default=2, ge=0, le=100)


class Contest(Strict):
    """A contest."""

    metric: Key
    period: str = Field(description="fiscal: 2026Q3, 2026-07, 2026")
    eligible: dict[str, tuple[str, ...]] | Condition = Field(description="columns of the user, or a rule over them")
    cohort: str = Field(default="role", description="column of the user: one ranks among those who share it")
    handicap: Literal["none", "per_capacity", "own_baseline", "share_of_quota"] = "none"
    baseline: str = Field(default="", description="own_baseline: the period before where empty")
    quota: Key | None = Field(default=None, description="share_of_quota: measure of the quota facts")
    guardrail: Guardrail | None = None
    minimum: Number | None = Field(default=None, description="the score from which one ranks")
    ties: Literal["split", "each"] = Field(default="split", description="split: tied ranks share their prizes")
    prizes: tuple[Prize, ...] = ()
    budget: Amount | None = None
    currency: str = Field(default="", pattern=r"^([A-Z]{3})?$")
    freeze: date = Field(description="the day from whose beginning the ranks stand")
    badges: tuple[Badge, ...] = ()
    display: Display = Display()

    @model_validator(mode="before")
    @classmethod
    def _one_value(cls, value: object) -> object:
        if isinstance(value, dict) and isinstance(value.get("eligible"), dict):
            lists = {k: v if isinstance(v, list | tuple) else [v] for k, v in value["eligible"].items()}
            return value | {"eligible": lists}
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.handicap == "share_of_quota" and self.quota is None:
            raise ValueError("share_of_quota names the `quota` it is a share of")
        names = [p.award for p in self.prizes]
        if len(set(names)) < len(names):
            raise ValueError("two prizes have the same `award`")
        return self


@dataclass(frozen=True)
class Entrant:
    """Somebody who takes part.

    Args:
        value: Of the metric; None where it is not known.
        against: What the handicap divides by: capacity, own baseline, quota; None where there is none.
        guard: Of the guardrail's metric.
    """

    person: str
    cohort: str
    value: Fraction | None
    against: Fraction | None = None
    guard: Fraction | None = None


@dataclass(frozen=True)
class Standing:
    """Where somebody stands in their cohort; without a rank, `why` says so.

    Args:
        awards: Award to what it pays.
    """

    person: str
    cohort: str
    rank: int | None
    value: Fraction | None
    score: Fraction | None
    awards: Mapping[str, Decimal] = field(default_factory=dict)
    badges: tuple[str, ...] = ()
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {
            "person": self.person,
            "cohort": self.cohort,
            "rank": self.rank,
            "value": None if self.value is None else plain(self.value),
            "score": None if self.score is None else plain(self.score),
            "awards": {k: f"{v:.2f}" for k, v in self.awards.items()},
            "badges": list(self.badges),
            "why": self.why,
        }


def standings(contest: Contest, entrants: Sequence[Entrant]) -> list[Standing]:
    """Everybody, by cohort and rank: those who are equal share a rank, and the next one is left out (1, 2, 2, 4).

    Prizes go down the ranks, cohort by cohort, until the budget is spent.
    """
    scored = [(e, *_score(contest, e)) for e in entrants]
    ranked: dict[str, list[tuple[Entrant, Fraction]]] = defaultdict(list)
    for e, score, why in scored:
        if score is not None and not why:
            ranked[e.cohort].append((e, score))
    found: list[Standing] = []
    for cohort in sorted(ranked):
        held = sorted(ranked[cohort], key=lambda p: (-p[1], p[0].person))
        found += [
            Standing(e.person, cohort, 1 + sum(other > score for _, other in held), e.value, score) for e, score in held
        ]
    found = _badged(contest, _awarded(contest, found))
    out = [Standing(e.person, e.cohort, None, e.value, score, why=why) for e, score, why in scored if why]
    return [*found, *sorted(out, key=lambda s: (s.cohort, s.person))]


def _score(contest: Contest, e: Entrant) -> tuple[Fraction | None, str]:
    """The score, or why there is none to rank by."""
    if e.value is None:
        return None, f"{contest.metric} is not known"
    score = e.value
    if contest.handicap != "none":
        if not e.against or e.against < 0:
            return None, f"there is nothing to divide by ({contest.handicap})"
        score = e.value / e.against
    if contest.guardrail is not None and not contest.guardrail.holds(e.guard):
        return score, f"the guardrail {contest.guardrail.metric} does not hold"
    if contest.minimum is not None and score < Fraction(contest.minimum):
        return score, f"below the minimum of {contest.minimum:f}"
    return score, ""


def _awarded(contest: Contest, held: Sequence[Standing]) -> list[Standing]:
    """Standings with what they win; the budget goes to the better ranks first."""
    won: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for cohort in sorted({s.cohort for s in held}):
        some = [s for s in held if s.cohort == cohort]
        for prize in contest.prizes:
            for person, amount in _prize(contest, prize, some).items():
                won[person][prize.award] = amount
    left = None if contest.budget is None else Decimal(contest.budget)
    found = []
    for s in sorted(held, key=lambda s: (s.rank or 0, s.cohort, s.person)):
        mine: dict[str, Decimal] = {}
        for award, amount in won[s.person].items():
            paid = amount if left is None else min(amount, left)
            left = None if left is None else left - paid
            if paid:
                mine[award] = paid
        found.append(Standing(s.person, s.cohort, s.rank, s.value, s.score, mine))
    return sorted(found, key=lambda s: (s.cohort, s.rank or 0, s.person))


def _prize(contest: Contest, prize: Prize, held: Sequence[Standing]) -> dict[str, Decimal]:
    """What each wins of one prize, to the cent."""
    first, last = prize.ranks
    if prize.fixed is not None and contest.ties == "split":
        shares = _split(held, first, last, Fraction(prize.fixed))
    else:
        inside = [s for s in held if s.rank is not None and first <= s.rank <= last]
        if prize.fixed is not None:
            shares = {s.person: Fraction(prize.fixed) for s in inside}
        elif prize.per_unit is not None:
            shares = {s.person: (s.value or ZERO) * Fraction(prize.per_unit) for s in inside}
        else:
            total = sum((max(s.score or ZERO, ZERO) for s in inside), ZERO)
            pot = Fraction(prize.pot or 0)
            shares = {s.person: pot * max(s.score or ZERO, ZERO) / total for s in inside} if total else {}
    most = None if prize.most is None else Fraction(prize.most)
    return _to_the_cent({k: v if most is None else min(v, most) for k, v in shares.items() if v > 0})


def _split(held: Sequence[Standing], first: int, last: int, fixed: Fraction) -> dict[str, Fraction]:
    """Those of one rank share the prizes of all the ranks they take up.

    Example: prizes of 100 for ranks 1 to 2, and three tie for the second: each wins 33.33, 33.34, 33.33.
    """
    groups: dict[int, list[str]] = defaultdict(list)
    for s in held:
        if s.rank is not None:
            groups[s.rank].append(s.person)
    shares: dict[str, Fraction] = {}
    for rank, people in groups.items():
        won = sum(first <= r <= last for r in range(rank, rank + len(people)))
        shares |= {p: fixed * won / len(people) for p in people if won}
    return shares


def _to_the_cent(shares: Mapping[str, Fraction]) -> dict[str, Decimal]:
    """Cumulative rounding: what is won adds up to the rounded whole."""
    found, before = {}, ZERO
    for person, share in shares.items():
        found[person] = rounded(before + share) - rounded(before)
        before += share
    return found


def _badged(contest: Contest, held: Sequence[Standing]) -> list[Standing]:
    counts: dict[str, int] = defaultdict(int)
    for s in held:
        counts[s.cohort] += 1
    found = []
    for s in held:
        seen = {"rank": s.rank, "value": _exact(s.value), "score": _exact(s.score), "people": counts[s.cohort],
                "won": sum(s.awards.values(), Decimal(0))}  # fmt: skip
        mine = tuple(b.key for b in contest.badges if holds(b.when, seen, where=f"badges/{b.key}") is True)
        found.append(Standing(s.person, s.cohort, s.rank, s.value, s.score, s.awards, mine))
    return found


def _exact(value: Fraction | None) -> Decimal | None:
    return None if value is None else plain(value, 9)


def neighbourhood(held: Sequence[Standing], person: str, *, top: int, around: int) -> list[Standing]:
    """What somebody sees of their cohort's leaderboard: the top, and those around themselves."""
    mine = next((s for s in held if s.person == person), None)
    if mine is None:
        return []
    cohort = [s for s in held if s.cohort == mine.cohort and s.rank is not None]
    at = cohort.index(mine) if mine in cohort else None
    return [
        s
        for n, s in enumerate(cohort)
        if (s.rank is not None and s.rank <= top) or (at is not None and abs(n - at) <= around)
    ]
