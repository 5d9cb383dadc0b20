"""The aggregates a metric can be made of, one file each; the folder is the register."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated, Any, Union

from pydantic import Discriminator

from geartrain.kernel.measure.aggregate import Aggregate


def _found() -> tuple[type[Aggregate], ...]:
    """The primitive of every module of this folder: each declares one as `PRIMITIVE`."""
    names = sorted(m.name for m in iter_modules(__path__))
    return tuple(import_module(f"{__name__}.{name}").PRIMITIVE for name in names)


PRIMITIVES: tuple[type[Aggregate], ...] = _found()

if TYPE_CHECKING:
    AnyAggregate = Aggregate
else:
    AnyAggregate: Any = Annotated[Union[PRIMITIVES], Discriminator("agg")]  # noqa: UP007
"""Any primitive, told apart by `agg`."""
