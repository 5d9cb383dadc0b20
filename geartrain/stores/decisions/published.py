"""The published policies as they are stored, and a cheap look at whether anything about them changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from geartrain.stores.decisions import opening

STATE = """SELECT COUNT(published_at), COUNT(retired_at), MAX(published_at), MAX(retired_at)
    FROM decisions_policyversion"""
NOTHING = (0, 0, "None", "None")


@dataclass(frozen=True, slots=True)
class Stored:
    """A version that was published at some time; instants are naive UTC."""

    kind: str
    key: str
    version: int
    status: str
    sha256: str
    body: str
    effective_from: datetime
    effective_to: datetime | None
    material: bool


def published_state(url: str) -> tuple[int, int, str, str]:
    """What changes with every publication and retirement, and with nothing else.

    An embedded store that this process has not opened is looked at without Django, which takes half a second to load:
    most commands never need it.
    """
    if not opening.is_open(url) and url.startswith("sqlite:///"):
        return _peek(Path(url.removeprefix("sqlite:///")))
    opening.open_decisions(url)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(STATE)
        return _state(cursor.fetchone())


def published_versions(url: str) -> Iterator[Stored]:
    """Every version that was ever published, by kind, key and version."""
    opening.open_decisions(url)
    from geartrain.stores.decisions.models import PolicyVersion

    for row in PolicyVersion.objects.exclude(published_at=None).order_by("kind", "key", "version"):
        ends = naive(row.effective_to)
        yield Stored(row.kind, row.key, row.version, row.status, row.sha256, row.body, _start(row), ends, row.material)


def naive(value: datetime | None) -> datetime | None:
    """An instant of the store as the rest of the system has it: naive UTC."""
    return value if value is None or value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def aware(value: datetime) -> datetime:
    """An instant as the store wants it."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _start(row: Any) -> datetime:
    found = naive(row.effective_from)
    assert found is not None, "the database holds that what is published takes effect"
    return found


def _peek(path: Path) -> tuple[int, int, str, str]:
    if not path.exists():
        return NOTHING
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=20)) as connection:
            return _state(connection.execute(STATE).fetchone())
    except sqlite3.OperationalError:
        return NOTHING  # a store of before there were policies


def _state(row: tuple[Any, ...]) -> tuple[int, int, str, str]:
    def text(value: Any) -> str:
        # The same words from either way of reading.
        return str(value.replace(tzinfo=None) if isinstance(value, datetime) else value)

    return int(row[0]), int(row[1]), text(row[2]), text(row[3])
