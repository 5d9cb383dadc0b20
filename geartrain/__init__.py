"""Geartrain: the system Revenue Operations runs the sales side of a company on."""

__version__ = "0.1.0"
