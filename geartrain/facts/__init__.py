"""The record types of sales and the views worked out from them, one file each; the folder is the register."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from geartrain.kernel.errors import NotFound
from geartrain.kernel.records import RecordType


@cache
def record_types() -> dict[str, RecordType]:
    """Every record type by name: each module of `facts/types/` declares one as `RECORD`."""
    from geartrain.facts import types

    found = [import_module(f"{types.__name__}.{m.name}").RECORD for m in iter_modules(types.__path__)]
    return {r.name: r for r in sorted(found, key=lambda r: r.name)}


def record_type(name: str) -> RecordType:
    """The record type of this name.

    Raises:
        NotFound: no such type; the message lists those there are.
    """
    try:
        return record_types()[name]
    except KeyError:
        known = ", ".join(record_types())
        raise NotFound(f"There is no record type '{name}'.", hint=f"One of: {known}.") from None


@cache
def view_modules() -> dict[str, ModuleType]:
    """Every module of `facts/views/` by the name of its view: each declares `VIEW` and `build`."""
    from geartrain.facts import views as folder

    found = [import_module(f"{folder.__name__}.{m.name}") for m in iter_modules(folder.__path__)]
    return {m.VIEW.name: m for m in sorted(found, key=lambda m: str(m.VIEW.name))}


@cache
def view_types() -> dict[str, RecordType]:
    """Every view by name, declared like a record type: its grain, key and columns."""
    return {name: module.VIEW for name, module in view_modules().items()}
