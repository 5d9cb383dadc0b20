"""Source connectors, one module each: `feeds(read, location, …) -> (feeds, issues)`. The folder is the register."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from geartrain.kernel.errors import NotFound
from geartrain.kernel.issues import Issue
from geartrain.stores.intake.feed import Feed
from geartrain.stores.intake.mapping import Mapping
from geartrain.stores.intake.readers import Reader


@dataclass(frozen=True)
class Asked:
    """What is to be loaded.

    Args:
        location: Folder or file; empty for a database.
        url: SQLAlchemy address, for `sql`.
        zone: Whose midnight a bare date is.
    """

    location: Path | None
    url: str
    mapping: Mapping | None
    zone: str


Connector = Callable[[Reader, Asked], tuple[Sequence[Feed], Sequence[Issue]]]


def connectors() -> dict[str, Connector]:
    """Every source by the name of its module."""
    return {m.name: import_module(f"{__name__}.{m.name}").feeds for m in iter_modules(__path__)}


def connector(name: str) -> Connector:
    """The source of this name.

    Raises:
        NotFound: there is none.
    """
    found = connectors()
    if name not in found:
        raise NotFound(f"There is no source '{name}'.", hint=f"One of: {', '.join(found)}.")
    return found[name]


def files_in(location: Path) -> Iterator[Path]:
    """The file itself, or the files of a folder and its folders in name order; hidden ones are left out."""
    if location.is_file():
        yield location
        return
    for path in sorted(location.rglob("*")):
        if path.is_file() and not any(p.startswith(".") for p in path.relative_to(location).parts):
            yield path


def labelled(location: Path) -> Iterator[tuple[Path, str]]:
    """Each file with the name it is called by in messages: its path below the folder."""
    for path in files_in(location):
        yield path, path.name if location.is_file() else path.relative_to(location).as_posix()
