"""The cases of the rule language on every engine: the same expressions, rows and results."""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
import pytest

from tests.engines.rows import put
from tests.kernel.rules.cases import AGREE, EXPECTED, ROWS, create, differences, wrong_results

AT_ONCE = 40


class Questions:
    """What the cases ask of a backend, met by a snapshot: a small table, and answers as Arrow."""

    def __init__(self, snapshot: Any) -> None:
        self.snapshot = snapshot

    def create_table(self, _: str, rows: pa.Table, **__: Any) -> ibis.Table:
        return put(self.snapshot, rows)

    def to_pyarrow(self, expr: ibis.Expr) -> pa.Table:
        return self.snapshot.execute(expr)


def parts(of: list[Any]) -> list[list[Any]]:
    return [of[start : start + AT_ONCE] for start in range(0, len(of), AT_ONCE)]


@pytest.mark.parametrize("cases", parts(EXPECTED), ids=lambda cases: cases[0][0])
def test_every_expression_gives_what_was_worked_out_by_hand(cases, shared_warehouse):
    with shared_warehouse.snapshot() as snapshot:
        questions = Questions(snapshot)
        assert wrong_results(questions, create(questions), cases) == []


@pytest.mark.parametrize("texts", parts(AGREE), ids=lambda texts: texts[0])
def test_columns_and_records_agree(texts, shared_warehouse):
    with shared_warehouse.snapshot() as snapshot:
        questions = Questions(snapshot)
        assert differences(questions, create(questions), texts, ROWS) == []
