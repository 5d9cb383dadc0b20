"""The pipeline as it was, on a real export at list price; and for whom."""

import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from geartrain.intelligence.pipeline.movement import BARS, End, moves, totals
from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.access import Actor, Role, operator
from geartrain.services.forecasting.pipeline_history import (
    get_as_of,
    get_waterfall,
    get_waterfalls,
    valued_states,
)
from geartrain.services.records.facts import open_facts
from geartrain.services.records.loading import load_records
from geartrain.services.workspace import init_workspace

ROOT = Path(__file__).parents[3]
EXPORT = next((p for f in ROOT.parents if (p := f / "shared" / "data" / "crm-opportunities").is_dir()), ROOT / "none")
MAPPING = ROOT / "docs" / "tutorial" / "crm-opportunities.mapping.yaml"
Q3 = {"since": date(2017, 7, 1), "until": date(2017, 10, 1)}


@pytest.fixture(scope="module")
def maven(tmp_path_factory):
    ws = init_workspace(tmp_path_factory.mktemp("maven") / "ws")
    load_records(ws, operator(), location=EXPORT, mapping=MAPPING)
    return ws


def test_open_at_the_end_of_june_at_list_price(maven):
    found = get_as_of(maven, operator(), as_of=date(2017, 6, 30))
    assert (found.deals, found.amount, found.unknown, found.stood_in) == (1686, 4216807, 0, 1686)
    assert sum(r["amount"] for r in found.rows) == sum(r["amount"] for r in found.by("owner")) == 4216807
    assert get_as_of(maven, operator(), as_of=date(2017, 6, 30), value="list_price").amount == 4216807


def test_the_third_quarter_closes(maven):
    found = get_waterfall(maven, operator(), **Q3)
    told = {b: a for b, a in found.amounts.items() if a}
    assert told == {"opening": 4216807, "created": 6495827, "won": -2997444, "lost": -1951700, "closing": 5763490}
    assert found.difference == 0
    for bar in found.bars:
        assert bar.deals == len(bar.rows)
        assert bar.amount == sum((r["amount"] for r in bar.rows), Decimal(0))
    assert get_as_of(maven, operator(), as_of=date(2017, 9, 30)).amount == 5763490


def test_a_thousand_pairs_of_days_of_a_real_export_close_and_every_bar_is_its_deals(maven):
    random, spans = Random(7), []
    for _ in range(1000):
        start, end = sorted(date(2016, 10, 1) + timedelta(days=random.randrange(470)) for _ in range(2))
        spans.append(tuple(End(datetime(d.year, d.month, d.day), d - timedelta(days=1)) for d in (start, end)))
    with open_facts(maven, operator(), as_of=date(2018, 3, 1)) as facts:
        states, rates = valued_states(maven, facts, "amount")
        rows = moves(states, spans, rates=rates)
        told = facts.execute(
            rows.group_by("span", "bar").aggregate(amount=rows.amount.sum(), n=rows.count())
        ).to_pylist()
        sums = {row["span"]: row for row in facts.execute(totals(states, spans, rates=rates)).to_pylist()}
    bars = {(r["span"], r["bar"]): (r["amount"], r["n"]) for r in told}
    assert len(sums) > 900
    for n, row in sums.items():
        assert sum(row[f"{b}_amount"] or 0 for b in BARS if b != "closing") == (row["closing_amount"] or 0)
        for b in BARS:
            assert bars.get((n, b), (0, 0)) == (row[f"{b}_amount"] or 0, row[f"{b}_deals"])


def test_the_weeks_of_a_quarter_are_each_what_they_are_alone(maven):
    weeks = get_waterfalls(maven, operator(), **Q3)
    assert len(weeks) == 14
    assert weeks[-1].until == Q3["until"]
    assert [w.difference for w in weeks] == [0] * 14
    assert all(a.amounts["closing"] == b.amounts["opening"] for a, b in itertools.pairwise(weeks))
    alone = get_waterfall(maven, operator(), since=weeks[4].since, until=weeks[4].until, limit=0)
    assert alone.bars == weeks[4].bars
    assert weeks[0].amounts["opening"] == 4216807
    assert weeks[-1].amounts["closing"] == 5763490


def test_too_many_weeks_or_none_are_refused(maven):
    with pytest.raises(Invalid, match="more than"):
        get_waterfalls(maven, operator(), since=date(1990, 1, 1), until=date(2017, 7, 1))
    with pytest.raises(Invalid, match="none"):
        get_waterfalls(maven, operator(), **Q3, days=0)
    assert get_waterfalls(maven, operator(), since=date(2017, 7, 1), until=date(2017, 7, 1)) == []


def test_a_bar_opens_alone(maven):
    found = get_waterfall(maven, operator(), **Q3, bar="won", limit=2_000)
    assert {b.bar for b in found.bars if b.rows is not None} == {"won"}
    assert len(next(b for b in found.bars if b.bar == "won").rows) == 1257


def test_the_company_is_the_sum_of_its_managers(maven):
    whole = get_waterfall(maven, operator(), **Q3).amounts
    managers = ("Dustin Brinkmann", "Melvin Marxen", "Cara Losch", "Rocco Neubert", "Celia Rouche", "Summer Sewald")
    parts = [get_waterfall(maven, operator(), **Q3, owner=m).amounts for m in managers]
    assert {b: sum(p[b] for p in parts) for b in whole} == whole


def test_a_seller_sees_his_own_line_only(maven):
    seller = Actor("anna@maven.example", frozenset({Role.seller}), "Anna Snelling")
    mine = get_as_of(maven, seller, as_of=date(2017, 6, 30))
    assert {r["owner_id"] for r in mine.rows} == {"Anna Snelling"}
    assert mine.deals == get_as_of(maven, operator(), as_of=date(2017, 6, 30), owner="Anna Snelling").deals
    with pytest.raises(NotFound):
        get_waterfall(maven, seller, **Q3, owner="Cecily Lampkin")


def test_what_makes_no_sense_is_said(maven):
    with pytest.raises(Invalid, match="backwards"):
        get_waterfall(maven, operator(), since=date(2017, 10, 1), until=date(2017, 7, 1))
    with pytest.raises(Invalid, match="no bar"):
        get_waterfall(maven, operator(), **Q3, bar="nothing")
    with pytest.raises(Invalid, match="valued"):
        get_as_of(maven, operator(), as_of=date(2017, 6, 30), value="guess")
    with pytest.raises(NotFound):
        get_as_of(maven, operator(), as_of=date(2017, 6, 30), owner="Nobody")
