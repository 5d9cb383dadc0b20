"""What holds for every view: it builds on no facts and on every engine, and gives what it declares."""

from datetime import date

import ibis
import pytest

from geartrain.facts import record_types, view_modules, view_types
from geartrain.facts.transforms import ViewPolicies
from geartrain.kernel.periods import FiscalCalendar


def unbound(name):
    return ibis.table(record_types()[name].schema, name=name)


@pytest.mark.parametrize("name", sorted(view_types()))
@pytest.mark.parametrize("calendar", [FiscalCalendar(), FiscalCalendar(2, "America/New_York")], ids=["utc", "zone"])
def test_a_view_is_sql_on_every_engine(name, calendar):
    built = view_modules()[name].build(unbound, as_of=date(2026, 6, 30), calendar=calendar, policies=ViewPolicies())
    for engine in ("duckdb", "postgres", "pyspark"):
        assert "SELECT" in ibis.to_sql(built, dialect=engine)


@pytest.mark.parametrize("name", sorted(view_types()))
def test_a_view_of_no_facts_is_empty_and_has_the_declared_columns(name, facts):
    module = view_modules()[name]
    nothing = facts()
    built = module.build(nothing.table, as_of=date(2026, 6, 30), calendar=FiscalCalendar(), policies=ViewPolicies())
    assert {n: str(t) for n, t in built.schema().items()} == {
        c.name: str(ibis.dtype(c.ibis_type)) for c in module.VIEW.columns
    }
    assert nothing.con.to_pyarrow(built).num_rows == 0


@pytest.mark.parametrize("name", sorted(view_types()))
def test_a_view_refers_to_types_that_exist_and_hides_no_record_type(name):
    view = view_types()[name]
    assert set(view.references.values()) <= {*record_types(), *view_types()}
    assert name not in record_types()
    assert view.doc
    assert view.grain.startswith("one row per")
