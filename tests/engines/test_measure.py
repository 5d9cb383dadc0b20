"""The worked questions of the measure kernel, answered by every engine."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import ibis
import pyarrow as pa
import pytest

from geartrain.kernel.measure.examples import arrow_rows
from tests.engines.rows import put
from tests.kernel.measure.cases import CASES, TYPES, run_case
from tests.kernel.measure.memory import MemorySource


class EngineSource(MemorySource):
    """Small tables on the engine of a snapshot, and answers by it."""

    def _empty(self, name: str) -> ibis.Table:
        return self._tables.setdefault(name, put(self.con, arrow_rows(TYPES[name], [], self.calendar)))

    def execute(self, expr: ibis.Expr, params: Any = None) -> Any:
        return self.con.execute(expr, params)


def make_source(snapshot: Any, facts: Mapping[str, pa.Table], **settings: Any) -> EngineSource:
    """A source over these tables."""
    source = EngineSource(snapshot, {}, **settings)
    source._tables.update({name: put(snapshot, rows) for name, rows in facts.items()})
    return source


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_answers_as_worked_out_by_hand(case, shared_warehouse):
    with shared_warehouse.snapshot() as snapshot:
        run_case(case, partial(make_source, snapshot))
