"""How numbers are written, in the one place that pages, tables and charts share.

Currency, compact amounts with the exact one beside them, percent, days, and n/a with its reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

SYMBOLS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "KRW": "₩",
    "BRL": "R$",
    "CAD": "CA$",
    "AUD": "A$",
}
# Units as the metric policies name them, to the words after the number.
WORDS = {"days": "days", "hours": "h", "months": "months", "minutes": "min", "years": "years", "points": "pp"}
MONEY = ("money", "money_per_day")
SCALES = ((Decimal(10) ** 12, "T"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "k"))


@dataclass(frozen=True, slots=True)
class Shown:
    """A number for people: `text` is what stands there, `exact` what a pointer over it reveals, empty if the same."""

    text: str
    exact: str = ""
    unknown: bool = False

    def __str__(self) -> str:
        return self.text


def show(value: Any, unit: str = "", *, currency: str = "USD", compact: bool = True, why: str = "") -> Shown:
    """A value for people.

    Args:
        unit: ratio, count, number, money, money_per_day, days, hours, months; anything else stands after the number.
        compact: Write 1.2M for amounts and counts of a thousand or more.
        why: The reason where there is no value.

    Example: 10005534 money USD: "$10.0M", exact "$10,005,534.00". 0.631501 ratio: "63.2%", exact "63.1501%".
    """
    if value is None:
        return Shown("n/a", why or "There is nothing to work it out from.", unknown=True)
    if isinstance(value, bool):
        return Shown("yes" if value else "no")
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, int):
        value = Decimal(value)
    if not isinstance(value, Decimal):
        return Shown(_other(value))
    if not value.is_finite():
        return Shown("n/a", why or "The number is not finite.", unknown=True)
    if unit == "ratio":
        return _shown(percent(value, 0 if value in (0, 1) else 1), percent(value, 4, trim=True))
    if unit in MONEY:
        per = " a day" if unit == "money_per_day" else ""
        text = short(value, currency) if compact and abs(value) >= 1_000 else money(value, currency, whole=compact)
        return _shown(text + per, money(value, currency) + per)
    places = 1 if unit in WORDS else 0 if value == value.to_integral_value() else 2
    text = _scaled(value) if compact and abs(value) >= 10_000 else fixed(value, places)
    words = WORDS.get(unit, "" if unit in ("", "count", "number") else unit)
    return _shown(f"{text} {words}".strip(), f"{_trim(fixed(value, 6))} {words}".strip())


def money(value: Decimal, currency: str, *, whole: bool = False) -> str:
    """An amount in full, e.g. $1,234.50; `whole` leaves the cents out where there are none."""
    sign, symbol = ("−" if value < 0 else ""), SYMBOLS.get(currency, f"{currency} ")
    places = 0 if whole and value == value.to_integral_value() else 2
    return f"{sign}{symbol}{fixed(abs(value), places)}"


def short(value: Decimal, currency: str) -> str:
    """An amount with two or three digits, e.g. $1.2M."""
    sign, symbol = ("−" if value < 0 else ""), SYMBOLS.get(currency, f"{currency} ")
    return f"{sign}{symbol}{_scaled(abs(value))}"


def percent(value: Decimal, places: int, *, trim: bool = False) -> str:
    """A ratio in percent, e.g. 0.6315 as 63.2%."""
    text = fixed(value * 100, places)
    return f"{_trim(text) if trim else text}%"


def fixed(value: Decimal, places: int) -> str:
    """With so many decimals, halves away from zero, thousands separated."""
    rounded = value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP) if abs(value) < 10**20 else value
    text = f"{abs(rounded):,f}"
    return f"−{text}" if rounded < 0 else text


def _scaled(value: Decimal) -> str:
    for n, (scale, letter) in enumerate(SCALES):
        if abs(value) >= scale:
            part = value / scale
            text = fixed(part, 1 if abs(part) < 100 else 0)
            # 999,950 is 1.0M, not 1,000k.
            if text.replace("−", "") in ("1,000", "1,000.0") and n:
                return f"{'−' if value < 0 else ''}1.0{SCALES[n - 1][1]}"
            return text + letter
    return fixed(value, 0 if value == value.to_integral_value() else 1)


def _shown(text: str, exact: str) -> Shown:
    return Shown(text, "" if exact == text else exact)


def _trim(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _other(value: Any) -> str:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
