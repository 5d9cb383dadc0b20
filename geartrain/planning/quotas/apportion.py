"""Whole numbers split by weights without losing one: largest remainders, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geartrain.kernel.errors import Invalid

Ints = NDArray[np.int64]
SAFE = 2**62
BITS = 64


def apportion(total: int, weights: Sequence[int], unit: int = 1) -> list[int]:
    """Split a total into multiples of the unit by largest remainders; ties go to the first.

    What the total has beyond a multiple of the unit goes to the largest remainder too, so that the parts always sum.

    Args:
        total: Any whole number. weights: >= 0, not all of them 0.
    Example: 1,000,000 by 3:3:1 is 428,572 / 428,571 / 142,857.
    """
    sign = -1 if total < 0 else 1
    whole, rest = divmod(abs(total), unit)
    held = sum(weights)
    parts, remainders = zip(*(divmod(whole * w, held) for w in weights), strict=True)
    order = sorted((i for i, w in enumerate(weights) if w), key=lambda i: (-remainders[i], i))
    found = [p * unit for p in parts]
    for i in order[: whole - sum(parts)]:
        found[i] += unit
    found[order[0]] += rest
    return [sign * f for f in found]


def apportion_many(totals: Ints, weights: Sequence[int], unit: int = 1) -> Ints:
    """`apportion` of many totals by the same weights: one row a weight, one column a total.

    Small weights are split in whole numbers; large ones in extended precision with a bound on its error, and a
    column whose order that bound leaves open is split again in whole numbers. The result is exact either way.
    """
    common = gcd(*weights)
    weights = [w // common for w in weights]
    sign = np.where(totals < 0, -1, 1)
    whole, rest = np.divmod(np.abs(totals), unit)
    live = np.array([i for i, w in enumerate(weights) if w])
    most = int(whole.max(initial=0))
    small = max(most, 1) * sum(weights) < SAFE
    split = _in_whole_numbers if small else _in_extended_precision
    parts = split(whole, rest, [weights[i] for i in live])
    open_ = parts[2]
    shares, order = parts[0], parts[1]
    found = np.zeros((len(weights), len(totals)), dtype=np.int64)
    left = whole - shares.sum(axis=0)
    shares = shares * unit
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(len(live))[:, None], axis=0)
    shares += np.where(ranks < left, unit, 0)
    if rest.any():
        shares += np.where(ranks == 0, rest, 0)
    found[live] = shares
    for column in np.flatnonzero(open_):
        found[:, column] = apportion(int(abs(totals[column])), weights, unit)
    return found * sign


def _in_whole_numbers(whole: Ints, rest: Ints, weights: Sequence[int]) -> tuple[Ints, Any, Any]:
    """(parts, order by remainder, columns left open): every step exact."""
    shares, remainders = np.divmod(whole[None, :] * np.array(weights, dtype=np.int64)[:, None], sum(weights))
    order = np.argsort(-remainders, axis=0, kind="stable")
    return shares, order, np.zeros(len(whole), dtype=bool)


def _in_extended_precision(whole: Ints, rest: Ints, weights: Sequence[int]) -> tuple[Ints, Any, Any]:
    """The same by longdouble; a column is open where its error could change a part or who gets what is left."""
    held = sum(weights)
    scaled = [min((w << BITS) // held, 2**BITS - 1) for w in weights]
    ratio = np.array(scaled, dtype=np.uint64).astype(np.longdouble) / np.longdouble(2.0**BITS)
    product = whole.astype(np.longdouble)[None, :] * ratio[:, None]
    shares = np.floor(product)
    remainders = product - shares
    error = float(whole.max(initial=0) + 1) * (2.0**-62 + 4 * float(np.finfo(np.longdouble).eps))
    order = np.argsort(-remainders, axis=0, kind="stable")
    parts = shares.astype(np.int64)
    left = whole - parts.sum(axis=0)
    open_ = ((remainders <= error) | (remainders >= 1 - error)).any(axis=0) | (left < 0) | (left > len(weights))
    last = np.take_along_axis(order, np.clip(left - 1, 0, len(weights) - 1)[None, :], axis=0)
    near = np.abs(remainders - np.take_along_axis(remainders, last, axis=0)) <= 2 * error
    names = {w: n for n, w in enumerate(sorted(set(weights)))}
    same = np.array([names[w] for w in weights])
    open_ |= (near & (same[:, None] != same[last])).any(axis=0) & (left > 0)
    # Who comes first matters too: they take what is less than a unit.
    tops = order[:1]
    level = np.abs(remainders - np.take_along_axis(remainders, tops, axis=0)) <= 2 * error
    open_ |= (level & (same[:, None] != same[tops])).any(axis=0) & rest.astype(bool)
    return parts, order, open_


def scaled_many(bases: Ints, numerators: Ints, denominator: int, unit: int) -> Ints:
    """Siblings times their factors, in multiples of the unit: they sum to their exact total rounded half up.

    Args:
        bases: One row a sibling. numerators: Of its factor, over the common denominator.
    Example: 500,000 / 333,000 / 167,000 × 1.1 in thousands is 550,000 / 366,000 / 184,000.
    """
    if bool((numerators == denominator).all()):
        return bases.copy()
    if int(np.abs(bases).max(initial=0)) * int(numerators.max()) * len(bases) >= SAFE:
        return _scaled_wide(bases, numerators, denominator, unit)
    exact = bases * numerators[:, None]
    step = denominator * unit
    parts, remainders = np.divmod(exact, step)
    left = (2 * remainders.sum(axis=0) + step) // (2 * step)
    order = np.argsort(-remainders, axis=0, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(len(bases))[:, None], axis=0)
    found: Ints = (parts + (ranks < left)) * unit
    return found


def _scaled_wide(bases: Ints, numerators: Ints, denominator: int, unit: int) -> Ints:
    """The same in Python's whole numbers, for amounts that 64 bits cannot multiply."""
    step = denominator * unit
    found = np.empty_like(bases)
    for column in range(bases.shape[1]):
        pairs = [divmod(int(b) * int(n), step) for b, n in zip(bases[:, column], numerators, strict=True)]
        left = (2 * sum(r for _, r in pairs) + step) // (2 * step)
        order = sorted(range(len(pairs)), key=lambda i: (-pairs[i][1], i))
        for rank, i in enumerate(order):
            hedged = (pairs[i][0] + (rank < left)) * unit
            if abs(hedged) >= 2 * SAFE:
                raise Invalid("A hedged amount is too large to count in these steps.", hint="Use thousands.")
            found[i, column] = hedged
    return found
