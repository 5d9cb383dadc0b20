"""What conditions of a plan see: a deal's columns, the payee's under `user`, quota and attainment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from geartrain.incentives.lines import Credit
from geartrain.kernel.errors import Invalid
from geartrain.kernel.rules import WrongValue, parse

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}.*")


def typed(value: Any) -> Any:
    """A value of JSON or YAML as conditions read it: dates that are written as text are dates."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Fraction):
        return decimal(value)
    if isinstance(value, str):
        try:
            if DAY.fullmatch(value):
                return date.fromisoformat(value)
            if INSTANT.fullmatch(value):
                return datetime.fromisoformat(value).replace(tzinfo=None)
        except ValueError:
            return value
    if isinstance(value, Mapping):
        return {str(k): typed(v) for k, v in value.items()}
    return value


def decimal(value: Fraction) -> Decimal:
    """A fraction as conditions compare it: to nine decimals, as they calculate."""
    scaled = value * 10**9
    return Decimal(round(scaled)).scaleb(-9)


def seen(credit: Credit, user: Mapping[str, Any], *, quota: Fraction | None, attained: Fraction) -> dict[str, Any]:
    """What a condition sees of a line; `amount` is the deal's where its columns do not say otherwise."""
    booked = credit.booked if credit.booked is not None else credit.amount
    known: dict[str, Any] = {"amount": decimal(booked), "credit": decimal(credit.amount), "credit_type": credit.type}
    if quota is not None:
        known["quota"] = decimal(quota)
        known["attainment"] = decimal(attained / quota) if quota else None
    return known | dict(credit.values) | {"user": user}


def holds(condition: str, values: Mapping[str, Any], *, where: str) -> bool | None:
    """Whether a condition holds; None where a value it needs is unknown.

    Raises:
        Invalid: a value is of another kind than the condition compares it with.
    """
    found = evaluate(condition, values, where=where)
    return None if found is None else bool(found)


def evaluate(expression: str, values: Mapping[str, Any], *, where: str) -> Any:
    """The value of an expression; None for unknown.

    Raises:
        Invalid: a value is of another kind than the expression needs.
    """
    try:
        return parse(expression, where=where).evaluate(values)
    except WrongValue as error:
        raise Invalid(f"{where}: `{expression}`: {error.message}", hint=error.hint) from None


def days_in(expression: str, values: Mapping[str, Any]) -> list[date]:
    """The days that the columns of an expression hold, first read first."""
    rule = parse(expression)
    names = sorted(rule.fields, key=rule.text.find)
    return [d for n in names if (d := as_day(values.get(n))) is not None]


def as_day(value: Any) -> date | None:
    """The day of a date or an instant; None for anything else."""
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else None
