"""A source of a few records in DuckDB, without a workspace."""

import sys
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pytest

from geartrain.facts import record_types
from geartrain.kernel.periods import FiscalCalendar

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.facts.conftest import Facts


@dataclass
class Small:
    """Records as `kernel.measure.Source` has them."""

    facts: Facts
    as_of: date = date(2026, 12, 31)
    calendar: FiscalCalendar = field(default_factory=FiscalCalendar)
    currency: str = "USD"
    snapshot: str = "small"
    cuts: dict = field(default_factory=dict)

    @property
    def types(self):
        return record_types()

    def table(self, name):
        return self.facts.table(name)

    def currencies(self, name):
        return frozenset()

    def execute(self, expr, params=None):
        return self.facts.con.to_pyarrow(expr)


@pytest.fixture
def small():
    def make(as_of="2026-12-31", **rows):
        return Small(Facts(**rows), date.fromisoformat(as_of))

    return make
