"""Conformance over a log: exactly what deviates, and gates as they stood at the exit."""

from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import pytest

from geartrain.process.conformance import Log, conformance
from geartrain.process.exits import evidence_table, waiver_table
from geartrain.process.gates import Evidence, Waiver
from geartrain.process.sales_process import SalesProcess

SPINE = [{"key": f"S{n}"} for n in range(1, 6)] + [{"key": "Won", "kind": "won"}, {"key": "Lost", "kind": "lost"}]
ATTESTED = {"key": "A1", "kind": "knowledge_inflection", "label": "Buyer", "verifier": "attestation"}


def process(**more):
    return SalesProcess.model_validate({"spine": SPINE, **more})


def deal(stages, *, key="o", days=None, **more):
    """A deal that came into the stages one day after the other from 1 March 2026."""
    days = days or [f"2026-03-{n:02d}" for n in range(1, len(stages) + 1)]
    changes = [
        {"opportunity_id": key, "changed_at": d, "field": "stage", "old_value": old, "new_value": new}
        for d, old, new in zip(days, [None, *stages], stages, strict=False)
    ]
    ended = stages[-1] in ("Won", "Lost")
    row = {"opportunity_id": key, "type": "new", "stage": stages[-1], "created_at": days[0], "is_closed": ended}
    row |= {"is_won": stages[-1] == "Won", "closed_at": days[-1] if ended else None}
    return {"opportunity": [row | more], "opportunity_change": changes}


def found(source, spec, evidence=(), waivers=()):
    return conformance(Log(spec, source, evidence_table(evidence), waiver_table(waivers)))


def at(day):
    return datetime.fromisoformat(day)


def test_the_log_of_the_specification(small):
    got = found(small(**deal(["S1", "S2", "S4", "S3", "S5", "Won"])), process())
    assert [d.text for d in got.deviations] == ["skip(S2->S4, [S3])", "regress(S4->S3)"]
    assert (got.moves, got.conforming, got.share) == (5, 3, Decimal("0.6"))
    assert set(got.unassessed) == {"won_without_quote", "approval_restarted"}


def test_lost_is_neither_a_skip_nor_a_regress(small):
    assert found(small(**deal(["S1", "S2", "Lost"])), process()).deviations == ()


@pytest.mark.parametrize(("recorded", "said"), [("2026-03-12", ["late_evidence(S2->S3, [A1])"]), ("2026-03-09", [])])
def test_evidence_after_the_exit_is_late(small, recorded, said):
    log = deal(["S1", "S2", "S3"], days=["2026-03-01", "2026-03-05", "2026-03-10"])
    spec = process(attributes=[ATTESTED], bindings=[{"stage": "S2", "attribute": "A1"}])
    got = found(small(**log), spec, [Evidence("o", "A1", True, at(recorded), at("2026-03-08"))])
    assert [d.text for d in got.deviations] == said


def test_no_evidence_is_unknown_and_false_is_unmet(small):
    log = deal(["S1", "S2", "S3"])
    spec = process(attributes=[ATTESTED], bindings=[{"stage": "S2", "attribute": "A1"}])
    none = found(small(**log), spec)
    assert (none.deviations, none.unknown_exits) == ((), 1)
    false = [Evidence("o", "A1", False, at("2026-03-01"))]
    assert [d.text for d in found(small(**log), spec, false).deviations] == ["unmet_exit(S2->S3, [A1])"]
    waived = found(small(**log), spec, false, [Waiver("o", "A1", "bob", "known")])
    assert (waived.deviations, waived.waived_exits) == ((), 1)


def test_a_rule_sees_the_amount_as_it_was_at_the_exit(small):
    log = deal(["S1", "S2", "S3"], amount=100)
    log["opportunity_change"] += [
        {"opportunity_id": "o", "changed_at": "2026-03-08", "field": "amount", "old_value": "0", "new_value": "100"}
    ]
    rule = {"key": "A3", "kind": "data_field", "label": "Amount", "expr": "amount > 0"}
    spec = process(attributes=[rule], bindings=[{"stage": "S2", "attribute": "A3"}])
    assert [d.text for d in found(small(**log), spec).deviations] == ["unmet_exit(S2->S3, [A3])"]


def test_a_field_that_is_not_there_is_unknown(small):
    rule = {"key": "A2", "kind": "sales_asset", "label": "Plan", "expr": "mutual_plan_url != '' and score > 3"}
    spec = process(attributes=[rule], bindings=[{"stage": "S1", "attribute": "A2"}])
    got = found(small(**deal(["S1", "S2"])), spec)
    assert (got.deviations, got.unknown_exits) == ((), 1)
    known = small(**deal(["S1", "S2"], extra='{"mutual_plan_url": "x", "score": "2"}'))
    assert [d.text for d in found(known, spec).deviations] == ["unmet_exit(S1->S2, [A2])"]


def test_what_is_accepted_is_listed_and_not_counted_until_it_expires(small):
    entry = {"opportunity": "o", "kind": "regress", "reason": "merger", "by": "bob", "expires": "2026-07-01"}
    log = deal(["S1", "S2", "S1"])
    early = found(small("2026-06-30", **log), process(accepted=[entry]))
    assert (early.share, [d.accepted for d in early.deviations]) == (1, [True])
    assert found(small("2026-07-01", **log), process(accepted=[entry])).share == Decimal("0.5")


def test_habits_of_a_deal(small):
    log = deal(["S1", "S2"])

    def change(field, day, old, new):
        return {"opportunity_id": "o", "changed_at": day, "field": field, "old_value": old, "new_value": new}

    months = ["2026-03-31", "2026-04-30", "2026-05-31", "2026-05-15", "2026-06-30"]
    log["opportunity_change"] += [
        change("close_date", f"2026-03-1{n}", old, new) for n, (old, new) in enumerate(pairwise(months))
    ]
    log["opportunity_change"] += [
        change("amount", "2026-03-11", "100", "90"),
        change("amount", "2026-03-12", "90", "95"),
    ]
    log["opportunity_change"] += [change("owner_id", f"2026-03-2{n}", f"u{n}", f"u{n + 1}") for n in range(3)]
    assert {d.text for d in found(small(**log), process()).deviations} == {
        "close_date_push(3)", "amount_reduced(1)", "owner_changed(3)"
    }  # fmt: skip


def test_dwell_beyond_three_quarters_of_the_won(small):
    rows = {"opportunity": [], "opportunity_change": []}
    for n, days in enumerate((5, 10, 15, 20)):
        one = deal(["S1", "S2", "Won"], key=f"w{n}", days=["2026-01-01", "2026-01-02", f"2026-01-{2 + days:02d}"])
        for name in rows:
            rows[name] += one[name]
    slow = deal(["S1", "S2"], key="slow", days=["2026-01-01", "2026-01-02"])
    for name in rows:
        rows[name] += slow[name]
    got = found(small("2026-01-31", **rows), process(conformance={"checks": ["dwell"]}))
    # Days in S2 of the won: 5, 10, 15, 20, three quarters at 16.25.
    assert [(d.opportunity_id, d.from_stage, d.value) for d in got.deviations] == [
        ("slow", "S2", 30.0),
        ("w3", "S2", 20.0),
    ]


def test_another_pipeline_maps_by_its_table(small):
    spec = process(pipelines=[{"name": "partner", "stages": {"Intro": "S1", "Deal Done": "Won"}}])
    got = found(small(**deal(["Intro", "S3", "Strange", "Won"])), spec)
    assert [d.text for d in got.deviations] == ["skip(S1->S3, [S2])", "skip(S3->Won, [S4, S5])"]
    assert got.unmapped == {"Strange": 1}


def test_the_latest_are_listed_where_they_are_asked_for(small):
    log = deal(["S1", "S3", "S2", "S4", "Won"])
    source, spec = small(**log), process()
    rows = conformance(Log(spec, source, evidence_table(()), waiver_table(())), limit=2, newest=True)
    assert [d.text for d in rows.deviations] == ["skip(S4->Won, [S5])", "regress(S3->S2)"]
    assert rows.total == 3
