"""Functions on text. Text is compared code point by code point: case, accents and spaces count, and it has no order."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from typing import Any

from geartrain.kernel.rules.functions.base import TEXT, Function, Param
from geartrain.kernel.rules.kinds import Kind
from geartrain.kernel.rules.limits import Size

# What a letter becomes differs between engines and between the locales of one engine, so the pairs are stated: every
# letter of the Latin (to U+017F), Greek and Cyrillic blocks whose two cases are one code point each, both ways.
_PAIRS = [
    (chr(point), chr(point).lower())
    for first, last in ((0x41, 0x5A), (0xC0, 0x17F), (0x386, 0x3FF), (0x400, 0x52F))
    for point in range(first, last + 1)
    if len(chr(point).lower()) == 1 and chr(point).lower().upper() == chr(point) != chr(point).lower()
]
CAPITALS = "".join(upper for upper, _ in _PAIRS)
SMALLS = "".join(lower for _, lower in _PAIRS)
_TO_UPPER = str.maketrans(SMALLS, CAPITALS)
_SPACE = " \t\r\n"

_text = Param("text", TEXT)


def _lower(text: str) -> str:
    """Letter by letter, as the engines do it: Python's own looks at neighbours and makes two letters of İ."""
    return text.lower() if text.isascii() else "".join(letter.lower()[0] for letter in text)


def _substr(value: str, start: Decimal, length: Decimal) -> str:
    return value[int(start) - 1 : int(start) - 1 + int(length)]


def _concat(*parts: Any) -> Any:
    return reduce(lambda one, other: one + other, parts)


FUNCTIONS = (
    Function(
        "lower",
        (_text,),
        Kind.text,
        "The text in small letters, each letter by itself (a final Σ becomes σ).",
        ("lower('ÄRGER')", "ärger"),
        record=_lower,
        column=lambda text: text.lower(),
    ),
    Function(
        "upper",
        (_text,),
        Kind.text,
        "The text in capitals (Latin, Greek, Cyrillic; ß and ligatures stay). Slow on columns: prefer lower.",
        ("upper('ärger')", "ÄRGER"),
        record=lambda text: text.translate(_TO_UPPER),
        column=lambda text: text.translate(SMALLS, CAPITALS),
    ),
    Function(
        "trim",
        (_text,),
        Kind.text,
        "The text without spaces, tabs and line ends around it.",
        ("trim('  Acme ')", "Acme"),
        record=lambda text: text.strip(_SPACE),
        column=lambda text: text.re_replace(r"^[ \t\r\n]+", "").re_replace(r"[ \t\r\n]+$", ""),
    ),
    Function(
        "length",
        (_text,),
        Kind.number,
        "How many characters (code points) the text has.",
        ("length('Zoë')", Decimal(3)),
        record=lambda text: Decimal(len(text)),
        column=lambda text: text.length(),
        size=Size(0, 1e9),
    ),
    Function(
        "starts_with",
        (_text, Param("start", TEXT)),
        Kind.flag,
        "Whether the text begins so; true for an empty start.",
        ("starts_with('GTX Pro', 'GTX')", True),
        record=lambda text, start: text.startswith(start),
        column=lambda text, start: text.startswith(start),
    ),
    Function(
        "ends_with",
        (_text, Param("end", TEXT)),
        Kind.flag,
        "Whether the text ends so; true for an empty end.",
        ("ends_with('GTX Pro', 'Pro')", True),
        record=lambda text, end: text.endswith(end),
        column=lambda text, end: text.endswith(end),
        reads=2,
    ),
    Function(
        "contains",
        (_text, Param("part", TEXT)),
        Kind.flag,
        "Whether the part stands anywhere in the text; true for an empty part.",
        ("contains('GTX Pro', 'X P')", True),
        record=lambda text, part: part in text,
        column=lambda text, part: text.contains(part),
    ),
    Function(
        "concat",
        (_text,),
        Kind.text,
        "The texts one after the other; unknown if one of them is.",
        ("concat('Q', '3', '!')", "Q3!"),
        record=_concat,
        column=_concat,
        many=2,
    ),
    Function(
        "substr",
        (_text, Param("start", whole=1), Param("length", whole=0)),
        Kind.text,
        "So many characters from a place on; the first is at 1.",
        ("substr('EMEA-North', 1, 4)", "EMEA"),
        record=_substr,
        column=lambda text, start, length: text.substr(start - 1, length),
    ),
    Function(
        "replace",
        (_text, Param("old", TEXT), Param("new", TEXT)),
        Kind.text,
        "The text with every occurrence of the old part replaced; an empty old part changes nothing.",
        ("replace('GTXPro', 'XP', 'X P')", "GTX Pro"),
        record=lambda text, old, new: text.replace(old, new) if old else text,
        column=lambda text, old, new: text.replace(old, new),
    ),
)
