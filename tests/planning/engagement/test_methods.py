"""Assignment methods by balance, response and conversion."""

from __future__ import annotations

import pytest

from geartrain.kernel.errors import Invalid
from geartrain.planning.engagement.methods import measured, wilson
from geartrain.services.planning.engagement_methods import report_methods

ROWS = """lead_id,method,owner_id,assigned_at,first_touch_at,converted_at
L1,round robin,ann,2026-01-05T09:00:00,2026-01-05T10:00:00,2026-02-01
L2,round robin,bob,2026-01-05T09:00:00,2026-01-05T12:00:00,
L3,round robin,bob,2026-01-05T09:00:00,,
L4,round robin,bob,2026-01-05T09:00:00,2026-01-07T09:00:00,
L5,inbound,,2026-01-05T09:00:00+01:00,2026-01-05T09:00:00,2026-01-09
"""


def test_each_method_by_its_results(tmp_path):
    file = tmp_path / "leads.csv"
    file.write_text(ROWS)
    robin, inbound = report_methods(file, method="method", within_hours=24)["methods"]
    assert (robin["method"], robin["records"], robin["owners"]) == ("round_robin", 4, 2)
    assert (robin["variation"], robin["fullest"]) == (0.5, 1.5)
    assert (robin["touched"], robin["median_hours"], robin["in_time_share"]) == (3, 3.0, 0.5)
    assert robin["conversion"] == 0.25
    assert (inbound["variation"], inbound["unowned"], inbound["median_hours"]) == (None, 1, 1.0)


def test_the_interval_of_a_share():
    assert wilson(8, 10) == (0.490162, 0.943318)
    assert wilson(0, 0) == (None, None)
    assert measured({"disputes": 3}, 60) == {"disputes_per_100": 5.0}
    assert measured({"disputes": 3}, 0) == {"disputes_per_100": None}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("method,", "how,", "leads.csv:1: The column method is missing"),
        ("L2,round robin,bob,2026-01-05T09:00:00", "L2,round robin,bob,soon", "leads.csv:3: assigned_at 'soon'"),
    ],
)
def test_what_cannot_be_read_names_its_line(old, new, said, tmp_path):
    file = tmp_path / "leads.csv"
    file.write_text(ROWS.replace(old, new, 1))
    with pytest.raises(Invalid, match=said):
        report_methods(file, method="method", within_hours=24)
