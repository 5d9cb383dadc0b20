"""Says in words why a rule gave what it gave, with the values it saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from geartrain.kernel.rules import exact, record, tree
from geartrain.kernel.rules.canonical import literal, quoted

_COMPARED = (tree.Compare, tree.Between, tree.In, tree.Like, tree.Is)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One part of a rule with what it came to.

    Args:
        value: What it came to; None for unknown.
        text: The part in words, with the values of this record: `amount 12,000.00 > 10,000`.
        children: The parts that decided it, in the order of the rule.
    """

    value: object
    text: str
    children: tuple[Explanation, ...] = ()

    def __str__(self) -> str:
        """One paragraph: what holds, what does not, what cannot be told, and what follows."""
        if self.value is not None and not isinstance(self.value, bool):
            return f"{self.text}: {said(self.value)}"
        leaves = self.children or (self,)
        groups: list[str] = []
        if true := [leaf.text for leaf in leaves if leaf.value is True]:
            groups.append(f"{_listed(true)}: holds")
        groups += [f"{leaf.text}: does not hold" for leaf in leaves if leaf.value is False]
        unknown = [leaf.text for leaf in leaves if leaf.value is None]
        if unknown:
            groups.append(_listed(unknown) + (", so cannot be decided" if self.value is None else ": cannot be told"))
        if len(self.children) > 1 and self.value is not None:
            groups.append("so the rule holds" if self.value else "so the rule does not hold")
        return "; ".join(groups)


def explain(node: tree.Node, values: Mapping[str, object]) -> Explanation:
    """The explanation of a part for one record."""
    value = record.compiled(node)(values)
    return Explanation(value, _text(node, values, value), tuple(explain(c, values) for c in _deciding(node, values)))


def _deciding(node: tree.Node, values: Mapping[str, object]) -> tuple[tree.Node, ...]:
    match node:
        case tree.All(parts=parts) | tree.AnyOf(parts=parts):
            return parts
        case tree.Not(value=value) if not isinstance(value, (*_COMPARED, tree.Field)):
            return (value,)
        case tree.Case(whens=whens, default=default):
            for condition, then in whens:
                if record.compiled(condition)(values):
                    return (condition, then)
            return (default,)
    return ()


def _text(node: tree.Node, values: Mapping[str, object], value: object) -> str:
    match node:
        case tree.All(parts=parts):
            return " and ".join(_inner(p, values) for p in parts)
        case tree.AnyOf(parts=parts):
            return " or ".join(_inner(p, values) for p in parts)
        case tree.Not(value=tree.Field(path=path)):
            return f"{path} is {said(None if value is None else not value)}"
        case tree.Not(value=inner):
            return f"not ({_of(inner, values)})"
        case tree.Field(path=path):
            return f"{path} is {said(value)}"
        case tree.Case():
            return "the case"
    return _of(node, values)


def _inner(node: tree.Node, values: Mapping[str, object]) -> str:
    text = _of(node, values)
    return f"({text})" if isinstance(node, tree.All | tree.AnyOf) else text


def _of(node: tree.Node, values: Mapping[str, object]) -> str:
    """A condition in words; one over a single unknown column is just that: `region is unknown`."""
    if isinstance(node, tree.All | tree.AnyOf | tree.Not | tree.Field | tree.Case):
        return _text(node, values, record.compiled(node)(values))
    if not isinstance(node, tree.Is) and record.compiled(node)(values) is None:
        paths = dict.fromkeys(n.path for n in node.walk() if isinstance(n, tree.Field))
        if unknown := [path for path in paths if record.getter(path)(values) is None]:
            return _listed([f"{path} is unknown" for path in unknown])
    match node:
        case tree.Compare(op=op, left=left, right=right):
            return f"{_operand(left, values)} {op} {_operand(right, values)}"
        case tree.Between(value=value, low=low, high=high):
            return f"{_operand(value, values)} between {_operand(low, values)} and {_operand(high, values)}"
        case tree.In(value=value, items=items):
            return f"{_operand(value, values)} in ({', '.join(_operand(i, values) for i in items)})"
        case tree.Like(value=value, pattern=pattern):
            return f"{_operand(value, values)} like {literal(pattern)}"
        case tree.Is(value=value, state=state):
            return f"{_operand(value, values)} is {literal(state)}"
    return _operand(node, values)


def _operand(node: tree.Node, values: Mapping[str, object]) -> str:
    """A value with where it comes from: `amount 12,000.00`, `lower(name 'Acme') 'acme'`."""
    result = said(record.compiled(node)(values))
    match node:
        case tree.Literal():
            return result
        case tree.Field(path=path):
            return f"{quoted(path)} {result}"
        case tree.Negative(value=value):
            return f"-({_operand(value, values)})"
        case tree.Arithmetic(op=op, left=left, right=right):
            return f"({_operand(left, values)} {op} {_operand(right, values)} = {result})"
        case tree.Call(function=function, args=args):
            return f"{function.name}({', '.join(_operand(a, values) for a in args)}) {result}"
    return f"({_of(node, values)}) {result}"


def said(value: object) -> str:
    """A value as a person reads it."""
    match value:
        case None:
            return "unknown"
        case bool():
            return str(value).lower()
        case Decimal():
            return exact.shown(value)
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case date():
            return value.isoformat()
    return f"'{value}'"


def _listed(texts: list[str]) -> str:
    return " and ".join(texts)
