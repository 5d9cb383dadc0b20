"""The catalogue on a real export, read straight into the canonical columns: the figures of the issue."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import ibis
import pytest

from geartrain.facts import record_types
from geartrain.kernel.measure import query
from geartrain.kernel.periods import FiscalCalendar
from geartrain.services.measures.metrics import metrics_in
from geartrain.services.policies import shipped_policies
from geartrain.services.records.sources import FactSource

EXPORT = Path(__file__).parents[2].parent / "shared" / "data" / "crm-opportunities"
METRICS = metrics_in(shipped_policies())
READ = {
    "opportunity": """
        select opportunity_id, sales_agent as owner_id, account as account_id, product as product_id,
               deal_stage as stage, close_value as amount, strptime(engage_date, '%m/%d/%Y') as created_at,
               strptime(close_date, '%m/%d/%Y')::date as close_date, strptime(close_date, '%m/%d/%Y') as closed_at,
               deal_stage in ('Won', 'Lost') as is_closed, deal_stage = 'Won' as is_won
        from read_csv('{folder}/sales_pipeline.csv', all_varchar = true)""",
    "user": """
        select sales_agent as user_id, sales_agent as name, manager as team, regional_office as region,
               true as is_active
        from read_csv('{folder}/sales_teams.csv')""",
    "product": """
        select product as product_id, product as name, series as family, sales_price as list_price
        from read_csv('{folder}/products.csv')""",
    "account": """
        select account as account_id, account as name, sector as industry
        from read_csv('{folder}/accounts.csv')""",
}


@pytest.fixture(scope="module")
def source():
    con = ibis.duckdb.connect()
    made = {}
    for name, declared in record_types().items():
        schema = ibis.schema(declared.schema)
        if name not in READ:
            made[name] = con.create_table(name, schema=schema)
            continue
        con.raw_sql(f"create view {name}_export as {READ[name].format(folder=EXPORT)}")
        export = con.table(f"{name}_export")
        columns = {c: (export[c] if c in export.columns else ibis.null(t)).cast(t) for c, t in schema.items()}
        made[name] = con.create_table(name, export.select(**columns))
    return FactSource(
        records=made.__getitem__,
        whole=made.__getitem__,
        mine=lambda view, rows: rows,
        run=con.to_pyarrow,
        calendar=FiscalCalendar(),
        currency="USD",
        as_of=date(2017, 12, 31),
        snapshot="real export",
    )


def ask(source, *keys, **asked):
    return query(source, METRICS, keys=keys, **asked)


def one(source, key, **asked):
    return ask(source, key, **asked).rows[0][0]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("deals_won", 4238),
        ("deals_lost", 2473),
        ("win_rate", Decimal("0.631501")),
        ("bookings", 10_005_534),
        ("average_deal_size", Decimal("2360.91")),
        ("deal_size_median", 1117),
        ("sales_cycle_days", Decimal("51.78")),
    ],
)
def test_the_figures_of_the_whole_export(source, key, expected):
    found = Decimal(one(source, key))
    assert round(found, max(0, -Decimal(expected).as_tuple().exponent)) == expected


def test_bookings_of_a_quarter(source):
    assert one(source, "bookings", since=date(2017, 4, 1), until=date(2017, 7, 1)) == 3_086_111


def test_quarters_add_up_to_the_whole(source):
    assert sum(r[1] for r in ask(source, "bookings", by=["quarter"]).rows) == 10_005_534


def test_a_product_that_is_not_listed_keeps_its_part_of_the_total(source):
    found = {r[0]: r[1] for r in ask(source, "bookings", by=["product"]).rows}
    assert found["unmapped: GTXPro"] == 3_510_578
    assert sum(found.values()) == 10_005_534


def test_a_rate_names_its_basis(source):
    """63.15 % of closed deals, 51.06 % of those with a creation date, 48.16 % of all."""
    created = ask(source, "win_rate_created")
    assert round(created.rows[0][0], 4) == Decimal("0.5106")
    assert any("Basis: created deals" in note for note in created.notes)


def test_a_win_rate_by_value_is_not_defined_where_every_lost_amount_is_zero(source):
    assert ask(source, "win_rate_value", "lost_amount").rows == ((None, 0),)


def test_every_open_deal_is_in_the_pipeline_without_an_amount(source):
    """1,589 engaged and 500 that only prospect and do not say since when."""
    assert one(source, "open_deals") == 2089


def test_every_metric_answers(source):
    """In one question: no metric is too much for facts that lack most record types."""
    keys = [k for k, m in METRICS.items() if not any(a.alone for a in m.spec.aggregates)]
    answer = ask(source, *keys, since=date(2017, 10, 1), until=date(2018, 1, 1))
    assert answer.columns == tuple(keys)
    assert len(answer.rows) == 1
