"""Exact numbers as columns: the same calculations as exact.py, in what DuckDB, PostgreSQL and Spark have in common.

No engine divides decimals exactly in the same way (DuckDB gives a double), so a quotient is built from integers: a
remainder, and two estimates in double precision whose error the remainder corrects.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
from ibis.common.graph import Graph

from geartrain.kernel.rules.limits import FINE, QUOTIENT, READ

DEEP = 40  # parts; a guarded column has a dozen, a quotient sixty
Value = Any  # ibis builds its value classes at run time; there is nothing narrower to say


def cast(value: Value, kind: str) -> Value:
    """A cast that is written out: ibis leaves out what it believes to be one already, and it does not know the scale
    of a product."""
    return ops.Cast(value, dt.dtype(kind)).to_expr()


def number(value: Decimal, scale: int) -> Value:
    """A literal of a scale."""
    return ibis.literal(value, type=f"decimal(38, {scale})")


def scale_of(value: Value) -> int:
    """Decimals a column of numbers keeps."""
    kind = value.type()
    return int(kind.scale or 0) if kind.is_decimal() else 0


def read(value: Value) -> Value:
    """A column of numbers as an integer or a decimal of at most 9 decimals."""
    kind = value.type()
    if kind.is_floating():
        fits = value.abs() < 1e28  # false for infinity; not a number is greater than all in every engine
        return ibis.cases((fits, cast(value, "decimal(38, 9)")))
    if kind.is_unsigned_integer():
        return cast(value, "decimal(38, 0)")
    if kind.is_decimal() and scale_of(value) > 9:
        return cast(value, "decimal(38, 9)")
    return value


def operand(value: Value) -> Value:
    """A column on its way into a calculation: a decimal, unknown from 10^18 on."""
    kind = value.type()
    if kind.is_integer():
        value = cast(value, "decimal(38, 0)")
        if kind.nbytes < 8:
            return value
    elif kind.precision is not None and kind.precision - (kind.scale or 0) <= 18:
        return value
    bound = number(Decimal(READ), scale_of(value))
    return ibis.cases(((value < bound) & (value > number(Decimal(-READ), scale_of(value))), value))


def at_scale(value: Value, scale: int) -> Value:
    """The same number with more decimals, or rounded half away from zero to fewer."""
    if value.type().is_decimal() and scale_of(value) == scale:
        return value
    return cast(value, f"decimal(38, {scale})")


def aligned(*values: Value) -> list[Value]:
    """The numbers at the finest of their scales."""
    scale = max(map(scale_of, values))
    return [at_scale(value, scale) for value in values]


def double(value: Value) -> Value:
    """About the number, for tests of magnitude."""
    return cast(value, "float64")


def multiplied(left: Value, right: Value, limit: float | None) -> Value:
    """See exact.multiplied."""
    scale = scale_of(left) + scale_of(right)
    if limit is not None:
        # What does not fit is taken out before the product, not after: DuckDB shares parts outside a CASE only.
        left = ibis.cases(((double(left) * double(right)).abs() < limit, left))
    return cast(left * right, f"decimal(38, {min(FINE, scale)})")


def divided(left: Value, right: Value, limit: float) -> Value:
    """See exact.divided.

    Two estimates in double precision: the first is wrong by about one part in 10^15, the second estimates what the
    first has left over, and together they are wrong by less than one unit of the last place. What is left then,
    exactly, tells which way to round. No remainder and no cast to fewer decimals: both are slow in 128 bits.
    """
    scale = FINE + scale_of(right)
    size = double(_bare(left)).abs()
    fits = (size < limit) & (size < double(_bare(right)).abs() * float(QUOTIENT))
    # What does not fit is taken out beforehand: DuckDB shares parts only outside a CASE, so there is none below; and
    # it computes what is shared for every row, so that no zero may be left to divide by.
    left = cast(ibis.cases((fits, left)), f"decimal(38, {scale_of(left)})")
    bottom = cast(right.nullif(number(Decimal(0), scale_of(right))), f"decimal(38, {scale_of(right)})")

    def estimated(left: Value, bottom: Value) -> Value:
        top = at_scale(left, max(scale, scale_of(left)))
        first = cast(double(left) / double(bottom), f"decimal(38, {FINE})")
        return once(first, lambda first: refined(top, bottom, first), deep=None)

    def refined(top: Value, bottom: Value, first: Value) -> Value:
        left_over = top - cast(first * bottom, f"decimal(38, {scale})")
        quotient = first + cast(double(left_over) / double(bottom), f"decimal(38, {FINE})")
        return once(quotient, lambda quotient: rounded(top, bottom, quotient), deep=None)

    def rounded(top: Value, bottom: Value, quotient: Value) -> Value:
        rest = top - cast(quotient * bottom, f"decimal(38, {scale})")
        return once(rest, lambda rest: quotient + _beyond(top, bottom, rest, scale), deep=None)

    found = once(left, lambda left: once(bottom, lambda bottom: estimated(left, bottom)))
    return cast(found, f"decimal(38, {FINE})")


def _beyond(top: Value, bottom: Value, rest: Value, scale: int) -> Value:
    """What the rounding adds to a quotient that leaves a rest: one unit of the last place, or nothing."""
    unit = number(Decimal(1).scaleb(-FINE), FINE)
    twice, step = (rest + rest).abs(), cast(bottom.abs() * unit, f"decimal(38, {scale})")
    zero = number(Decimal(0), scale)
    up = _one_if((twice > step) | ((twice == step) & ((rest < zero) == (top < zero)))) * _sign(rest) * _sign(bottom)
    return cast(cast(up, "decimal(19, 0)") * unit, f"decimal(38, {FINE})")


def once(value: Value, use: Callable[[Value], Value], *, deep: int | None = DEEP) -> Value:
    """What is made of a value that stands in it several times.

    DuckDB and PostgreSQL work out once what is repeated, but plan for seconds where it is repeated within what is
    repeated; Spark's planner copies it into each place and runs out of memory. There it is the one element of a list,
    under a name: always on Spark, elsewhere from so many parts on (None: never).
    """
    named = _on_spark(value) or (deep is not None and len(Graph.from_bfs(value.op())) >= deep)
    return ibis.array([value]).map(use)[0] if named else use(value)


def json_text(column: Value, key: str) -> Value:
    """The text under a key of a column of JSON objects; unknown where it is not there or no text."""
    if not _on_spark(column):
        return column.cast("json")[key].str
    # Ibis 12 decodes text a second time on Spark and fails on it. A path has no way to escape its quotes.
    quote = '"' if "'" in key else "'"
    found = _variant_get(_try_parse_json(column), f"$[{quote}{key}{quote}]")
    return ibis.cases((_schema_of_variant(found) == "STRING", cast(found, "string")))


# Spark's own. What they hand to each other is a VARIANT, which Ibis does not know.
@ibis.udf.scalar.builtin(name="try_parse_json")  # type: ignore[untyped-decorator]
def _try_parse_json(text: str) -> str: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="variant_get")  # type: ignore[untyped-decorator]
def _variant_get(value: str, path: str) -> str: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="schema_of_variant")  # type: ignore[untyped-decorator]
def _schema_of_variant(value: str) -> str: ...  # type: ignore[empty-body]


def _on_spark(value: Value) -> bool:
    return bool(value.get_backend().name == "pyspark")


def _one_if(test: Value) -> Value:
    return cast(cast(test, "int32"), "int64")


def _sign(value: Value) -> Value:
    """1, or -1 below 0."""
    return 1 - 2 * _one_if(value < number(Decimal(0), 0))


def _bare(value: Value) -> Value:
    """A guarded column without its guard, for a test of magnitude that stands beside the guarded value anyway.

    The guard is repeated wherever the value is; without this the compiled text is several times as long.
    """
    op = value.op()
    if isinstance(op, ops.SearchedCase) and len(op.results) == 1 and op.results[0].dtype == op.dtype:
        return op.results[0].to_expr()
    return value
