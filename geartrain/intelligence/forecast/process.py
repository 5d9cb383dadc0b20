"""The forecast process: what counts of what was submitted, roll-ups, and how right people were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from geartrain.kernel.hierarchy import Hierarchy

# What people submit, from the surest to the widest; each holds the one before it.
SUBMITTED = ("commit", "best_case", "call")
LEAST = 4  # periods below which nobody is called an optimist or a sandbagger
ZERO = Decimal(0)
Line = tuple[str, str]  # person, category


@dataclass(frozen=True, slots=True)
class Submission:
    """One number somebody submitted; `kind` is own or manager."""

    user: str
    category: str
    kind: str
    amount: Decimal
    note: str
    made_at: datetime
    made_by: str
    carried: bool = False


@dataclass(frozen=True)
class Standing:
    """One person's line in one category: all three numbers, and the one that counts.

    Args:
        rollup: What those below add up to, with their own deals: never hidden by what stands beside it.
        effective: Latest manager adjustment, else own, else roll-up.
    """

    user: str
    category: str
    rollup: Decimal
    own: Submission | None
    manager: Submission | None

    @property
    def effective(self) -> Decimal:
        """What counts."""
        said = self.manager or self.own
        return self.rollup if said is None else said.amount

    @property
    def kind(self) -> str:
        """manager, own or roll_up."""
        return "manager" if self.manager else "own" if self.own else "roll_up"


def category_of(stated: str | None, stage: str | None, table: Mapping[str, str]) -> str:
    """The category of an open deal: what the seller stated, else that of its stage, else pipeline."""
    plain = (stated or "").strip().lower().replace(" ", "_").replace("-", "_").replace("bestcase", "best_case")
    if plain in ("omitted", "pipeline", "best_case", "commit", "closed"):
        return plain
    return table.get(stage or "", "pipeline")


def own_deals(won: Mapping[str, Decimal], open_: Iterable[tuple[str, str, Decimal]]) -> dict[Line, Decimal]:
    """What each person's own deals say: commit is won and commit, best_case that and best case, call is commit.

    Args:
        won: Booked in the period by owner.
        open_: Owner, category and amount of open deals due in the period.

    Example: 100 won, 50 commit, 30 best case: commit 150, best_case 180, call 150.
    """
    held: dict[Line, Decimal] = defaultdict(Decimal)
    for user, amount in won.items():
        for category in SUBMITTED:
            held[user, category] += amount
    for user, category, amount in open_:
        if category == "commit":
            for line in SUBMITTED:
                held[user, line] += amount
        elif category == "best_case":
            held[user, "best_case"] += amount
    return dict(held)


def latest(submissions: Sequence[Submission]) -> dict[tuple[str, str, str], Submission]:
    """The last one of each person, category and kind; of two at one instant the later given."""
    found: dict[tuple[str, str, str], Submission] = {}
    for one in sorted(submissions, key=lambda s: s.made_at):
        found[one.user, one.category, one.kind] = one
    return found


def stand(hierarchy: Hierarchy, own: Mapping[Line, Decimal], submissions: Sequence[Submission]) -> dict[Line, Standing]:
    """Every line, rolled up from the lowest: a roll-up is what counts of the direct reports, and own deals."""
    said, found = latest(submissions), dict[Line, Standing]()
    people = sorted(hierarchy.manager_of, key=lambda p: (-len(hierarchy.chain(p)), p))
    for person in people:
        for category in SUBMITTED:
            below = sum((found[r, category].effective for r in hierarchy.reports_of.get(person, ())), ZERO)
            rollup = below + own.get((person, category), ZERO)
            kinds = (said.get((person, category, kind)) for kind in ("own", "manager"))
            found[person, category] = Standing(person, category, rollup, *kinds)
    return found


@dataclass(frozen=True)
class Error:
    """How right somebody was in one period: the call against what came; `value_added` by the override."""

    user: str
    period: str
    call: Decimal
    rollup: Decimal
    actual: Decimal

    @property
    def accuracy(self) -> Decimal | None:
        """1 − |call − actual| / |actual|; None where nothing came."""
        return None if not self.actual else 1 - abs(self.call - self.actual) / abs(self.actual)

    @property
    def value_added(self) -> Decimal:
        """|roll-up − actual| − |call − actual|: what the override was worth. Example: 120, 105, 100: 15."""
        return abs(self.rollup - self.actual) - abs(self.call - self.actual)


@dataclass(frozen=True)
class Record:
    """How right somebody was over `n` periods, of every call given; `flag` is happy_ears, sandbagging or empty."""

    user: str
    n: int
    wape: Decimal | None
    bias: Decimal | None
    value_added: Decimal
    flag: str


def recorded(errors: Sequence[Error], *, bar: Decimal = Decimal("0.1"), least: int = LEAST) -> list[Record]:
    """One record per person, by id. Bias is Σ(call − actual) / Σ|actual|, + is over-forecast.

    Args:
        bar, least: Nobody is flagged whose bias is within `bar`, or of whom there are fewer periods than `least`.
    """
    by: dict[str, list[Error]] = defaultdict(list)
    for error in errors:
        by[error.user].append(error)
    found = []
    for user, rows in sorted(by.items()):
        whole = sum((abs(e.actual) for e in rows), ZERO)
        wape = sum((abs(e.call - e.actual) for e in rows), ZERO) / whole if whole else None
        bias = sum((e.call - e.actual for e in rows), ZERO) / whole if whole else None
        flag = ""
        n = len({e.period for e in rows})
        if bias is not None and n >= least and abs(bias) > bar:
            flag = "happy_ears" if bias > 0 else "sandbagging"
        found.append(Record(user, n, wape, bias, sum((e.value_added for e in rows), ZERO), flag))
    return found
