"""Overlapping totals met together: iterative proportional fitting, rounded so that every total holds exactly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext

from geartrain.kernel.errors import Invalid

ROUNDS = 1000
NEAR = Decimal("0.000001")


def fit(seed: Sequence[Sequence[int]], rows: Sequence[int], columns: Sequence[int]) -> list[list[int]]:
    """The table nearest in proportions to the seed that has these row and column sums, in whole numbers.

    Raises:
        Invalid: the two sums differ, or no table with the seed's empty cells has them.
    Example: seed 1 1 / 1 1, rows 30 70, columns 40 60 is 12 18 / 28 42.
    """
    if sum(rows) != sum(columns):
        raise Invalid(f"The totals sum to {sum(rows)} one way and {sum(columns)} the other.", hint="Make them agree.")
    with localcontext(prec=40):
        table = [[Decimal(v) for v in row] for row in seed]
        for _ in range(ROUNDS):
            _scale(table, rows)
            turned = [list(c) for c in zip(*table, strict=True)]
            _scale(turned, columns)
            table = [list(r) for r in zip(*turned, strict=True)]
            if all(abs(sum(r, Decimal(-want))) < NEAR for r, want in zip(table, rows, strict=True)):
                return rounded(table, rows, columns)
    raise Invalid("No table with these empty cells has these totals.", hint="Let a node take part in more cells.")


def _scale(table: list[list[Decimal]], totals: Sequence[int]) -> None:
    for n, (row, total) in enumerate(zip(table, totals, strict=True)):
        held = sum(row)
        if held:
            table[n] = [v * total / held for v in row]


def _by_fraction(row: Sequence[Decimal], floor: Sequence[int]) -> list[int]:
    return sorted(range(len(row)), key=lambda j: (floor[j] - row[j], j))


def rounded(table: Sequence[Sequence[Decimal]], rows: Sequence[int], columns: Sequence[int]) -> list[list[int]]:
    """Every cell rounded up or down so that every row and column has its total: larger fractions up first.

    Raises:
        Invalid: there is no such rounding.
    """
    whole = [[int(v + NEAR) for v in row] for row in table]
    left = [want - sum(row) for want, row in zip(rows, whole, strict=True)]
    room = [want - sum(row[j] for row in whole) for j, want in enumerate(columns)]
    order = [_by_fraction(row, floor) for row, floor in zip(table, whole, strict=True)]
    up: list[set[int]] = [set() for _ in rows]
    holders: list[set[int]] = [set() for _ in columns]

    def place(i: int, seen: set[int]) -> bool:
        """Give row i one more unit, moving others' units where a column is full."""
        for j in order[i]:
            if j in seen or j in up[i] or table[i][j] - whole[i][j] <= NEAR:
                continue
            seen.add(j)
            if len(holders[j]) < room[j]:
                up[i].add(j)
                holders[j].add(i)
                return True
            for other in sorted(holders[j]):
                if place(other, seen):
                    up[other].discard(j)
                    holders[j].discard(other)
                    up[i].add(j)
                    holders[j].add(i)
                    return True
        return False

    for i in range(len(rows)):
        for _ in range(left[i]):
            if not place(i, set()):
                raise Invalid("These totals cannot be met in whole units.", hint="Use a smaller rounding unit.")
    return [[v + (j in up[i]) for j, v in enumerate(row)] for i, row in enumerate(whole)]
