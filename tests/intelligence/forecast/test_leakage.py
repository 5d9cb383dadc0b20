"""Planted leaks are refused, each by name; what was known as of the date is not."""

from datetime import date, timedelta
from hashlib import sha256
from random import Random

import pytest

from geartrain.intelligence.forecast.leakage import Feature, Outcomes, lint

RANDOM = Random(1)
N = 2_000
CLOSED = [RANDOM.random() < 0.7 for _ in range(N)]
WON = [c and RANDOM.random() < 0.6 for c in CLOSED]
STAGE = ["Won" if w else "Lost" if c else RANDOM.choice(["New", "Proposal"]) for c, w in zip(CLOSED, WON, strict=True)]
PRICE = [RANDOM.choice([55, 550, 4821]) for _ in range(N)]
VALUE = [round(p * RANDOM.uniform(0.8, 1.2)) if w else 0 if c else None
         for p, w, c in zip(PRICE, WON, CLOSED, strict=True)]  # fmt: skip
ENDED = [date(2026, 1, 1) + timedelta(days=RANDOM.randrange(200)) if c else None for c in CLOSED]
TODAY = Outcomes(STAGE, CLOSED, WON, VALUE, ENDED, date(2026, 9, 9))
# As large for the lost ones and the open ones: that they are not won is not to be seen from it.
EVEN = [v or round(p * RANDOM.uniform(0.8, 1.2)) for v, p in zip(VALUE, PRICE, strict=True)]

PLANTED = {
    "closing value": Feature("lead_source", [p if w else 0 for p, w in zip(PRICE, WON, strict=True)]),
    "a copy of stage": Feature("lead_source", [f"s-{s}" for s in STAGE]),
    "today's account": Feature("account.industry", [RANDOM.choice("abc") for _ in range(N)]),
    "filled in at the end": Feature("product_id", ["x" if c or RANDOM.random() < 0.3 else None for c in CLOSED]),
    "an outcome": Feature("closed_at", [None] * N),
    "a line through the closing value": Feature("lead_source", [3.5 * v + 7 for v in EVEN]),
    "a logarithm of it, reversed": Feature("type", [-((v + 1) ** 0.5) for v in EVEN]),
    "a hash of it": Feature("lead_source", [sha256(str(v).encode()).hexdigest() for v in EVEN]),
    "a hash of it, 0 for lost": Feature("type", [sha256(str(v or 0).encode()).hexdigest() for v in VALUE]),
    "a date after the as-of": Feature("created_at", [date(2026, 9, 10)] + [date(2025, 1, 1)] * (N - 1)),
    "the day it closed": Feature("created_at", [str(e) if e else "2025-01-01" for e in ENDED]),
    "a current attribute": Feature("next_step", [RANDOM.choice(["call", None]) for _ in range(N)]),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_leak_is_refused_by_name(what):
    found = lint([PLANTED[what]], TODAY)
    assert [i.where for i in found] == [PLANTED[what].name]
    assert found[0].message.startswith(PLANTED[what].name)


def test_the_reason_names_what_it_is_made_of():
    for what, said in (("a hash of it", "closing value"), ("a date after the as-of", "after the as-of date"),
                       ("the day it closed", "day on which deals were closed")):  # fmt: skip
        assert said in lint([PLANTED[what]], TODAY)[0].message


def test_what_was_known_is_not_refused():
    weak = [RANDOM.choice("ab") if w else RANDOM.choice("abb") for w in WON]
    usable = [
        Feature("lead_source", weak),
        Feature("type", [None] * N),
        Feature("product_id", PRICE),
        Feature("campaign_id", [f"c{n}" for n in range(N)]),
        Feature("created_at", [date(2025, 1, 1) + timedelta(days=n % 300) for n in range(N)]),
        Feature("stage", STAGE, history=True),
        Feature("amount", [p if w else 0 for p, w in zip(PRICE, WON, strict=True)], history=True),
    ]
    assert lint(usable, TODAY) == []
