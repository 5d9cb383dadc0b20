"""The leakage linter: what may be learnt from must have been known as of the date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from geartrain.intelligence.forecast.history import Flags
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
    """How the same deals stand today."""

    stage: Sequence[str | None]
    closed: Sequence[bool]
    won: Sequence[bool]


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


def _tells(feature: Feature, today: Outcomes) -> str:
    """Whether the value alone gives away which of the closed deals were won."""
    if feature.history:
        return ""
    closed = np.array(today.closed, dtype=bool)
    won = np.array(today.won, dtype=np.float64)[closed]
    values = [v for v, c in zip(feature.values, closed, strict=True) if c]
    if len(values) < 100:
        return ""
    _, code = np.unique([str(v) for v in values], return_inverse=True)
    if code.max() + 1 > len(values) / 5:
        # Values of nearly every deal its own: order them as numbers, if they are.
        try:
            score = np.array([float(str(v)) if v is not None else np.nan for v in values])
        except ValueError:
            return ""
        score = np.nan_to_num(score, nan=-1.0)
    else:
        # The share won by value, from every other deal than those it is tried on.
        half, size = np.arange(len(won)) % 2 == 0, int(code.max()) + 1
        score = np.full(len(won), won.mean())
        for part in (half, ~half):
            n = np.bincount(code[~part], minlength=size)
            wins = np.bincount(code[~part], weights=won[~part], minlength=size)
            score[part] = ((wins + won.mean()) / (n + 1))[code[part]]
    found = auc(score, won)
    if found is not None and max(found, 1 - found) >= SUSPECT:
        return f"gives the outcome away: alone it tells won from lost with an AUC of {max(found, 1 - found):.2f}."
    return ""


def _lost(today: Outcomes) -> Flags:
    lost: Flags = np.array(today.closed, dtype=bool) & ~np.array(today.won, dtype=bool)
    return lost


RULES: tuple[Callable[[Feature, Outcomes], str], ...] = (_outcome, _copy, _missing, _tells, _current)

__all__ = ["AT_CREATION", "OUTCOME", "TRACKED", "Feature", "Outcomes", "lint"]
