"""Three-valued logic (Kleene): True, False and None for unknown, as SQL has it."""

from __future__ import annotations

from collections.abc import Iterable

Truth = bool | None


def all_of(values: Iterable[Truth]) -> Truth:
    """False if any is False, else unknown if any is unknown, else True (also when there is none)."""
    unknown = False
    for value in values:
        if value is False:
            return False
        unknown = unknown or value is None
    return None if unknown else True


def any_of(values: Iterable[Truth]) -> Truth:
    """True if any is True, else unknown if any is unknown, else False (also when there is none)."""
    unknown = False
    for value in values:
        if value is True:
            return True
        unknown = unknown or value is None
    return None if unknown else False


def negate(value: Truth) -> Truth:
    """The opposite; unknown stays unknown."""
    return None if value is None else not value
