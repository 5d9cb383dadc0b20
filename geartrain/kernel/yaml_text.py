"""YAML 1.2 texts as values, fast: libyaml reads what is plain, ruamel.yaml whatever is not and whatever is wrong.

ruamel.yaml says where and why a text is wrong, and is the meaning of every text; it takes 15 ms for a page of a policy.
libyaml takes a thirtieth of that, but keeps to YAML 1.1. So its tokens are resolved by ruamel's own rules, and a text
with anything beyond mappings, lists, text, numbers, flags and days goes the slow way. The tests hold both to one
result.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from datetime import date
from decimal import Decimal
from typing import Any

import yaml as libyaml
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.resolver import implicit_resolvers

TAG = "tag:yaml.org,2002:"
_READER: Any = getattr(libyaml.cyaml, "CParser", None) if libyaml.__with_libyaml__ else None


# Directives, and characters that end a line, or may stand, in one version of YAML and not in the other.
_BEYOND = re.compile(r"^%|[\t\x85\u2028\u2029\ufeff]|[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]", re.MULTILINE)


class _NotPlain(Exception):
    """The text holds something that the fast way does not read."""


def load_yaml(text: str, *, exact: bool = False) -> Any:
    """The values of a YAML text.

    Args:
        text: One document.
        exact: Numbers with a point as Decimal instead of float: 0.1 is one tenth.
    Raises:
        ruamel.yaml.error.YAMLError: it is none. ValueError: a number or a day that there is not.
    """
    if _READER is not None and not _BEYOND.search(text):
        try:
            return _plain(text, exact)
        except (libyaml.YAMLError, _NotPlain, ValueError, ArithmeticError, RecursionError):
            pass  # the slow way tells what it is, or what is wrong with it
    slow = YAML(typ="safe", pure=True)
    if exact:
        slow.Constructor = _Exact
    return slow.load(text)


class _Exact(SafeConstructor):
    """Numbers with a point as decimals."""


def _exactly(constructor: Any, node: Any) -> Any:
    try:
        return Decimal(str(node.value).replace("_", ""))
    except ArithmeticError:
        return constructor.construct_yaml_float(node)


_Exact.add_constructor(f"{TAG}float", _exactly)

_RESOLVERS = [
    (tag, pattern, frozenset(first)) for versions, tag, pattern, first in implicit_resolvers if (1, 2) in versions
]


def _plain(text: str, exact: bool) -> Any:
    reader = _READER(text)
    try:
        _expect(reader, libyaml.StreamStartEvent)
        start = _expect(reader, libyaml.DocumentStartEvent)
        if start.version or start.tags:
            raise _NotPlain
        value = _value(reader, reader.get_event(), exact, {})
        _expect(reader, libyaml.DocumentEndEvent)
        _expect(reader, libyaml.StreamEndEvent)
        return value
    finally:
        reader.dispose()


def _expect(reader: Any, kind: type) -> Any:
    event = reader.get_event()
    if not isinstance(event, kind):
        raise _NotPlain
    return event


def _value(reader: Any, event: Any, exact: bool, named: dict[str, Any]) -> Any:
    """What an event begins; what is given an anchor is kept under its name for the aliases that follow."""
    if isinstance(event, libyaml.AliasEvent):
        if event.anchor not in named:
            raise _NotPlain
        return named[event.anchor]
    if event.tag is not None:
        raise _NotPlain
    value = _held(reader, event, exact, named)
    if event.anchor is not None:
        named[event.anchor] = value
    return value


def _held(reader: Any, event: Any, exact: bool, named: dict[str, Any]) -> Any:
    if isinstance(event, libyaml.ScalarEvent):
        return event.value if event.style else _scalar(event.value, exact)
    if isinstance(event, libyaml.SequenceStartEvent):
        items = []
        while not isinstance(event := reader.get_event(), libyaml.SequenceEndEvent):
            items.append(_value(reader, event, exact, named))
        return items
    found: dict[Hashable, Any] = {}
    while not isinstance(event := reader.get_event(), libyaml.MappingEndEvent):
        key = _value(reader, event, exact, named)
        if isinstance(key, list | dict) or key in found:
            raise _NotPlain
        found[key] = _value(reader, reader.get_event(), exact, named)
    return found


def _scalar(said: str, exact: bool) -> Any:
    first = said[:1]
    for tag, pattern, begins in _RESOLVERS:
        if first in begins and pattern.match(said):
            make = _MAKERS.get(tag)
            if make is None:
                raise _NotPlain
            return make(said) if not (exact and tag == f"{TAG}float") else Decimal(said.replace("_", ""))
    return said


def _whole(said: str) -> int:
    plain = said.replace("_", "")
    if not plain.lstrip("+-").isdecimal():
        raise _NotPlain  # binary, octal, hexadecimal
    return int(plain)


def _real(said: str) -> float:
    plain = said.replace("_", "").lower()
    if plain.endswith(("inf", "nan")):
        raise _NotPlain
    return float(plain)


def _day(said: str) -> date:
    if len(said) != 10:
        raise _NotPlain
    return date.fromisoformat(said)


_MAKERS: dict[str, Callable[[str], Any]] = {
    f"{TAG}bool": lambda said: said.lower() == "true",
    f"{TAG}float": _real,
    f"{TAG}int": _whole,
    f"{TAG}null": lambda said: None,
    f"{TAG}timestamp": _day,
}
