"""Functions that choose among their arguments."""

from __future__ import annotations

from typing import Any

import ibis

from geartrain.kernel.rules.functions.base import Function, Param
from geartrain.kernel.rules.kinds import Kind

_any = Param("value")


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _nullif(value: Any, other: Any) -> Any:
    return None if value == other else value


FUNCTIONS = (
    Function(
        "coalesce",
        (_any,),
        Kind.unknown,
        "The first of the values that is known.",
        ("coalesce(null, 'none')", "none"),
        record=_coalesce,
        column=lambda *values: ibis.coalesce(*values),
        many=2,
        sees_unknown=True,
    ),
    Function(
        "nullif",
        (_any, Param("other")),
        Kind.unknown,
        "The value, or unknown where it equals the other.",
        ("nullif('n/a', 'n/a')", None),
        record=_nullif,
        column=lambda value, other: ibis.cases(
            ((value == other).fill_null(False), ibis.null(value.type())), else_=value
        ),
        sees_unknown=True,
        reads=2,
    ),
)
