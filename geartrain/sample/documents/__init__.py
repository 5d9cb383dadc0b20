"""How the sample company sells: one policy a file, published by the demo's people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def documents() -> Iterator[tuple[str, str]]:
    """(file, text) of every policy, by name."""
    for file in sorted(Path(__file__).parent.glob("*.yaml")):
        yield file.name, file.read_text(encoding="utf-8")
