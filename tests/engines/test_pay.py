"""Pay in sets on every engine: the same cent as the exact evaluator of one payee."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import HealthCheck, given, note, settings

from geartrain.incentives.engine import Work, price_component, unsupported
from tests.engines.rows import put
from tests.incentives.engine.test_laws import CALENDAR, COLUMNS, SCHEMA, one_by_one, people, said
from tests.incentives.engine.worlds import credits, plans, staffs


def test_sets_give_the_cent_of_the_exact_evaluator(engine, shared_warehouse):
    with shared_warehouse.snapshot() as snapshot:

        @settings(max_examples=3 if engine == "spark" else 25, deadline=None, suppress_health_check=list(HealthCheck))
        @given(plans(), staffs(), credits())
        def law(plan, payees, rows):
            component = plan.components[0]
            if unsupported(component, COLUMNS):
                return
            note(plan.model_dump_json(exclude_defaults=True))
            table = put(snapshot, pa.Table.from_pylist(rows, SCHEMA))
            work = Work(plan, component, payees, table, CALENDAR, snapshot.execute, people=people(payees))
            assert said(price_component(work).dues) == said(one_by_one(plan, payees, rows))

        law()
