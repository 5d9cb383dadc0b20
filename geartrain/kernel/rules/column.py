"""Evaluates a rule over columns: one ibis expression, the same on DuckDB, PostgreSQL and Spark."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import ibis

from geartrain.kernel.rules import columns, limits, tree
from geartrain.kernel.rules.arguments import whole
from geartrain.kernel.rules.columns import Value
from geartrain.kernel.rules.kinds import Kind
from geartrain.kernel.rules.record import OPERATORS, compiled
from geartrain.kernel.rules.sizing import size

_TYPE = {
    Kind.number: "decimal(38, 9)",
    Kind.text: "string",
    Kind.flag: "boolean",
    Kind.day: "date",
    Kind.instant: "timestamp(6)",
    Kind.unknown: "boolean",
}


def kind_of(value: Value) -> Kind | None:
    """What a column holds, to a rule; None for what rules cannot read (arrays, maps, times of day)."""
    kind = value.type()
    if kind.is_numeric():
        return Kind.number
    tests = {
        Kind.text: kind.is_string,
        Kind.flag: kind.is_boolean,
        Kind.day: kind.is_date,
        Kind.instant: kind.is_timestamp,
    }
    return next((found for found, test in tests.items() if test()), None)


class Compiler:
    """Turns the parts of one rule into ibis values.

    Args:
        columns: What each path of the rule resolves to.
        kinds: Tells the kind of a part, given what the columns are.
    """

    def __init__(self, columns: Mapping[str, Value], kinds: Callable[[tree.Node], Kind]) -> None:
        self.columns = columns
        self.kinds = kinds

    def value(self, node: tree.Node, *, direct: bool = True, like: Kind = Kind.unknown) -> Value:
        """The value of a part. `direct` as in record.compiled; `like` is the kind a bare null is to have.

        What reads no column is worked out here: PostgreSQL computes constants first, in branches never taken too, and
        stops at a text that is no number.
        """
        if not any(isinstance(part, tree.Field) for part in node.walk()):
            value, kind = compiled(node, direct=direct)({}), self.kinds(node)
            return _literal(value, like if kind is Kind.unknown else kind)
        match node:
            case tree.Field(path=path):
                return self.field(path, direct=direct)
            case tree.Negative(value=value):
                return -self.number(value)
            case tree.Arithmetic():
                return self.arithmetic(node)
            case tree.Compare(op=op, left=left, right=right):
                return self.compare(op, left, right)
            case tree.All(parts=parts):
                return _balanced([self.flag(p) for p in parts], lambda a, b: a & b)
            case tree.AnyOf(parts=parts):
                return _balanced([self.flag(p) for p in parts], lambda a, b: a | b)
            case tree.Not(value=value):
                return ~self.flag(value)
            case tree.Is(value=value, state=state):
                return self.state(value, state)
            case tree.In(value=value, items=items):
                return self.isin(value, items)
            case tree.Between(value=value, low=low, high=high):
                return self.compare(">=", value, low) & self.compare("<=", value, high)
            case tree.Like(value=value, pattern=pattern):
                return self.value(value, like=Kind.text).like(pattern)
            case tree.Case():
                return self.case(node)
            case tree.Call():
                return self.call(node)
        raise AssertionError(node)

    def field(self, path: str, *, direct: bool) -> Value:
        value = self.columns[path]
        kind = value.type()
        if kind.is_numeric() and not kind.is_boolean():
            value = columns.read(value)
            return value if direct else columns.operand(value)
        if kind.is_timestamp() and kind.timezone is not None:
            return columns.cast(value, "timestamp(6)")
        return value

    def number(self, node: tree.Node) -> Value:
        """A decimal to calculate with."""
        value = self.value(node, direct=False, like=Kind.number)
        return columns.cast(value, "decimal(38, 0)") if value.type().is_integer() else value

    def flag(self, node: tree.Node) -> Value:
        return self.value(node, like=Kind.flag)

    def arithmetic(self, node: tree.Arithmetic) -> Value:
        left, right = self.number(node.left), self.number(node.right)
        sizes = size(node.left), size(node.right)
        if node.op == "*":
            return columns.multiplied(left, right, limits.product_limit(*sizes))
        if node.op == "/":
            return columns.divided(left, right, limits.dividend_limit(sizes[1]))
        left, right = columns.aligned(left, right)
        return columns.cast(left + right if node.op == "+" else left - right, f"decimal(38, {columns.scale_of(left)})")

    def compare(self, op: str, left: tree.Node, right: tree.Node) -> Value:
        like = next((k for k in (self.kinds(left), self.kinds(right)) if k is not Kind.unknown), Kind.unknown)
        if any(isinstance(side, tree.Literal) and side.value is None for side in (left, right)):
            return ibis.null("boolean")
        one, other = self.value(left, like=like), self.value(right, like=like)
        if _never_known(one) or _never_known(other):
            # Ibis folds what is made of nulls to a null, and takes `= null` for `is null`.
            return ibis.null("boolean")
        if like is Kind.number:
            return _compare_numbers(op, one, other)
        if like in (Kind.day, Kind.instant):
            one, other = _moments([one, other])
        return OPERATORS[op](one, other)

    def state(self, node: tree.Node, state: bool | None) -> Value:
        value = self.value(node)
        if state is None:
            return value.isnull()
        return (value if state else ~value).fill_null(False)

    def isin(self, node: tree.Node, items: tuple[tree.Node, ...]) -> Value:
        values = [item.value for item in items if isinstance(item, tree.Literal)]
        if self.kinds(node) is Kind.text and len(values) == len(items):
            known = [v for v in values if v is not None]
            found = [self.value(node).isin(known)] if known else []
            return _balanced(found + [ibis.null("boolean")] * (len(known) < len(values)), lambda a, b: a | b)
        return _balanced([self.compare("=", node, item) for item in items], lambda a, b: a | b)

    def case(self, node: tree.Case) -> Value:
        results = self.alike([then for _, then in node.whens] + [node.default], self.kinds(node))
        conditions = [self.flag(condition) for condition, _ in node.whens]
        return ibis.cases(*zip(conditions, results, strict=False), else_=results[-1])

    def alike(self, nodes: Sequence[tree.Node], kind: Kind) -> list[Value]:
        """The parts as values of one type."""
        values = [self.value(n, direct=False, like=kind) for n in nodes]
        if kind is Kind.number:
            return columns.aligned(*values)
        return values

    def call(self, node: tree.Call) -> Value:
        function = node.function
        params = [function.param(i) for i in range(len(node.args))]
        shared = [a for a, p in zip(node.args, params, strict=True) if not p.kinds and p.whole is None]
        if shared:
            return function.column(*self.alike(shared, self.kinds(node)))
        args: list[Any] = []
        for arg, param in zip(node.args, params, strict=True):
            if param.whole is not None:
                args.append(whole(arg, param.whole, param.high))
            else:
                want = min(param.kinds)
                args.append(self.number(arg) if want is Kind.number else self.value(arg, direct=False, like=want))
        return function.column(*args)


def _literal(value: tree.Scalar, like: Kind) -> Value:
    if value is None:
        return ibis.null(_TYPE[like])
    if isinstance(value, Decimal):
        exponent = int(value.as_tuple().exponent)
        return columns.number(value, max(0, -exponent))
    if isinstance(value, datetime):
        return ibis.literal(value, type="timestamp(6)")
    return ibis.literal(value, type="date") if isinstance(value, date) else ibis.literal(value)


def _never_known(value: Value) -> bool:
    """Whether a value is null in every row."""
    op = value.op()
    while isinstance(op, ibis.expr.operations.Cast):
        op = op.arg
    return isinstance(op, ibis.expr.operations.Literal) and op.value is None


def _moments(values: list[Value]) -> list[Value]:
    """Days and instants together: a day counts as its first instant in UTC."""
    if any(v.type().is_timestamp() for v in values):
        return [columns.cast(v, "timestamp(6)") if v.type().is_date() else v for v in values]
    return values


def _balanced(values: list[Value], join: Callable[[Value, Value], Value]) -> Value:
    """Joined two by two: a thousand parts one inside the other would be too deep for the engines."""
    while len(values) > 1:
        pairs = [join(a, b) for a, b in zip(values[::2], values[1::2], strict=False)]
        values = pairs + values[len(values) - len(values) % 2 :]
    return values[0]


def _compare_numbers(op: str, left: Value, right: Value) -> Value:
    """Compare at the finer scale; a number that does not fit there is compared by its sign, being the larger one."""
    compare = OPERATORS[op]
    one, other = left.type(), right.type()
    for this, that in ((left, right), (right, left)):
        value = that.op().value if isinstance(that.op(), ibis.expr.operations.Literal) else None
        if this.type().is_integer() and value is not None and columns.scale_of(that) == 0:
            whole_number = ibis.literal(int(value), type="int64")
            return compare(left, whole_number) if this is left else compare(whole_number, right)
    if one.is_integer() and other.is_integer():
        return compare(left, right)
    low, high = columns.scale_of(left), columns.scale_of(right)
    if low == high:
        return (
            compare(*columns.aligned(left, right)) if one.is_integer() or other.is_integer() else compare(left, right)
        )
    scale = max(low, high)
    plain = compare(columns.at_scale(left, scale), columns.at_scale(right, scale))
    narrow, wide = (left, right) if low < high else (right, left)
    if narrow.type().is_integer() or isinstance(narrow.op(), ibis.expr.operations.Literal):
        return plain
    bound = columns.number(Decimal(10) ** (38 - scale), low if narrow is left else high)
    sign = columns.number(Decimal(0), columns.scale_of(narrow))
    by_sign = compare(narrow, sign) if narrow is left else compare(sign, narrow)
    return ibis.cases(((narrow < bound) & (narrow > -bound), plain), (wide.notnull(), by_sign))
