"""Whatever the instants at which records changed, each comes once, in order, from wherever a fetch goes on."""

from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geartrain.stores.crm import connect, hubspot
from tests.stores.crm.servers import HANDLERS, START, Served, environment

TABLES = {"salesforce": ("opportunity", "Opportunity"), "hubspot": ("deal", "deals")}


@pytest.fixture(params=sorted(HANDLERS))
def source(request, monkeypatch):
    served = Served(HANDLERS[request.param])
    monkeypatch.setattr(hubspot, "PAGE", 4)
    yield request.param, served
    served.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seconds=st.lists(st.integers(1, 4), max_size=14), since=st.integers(0, 4), stop=st.integers(0, 5))
def test_each_once_from_wherever_it_stopped(source, seconds, since, stop):
    (system, served), (table, object) = source, TABLES[source[0]]
    served.world.records.clear()
    for n, second in enumerate(seconds):
        served.world.put(object, f"{n + 1}")
        served.world.records[object, f"{n + 1}"]["_modified"] = START + timedelta(seconds=second)
    crm = connect(system, environment(system, served.url))
    at = (START + timedelta(seconds=since)).replace(tzinfo=None) if since else None
    first = list(islice(crm.changed(table, since=at, position={}), stop))
    position = first[-1].position if first else {}
    rest = list(crm.changed(table, since=at, position=position))
    found = [r[crm.key] for p in [*first, *rest] for r in p.rows]
    wanted = [f"{n + 1}" for n, s in enumerate(seconds) if s >= since]
    assert sorted(found) == sorted(wanted)
