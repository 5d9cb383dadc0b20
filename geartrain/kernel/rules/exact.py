"""Exact numbers, one record at a time: what a calculation gives in Python."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from geartrain.kernel.rules.errors import WrongValue
from geartrain.kernel.rules.limits import FINE, QUOTIENT, READ

# Wide enough that no product of two 38-digit numbers is rounded before its stated rounding.
WIDE = Context(prec=100, rounding=ROUND_HALF_UP, Emax=9999, Emin=-9999)
HELD = Decimal(10) ** 38
_STEPS = [Decimal(1).scaleb(-n) for n in range(FINE + 1)]


def rounded(value: Decimal, decimals: int) -> Decimal:
    """Half away from zero, at so many decimals; finer stays as it is where it already fits."""
    return value.quantize(_STEPS[decimals], context=WIDE)


def _decimal(value: Decimal) -> Decimal | None:
    if not value.is_finite():
        return None
    if abs(value) >= HELD:
        return value  # more than any column holds: still comparable, never calculated with
    short = rounded(value, 9)
    return value if short == value else short


def _float(value: float) -> Decimal | None:
    return _decimal(Decimal(repr(value))) if math.isfinite(value) else None


def _instant(value: datetime) -> datetime:
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


READERS: dict[type, Callable[[Any], Any]] = {Decimal: _decimal, float: _float, datetime: _instant, int: Decimal}


def plain(value: Any) -> Any:
    """A value of a record as rules see it: numbers as Decimal of at most 9 decimals, instants as naive UTC."""
    reader = READERS.get(type(value))
    return value if reader is None else reader(value)


def operand(value: Any) -> Decimal | None:
    """A column's value on its way into a calculation: unknown from 10^18 on."""
    if value is None:
        return None
    if type(value) is not Decimal:
        raise WrongValue(f"{value!r} is not a number.", hint="Only numbers can be calculated with.")
    return value if -READ < value < READ else None


def multiplied(left: Decimal, right: Decimal, limit: float | None) -> Decimal | None:
    """The product, rounded half away from zero at 12 decimals; unknown if its double reaches the limit."""
    if limit is not None and not abs(float(left) * float(right)) < limit:
        return None
    product = WIDE.multiply(left, right)
    return product if -int(product.as_tuple().exponent) <= FINE else rounded(product, FINE)


def divided(left: Decimal, right: Decimal, limit: float) -> Decimal | None:
    """The quotient, rounded once, half away from zero at 12 decimals.

    Unknown for a divisor of 0, a dividend that reaches the limit or a quotient of 10^15 or more.
    Done in integers: a decimal division would round at its precision first.
    """
    if not right or not abs(float(left)) < limit or not abs(float(left)) < abs(float(right)) * QUOTIENT:
        return None
    top, bottom = _integer(left) * 10**FINE, _integer(right)
    whole, rest = divmod(abs(top), abs(bottom))
    whole += 2 * rest >= abs(bottom)
    return Decimal(whole if (top < 0) == (bottom < 0) else -whole).scaleb(-FINE, context=WIDE)


def _integer(value: Decimal) -> int:
    return int(value.scaleb(FINE, context=WIDE))


def shown(value: Decimal) -> str:
    """As a person reads it: thousands separated, no trailing zeros past two decimals: 12,000.00 · 0.631501."""
    if value == value.to_integral_value(context=WIDE):
        exponent = int(value.as_tuple().exponent)
        return f"{value:,.2f}" if exponent < 0 else f"{int(value):,}"
    short = value.normalize(context=WIDE)
    return f"{short:,.{max(2, -int(short.as_tuple().exponent))}f}"
