"""The leakage linter: what may be learnt from must have been known as of the date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from geartrain.intelligence.forecast.history import Flags, Floats, Ints
from geartrain.intelligence.forecast.scores import auc
from geartrain.kernel.issues import Issue, Level

# Columns of a deal that are rebuilt from its history: as of a day they are what they were on that day.
TRACKED = frozenset({"stage", "amount", "close_date", "owner_id", "forecast_category"})
# Set when a deal is made and not changed after.
AT_CREATION = frozenset(
    {"type", "product_id", "lead_source", "source_function", "campaign_id", "currency", "created_at"}
)
# What only the end of a deal tells.
OUTCOME = frozenset({"is_won", "is_closed", "closed_at", "loss_reason", "booked", "close_value", "won_amount"})
COPIES = 0.98  # share of deals whose value says their present stage
SUSPECT = 0.95  # AUC from which a single value gives the outcome away
EXACT = 0.9999  # rank correlation with the closing value from which a number is made from it
REPEATS = 20  # pairs of won deals that closed at the same value, by which anything made from the value is known


@dataclass(frozen=True)
class Feature:
    """A column somebody wants to learn from.

    Args:
        name: e.g. stage, account.industry.
        values: One per deal, None where missing, as they stand in today's records.
        history: Its values come from the history, as of each day.
    """

    name: str
    values: Sequence[object]
    history: bool = False


@dataclass(frozen=True)
class Outcomes:
    """How the same deals stand today.

    Args:
        value: What each was closed at, None where that is not told.
        ended: The day each was closed, None where it is open or not told.
        as_of: No date of a feature may be later; None: not looked at.
    """

    stage: Sequence[str | None]
    closed: Sequence[bool]
    won: Sequence[bool]
    value: Sequence[object] = ()
    ended: Sequence[object] = ()
    as_of: date | None = None


def lint(features: Sequence[Feature], today: Outcomes) -> list[Issue]:
    """One error for each feature that is refused, by name, with the reason; none for those that may be used."""
    found = []
    for feature in features:
        for rule in RULES:
            if reason := rule(feature, today):
                hint = "Leave it out, or load its history as opportunity_change so that it is known as of each day."
                found.append(Issue("feature_leaks", Level.error, f"{feature.name} {reason}", feature.name, hint))
                break
    return found


def _outcome(feature: Feature, today: Outcomes) -> str:
    if feature.name in OUTCOME:
        return "is an outcome: it is known only once the deal is closed."
    return ""


def _current(feature: Feature, today: Outcomes) -> str:
    if feature.name.startswith("account."):
        return "is an attribute of the account as it is today; what it was as of the date is not known."
    if feature.history or feature.name in AT_CREATION:
        return ""
    return "is a current-state attribute: what it was as of the date is not known."


def _copy(feature: Feature, today: Outcomes) -> str:
    """Whether the value says the present stage, and the stage the value."""
    if feature.history and feature.name in TRACKED:
        return ""
    pairs = [(str(v), str(s)) for v, s in zip(feature.values, today.stage, strict=True) if v is not None and s]
    if len(pairs) < 20 or len({s for _, s in pairs}) < 2:
        return ""
    stages: dict[str, dict[str, int]] = {}
    for value, stage in pairs:
        counts = stages.setdefault(value, {})
        counts[stage] = counts.get(stage, 0) + 1
    if len(stages) > 3 * len({s for _, s in pairs}):
        return ""
    told = sum(max(c.values()) for c in stages.values()) / len(pairs)
    return "is copied from stage: its value says the stage that the deal is in today." if told >= COPIES else ""


def _missing(feature: Feature, today: Outcomes) -> str:
    """Whether being empty and being open are one: what is filled in at the end tells the end."""
    if feature.history:
        return ""
    empty = np.array([v is None for v in feature.values])
    for what, flag in (("open", ~np.array(today.closed, dtype=bool)), ("lost", _lost(today))):
        if flag.any() and not flag.all():
            inside, outside = float(empty[flag].mean()), float(empty[~flag].mean())
            if min(inside, outside) < 0.005 and max(inside, outside) > 0.05:
                return f"is missing by outcome: empty on {inside:.0%} of {what} deals and {outside:.0%} of the others."
    return ""


def _later(feature: Feature, today: Outcomes) -> str:
    """Whether it holds days that had not come yet, or the day on which deals were closed."""
    if feature.history:
        return ""
    days = [_day(v) for v in feature.values]
    if today.as_of is not None and (late := [d for d in days if d is not None and d > today.as_of]):
        return f"holds dates after the as-of date: {len(late)} of them, the latest {max(late)}."
    ends = [_day(v) for v in today.ended] or [None] * len(days)
    both = [(d, e) for d, e, c in zip(days, ends, today.closed, strict=True) if c and d and e]
    if len(both) >= 20 and sum(d == e for d, e in both) >= COPIES * len(both):
        return "is the day on which deals were closed: it is known only once they are."
    return ""


def _day(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) and value[4:5] == "-" else None
    except ValueError:
        return None


def _made_of_value(feature: Feature, today: Outcomes) -> str:
    """Whether it is the closing value in another form: any number that orders won deals as it does, or a code of it."""
    if feature.history or not today.value:
        return ""
    rows = zip(feature.values, today.value, today.won, strict=True)
    pairs = [(v, float(str(a))) for v, a, w in rows if w and v is not None and a is not None]
    if len(pairs) < 100:
        return ""
    told, amounts = [str(v) for v, _ in pairs], np.array([a for _, a in pairs])
    numbers = _numbers(told)
    if numbers is not None and len(np.unique(numbers)) >= 20:
        a, b = _ranks(numbers), _ranks(amounts)
        if b.std() > 0 and abs(float(np.corrcoef(a, b)[0, 1])) >= EXACT:
            return "is made from the closing value: it orders won deals just as what they closed at."
    _, code = np.unique(told, return_inverse=True)
    _, worth = np.unique(amounts, return_inverse=True)
    alike = [_pairs(c) for c in (code, worth, code * (worth.max() + 1) + worth)]
    if len(np.unique(code)) >= 20 and alike[2] >= REPEATS and alike[2] >= COPIES * max(alike[0], alike[1]):
        return "is made from the closing value: won deals have the same of it just when they closed at the same."
    return ""


def _pairs(codes: Ints) -> int:
    """How many pairs have the same code."""
    n = np.unique(codes, return_counts=True)[1]
    return int((n * (n - 1) // 2).sum())


def _ranks(numbers: Floats) -> Floats:
    _, inverse, n = np.unique(numbers, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(n) - (n - 1) / 2)[inverse]
    return ranks


def _numbers(told: Sequence[str]) -> Floats | None:
    try:
        found = np.array([float(v) for v in told])
    except ValueError:
        return None
    return found if np.isfinite(found).all() else None


def _tells(feature: Feature, today: Outcomes) -> str:
    """Whether the value alone gives away which of the closed deals were won."""
    if feature.history:
        return ""
    closed = np.array(today.closed, dtype=bool)
    won = np.array(today.won, dtype=np.float64)[closed]
    values = [v for v, c in zip(feature.values, closed, strict=True) if c]
    if len(values) < 100:
        return ""
    found = [auc(_share_won([str(v) for v in values], won), won)]
    numbers = _numbers(["nan" if v is None else str(v) for v in values if v is not None])
    if numbers is not None and len(numbers):
        # Empty is below all others: where it tells, that is the outcome too.
        score = np.full(len(values), numbers.min() - 1)
        score[[v is not None for v in values]] = numbers
        found.append(auc(score, won))
    best = max((max(f, 1 - f) for f in found if f is not None), default=0.0)
    return f"gives the outcome away: alone it tells won from lost with an AUC of {best:.2f}." if best >= SUSPECT else ""


def _share_won(told: Sequence[str], won: Floats) -> Floats:
    """The share won by value, of every other deal than those it is tried on; of all where the value is not seen."""
    _, code = np.unique(told, return_inverse=True)
    half, size = np.arange(len(won)) % 2 == 0, int(code.max()) + 1
    score = np.full(len(won), won.mean())
    for part in (half, ~half):
        n = np.bincount(code[~part], minlength=size)
        wins = np.bincount(code[~part], weights=won[~part], minlength=size)
        score[part] = ((wins + won.mean()) / (n + 1))[code[part]]
    return score


def _lost(today: Outcomes) -> Flags:
    lost: Flags = np.array(today.closed, dtype=bool) & ~np.array(today.won, dtype=bool)
    return lost


RULES: tuple[Callable[[Feature, Outcomes], str], ...] = (
    _outcome, _copy, _missing, _later, _made_of_value, _tells, _current,
)  # fmt: skip

__all__ = ["AT_CREATION", "OUTCOME", "TRACKED", "Feature", "Outcomes", "lint"]
