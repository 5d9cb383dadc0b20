"""How large and how fine the numbers of a calculation can be: worked out from the text, the same for both evaluators.

Every engine keeps exact numbers in 38 digits. A calculation is exact as long as what it goes through fits, and where
that cannot be told beforehand it is tested row by row; a row that does not fit is unknown. docs/decisions/010-rules.md
has the reasons, docs/reference/rules.md the words for users.
"""

from __future__ import annotations

from dataclasses import dataclass

DIGITS = 37  # of 38, so that a doubled remainder and a carry still fit
READ = 10**18  # a column of this magnitude or more is unknown in a calculation
FINE = 12  # decimals of a quotient, and the most any result keeps
LARGE = 10**20  # a product of this magnitude or more is unknown
QUOTIENT = 10**15  # a quotient of this magnitude or more is unknown: it is found exactly in two steps of double size
COST = 4_000  # how many column reads the compiled calculation may hold


@dataclass(frozen=True, slots=True)
class Size:
    """At most `decimals` behind the point, magnitude below `most`; `reads` counts column reads once compiled."""

    decimals: int
    most: float
    reads: int = 1


COLUMN = Size(9, float(READ))


def product_limit(left: Size, right: Size) -> float | None:
    """The magnitude from which the product of two such numbers is unknown; None if it always fits."""
    limit = min(float(LARGE), 10.0 ** (DIGITS - left.decimals - right.decimals))
    return limit if left.most * right.most > limit else None


def dividend_limit(divisor: Size) -> float:
    """The magnitude from which what is divided makes the quotient unknown."""
    return 10.0 ** (DIGITS - FINE - divisor.decimals)
