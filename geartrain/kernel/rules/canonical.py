"""A rule written in one way: two rules with one canonical form say the same."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from geartrain.kernel.rules import tree
from geartrain.kernel.rules.reader import NAME, RESERVED, shortest

_FLIPPED = {">": "<", ">=": "<="}
_OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def canonical(node: tree.Node) -> str:
    """The one way to write it: operands of and, or, +, *, = and in are sorted, `a > b` is `b < a`, `between` is two
    comparisons, and `not` is drawn into comparisons. Every calculation is in brackets."""
    match node:
        case tree.Literal(value=value):
            return literal(value)
        case tree.Field(path=path):
            return quoted(path)
        case tree.Negative(value=value):
            return f"(-{canonical(value)})"
        case tree.Arithmetic(op=op, left=left, right=right):
            sides = [canonical(left), canonical(right)]
            # Only two at a time: a sum of three rounds nowhere, but a product may, and then the order counts.
            return f"({f' {op} '.join(sorted(sides) if op in '+*' else sides)})"
        case tree.Compare(op=op, left=left, right=right):
            return _compare(op, canonical(left), canonical(right))
        case tree.All() | tree.AnyOf():
            word = "and" if isinstance(node, tree.All) else "or"
            return f"({f' {word} '.join(sorted({canonical(p) for p in _flat(node, type(node))}))})"
        case tree.Not(value=value):
            return _negated(value)
        case tree.Is(value=value, state=state):
            return f"({canonical(value)} is {literal(state)})"
        case tree.In(value=value, items=items):
            return f"({canonical(value)} in ({', '.join(sorted({canonical(i) for i in items}))}))"
        case tree.Between(at=at, value=value, low=low, high=high):
            return canonical(tree.All(at, (tree.Compare(at, ">=", value, low), tree.Compare(at, "<=", value, high))))
        case tree.Like(value=value, pattern=pattern):
            return f"({canonical(value)} like {literal(pattern)})"
        case tree.Case(whens=whens, default=default):
            parts = " ".join(f"when {canonical(c)} then {canonical(t)}" for c, t in whens)
            return f"case {parts} else {canonical(default)} end"
        case tree.Call(function=function, args=args):
            return f"{function.name}({', '.join(map(canonical, args))})"
    raise AssertionError(node)


def literal(value: tree.Scalar) -> str:
    """A value as it is written in a rule."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{shortest(value):f}"
        case datetime():
            return f"timestamp '{value.isoformat(sep=' ')}'"
        case date():
            return f"date '{value.isoformat()}'"
        case str():
            return "'" + value.replace("'", "''") + "'"


def quoted(path: str) -> str:
    """A path, with quotation marks where the reader would need them."""
    return ".".join(p if NAME.match(p) and p.lower() not in RESERVED else f'"{p}"' for p in path.split("."))


def _compare(op: str, left: str, right: str) -> str:
    if op in _FLIPPED:
        op, left, right = _FLIPPED[op], right, left
    if op in ("=", "<>"):
        left, right = sorted((left, right))
    return f"({left} {op} {right})"


def _flat(node: tree.Node, kind: type[tree.Node]) -> list[tree.Node]:
    """The parts of an and within an and, and of an or within an or."""
    if not isinstance(node, kind):
        return [node]
    return [leaf for child in node.children for leaf in _flat(child, kind)]


def _negated(node: tree.Node) -> str:
    if isinstance(node, tree.Compare):
        return _compare(_OPPOSITE[node.op], canonical(node.left), canonical(node.right))
    if isinstance(node, tree.Not):
        return canonical(node.value)
    return f"(not {canonical(node)})"
