"""Exact numbers as columns: the same calculations as exact.py, in what DuckDB, PostgreSQL and Spark have in common.

No engine divides decimals exactly in the same way (DuckDB gives a double), so a quotient is built from integers: a
remainder, and two estimates in double precision whose error the remainder corrects.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops

from geartrain.kernel.rules.limits import FINE, QUOTIENT, READ

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

    With N and D whole, N - N % D is a multiple of D. Its quotient in double precision is wrong by about one part in
    10^15; what is left after subtracting that many D is a multiple of D again, now so small that its quotient in
    double precision, rounded, is exact.
    """
    size = double(left).abs()
    fits = (size < limit) & (size < double(right).abs() * float(QUOTIENT))
    top = _times(_whole(ibis.cases((fits, left))), FINE + scale_of(right) - scale_of(left))
    # No engine may meet a zero here, not even in a branch that is not taken: DuckDB computes shared parts beforehand,
    # but only those outside a CASE, so there is none from here on.
    bottom = _whole(right).nullif(number(Decimal(0), 0))
    rest = cast(top % bottom, "decimal(38, 0)")
    multiple = top - rest
    first = cast(double(multiple) / double(bottom), "decimal(38, 0)")
    second = cast(double(multiple - first * bottom) / double(bottom), "decimal(38, 0)")
    up = _one_if((rest + rest).abs() >= bottom.abs()) * _sign(top) * _sign(bottom)
    whole = first + second + cast(up, "decimal(38, 0)")
    return cast(whole * number(Decimal(1).scaleb(-FINE), FINE), f"decimal(38, {FINE})")


def _one_if(test: Value) -> Value:
    return cast(cast(test, "int32"), "int64")


def _sign(value: Value) -> Value:
    """1, or -1 below 0."""
    return 1 - 2 * _one_if(value < number(Decimal(0), 0))


def _times(value: Value, power: int) -> Value:
    return cast(value * number(Decimal(10) ** power, 0), "decimal(38, 0)") if power else value


def _whole(value: Value) -> Value:
    """A decimal's digits as a whole number: 12.34 at scale 2 is 1234. In two steps where one would not fit."""
    scale = scale_of(value)
    while scale:
        step = min(6, scale)
        scale -= step
        value = cast(value * number(Decimal(10) ** step, 0), f"decimal(38, {scale})")
    return value
