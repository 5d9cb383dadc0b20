"""How a record type is declared, versioned, read as of a date and quarantined."""

from geartrain.kernel.records.types import Column, ColumnKind, RecordType
from geartrain.kernel.records.versions import DELETED, changes_between, known_at, latest

__all__ = ["DELETED", "Column", "ColumnKind", "RecordType", "changes_between", "known_at", "latest"]
