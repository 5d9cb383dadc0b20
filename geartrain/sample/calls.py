"""What people of the sample company said in the weekly forecast call: each with a bias of their own.

Ann is careful and close, Eve hoped for too much until she left, Cleo keeps deals back; a few others lean as much. Bob
and the other managers learn whom to correct, and say why.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np

from geartrain.sample.people import ANN, CLEO, EVE, user_id

CATEGORIES = ("commit", "best_case", "call")
LEANS = {user_id(ANN): -0.03, user_id(EVE): 1.1, user_id(CLEO): -0.4}
WHY = (
    "Two of these have slipped before; taken down until there is a date.",
    "No executive sponsor yet on the largest one.",
    "Historically lands well under the call; adjusted to the record.",
    "Procurement has not started on the biggest deal.",
)
UP = ("Always has more than is said; two renewals are not in it.", "Keeps deals back until they are signed.")
ROUND = 500
SELLER, MANAGER, HEAD = "account_executive", "sales_manager", "head_of_sales"


@dataclass(frozen=True)
class Caller:
    """Somebody who submits; `start` and `end` None for always."""

    user_id: str
    login: str
    job: str
    manager_id: str | None
    start: date | None
    end: date | None


@dataclass(frozen=True)
class Week:
    """What was known in one call.

    Args:
        left: Share of the period still to come, 0 to 1.
        booked, commit, best: By person, of their own deals: booked so far, and open in that category.
        came: What each booked in the whole period; None while it runs.
        opens, due, locks: Instants.
        usual: What each usually books in a period.
        current: The call that is open now: not everybody has spoken yet.
    """

    period: str
    as_of: date
    left: float
    booked: Mapping[str, float]
    commit: Mapping[str, float]
    best: Mapping[str, float]
    came: Mapping[str, float] | None
    usual: Mapping[str, float]
    opens: datetime
    due: datetime
    locks: datetime
    current: bool = False


@dataclass(frozen=True, slots=True)
class Spoken:
    """One number: `kind` is own or manager."""

    user: str
    category: str
    kind: str
    amount: Decimal
    note: str
    at: datetime
    by: str


def weekly_calls(
    callers: Sequence[Caller], weeks: Sequence[Week], *, seed: int, quiet: Sequence[str] = ()
) -> Iterator[list[Spoken]]:
    """What was said in each week, in order. `quiet` people have not spoken yet in the current one."""
    leans = {c.user_id: _lean(c, seed) for c in callers}
    for number, week in enumerate(weeks):
        rng = np.random.default_rng([seed, number, zlib.crc32(b"calls")])
        here = [c for c in callers if (not c.start or c.start <= week.as_of) and (not c.end or c.end >= week.as_of)]
        counts: dict[str, float] = {}
        spoken: list[Spoken] = []
        for caller in sorted(here, key=lambda c: ((SELLER, MANAGER, HEAD).index(c.job), c.user_id)):
            luck = rng.random(4)
            spoken += _line(caller, week, leans[caller.user_id], counts, here, rng.normal(), luck, quiet)
            if caller.job == SELLER and number > 26:
                spoken += _corrected(caller, here, week, leans[caller.user_id], counts, rng.random(3))
        yield spoken


def _lean(caller: Caller, seed: int) -> float:
    """How much of what is still to come somebody adds (+) or keeps back (−)."""
    if caller.user_id in LEANS:
        return LEANS[caller.user_id]
    rng = np.random.default_rng([seed, zlib.crc32(caller.user_id.encode())])
    if caller.job != SELLER:
        return float(rng.normal(-0.01, 0.02))
    kind = rng.random()
    return float(
        rng.normal(0.7, 0.1) if kind < 0.18 else rng.normal(-0.38, 0.06) if kind < 0.32 else rng.normal(0, 0.08)
    )


def _line(
    caller: Caller, week: Week, lean: float, counts: dict[str, float], here: Sequence[Caller], noise: float,
    luck: np.ndarray, quiet: Sequence[str],
) -> list[Spoken]:  # fmt: skip
    who = caller.user_id
    booked = week.booked.get(who, 0.0)
    if caller.job == SELLER:
        call = booked + max(0.0, (_expected(who, week) - booked) * (1 + lean) * float(np.exp(0.3 * noise * week.left)))
    else:
        below = sum(counts.get(c.user_id, 0.0) for c in here if c.manager_id == who and c.user_id != who)
        call = (booked + below) * (1 + lean * (0.3 + week.left) + 0.015 * noise * week.left)
        booked += sum(week.booked.get(c.user_id, 0.0) for c in here if c.manager_id == who)
    counts[who] = call
    if luck[0] < 0.035 or (week.current and (who in quiet or luck[0] < 0.3)):
        return []
    rest = max(0.0, call - booked)
    floor, at = min(call, booked), _when(week, luck)
    numbers = {"commit": floor + 0.72 * rest, "best_case": floor + 1.35 * rest, "call": floor + rest}
    return [Spoken(who, c, "own", _rounded(numbers[c]), "", at, caller.login) for c in CATEGORIES]


def _expected(who: str, week: Week) -> float:
    """What somebody who knows their deals expects: half of it what came, half what the pipeline says."""
    booked = week.booked.get(who, 0.0)
    told = booked + 0.8 * week.commit.get(who, 0.0) + 0.35 * week.best.get(who, 0.0)
    told += 0.45 * week.left * week.usual.get(who, 0.0)
    return told if week.came is None else 0.6 * week.came.get(who, 0.0) + 0.4 * told


def _corrected(
    caller: Caller, here: Sequence[Caller], week: Week, lean: float, counts: dict[str, float], luck: np.ndarray
) -> list[Spoken]:  # fmt: skip
    """Managers correct those who lean far, most weeks, two thirds of the way."""
    boss = next((c for c in here if c.user_id == caller.manager_id), None)
    call = counts.get(caller.user_id, 0.0)
    if boss is None or boss.job != MANAGER or abs(lean) < 0.2 or luck[0] > 0.6 or not call:
        return []
    booked = week.booked.get(caller.user_id, 0.0)
    fair = booked + (call - booked) / (1 + lean * 0.66)
    if _rounded(fair) == _rounded(call) or week.current:
        return []
    counts[caller.user_id] = fair
    words = WHY if lean > 0 else UP
    at = week.due + timedelta(minutes=20 + int(luck[1] * 300))
    return [Spoken(caller.user_id, "call", "manager", _rounded(fair), words[int(luck[2] * len(words))], at, boss.login)]


def _when(week: Week, luck: np.ndarray) -> datetime:
    """In time for most, after it is due for some."""
    if luck[1] < 0.05 and not week.current:
        return week.due + (week.locks - week.due) * float(0.1 + 0.8 * luck[2])
    return (week.opens + (week.due - week.opens) * float(luck[2])).replace(microsecond=0)


def _rounded(amount: float) -> Decimal:
    return Decimal(round(amount / ROUND) * ROUND)
