"""The finite world a rule speaks of: its fields and the values they are compared with."""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.kernel.rules import tree


def axes_of(node: tree.Node) -> dict[str, tuple[tree.Scalar, ...]]:
    """Field to the values it is compared with, both sorted."""
    found: dict[str, set[tree.Scalar]] = {}
    for path, value in _compared(node):
        found.setdefault(path, set()).add(value)
    return {path: tuple(sorted(found[path], key=lambda v: (str(type(v)), v))) for path in sorted(found)}


def _compared(node: tree.Node) -> Iterator[tuple[str, tree.Scalar]]:
    for part in node.walk():
        match part:
            case tree.Compare(left=left, right=right):
                yield from _pair(left, right)
                yield from _pair(right, left)
            case tree.In(value=value, items=items):
                for item in items:
                    yield from _pair(value, item)
            case tree.Between(value=value, low=low, high=high):
                yield from _pair(value, low)
                yield from _pair(value, high)
            case tree.Is(value=tree.Field(path=path), state=bool()):
                yield from ((path, False), (path, True))
        for flag in _conditions(part, part is node):
            if isinstance(flag, tree.Field):
                yield from ((flag.path, False), (flag.path, True))


def _conditions(node: tree.Node, root: bool) -> Iterator[tree.Node]:
    """The parts that stand where only a flag can."""
    match node:
        case tree.All(parts=parts) | tree.AnyOf(parts=parts):
            yield from parts
        case tree.Not(value=value):
            yield value
        case tree.Case(whens=whens):
            yield from (condition for condition, _ in whens)
        case tree.Field() if root:
            yield node


def _pair(one: tree.Node, other: tree.Node) -> Iterator[tuple[str, tree.Scalar]]:
    if isinstance(one, tree.Field) and isinstance(other, tree.Literal) and other.value is not None:
        yield one.path, other.value
