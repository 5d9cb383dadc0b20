"""Sources that are reached by their REST API, one module each: `connect(environment, …) -> Crm`. The folder is the
register. Secrets come from environment variables alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol

from geartrain.kernel.errors import Invalid, NotFound

INFRASTRUCTURE = ("client", "tokens")


@dataclass(frozen=True)
class Row:
    """A record as it was read; `stamp` changes with every write to it."""

    values: Mapping[str, Any]
    stamp: str


@dataclass(frozen=True)
class Update:
    """Fields of one record, in the source's names. `key` tells requests apart in the source's own log."""

    id: str
    values: Mapping[str, Any]
    stamp: str
    key: str


class Told(StrEnum):
    """What a source says of one update."""

    written = "written"
    raced = "raced"  # changed since it was read; not written
    refused = "refused"
    lost = "lost"  # not known


@dataclass(frozen=True)
class Outcome:
    """What became of one update."""

    told: Told
    message: str = ""


@dataclass(frozen=True)
class Page:
    """Rows of one object in the order in which they changed, and the position after them."""

    rows: Sequence[Mapping[str, Any]]
    position: Mapping[str, Any]


class Crm(Protocol):
    """What write-back and live loads ask of a source."""

    name: str
    batch: int
    key: str  # what rows call their id
    stamps: frozenset[str]  # what changes with every touch: no content of a record

    def read(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Row]:
        """Records by id; those that are not there are left out."""
        ...

    def write(self, object: str, updates: Sequence[Update]) -> list[Outcome]:
        """At most `batch` updates, an outcome each, in their order. Nothing is sent twice by this.

        Raises:
            Later, Denied, Unreached, Refused: nothing was written.
        """
        ...

    def tables(self) -> Mapping[str, str]:
        """What can be loaded: the name of the table to the source's object."""
        ...

    def record_type(self, table: str) -> str:
        """The record type of a table's rows."""
        ...

    def tracked(self, table: str, row: Mapping[str, Any]) -> Iterable[str]:
        """The fields of an opportunity whose changes the source surely tells, as a row of a history shows."""
        ...

    def marked(self, table: str, row: Mapping[str, Any]) -> tuple[datetime, bool]:
        """When a row was changed last, and whether it is deleted."""
        ...

    def changed(self, table: str, *, since: datetime | None, position: Mapping[str, Any]) -> Iterator[Page]:
        """Records changed at or after an instant (all where None), deleted ones marked so, from a position on."""
        ...

    def fixed(self) -> Iterable[tuple[str, Sequence[Mapping[str, Any]]]]:
        """Small tables that are read whole: stages, people."""
        ...


def systems() -> dict[str, Any]:
    """Every source by the name of its module."""
    names = sorted(m.name for m in iter_modules(__path__) if m.name not in INFRASTRUCTURE)
    return {name: import_module(f"{__name__}.{name}") for name in names}


def connect(name: str, environment: Mapping[str, str], *, pause: Callable[[float], None] = time.sleep) -> Crm:
    """A source, with the credentials of the environment.

    Raises:
        NotFound: there is no such source. Invalid: a variable is missing.
    """
    found = systems()
    if name not in found:
        raise NotFound(f"There is no source '{name}' with an API.", hint=f"One of: {', '.join(found)}.")
    crm: Crm = found[name].connect(environment, pause=pause)
    return crm


def needed(environment: Mapping[str, str], name: str, *, what: str) -> str:
    """A variable that has to be set.

    Raises:
        Invalid: it is not.
    """
    value = environment.get(name, "").strip()
    if not value:
        raise Invalid(f"The environment variable {name} is not set: {what}.", hint=f"Set it: export {name}=…")
    return value
