"""What a rule of the inspection list sees, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

# Why it fired; False: it did not; None: what it would need is not known.
Verdict = str | bool | None
LEAST = 4  # won deals below which nothing is called usual


@dataclass(frozen=True, slots=True)
class Deal:
    """An open deal at the end of a day.

    Args:
        amount: Workspace currency; None where it is not known.
        days_in_stage: Whole days, visits added up. pushes: Moves of the close date to a later fiscal month.
        touched: Last day the buyer and we were in contact both ways; None for never.
        contacts: People of the buyer's that were spoken with; None where none is recorded.
        next_step: As it is recorded today; looked at only where `Norms.today`.
    """

    opportunity_id: str
    owner_id: str | None
    stage: str | None
    amount: Decimal | None
    close_date: date | None
    age_days: int
    days_in_stage: Decimal | None
    pushes: int
    touched: date | None
    contacts: int | None
    next_step: str | None
    name: str | None = None


@dataclass(frozen=True)
class Norms:
    """What is usual, from won deals, and the day.

    Args:
        stage_days: 75th percentile of the days that won deals were in each stage, where enough were.
        large: 95th percentile of the amounts of won deals; None where there are too few.
        tracked: Whether moves of close dates are recorded. touches: Whether contacts with buyers are.
        today: Whether the day is the last one the facts tell of: what has no history is known only then.
        quiet: Days without contact that are too many.
    """

    as_of: date
    stage_days: Mapping[str, Decimal]
    large: Decimal | None
    tracked: bool = True
    touches: bool = True
    today: bool = True
    quiet: int = 14


@dataclass(frozen=True)
class Rule:
    """One rule. `says` gives a verdict; `then` is what to do about it."""

    key: str
    title: str
    then: str
    says: Callable[[Deal, Norms], Verdict]
    order: int = 50
