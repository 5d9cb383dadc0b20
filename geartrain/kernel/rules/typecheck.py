"""Which kind of value each part of a rule is, and what does not fit together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from geartrain.kernel.rules import tree
from geartrain.kernel.rules.kinds import OF_TYPE, ORDERED, Kind, agree

Kinds = Callable[[tree.Field], Kind]


@dataclass(frozen=True, slots=True)
class Clash:
    """One thing that does not fit, at an offset of the text."""

    at: int
    problem: str
    hint: str = ""


@dataclass
class Checker:
    """Tells the kind of every part; what does not fit is collected in `clashes`, once, where it first shows."""

    kinds: Kinds
    clashes: list[Clash] = field(default_factory=list)

    def kind(self, node: tree.Node) -> Kind:
        """The kind of a part, after checking what is below it."""
        match node:
            case tree.Literal(value=value):
                return Kind.unknown if value is None else OF_TYPE[type(value)]
            case tree.Field():
                return self.kinds(node)
            case tree.Negative(value=value):
                return self.need(value, Kind.number, "Minus needs a number")
            case tree.Arithmetic(op=op, left=left, right=right):
                for side in (left, right):
                    self.need(side, Kind.number, f"{op} needs numbers")
                return Kind.number
            case tree.Compare(op=op, left=left, right=right):
                self.comparable(node.at, op, left, right)
            case tree.All(parts=parts) | tree.AnyOf(parts=parts):
                word = "and" if isinstance(node, tree.All) else "or"
                for part in parts:
                    self.need(part, Kind.flag, f"{word} needs conditions")
            case tree.Not(value=value):
                self.need(value, Kind.flag, "not needs a condition")
            case tree.Is(value=value, state=state):
                self.kind(value) if state is None else self.need(value, Kind.flag, "is true needs a condition")
            case tree.In(value=value, items=items):
                for item in items:
                    self.comparable(item.at, "=", value, item)
            case tree.Between(value=value, low=low, high=high):
                self.comparable(low.at, ">=", value, low)
                self.comparable(high.at, "<=", value, high)
            case tree.Like(value=value):
                self.need(value, Kind.text, "like needs text")
            case tree.Case():
                return self.case(node)
            case tree.Call():
                return self.call(node)
        return Kind.flag

    def need(self, node: tree.Node, kind: Kind, message: str) -> Kind:
        found = self.kind(node)
        if found not in (kind, Kind.unknown):
            self.clash(node.at, f"{message}, and {named(node)} is {a(found)}.", _convert(node, found, kind))
        return kind

    def clash(self, at: int, problem: str, hint: str = "") -> None:
        found = Clash(at, problem, hint)
        if found not in self.clashes:
            self.clashes.append(found)

    def comparable(self, at: int, op: str, left: tree.Node, right: tree.Node) -> None:
        one, other = self.kind(left), self.kind(right)
        if not agree(one, other):
            hint = _convert(right, other, one) or _convert(left, one, other)
            problem = f"{named(left)} is {a(one)} and {named(right)} is {a(other)}: they cannot be compared."
            self.clash(at, problem, hint)
        elif op not in ("=", "<>") and not {one, other} <= ORDERED:
            kind = one if one not in ORDERED else other
            hint = "Compare with = or in." if kind is Kind.text else "Use it as it stands, or with not."
            for side in (left, right):
                if isinstance(side, tree.Literal) and (moment := _convert(side, kind, Kind.day)).endswith("'."):
                    hint = moment
            self.clash(at, f"{a(kind).capitalize()} has no order here.", hint)

    def case(self, node: tree.Case) -> Kind:
        result = Kind.unknown
        for condition, then in node.whens:
            self.need(condition, Kind.flag, "when needs a condition")
            result = self.join(result, then)
        return self.join(result, node.default)

    def join(self, so_far: Kind, node: tree.Node) -> Kind:
        kind = self.kind(node)
        if so_far is Kind.unknown or kind in (so_far, Kind.unknown):
            return kind if so_far is Kind.unknown else so_far
        hint = "Write day_of(x) or date '2026-12-31'." if agree(so_far, kind) else _convert(node, kind, so_far)
        self.clash(node.at, f"{named(node)} is {a(kind)} where the others are {a(so_far)}.", hint)
        return so_far

    def call(self, node: tree.Call) -> Kind:
        shared = Kind.unknown
        function = node.function
        for index, arg in enumerate(node.args):
            param = function.param(index)
            if param.whole is not None:
                continue
            if not param.kinds:
                shared = self.join(shared, arg)
                continue
            kind = self.kind(arg)
            if kind is not Kind.unknown and kind not in param.kinds:
                wanted = min(param.kinds)
                problem = f"{function.name} needs {a(wanted)} as {param.name}, and {named(arg)} is {a(kind)}."
                self.clash(arg.at, problem, _convert(arg, kind, wanted))
            if index == 0 and function.returns is Kind.unknown:
                shared = kind
        return shared if function.returns is Kind.unknown else function.returns


def a(kind: Kind) -> str:
    """The kind with its article: a number, an instant, text."""
    return {Kind.text: "text", Kind.instant: "an instant", Kind.flag: "a condition"}.get(kind, f"a {kind}")


def named(node: tree.Node) -> str:
    """How a message speaks of a part."""
    match node:
        case tree.Field(path=path):
            return path
        case tree.Literal(value=str() as value):
            return f"'{value[:40]}'"
        case tree.Literal(value=value):
            return "null" if value is None else str(value).lower()
        case tree.Call(function=function):
            return f"{function.name}(…)"
        case tree.Arithmetic() | tree.Negative():
            return "the calculation"
        case tree.Case():
            return "the case"
        case _:
            return "the condition"


def _convert(node: tree.Node, found: Kind, wanted: Kind) -> str:
    """What to write so that the part becomes what is wanted."""
    if found is not Kind.text:
        return ""
    value = node.value if isinstance(node, tree.Literal) else None
    if wanted in (Kind.day, Kind.instant):
        if not isinstance(value, str):
            return f"Write to_date({named(node)})."
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return "Write date '2026-12-31'."
        return f"Write date '{value}'." if len(value) == 10 else f"Write timestamp '{value}'."
    if wanted is Kind.number:
        return (
            f"Write {value} without quotation marks." if isinstance(value, str) else f"Write to_number({named(node)})."
        )
    return ""
