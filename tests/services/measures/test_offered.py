"""A metric that declares what it may be cut by is cut by nothing else, under whatever name it is asked."""

from decimal import Decimal

import pytest

from geartrain.kernel.errors import Invalid
from geartrain.services.access import operator
from geartrain.services.measures.metrics import get_metric, query_metrics
from tests.services.trying import BOOKINGS, workspace

DERIVED = """\
kind: metric
key: per_head
name: Per head
class: impact
type: value
function: sales
owner: head-of-sales
direction: up
unit: money
spec: {expr: bookings / 2}
goals: [grow-new-business]
definition: Half of it.
"""


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    found = workspace(tmp_path_factory.mktemp("offered"))
    declared = BOOKINGS.replace("spec:\n", "spec:\n  dimensions: [owner, account.segment]\n")
    (found.policies / "bookings.yaml").write_text(declared)
    (found.policies / "per_head.yaml").write_text(DERIVED)
    return found


def asked(ws, key, *by, **more):
    return query_metrics(ws, operator(), keys=[key], by=by, as_offered=True, **more)


@pytest.mark.parametrize(
    "by", ["owner", "owner_id", "account.segment", "account_id.segment", "quarter", "day", "manager"]
)
def test_by_what_it_declares_by_any_name_and_by_time(ws, by):
    assert asked(ws, "bookings", by).columns == (by, "bookings")


@pytest.mark.parametrize(("key", "by"), [("bookings", "stage"), ("bookings", "team"), ("per_head", "stage")])
def test_by_nothing_else_and_it_says_where_to_add_it(ws, key, by):
    with pytest.raises(Invalid, match=f"'{key}'.* is not offered by '{by}'") as error:
        asked(ws, key, "owner", by)
    assert error.value.hint == "By owner, account.segment, and by time; or add it to `dimensions:` of 'bookings'."
    # A page that is laid out by it asks regardless, and a metric that declares nothing is offered by everything.
    query_metrics(ws, operator(), keys=[key], by=[by])
    asked(ws, "win_rate", by)


def test_the_whole_needs_no_dimension_and_the_card_lists_what_is_offered(ws):
    assert asked(ws, "bookings").rows == ((Decimal(100),),)
    offered = set(get_metric(ws, operator(), key="bookings").dimensions)
    assert {"owner", "account.segment", "manager", "quarter"} <= offered
    assert "stage" not in offered
