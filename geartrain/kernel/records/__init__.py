"""How a record type is declared, versioned, read as of a date and quarantined."""

from geartrain.kernel.records.types import Column, ColumnKind, RecordType
from geartrain.kernel.records.versions import changes_between, latest

__all__ = ["Column", "ColumnKind", "RecordType", "changes_between", "latest"]
