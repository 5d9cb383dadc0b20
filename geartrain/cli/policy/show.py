"""Reading answers that several commands give."""

from __future__ import annotations

from rich.markup import escape

from geartrain.cli.output import Format, console, print_csv, print_json, shown
from geartrain.services.governance import VersionInfo

COLUMNS = (
    "kind",
    "key",
    "version",
    "status",
    "author",
    "effective_from",
    "effective_to",
    "material",
    "review_by",
    "sha256",
)


def cells(version: VersionInfo) -> tuple[object, ...]:
    """A version as a row."""
    return tuple(getattr(version, c) for c in COLUMNS)


def tell(format: Format, version: VersionInfo, said: str) -> None:
    """What became of a version: a sentence for people, the version for programs."""
    if format is Format.json:
        print_json(version.as_json())
    elif format is Format.csv:
        print_csv(COLUMNS, [cells(version)])
    else:
        name = f"{version.kind}/{version.key}@{version.version}"
        console.print(f"[bold]{escape(name)}[/] {escape(said)}", soft_wrap=True)
        console.print(f"[dim]sha256 {version.sha256}[/]", soft_wrap=True)


def day(value: object) -> str:
    """An instant for people."""
    return shown(value)
