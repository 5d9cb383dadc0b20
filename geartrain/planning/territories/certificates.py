"""What can be proved wrong with a policy before anything is solved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from geartrain.planning.territories.pools import pools_of
from geartrain.planning.territories.problem import Ints, Problem

MOST = 20  # accounts that a certificate names


@dataclass(frozen=True)
class Certificate:
    """One proof that something in the policy cannot be met.

    Args:
        kind: whale, no_seller, lock_conflict, pool_short, pool_over or limits. message: In words. hint: What would do.
        accounts, sellers: Whom it is about.
    """

    kind: str
    message: str
    hint: str
    accounts: tuple[str, ...] = ()
    sellers: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "kind": self.kind,
            "message": self.message,
            "hint": self.hint,
            "accounts": list(self.accounts),
            "sellers": list(self.sellers),
            **self.facts,
        }


def certificates(problem: Problem) -> list[Certificate]:
    """Every proof there is, hard rules first."""
    found = [*_placeless(problem)]
    for units, sellers in pools_of(problem):
        found += _limits(problem, units, sellers)
        if len(units):
            found += _fits(problem, units, sellers)
    return found + list(_whales(problem))


def _names(problem: Problem, units: Ints) -> tuple[str, ...]:
    return tuple(problem.accounts[n] for u in units[:MOST] for n in problem.members(int(u)))


def _placeless(problem: Problem) -> Iterator[Certificate]:
    for unit in np.flatnonzero(~problem.allowed.any(axis=1)):
        members = problem.members(int(unit))
        names = tuple(problem.accounts[n] for n in members)
        locks = [n for n in members if problem.locked[n]]
        shown = ", ".join(names[:MOST])
        if any(not problem.eligible[n].any() for n in members) or not locks:
            alone = len(members) == 1 or any(not problem.eligible[n].any() for n in members)
            said = "is eligible for" if alone else "is eligible for all of the family"
            hint = "Widen `eligible`, add a seller who may, or take the account out."
            yield Certificate("no_seller", f"Nobody {said} {shown}.", hint, names)
        else:
            owners = sorted({problem.sellers[problem.owner[n]] for n in locks})
            why = "their locks name different owners" if len(owners) > 1 else f"{owners[0]} is not eligible for it"
            hint = "Release the lock, keep the family apart, or make the owner eligible."
            yield Certificate("lock_conflict", f"{shown} cannot be placed: {why}.", hint, names, tuple(owners))


def _limits(problem: Problem, units: Ints, sellers: Ints) -> Iterator[Certificate]:
    count, who = int(problem.size[units].sum()), tuple(problem.sellers[j] for j in sellers)
    low, high = problem.least * len(sellers), problem.most * len(sellers)
    if not len(sellers) or low <= count <= high:
        return
    few = count < low
    said = f"at least {problem.least}" if few else f"at most {problem.most}"
    message = f"{count} accounts for {len(sellers)} sellers with {said} each: {'too few' if few else 'too many'}."
    would = count // len(sellers) if few else -(-count // len(sellers))
    hint = f"accounts_per_seller {'from' if few else 'up to'} {would} would do, or other eligibility."
    yield Certificate("limits", message, hint, (), who, {"accounts_in_pool": count})


def _fits(problem: Problem, units: Ints, sellers: Ints) -> Iterator[Certificate]:
    """A pool whose demand cannot lie within its sellers' bands."""
    for k, measure in enumerate(problem.measures):
        demand, target = float(problem.weights[units, k].sum()), float(problem.targets[sellers, k].sum())
        tolerance = float(problem.tolerance[k])
        low, high = (1 - tolerance) * target, (1 + tolerance) * target
        slip = 1e-9 * max(target, demand, 1.0)
        if not len(sellers) or low - slip <= demand <= high + slip:
            continue
        over = demand > high
        mean = float(problem.targets[:, k].mean())
        fte = (demand - (high if over else low)) / mean if mean else None
        name = "pool_over" if over else "pool_short"
        needed = abs(demand / target - 1) if target else None
        share = "" if fte is None else f", {abs(fte):.2f} sellers' worth {'too much' if over else 'too little'}"
        who = tuple(problem.sellers[j] for j in sellers)
        message = (
            f"The accounts that only {', '.join(who[:MOST])} may have carry {demand:g} {measure}, and their bands "
        )
        message += f"hold {low:g} to {high:g}{share}."
        at = "" if needed is None else f"A tolerance of {up(needed)} on {measure} would do, or "
        hint = f"{at}{'add' if over else 'move'} a seller{' to' if over else ' from'} this pool, or widen `eligible`."
        facts = {"measure": measure, "demand": demand, "lower": low, "upper": high, "sellers_worth": fte}
        yield Certificate(name, message, hint[:1].upper() + hint[1:], (), who, facts)


def _whales(problem: Problem) -> Iterator[Certificate]:
    """Units that are larger than any band that may hold them."""
    for k, measure in enumerate(problem.measures):
        room = np.where(problem.allowed, problem.targets[:, k][None, :], -1.0).max(axis=1)
        limit = (1 + problem.tolerance[k]) * room
        for unit in np.flatnonzero((room >= 0) & (problem.weights[:, k] > limit * (1 + 1e-9) + 1e-9)):
            weight, names = float(problem.weights[unit, k]), _names(problem, np.array([unit]))
            needed = weight / room[unit] - 1 if room[unit] > 0 else None
            would = "" if needed is None else f", or a tolerance of {up(float(needed))} on {measure}"
            message = f"{', '.join(names[:MOST])} alone is {weight:g} {measure}; no seller's band holds more than "
            message += f"{limit[unit]:g}."
            facts = {"measure": measure, "weight": weight, "most": float(limit[unit]), "tolerance_needed": needed}
            yield Certificate("whale", message, f"Pull it into a named pool{would}.", names, (), facts)


def up(value: float, places: int = 4) -> float:
    """A tolerance rounded up, so that what it names suffices."""
    return float(np.ceil(value * 10**places - 1e-7) / 10**places)
