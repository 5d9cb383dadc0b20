"""Whether what is written between the brackets of a function is what it takes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from geartrain.kernel.rules import tree
from geartrain.kernel.rules.functions.base import Function


def misfit(function: Function, args: Sequence[tree.Node]) -> str | None:
    """What is wrong with the arguments as written; None if nothing is."""
    least = function.many or len(function.params)
    if len(args) < least or (not function.many and len(args) > least):
        takes = f"at least {least}" if function.many else str(least)
        return f"{function.name} takes {takes} argument{'s' if least != 1 else ''}, not {len(args)}."
    for index, arg in enumerate(args):
        param = function.param(index)
        if param.whole is not None and whole(arg, param.whole, param.high) is None:
            return (
                f"{param.name} of {function.name} is a whole number from {param.whole} to {param.high:,}, written out."
            )
    return None


def whole(node: tree.Node, low: int, high: int) -> int | None:
    """The whole number a literal states, None if it is none or outside the range."""
    if not isinstance(node, tree.Literal) or not isinstance(node.value, Decimal):
        return None
    value = int(node.value)
    return value if value == node.value and low <= value <= high else None
