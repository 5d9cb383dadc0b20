"""Evaluates a rule for one record, in Python.

A rule becomes closures once; running them costs a few calls per part. Each closure takes the record and gives
Decimal, str, bool, date, datetime or None for unknown. column.py is the same for whole columns: what changes here
changes there.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import Any

from geartrain.kernel.rules import exact, limits, tree
from geartrain.kernel.rules.errors import WrongValue
from geartrain.kernel.rules.sizing import size
from geartrain.kernel.rules.typecheck import named

Record = Mapping[str, object]
Run = Callable[[Record], Any]
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compiled(node: tree.Node, *, direct: bool = True) -> Run:
    """The closure of a part. `direct`: a column here is only compared or passed on, not calculated with."""
    match node:
        case tree.Literal(value=value):
            return lambda record: value
        case tree.Field(path=path):
            return getter(path) if direct else _limited(getter(path))
        case tree.Negative(value=value):
            return _negative(compiled(value, direct=False))
        case tree.Arithmetic():
            return _arithmetic(node)
        case tree.Compare(op=op, left=left, right=right):
            return _compare(op, compiled(left), compiled(right))
        case tree.All(parts=parts):
            return _all(parts)
        case tree.AnyOf(parts=parts):
            return _any(parts)
        case tree.Not(value=value):
            return _not(_flag(value))
        case tree.Is(value=value, state=state):
            return _is(compiled(value) if state is None else _flag(value), state)
        case tree.In(value=value, items=items):
            return _in(compiled(value), items)
        case tree.Between(value=value, low=low, high=high):
            run = compiled(value)
            return _both(_compare(">=", run, compiled(low)), _compare("<=", run, compiled(high)))
        case tree.Like(value=value, pattern=pattern):
            return _like(compiled(value), pattern)
        case tree.Case():
            return _case(node)
        case tree.Call():
            return _call(node)
    raise AssertionError(node)


def getter(path: str) -> Run:
    """Reads a path: the key as it stands, else mapping within mapping. A column that is not there is unknown."""
    parts = path.split(".")
    readers = exact.READERS

    def flat(record: Record) -> Any:
        value = record.get(path)
        reader = readers.get(type(value))
        return value if reader is None else reader(value)

    def nested(record: Record) -> Any:
        value: object = record.get(path)
        if value is None:
            value = record
            for part in parts:
                value = _within(value, part)
        reader = readers.get(type(value))
        value = value if reader is None else reader(value)
        return value if "extra" not in parts[:-1] or isinstance(value, str) else None

    return flat if len(parts) == 1 else nested


def _within(value: object, part: str) -> object:
    if isinstance(value, str):
        value = _json(value)
    return value.get(part) if isinstance(value, Mapping) else None


@lru_cache(1024)
def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _limited(run: Run) -> Run:
    def limited(record: Record) -> Any:
        value = run(record)
        return value if type(value) is not Decimal or -limits.READ < value < limits.READ else None

    return limited


def _number(run: Run) -> Run:
    def number(record: Record) -> Decimal | None:
        value = run(record)
        if value is not None and type(value) is not Decimal:
            raise WrongValue(f"{value!r} is not a number.", hint="Only numbers can be calculated with.")
        return value

    return number


def _negative(run: Run) -> Run:
    number = _number(run)

    def negative(record: Record) -> Decimal | None:
        value = number(record)
        return None if value is None else value.copy_negate()

    return negative


def _arithmetic(node: tree.Arithmetic) -> Run:
    left, right = (_number(compiled(side, direct=False)) for side in (node.left, node.right))
    combine: Callable[[Decimal, Decimal], Decimal | None]
    if node.op == "*":
        limit = limits.product_limit(size(node.left), size(node.right))
        combine = lambda a, b: exact.multiplied(a, b, limit)  # noqa: E731
    elif node.op == "/":
        most = limits.dividend_limit(size(node.right))
        combine = lambda a, b: exact.divided(a, b, most)  # noqa: E731
    else:
        combine = exact.WIDE.add if node.op == "+" else exact.WIDE.subtract

    def arithmetic(record: Record) -> Decimal | None:
        one = left(record)
        other = right(record)
        return None if one is None or other is None else combine(one, other)

    return arithmetic


def _compare(op: str, left: Run, right: Run) -> Run:
    apply, order = OPERATORS[op], op not in ("=", "<>")

    def compare(record: Record) -> bool | None:
        one = left(record)
        if one is None:
            return None
        other = right(record)
        if other is None:
            return None
        kind = type(one)
        if kind is not type(other):
            one, other = _met(one, other)
        elif order and (kind is str or kind is bool):
            raise WrongValue(f"{one!r} has no order.", hint="Compare with = or in.")
        return apply(one, other)

    return compare


def _met(one: Any, other: Any) -> tuple[datetime, datetime]:
    """A day meets an instant at its first instant in UTC; nothing else of two kinds can be compared."""
    if isinstance(one, date) and isinstance(other, date):
        both = [v if isinstance(v, datetime) else datetime.combine(v, time()) for v in (one, other)]
        return both[0], both[1]
    raise WrongValue(f"{one!r} and {other!r} cannot be compared.", hint="They are of different kinds.")


def _flag(node: tree.Node) -> Run:
    """A condition: what a column gives is tested, what the language makes is a flag already."""
    run = compiled(node)
    if not isinstance(node, tree.Field | tree.Case | tree.Call | tree.Literal):
        return run

    def flag(record: Record) -> bool | None:
        value = run(record)
        if value is None or value is True or value is False:
            return value
        raise WrongValue(f"{named(node)} is {value!r}, not true or false.", hint="Write a comparison.")

    return flag


def _all(parts: tuple[tree.Node, ...]) -> Run:
    runs = tuple(_flag(part) for part in parts)

    def every(record: Record) -> bool | None:
        result: bool | None = True
        for run in runs:
            value = run(record)
            if value is False:
                return False
            if value is None:
                result = None
        return result

    return every


def _any(parts: tuple[tree.Node, ...]) -> Run:
    runs = tuple(_flag(part) for part in parts)

    def some(record: Record) -> bool | None:
        result: bool | None = False
        for run in runs:
            value = run(record)
            if value:
                return True
            if value is None:
                result = None
        return result

    return some


def _not(run: Run) -> Run:
    def opposite(record: Record) -> bool | None:
        value = run(record)
        return None if value is None else not value

    return opposite


def _is(run: Run, state: bool | None) -> Run:
    return lambda record: run(record) is state


def _both(one: Run, other: Run) -> Run:
    def both(record: Record) -> bool | None:
        first = one(record)
        if first is False:
            return False
        second = other(record)
        return False if second is False else None if first is None else second

    return both


def _in(run: Run, items: tuple[tree.Node, ...]) -> Run:
    same = [_compare("=", run, compiled(item)) for item in items]
    values = [item.value for item in items if isinstance(item, tree.Literal) and item.value is not None]
    kinds = {type(value) for value in values}
    if len(values) < len(items) or len(kinds) > 1:

        def search(record: Record) -> bool | None:
            found = [test(record) for test in same]
            return True if True in found else None if None in found else False

        return search
    known, kind = frozenset(values), kinds.pop()

    def lookup(record: Record) -> bool | None:
        value = run(record)
        if value is None:
            return None
        return value in known if type(value) is kind else any(test(record) for test in same)

    return lookup


def _like(run: Run, pattern: str) -> Run:
    """Matches piece by piece: one regular expression with a `.*` for each `%` could take exponential time."""
    pieces = [re.compile("".join("." if c == "_" else re.escape(c) for c in part), re.S) for part in pattern.split("%")]
    least = len(pattern.split("%")[-1])

    def like(record: Record) -> bool | None:
        value = run(record)
        if value is None:
            return None
        if type(value) is not str:
            raise WrongValue(f"{value!r} is not text.", hint="like needs text.")
        if len(pieces) == 1:
            return pieces[0].fullmatch(value) is not None
        at = 0
        for index, piece in enumerate(pieces[:-1]):
            found = piece.search(value, at) if index else piece.match(value)
            if found is None:
                return False
            at = found.end()
        return len(value) - least >= at and pieces[-1].fullmatch(value, len(value) - least) is not None

    return like


def _case(node: tree.Case) -> Run:
    whens = tuple((_flag(condition), compiled(then, direct=False)) for condition, then in node.whens)
    default = compiled(node.default, direct=False)

    def choose(record: Record) -> Any:
        for condition, then in whens:
            if condition(record):
                return then(record)
        return default(record)

    return choose


def _call(node: tree.Call) -> Run:
    runs = tuple(compiled(arg, direct=False) for arg in node.args)
    function, sees_unknown = node.function, node.function.sees_unknown

    def call(record: Record) -> Any:
        args = [run(record) for run in runs]
        if not sees_unknown and None in args:
            return None
        try:
            return function.record(*args)
        except (TypeError, AttributeError) as error:
            raise WrongValue(f"{function.name} cannot take {args!r}.", hint=function.signature) from error

    return call
