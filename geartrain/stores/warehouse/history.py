"""The history of loads as JSON."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from geartrain.stores.warehouse.base import Counts, Damaged, LoadEntry


def entry_json(entry: LoadEntry) -> str:
    """A load as it is kept."""
    counts = {name: [c.read, c.loaded, c.quarantined, c.duplicates] for name, c in entry.counts.items()}
    raw = {
        "load_id": entry.load_id,
        "source": entry.source,
        "recorded_at": entry.recorded_at.isoformat(),
        "counts": counts,
        "issues": list(entry.issues),
        "meta": entry.meta,
    }
    return json.dumps(raw, ensure_ascii=False, default=str)


def entry_of(raw: dict[str, Any]) -> LoadEntry:
    """A load from what is kept."""
    counts = {name: Counts(*c) for name, c in raw["counts"].items()}
    at = datetime.fromisoformat(str(raw["recorded_at"]))
    return LoadEntry(raw["load_id"], raw["source"], at, counts, tuple(raw["issues"]), raw["meta"])


def read_entry(path: Path) -> LoadEntry:
    """A load from its file.

    Raises:
        Damaged: it is lost or cannot be read.
    """
    try:
        return entry_of(json.loads(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise Damaged(f"{path} cannot be read.", hint="Restore the folder from a backup.") from None
