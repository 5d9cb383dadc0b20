"""How a record type is declared, versioned, read as of a date and quarantined."""

from geartrain.kernel.records.types import Column, ColumnKind, RecordType

__all__ = ["Column", "ColumnKind", "RecordType"]
