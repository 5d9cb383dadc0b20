"""The sample company as the demo makes it, written once and read as plain text."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pytest

from geartrain.facts import record_types
from geartrain.sample import SampleSummary, write_sample


@dataclass(frozen=True)
class Sample:
    """A written sample and a connection that holds each file as a view of text columns."""

    summary: SampleSummary
    con: duckdb.DuckDBPyConnection

    def one(self, sql: str) -> tuple:
        """The only row of an answer."""
        (row,) = self.con.execute(sql).fetchall()
        return row

    def all(self, sql: str) -> list[tuple]:
        """Every row of an answer."""
        return self.con.execute(sql).fetchall()

    def known(self, code: str, field: str = "") -> set[str]:
        """The keys of what was planted under a code."""
        return {k for i in self.summary.issues if i.code == code and field in ("", i.field) for k in i.keys}


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    summary = write_sample(tmp_path_factory.mktemp("sample"))
    con = duckdb.connect()
    for name in record_types():
        file = summary.folder / f"{name}.csv"
        con.execute(f"create view \"{name}\" as select * from read_csv('{file}', all_varchar = true)")
    # Deals that a loader reads, with typed values and amounts in USD at rounded rates.
    con.execute(
        """create view deal as select * replace (is_won = 'true' as is_won, is_closed = 'true' as is_closed),
             amount::decimal(18, 2) * case currency when 'EUR' then 1.08 when 'GBP' then 1.26 else 1 end as usd,
             created_at::timestamp as born, closed_at::timestamp as ended
           from opportunity
           where (amount is null or try_cast(amount as decimal(18, 2)) is not null)
             and try_cast(close_date as date) is not null"""
    )
    return Sample(summary, con)
