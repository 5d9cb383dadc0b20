"""How large and how fine the result of a written calculation can be, from its text alone; the limits say why."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from geartrain.kernel.rules import tree
from geartrain.kernel.rules.limits import COLUMN, FINE, QUOTIENT, Size, product_limit


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
