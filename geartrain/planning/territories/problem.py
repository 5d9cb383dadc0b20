"""The problem as arrays: units that move as one, what each costs with each seller, and what balances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy.policy import closest
from geartrain.planning.territories.doubts import doubts, out_of_range
from geartrain.planning.territories.expressions import Floats, PairRule, Row, amounts, holds
from geartrain.planning.territories.policy import Aim, Balance, Term, TerritoryPolicy
from geartrain.planning.territories.tables import Table

RADIUS = 6371.0088  # km, the earth's mean
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
ACCOUNT_NAMES = ("visits", "current_revenue", "open_pipeline", "workload", "parent_account_id", "owner_id")


@dataclass(frozen=True)
class Problem:
    """What is decided: a seller for each unit. U units, A accounts, J sellers, K balanced measures.

    Args:
        accounts, sellers: Ids, in the order of the files.
        owner: A; the seller who has it now, −1 for none or for somebody who is not among the sellers.
        unit_of: A; which unit an account is part of.
        cost: U × J; the objective of the unit with the seller.
        allowed: U × J; what hard rules admit.
        weights: U × K; size: U, its accounts.
        targets: J × K; tolerance: K.
        least, most: Accounts a seller has at least and at most.
        measures: Names of the balanced measures.
    """

    accounts: tuple[str, ...]
    sellers: tuple[str, ...]
    owner: Ints
    unit_of: Ints
    cost: Floats
    allowed: Flags
    weights: Floats
    size: Ints
    targets: Floats
    tolerance: Floats
    least: int
    most: int
    measures: tuple[str, ...]
    account_cost: Floats
    account_weights: Floats
    revenue: tuple[Decimal, ...]
    pipeline: tuple[Decimal, ...]
    eligible: Flags
    locked: Flags
    places: Floats | None
    homes: Floats | None
    visits: Floats

    def members(self, unit: int) -> list[int]:
        """The accounts of a unit."""
        return [int(n) for n in np.flatnonzero(self.unit_of == unit)]

    def km(self, account: int, seller: int) -> float | None:
        """How far an account lies from a seller; None where travel does not count or a place is unknown."""
        if self.places is None or self.homes is None or np.isnan(self.places[account]).any():
            return None
        return float(great_circle(self.places[[account]], self.homes[[seller]])[0, 0])

    def loads(self, seller_of_unit: Ints) -> Floats:
        """J × K: what each seller carries of each measure."""
        found = np.zeros_like(self.targets)
        given = seller_of_unit >= 0
        np.add.at(found, seller_of_unit[given], self.weights[given])
        return found

    def counts(self, seller_of_unit: Ints) -> Ints:
        """J: accounts each seller has."""
        found = np.zeros(len(self.sellers), dtype=np.int64)
        given = seller_of_unit >= 0
        np.add.at(found, seller_of_unit[given], self.size[given])
        return found

    def objective(self, seller_of_unit: Ints) -> float:
        """The sum that is minimised, over the units that have a seller."""
        given = np.flatnonzero(seller_of_unit >= 0)
        return float(self.cost[given, seller_of_unit[given]].sum())

    def with_tolerance(self, tolerance: Sequence[float]) -> Problem:
        """The same under other tolerances."""
        return replace(self, tolerance=np.array(tolerance, dtype=np.float64))


def build(policy: TerritoryPolicy, accounts: Table, sellers: Table) -> tuple[Problem, list[Issue]]:
    """The problem that a policy poses over accounts and sellers.

    Raises:
        Invalid: a column that the policy names is not there, or a value cannot be used.
    """
    _columns(policy, accounts, sellers)
    issues: list[Issue] = []
    active = [r for r in sellers.rows if r.get("is_active") is not False]
    if gone := len(sellers.rows) - len(active):
        message = f"{gone} of the sellers {'is' if gone == 1 else 'are'} not active, and get no accounts."
        issues.append(
            Issue("territory_inactive", Level.info, message, sellers.where, "Set is_active, or drop the row.")
        )
    if policy.sellers:
        active = [r for r in active if PairRule(policy.sellers).one({}, r) is True]
    if not active or not accounts.rows:
        what, where = ("seller", sellers.where) if not active else ("account", accounts.where)
        raise Invalid(f"{where} has no {what}s to plan with.", hint="Give at least one.")
    out_of_range(accounts, sellers)
    names = tuple(str(r["user_id"]) for r in active)
    issues += doubts(accounts, sellers, frozenset(names), policy.keep_together)
    index = {name: n for n, name in enumerate(names)}
    owner = np.array([index.get(str(r.get("owner_id")), -1) for r in accounts.rows], dtype=np.int64)
    everywhere = np.ones((len(accounts.rows), len(names)), dtype=np.bool_)
    eligible = holds(PairRule(policy.eligible), accounts.rows, active) if policy.eligible else everywhere
    locked = np.zeros(len(accounts.rows), dtype=np.bool_)
    if policy.lock:
        locked = holds(PairRule(policy.lock), accounts.rows, [{}])[:, 0]
        if lost := int((locked & (owner < 0)).sum()):
            message = f"{lost} locked accounts have no owner among the sellers: they are free."
            issues.append(Issue("territory_lock_void", Level.warning, message, accounts.where, "Name their owner."))
    allowed = eligible.copy() if locked.any() else eligible
    for n in np.flatnonzero(locked & (owner >= 0)):
        allowed[n] = False
        allowed[n, owner[n]] = eligible[n, owner[n]]
    places, homes = _travel(policy, accounts, active, sellers, issues)
    visits = np.array([_number(r, "visits", 1.0) for r in accounts.rows])
    cost = _cost(policy.objective, accounts.rows, active, owner, places, homes, visits)
    weights = np.stack([_measure(b, accounts, issues) for b in policy.balance], axis=1) if policy.balance else None
    weights = np.zeros((len(accounts.rows), 0)) if weights is None else weights
    targets = np.zeros((len(names), len(policy.balance)))
    for k, balance in enumerate(policy.balance):
        shares = _shares(balance, active, names)
        targets[:, k] = weights[:, k].sum() * shares / shares.sum()
    unit_of = _units(policy, accounts.rows)
    count = int(unit_of.max()) + 1
    single = count == len(accounts.rows)
    limits = policy.limits.accounts_per_seller or (0, len(accounts.rows))
    problem = Problem(
        accounts=tuple(str(r["account_id"]) for r in accounts.rows),
        sellers=names,
        owner=owner,
        unit_of=unit_of,
        cost=cost if single else _summed(cost, unit_of, count),
        allowed=allowed if single else _summed((~allowed).astype(np.float64), unit_of, count) == 0,
        weights=weights if single else _summed(weights, unit_of, count),
        size=np.bincount(unit_of, minlength=count).astype(np.int64),
        targets=targets,
        tolerance=np.array([b.tolerance for b in policy.balance]),
        least=limits[0],
        most=limits[1],
        measures=tuple(b.measure for b in policy.balance),
        account_cost=cost,
        account_weights=weights,
        revenue=tuple(r.get("current_revenue") or Decimal(0) for r in accounts.rows),
        pipeline=tuple(r.get("open_pipeline") or Decimal(0) for r in accounts.rows),
        eligible=eligible,
        locked=locked & (owner >= 0),
        places=places,
        homes=homes,
        visits=visits,
    )
    return problem, issues


def _columns(policy: TerritoryPolicy, accounts: Table, sellers: Table) -> None:
    """Every column a policy names is there; `account.…` of record type or plan may be missing from a file."""
    from geartrain.facts.types.account import RECORD as ACCOUNT
    from geartrain.facts.types.user import RECORD as USER

    known = {
        "account": {*accounts.columns, *(c.name for c in ACCOUNT.columns), *ACCOUNT_NAMES},
        "seller": {*sellers.columns, *(c.name for c in USER.columns), "languages"},
    }
    for name in ("account_id",):
        _need(name, accounts)
    _need("user_id", sellers)
    if policy.keep_together:
        _need(policy.keep_together, accounts)
    if policy.units == "geography":
        _need(policy.geography, accounts)
    texts = [policy.sellers, policy.eligible, policy.lock, *(t.expr for t in policy.objective)]
    for text in filter(None, texts + [b.target for b in policy.balance]):
        rule = PairRule(text)
        for side, columns in known.items():
            for name in rule.names(side):
                if name not in columns and not name.startswith("extra."):
                    near = closest(name, sorted(columns))
                    hint = f"Did you mean {side}.{near}?" if near else f"There are: {', '.join(sorted(columns))}."
                    where = (accounts if side == "account" else sellers).where
                    raise Invalid(f"{where}:1: There is no column {side}.{name}, which '{text}' reads.", hint=hint)


def _need(name: str, table: Table) -> None:
    if name not in table.columns:
        near = closest(name, table.columns)
        hint = f"Is it '{near}'? Rename it." if near else f"There are: {', '.join(table.columns)}."
        raise Invalid(f"{table.where}:1: The column {name} is missing.", hint=hint)


def _number(row: Row, name: str, otherwise: float) -> float:
    value = row.get(name)
    return otherwise if value is None else float(value)


def _measure(balance: Balance, accounts: Table, issues: list[Issue]) -> Floats:
    """What each account weighs in a measure; an unknown one weighs nothing, and an issue counts them."""
    name = balance.measure.removeprefix("account.")
    if name in accounts.columns:
        values: list[Any] = [r.get(name) for r in accounts.rows]
    elif name.isidentifier():
        near = closest(name, accounts.columns)
        hint = f"Did you mean '{near}'?" if near else f"There are: {', '.join(accounts.columns)}."
        raise Invalid(f"{accounts.where}:1: There is no column {name}, which is to be balanced.", hint=hint)
    else:
        rule = PairRule(balance.measure)
        values = [rule.one(r, {}) for r in accounts.rows]
    if wrong := next((n for n, v in enumerate(values) if v is not None and not _counts(v)), None):
        raise Invalid(f"{accounts.at(wrong)}: {name} '{values[wrong]}' is not a number.", hint="Correct the cell.")
    found = np.array([0.0 if v is None else float(v) for v in values])
    if (found < 0).any():
        at = accounts.at(int(np.argmax(found < 0)))
        raise Invalid(f"{at}: {name} is below zero.", hint="What is balanced is zero or more.")
    if missing := sum(v is None for v in values):
        message = f"{missing} accounts have no {name}: they weigh nothing in it."
        at = accounts.at(values.index(None))
        issues.append(Issue("territory_measure_missing", Level.warning, message, at, f"Fill in {name}."))
    return found


def _counts(value: Any) -> bool:
    return isinstance(value, Decimal | int | float) and not isinstance(value, bool)


def _shares(balance: Balance, sellers: Sequence[Row], names: Sequence[str]) -> Floats:
    rule = PairRule(balance.target)
    found = np.zeros(len(sellers))
    for n, seller in enumerate(sellers):
        value = rule.one({}, seller)
        if not _counts(value) or value < 0:
            said = "unknown" if value is None else f"'{value}'"
            hint = "It is a number, zero or more: fill in the seller's column."
            raise Invalid(f"The target '{balance.target}' of {names[n]} is {said}.", hint=hint)
        found[n] = float(value)
    if found.sum() == 0:
        raise Invalid(f"The target '{balance.target}' is 0 for every seller.", hint="Somebody has to carry it.")
    return found


def _units(policy: TerritoryPolicy, rows: Sequence[Row]) -> Ints:
    """Which accounts move as one: families by the column that keeps them together, or a place."""
    parent = list(range(len(rows)))

    def root(n: int) -> int:
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    first: dict[tuple[str, Any], int] = {}
    ids = {r["account_id"]: n for n, r in enumerate(rows)}
    columns = [policy.keep_together] if policy.keep_together else []
    columns += [policy.geography] if policy.units == "geography" else []
    for n, row in enumerate(rows):
        for column in columns:
            value = row.get(column)
            if value is None:
                continue
            # A parent stands at the head of the family that names it.
            head = ids.get(value, n) if column == "parent_account_id" else n
            for other in (first.setdefault((column, value), n), head):
                one, two = sorted((root(n), root(other)))
                parent[two] = one
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(root(n), len(numbers)) for n in range(len(rows))], dtype=np.int64)


def _summed(values: Floats, unit_of: Ints, count: int) -> Floats:
    found = np.zeros((count, values.shape[1]))
    np.add.at(found, unit_of, values)
    return found


def _cost(
    terms: Sequence[Term],
    rows: Sequence[Row],
    sellers: Sequence[Row],
    owner: Ints,
    places: Floats | None,
    homes: Floats | None,
    visits: Floats,
) -> Floats:
    total = np.zeros((len(rows), len(sellers)))
    for term in terms:
        if term.minimise is Aim.travel and places is not None and homes is not None:
            total += np.nan_to_num(great_circle(places, homes)) * (term.weight * visits / 100)[:, None]
        elif term.minimise is Aim.disruption:
            revenue = np.array([_number(r, "current_revenue", 0.0) for r in rows])
            moved = term.weight * (term.moved_account + term.moved_revenue_per_1000 * revenue / 1000)
            owned = np.array([bool(r.get("owner_id")) for r in rows])
            total += np.where(owned, moved, 0.0)[:, None]
            mine = np.flatnonzero(owner >= 0)
            total[mine, owner[mine]] -= moved[mine]
        elif term.minimise is Aim.mismatch:
            total += term.weight * amounts(PairRule(term.expr), rows, sellers)
    return total


def _travel(
    policy: TerritoryPolicy, accounts: Table, active: Sequence[Row], sellers: Table, issues: list[Issue]
) -> tuple[Floats | None, Floats | None]:
    """Places and homes where travel counts."""
    if not any(t.minimise is Aim.travel and t.weight > 0 for t in policy.objective):
        return None, None
    homes, places = _places(active), _places(accounts.rows)
    if np.isnan(homes).any():
        name = active[int(np.argmax(np.isnan(homes).any(axis=1)))]["user_id"]
        hint = "Fill in latitude and longitude of every seller, or leave travel out of the objective."
        raise Invalid(f"{sellers.where}: The seller {name} has no home, so travel cannot be worked out.", hint=hint)
    if lost := int(np.isnan(places).any(axis=1).sum()):
        message = f"{lost} accounts have no place: their travel counts as 0 km."
        issues.append(Issue("territory_place_missing", Level.warning, message, accounts.where, "Fill in their place."))
    return places, homes


def _places(rows: Sequence[Row]) -> Floats:
    return np.array([[_number(r, "latitude", np.nan), _number(r, "longitude", np.nan)] for r in rows])


def great_circle(places: Floats, homes: Floats) -> Floats:
    """Kilometres between every place and every home, both (latitude, longitude) in degrees, by haversine.

    Example: Berlin (52.52, 13.405) to Paris (48.8566, 2.3522) is 877.46 km.
    """
    one, two = np.radians(places), np.radians(homes)
    lat = np.sin((one[:, None, 0] - two[None, :, 0]) / 2) ** 2
    lon = np.sin((one[:, None, 1] - two[None, :, 1]) / 2) ** 2
    across = lat + np.cos(one[:, 0])[:, None] * np.cos(two[:, 0])[None, :] * lon
    return np.asarray(2 * RADIUS * np.arcsin(np.sqrt(np.clip(across, 0, 1))))
