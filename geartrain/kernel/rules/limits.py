"""How large and how fine the numbers of a calculation can be: worked out from the text, the same for both evaluators.

Every engine keeps exact numbers in 38 digits. A calculation is exact as long as what it goes through fits, and where
that cannot be told beforehand it is tested row by row; a row that does not fit is unknown. docs/decisions/010-rules.md
has the reasons, docs/reference/rules.md the words for users.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from geartrain.kernel.rules import tree

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


@lru_cache(16_384)
def size(node: tree.Node) -> Size:
    """The size of a number, from the text alone. Meaningless for other kinds."""
    match node:
        case tree.Literal(value=value):
            if not isinstance(value, Decimal):
                return Size(0, 1.0, 0)
            return Size(max(0, -int(value.as_tuple().exponent)), max(1.0, float(abs(value))), 0)
        case tree.Field():
            return Size(COLUMN.decimals, COLUMN.most, 2)
        case tree.Negative(value=value):
            return size(value)
        case tree.Arithmetic():
            return _arithmetic(node)
        case tree.Call(function=function, args=args):
            widest = _widest(args)
            reads = function.reads * widest.reads
            return Size(widest.decimals, widest.most, reads) if function.size is None else _with(function.size, reads)
        case tree.Case(whens=whens, default=default):
            results = _widest([then for _, then in whens] + [default])
            return Size(results.decimals, results.most, sum(size(child).reads for child in node.children))
        case _:
            return Size(0, 1.0, 2 * sum(size(child).reads for child in node.children))


def _arithmetic(node: tree.Arithmetic) -> Size:
    left, right = size(node.left), size(node.right)
    both = left.reads + right.reads
    if node.op == "*":
        limit = product_limit(left, right)
        most = left.most * right.most if limit is None else limit
        return Size(min(FINE, left.decimals + right.decimals), most, both if limit is None else 2 * both)
    if node.op == "/":
        return Size(FINE, float(QUOTIENT), 20 * both)
    return Size(max(left.decimals, right.decimals), left.most + right.most, both)


def _widest(nodes: list[tree.Node] | tuple[tree.Node, ...]) -> Size:
    sizes = [size(node) for node in nodes] or [Size(0, 1.0, 0)]
    return Size(max(s.decimals for s in sizes), max(s.most for s in sizes), sum(s.reads for s in sizes))


def _with(declared: Size, reads: int) -> Size:
    return Size(declared.decimals, declared.most, reads)
