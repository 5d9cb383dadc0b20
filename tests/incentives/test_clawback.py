"""What comes back when a customer leaves, and what was never paid."""

import pytest

from geartrain.incentives.quoting import quote
from geartrain.kernel.periods import FiscalCalendar
from tests.incentives.plans import plan


def paid(rest, churned, **columns):
    terms = plan("[[0, null, 0.1]]", rest=rest)
    given = {"credits": [["2026-01-10", 10000, {"churned_at": churned, **columns}]]}
    return [p["paid"] for p in quote(terms, given, FiscalCalendar()).as_json()["periods"]]


RULE = 'clawback: {when: "churned_at is not null", within_days: 90, amount: %s}'


@pytest.mark.parametrize(
    ("amount", "columns", "back"),
    [
        ("full", {}, "-1000.00"),
        ("pro_rata", {"term_months": 12}, "-887.67"),  # 324 of 365 days are unexpired
        ("full, affects_attainment: true", {}, "-1000.00"),
    ],
)
def test_pay_comes_back_within_the_days(amount, columns, back):
    assert paid(RULE % amount, "2026-02-20", **columns) == ["1000.00", back]
    assert paid(RULE % amount, "2026-06-20", **columns) == ["1000.00"]


def test_only_what_was_paid_comes_back_and_what_is_held_is_cancelled():
    assert paid(RULE % "full" + "\nholdback: {percent: 0.2, release: invoice_paid}", "2026-02-20") == [
        "800.00",
        "-800.00",
    ]
