"""The tables of a CRM's export: which file is which, with what every connector of this kind does alike."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from geartrain.kernel.issues import Issue, Level
from geartrain.stores.intake.feed import Feed, Raw, Unreadable
from geartrain.stores.intake.readers import READABLE, Reader


@dataclass
class Tables:
    """Files by the table they hold; several files may hold parts of one."""

    files: list[tuple[str, Raw]] = field(default_factory=list)

    def get(self, name: str) -> Raw | None:
        """The (first) file of a table, to look something up in."""
        return next((raw for n, raw in self.files if n == name), None)


def read_tables(
    read: Reader, files: Iterable[tuple[Path, str]], named: Callable[[str], str], known: frozenset[str]
) -> tuple[Tables, list[Issue]]:
    """Read every file that can be read; `named` gives the table of a file's stem."""
    found, issues = Tables(), list[Issue]()
    for path, label in files:
        if path.suffix.lower() not in READABLE:
            issues.append(unsupported(label, path))
            continue
        try:
            found.files.append((named(path.stem), read.any(path, label=label, known=known)))
        except Unreadable as error:
            issues.append(unreadable(error, label))
    return found, issues


def names_in(templates: Iterable[Mapping[str, str]]) -> frozenset[str]:
    """The normalised headers that templates ask for."""
    return frozenset(n for t in templates for sql in t.values() for n in re.findall(r"{(\w+)}", sql))


def built(make: Callable[[], Feed], issues: list[Issue], label: str) -> Sequence[Feed]:
    """The feed of one table; a column it cannot do without and lacks is an issue."""
    try:
        return [make()]
    except Unreadable as error:
        issues.append(unreadable(error, label))
        return []


def unused(raw: Raw, why: str = "no record type takes what it holds") -> Issue:
    """A table that is known and left where it is."""
    said = f"{raw.label} was not loaded: {why}."
    return Issue("unused_table", Level.info, said, raw.label, "Nothing is lost: it stays in your export.")


def unsupported(label: str, path: Path) -> Issue:
    """A file of a kind that is not read."""
    hint = f"These are read: {', '.join(READABLE)}. Unpack it, or export it as one of them."
    ending = f"files that end in {path.suffix}" if path.suffix else "files without an ending"
    return Issue("unknown_file", Level.info, f"{label} was not loaded: {ending} are not read.", label, hint)


def unreadable(error: Unreadable, label: str) -> Issue:
    """A file that cannot be read."""
    return Issue("unreadable_file", Level.error, error.message, label, error.hint)
