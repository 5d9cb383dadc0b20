"""From criteria and what was seen of them to a score, with the tree that explains it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from geartrain.kernel.assess.criteria import Combine, Criterion, Group, Measured, Rated, Ruled
from geartrain.kernel.assess.observation import Observation, Ratings, Units
from geartrain.kernel.errors import Invalid
from geartrain.kernel.rules.exact import shown

DECIMALS = 12
_Span = tuple[Fraction, Fraction]


class Verdict(StrEnum):
    """Whether there is a score, and if not why."""

    scored = "scored"
    knocked_out = "knocked_out"
    not_enough = "not_enough"


@dataclass(frozen=True, slots=True)
class Part:
    """One criterion in the explanation.

    Args:
        key, name, weight: Of the criterion.
        value: 0 to 1; None where it is not assessed.
        share: Its part of the whole weight once what is missing was left out; those of all leaves sum to 1 (of a
            pooled group, by the units).
        contribution: What it adds to the whole: parts add up to what they are parts of, to the last digit.
        coverage: How much of it was assessed, by weight.
        saw: What was seen, in words.
        reason: Why it has no value, or that it knocks the subject out.
        raters: How many ratings it rests on; None where nobody rates.
        spread: Highest less lowest of them, on the criterion's own scale.
        parts: What it consists of.
    """

    key: str
    name: str
    weight: Decimal
    value: Decimal | None
    share: Decimal
    contribution: Decimal
    coverage: Decimal
    saw: str
    reason: str
    raters: int | None
    spread: Decimal | None
    parts: tuple[Part, ...]

    def walk(self) -> Iterator[Part]:
        """This part and all below it, each before its parts."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass(frozen=True, slots=True)
class Assessment:
    """A score with all it rests on.

    Args:
        score: 0 to 1, rounded half away from zero at 12 decimals; None unless `verdict` is scored.
        verdict: See `Verdict`; a knock-out outweighs the rest.
        reason: In words, why there is no score.
        coverage: How much was assessed, by weight.
        unassessed: Keys of what has no value; of a group that has none, the group's alone.
        knocked_out: Keys of the criteria below their threshold.
        undecided: Keys of those with a threshold and no value: neither passed nor failed.
        tree: The explanation; its value is there also for who is knocked out.
    """

    score: Decimal | None
    verdict: Verdict
    reason: str
    coverage: Decimal
    unassessed: tuple[str, ...]
    knocked_out: tuple[str, ...]
    undecided: tuple[str, ...]
    tree: Part

    def words(self) -> list[str]:
        """The explanation, one line a criterion, indented by its depth."""
        return list(_lines(self.tree, 0))


@dataclass(frozen=True, slots=True)
class _Seen:
    """A criterion with its exact value, before anything is rounded."""

    criterion: Criterion
    value: Fraction | None
    coverage: Fraction
    saw: str = ""
    reason: str = ""
    raters: int | None = None
    spread: Decimal | None = None
    parts: tuple[_Seen, ...] = ()
    units: int = 1  # what it counts with in a pooled group, times its weight
    mass: Fraction = Fraction(0)  # what it counts with beside its siblings


def assess(criteria: Group, observations: Mapping[str, Observation]) -> Assessment:
    """Weigh what was seen; leave out what was not, and say how much that is.

    Args:
        criteria: The tree.
        observations: By key of a leaf: `Units` or a truth value for a rule, a number for a metric, `Ratings` for a
            rating. None, and a leaf that is not named, is not assessed; nor are units of which none is applicable.
            Units that are unknown lower the coverage.
    Raises:
        Invalid: a key is no leaf of the tree, or another kind of thing was seen than the leaf is about.
    Example: completeness .4 (60 of 80 and 95 of 100, pooled), validity .3 (180 of 200), uniqueness .2 (98 of 100) and
        timeliness .1 (nothing seen): (.4 x 155/180 + .3 x .9 + .2 x .98) / .9 = 0.900493827160, coverage .9.
    Source: the process specification, 4.2 and worked case 9.
    """
    if strange := sorted(set(observations) - set(criteria.leaves)):
        raise Invalid(f"'{strange[0]}' is not assessed here.", hint=f"Leaves are {', '.join(criteria.leaves)}.")
    whole = _seen(criteria, observations)
    tree = _part(whole, (Fraction(0), whole.value or Fraction(0)), (Fraction(0), Fraction(whole.value is not None)))
    musts = [s for s in _walk(whole) if s.criterion.knock_out is not None]
    undecided = tuple(s.criterion.key for s in musts if s.value is None)
    out = [s for s in musts if s.value is not None and s.reason]
    verdict, reason = Verdict.scored, ""
    if out:
        verdict, reason = Verdict.knocked_out, "; ".join(s.reason for s in out)
    elif whole.value is None:
        verdict, reason = Verdict.not_enough, whole.reason
    score = tree.value if verdict is Verdict.scored else None
    return Assessment(
        score,
        verdict,
        reason,
        tree.coverage,
        tuple(_missing(whole)),
        tuple(s.criterion.key for s in out),
        undecided,
        tree,
    )


def _seen(criterion: Criterion, observations: Mapping[str, Observation]) -> _Seen:
    if isinstance(criterion, Group):
        return _group(criterion, [_seen(part, observations) for part in criterion.parts])
    observed = observations.get(criterion.key)
    if observed is None:
        return _Seen(criterion, None, Fraction(0), reason="not assessed")
    if isinstance(criterion, Ruled) and isinstance(observed, (Units, bool)):
        return _ruled(criterion, Units(int(observed), 1) if isinstance(observed, bool) else observed)
    if isinstance(criterion, Rated) and isinstance(observed, Ratings):
        return _rated(criterion, observed.values)
    if isinstance(criterion, Measured) and isinstance(observed, (Decimal, int)) and not isinstance(observed, bool):
        return _measured(criterion, Decimal(observed))
    raise Invalid(f"{criterion.key} is assessed by {criterion.by}, not by {type(observed).__name__}.")


def _group(group: Group, seen: list[_Seen]) -> _Seen:
    weights = [_fraction(p.criterion.weight) for p in seen]
    coverage = sum((w * p.coverage for w, p in zip(weights, seen, strict=True) if p.value is not None), Fraction(0))
    coverage /= sum(weights)
    masses = [w * (p.units if group.pooled else 1) for w, p in zip(weights, seen, strict=True)]
    parts = tuple(replace(p, mass=m) for p, m in zip(seen, masses, strict=True))
    known = [(p.value, p.mass) for p in parts if p.value is not None]
    found = _Seen(group, None, coverage, saw=f"{len(known)} of {len(parts)} parts", parts=parts)
    if not known:
        return replace(found, reason="not assessed")
    if coverage < _fraction(group.min_coverage):
        least = _percent(_fraction(group.min_coverage))
        return replace(found, reason=f"coverage {_percent(coverage)} is below {least}")
    total = sum((m for _, m in known), Fraction(0))
    return _judged(replace(found, value=sum((v * m for v, m in known), Fraction(0)) / total))


def _ruled(criterion: Ruled, seen: Units) -> _Seen:
    if not seen.applicable:
        reason = f"unknown for all {seen.unknown:,}" if seen.unknown else "nothing it applies to"
        return _Seen(criterion, None, Fraction(0), reason=reason)
    value = Fraction(seen.passing, seen.applicable)
    saw = f"{seen.passing:,} of {seen.applicable:,} pass" + (f", {seen.unknown:,} unknown" if seen.unknown else "")
    coverage = Fraction(seen.applicable, seen.applicable + seen.unknown)
    return _judged(_Seen(criterion, value, coverage, saw=saw, units=seen.applicable))


def _rated(criterion: Rated, ratings: tuple[Decimal, ...]) -> _Seen:
    if off := [r for r in ratings if not criterion.allows(r)]:
        low, high = shown(criterion.low), shown(criterion.high)
        raise Invalid(f"{off[0]} is no rating of {criterion.key}.", hint=f"It goes from {low} to {high}.")
    if len(ratings) < criterion.raters:
        reason = f"{len(ratings)} of {criterion.raters} raters"
        return _Seen(criterion, None, Fraction(0), reason=reason, raters=len(ratings))
    ordered = sorted(_fraction(r) for r in ratings)
    middle = (ordered[len(ordered) // 2] + ordered[(len(ordered) - 1) // 2]) / 2
    combined = {
        Combine.mean: sum(ordered, Fraction(0)) / len(ordered),
        Combine.median: middle,
        Combine.lowest: ordered[0],
        Combine.highest: ordered[-1],
    }[criterion.combine]
    worst, best = _fraction(criterion.low), _fraction(criterion.high)
    saw = f"rated {', '.join(shown(r) for r in sorted(ratings))} of {shown(criterion.high)}"
    value, spread = (combined - worst) / (best - worst), max(ratings) - min(ratings)
    return _judged(_Seen(criterion, value, Fraction(1), saw=saw, raters=len(ratings), spread=spread))


def _measured(criterion: Measured, at: Decimal) -> _Seen:
    if not at.is_finite():
        raise Invalid(f"{criterion.metric} is {at}.", hint="Where it is unknown, leave it out.")
    points = [(_fraction(p.at), _fraction(p.worth)) for p in criterion.curve]
    x = min(max(_fraction(at), points[0][0]), points[-1][0])
    (left, low), (right, high) = next((a, b) for a, b in pairwise(points) if x <= b[0])
    value = low + (high - low) * (x - left) / (right - left)
    return _judged(_Seen(criterion, value, Fraction(1), saw=f"{criterion.metric} is {shown(at)}"))


def _judged(seen: _Seen) -> _Seen:
    """The same, with the reason where it lies below its threshold."""
    limit = seen.criterion.knock_out
    if limit is None or seen.value is None or seen.value >= _fraction(limit):
        return seen
    name = seen.criterion.name or seen.criterion.key
    return replace(
        seen, reason=f"{name}: {_percent(seen.value)} is below the {_percent(_fraction(limit))} it must have"
    )


def _part(seen: _Seen, value: _Span, share: _Span) -> Part:
    """The explanation of a criterion that takes up these stretches of the score and of the weight.

    Bounds are rounded, not lengths: so parts add up to the whole.
    """
    parts = []
    counts = seen.value is not None and share[0] < share[1]
    total = sum((p.mass for p in seen.parts if p.value is not None), Fraction(0))
    at, weight = value[0], share[0]
    for part in seen.parts:
        own = (share[1] - share[0]) * part.mass / total if counts and part.value is not None else Fraction(0)
        worth = own * (part.value or 0)
        parts.append(_part(part, (at, at + worth), (weight, weight + own)))
        at, weight = at + worth, weight + own
    one = seen.criterion
    return Part(
        key=one.key,
        name=one.name or one.key,
        weight=one.weight,
        value=None if seen.value is None else _decimal(seen.value),
        share=_decimal(share[1]) - _decimal(share[0]),
        contribution=_decimal(value[1]) - _decimal(value[0]),
        coverage=_decimal(seen.coverage),
        saw=seen.saw,
        reason=seen.reason,
        raters=seen.raters,
        spread=seen.spread,
        parts=tuple(parts),
    )


def _walk(seen: _Seen) -> Iterator[_Seen]:
    yield seen
    for part in seen.parts:
        yield from _walk(part)


def _missing(seen: _Seen) -> Iterator[str]:
    if seen.value is None:
        yield seen.criterion.key
    else:
        for part in seen.parts:
            yield from _missing(part)


def _lines(part: Part, depth: int) -> Iterator[str]:
    value = "not assessed" if part.value is None else _percent(_fraction(part.value))
    notes = [part.saw, part.reason if part.reason != value else ""]
    if part.value is not None:
        notes.insert(0, f"weight {_percent(_fraction(part.share))}, adds {_percent(_fraction(part.contribution))}")
    if part.parts and part.coverage < 1:
        notes.append(f"coverage {_percent(_fraction(part.coverage))}")
    if part.spread:
        notes.append(f"spread {shown(part.spread)}")
    yield f"{'  ' * depth}{part.name}: {value} ({'; '.join(n for n in notes if n)})".removesuffix(" ()")
    for below in part.parts:
        yield from _lines(below, depth + 1)


def _fraction(value: Decimal | None) -> Fraction:
    return Fraction(value or 0)


def _decimal(value: Fraction) -> Decimal:
    """Half away from zero at 12 decimals, for a value that is not negative; rounded once, in integers."""
    whole, rest = divmod(value.numerator * 10**DECIMALS, value.denominator)
    return Decimal(whole + (2 * rest >= value.denominator)).scaleb(-DECIMALS)


def _percent(value: Fraction) -> str:
    return f"{_decimal(value) * 100:.2f} %"
