"""Functions on numbers. All exact; halves are rounded away from zero."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import ibis

from geartrain.kernel.rules import columns, exact
from geartrain.kernel.rules.functions.base import NUMBER, TEXT, Function, Param
from geartrain.kernel.rules.kinds import Kind
from geartrain.kernel.rules.limits import COLUMN, FINE, Size

_number = Param("number", NUMBER)
_NUMERAL = r"^[+-]?[0-9]{1,18}([.][0-9]{1,9})?$"


def _round(value: Decimal, decimals: Decimal) -> Decimal:
    return exact.rounded(value, int(decimals))


def _round_column(value: Any, decimals: int) -> Any:
    return columns.at_scale(value, min(decimals, columns.scale_of(value)))


def _step(value: Any, *, down: bool) -> Any:
    """Floor or ceiling: engines give them as 64-bit integers or doubles, so they are made of a rounding."""
    scale = columns.scale_of(value)
    if scale == 0:
        return value

    def stepped(value: Any) -> Any:
        near, one = columns.at_scale(value, 0), columns.number(Decimal(1), 0)
        beyond = columns.at_scale(near, scale) > value if down else columns.at_scale(near, scale) < value
        return ibis.cases((beyond, near - one if down else near + one), (value.notnull(), near))

    return columns.once(value, stepped)


def _extreme(values: tuple[Any, ...], pick: Any) -> Any:
    """Engines pass over nulls here; what is unknown may be the greatest, so it makes the result unknown."""
    known = values[0].notnull()
    for value in values[1:]:
        known = known & value.notnull()
    return ibis.cases((known, pick(*columns.aligned(*values))))


def _to_number(text: str) -> Decimal | None:
    return Decimal(text) if re.search(_NUMERAL, text, re.ASCII) and not text.endswith("\n") else None


FUNCTIONS = (
    Function(
        "abs",
        (_number,),
        Kind.number,
        "The number without its sign.",
        ("abs(-2.5)", Decimal("2.5")),
        record=abs,
        column=lambda number: number.abs(),
    ),
    Function(
        "round",
        (_number, Param("decimals", whole=0, high=FINE)),
        Kind.number,
        "The number with so many decimals, halves away from zero.",
        ("round(-2.345, 2)", Decimal("-2.35")),
        record=_round,
        column=_round_column,
    ),
    Function(
        "floor",
        (_number,),
        Kind.number,
        "The largest whole number that is not greater.",
        ("floor(-2.5)", Decimal(-3)),
        record=lambda number: number.to_integral_value(ROUND_FLOOR, context=exact.WIDE),
        column=lambda number: _step(number, down=True),
        reads=4,
    ),
    Function(
        "ceil",
        (_number,),
        Kind.number,
        "The smallest whole number that is not less.",
        ("ceil(-2.5)", Decimal(-2)),
        record=lambda number: number.to_integral_value(ROUND_CEILING, context=exact.WIDE),
        column=lambda number: _step(number, down=False),
        reads=4,
    ),
    Function(
        "greatest",
        (_number,),
        Kind.number,
        "The greatest of the numbers; unknown if one of them is.",
        ("greatest(1, 3, 2)", Decimal(3)),
        record=max,
        column=lambda *numbers: _extreme(numbers, ibis.greatest),
        many=2,
        reads=2,
    ),
    Function(
        "least",
        (_number,),
        Kind.number,
        "The least of the numbers; unknown if one of them is.",
        ("least(1, 3, 2)", Decimal(1)),
        record=min,
        column=lambda *numbers: _extreme(numbers, ibis.least),
        many=2,
        reads=2,
    ),
    Function(
        "to_number",
        (Param("text", TEXT),),
        Kind.number,
        "The number a text states, e.g. '-12.5': at most 18 digits and 9 decimals, no separators; else unknown.",
        ("to_number('-12.5')", Decimal("-12.5")),
        record=_to_number,
        column=lambda text: ibis.cases((text.re_search(_NUMERAL), columns.cast(text, "decimal(38, 9)"))),
        size=Size(COLUMN.decimals, COLUMN.most),
        reads=2,
    ),
)
