"""Planted leaks are refused, each by name; what was known as of the date is not."""

from random import Random

import pytest

from geartrain.intelligence.forecast.leakage import Feature, Outcomes, lint

RANDOM = Random(1)
N = 2_000
CLOSED = [RANDOM.random() < 0.7 for _ in range(N)]
WON = [c and RANDOM.random() < 0.6 for c in CLOSED]
STAGE = ["Won" if w else "Lost" if c else RANDOM.choice(["New", "Proposal"]) for c, w in zip(CLOSED, WON, strict=True)]
TODAY = Outcomes(STAGE, CLOSED, WON)
PRICE = [RANDOM.choice([55, 550, 4821]) for _ in range(N)]

PLANTED = {
    "closing value": Feature("lead_source", [p if w else 0 for p, w in zip(PRICE, WON, strict=True)]),
    "a copy of stage": Feature("lead_source", [f"s-{s}" for s in STAGE]),
    "today's account": Feature("account.industry", [RANDOM.choice("abc") for _ in range(N)]),
    "filled in at the end": Feature("product_id", ["x" if c or RANDOM.random() < 0.3 else None for c in CLOSED]),
    "an outcome": Feature("closed_at", [None] * N),
    "a current attribute": Feature("next_step", [RANDOM.choice(["call", None]) for _ in range(N)]),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_leak_is_refused_by_name(what):
    found = lint([PLANTED[what]], TODAY)
    assert [i.where for i in found] == [PLANTED[what].name]
    assert found[0].message.startswith(PLANTED[what].name)


def test_what_was_known_is_not_refused():
    weak = [RANDOM.choice("ab") if w else RANDOM.choice("abb") for w in WON]
    usable = [
        Feature("lead_source", weak),
        Feature("type", [None] * N),
        Feature("product_id", PRICE),
        Feature("stage", STAGE, history=True),
        Feature("amount", [p if w else 0 for p, w in zip(PRICE, WON, strict=True)], history=True),
    ]
    assert lint(usable, TODAY) == []
