"""Two evaluators of a gate, one answer: by column over the whole history, and of a single deal."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from geartrain.process.conformance import Log
from geartrain.process.exits import evidence_table, waiver_table
from geartrain.process.gates import Evidence, Waiver, evaluate_gate
from geartrain.process.sales_process import SalesProcess
from tests.process.test_conformance import SPINE

START = datetime(2026, 3, 1)
OPEN = ["S1", "S2", "S3"]
RULES = ["amount > 100", "lead_source = 'web'", "next_step <> ''", "not (amount < 50)", "no_such_column = 'x'"]
WHEN = ["true", "amount >= 50", "lead_source = 'web' or amount > 500", "no_such_number > 1"]
hours = st.integers(0, 9)
truths = st.sampled_from([True, False, None])


@st.composite
def processes(draw):
    attributes = []
    for n in range(draw(st.integers(1, 4))):
        verifier = draw(st.sampled_from(["rule", "attestation", "document", "event"]))
        expr = draw(st.sampled_from(RULES)) if verifier == "rule" or draw(st.booleans()) else ""
        attributes.append({"key": f"A{n}", "kind": "data_field", "label": f"A{n}", "verifier": verifier, "expr": expr})
    binding = st.fixed_dictionaries(
        {
            "stage": st.sampled_from(OPEN),
            "attribute": st.sampled_from([a["key"] for a in attributes]),
            "opportunity_type": st.sampled_from(["*", "new", "renewal"]),
            "level": st.sampled_from(["required", "required", "recommended"]),
            "when": st.sampled_from(WHEN),
        }
    )
    bindings = draw(st.lists(binding, min_size=1, max_size=6))
    return SalesProcess.model_validate({"spine": SPINE, "attributes": attributes, "bindings": bindings})


@st.composite
def deals(draw, key):
    """A deal that moves once an hour at most, its amount written anew now and then; and what is recorded of it."""
    stages = [*OPEN, "S4", "S5"]
    walk = [draw(st.sampled_from(OPEN)) for _ in range(draw(st.integers(1, 3)))] + [draw(st.sampled_from(stages))]
    at = sorted(draw(st.lists(hours, min_size=len(walk), max_size=len(walk), unique=True)))
    money = st.none() | st.sampled_from([Decimal(x) for x in (0, 50, 100, 101, 600)])
    amounts = draw(st.lists(st.tuples(hours, money), max_size=3, unique_by=lambda p: p[0]))
    first = draw(money)
    evidence = draw(
        st.lists(st.tuples(hours, st.sampled_from(["A0", "A1", "A2", "A3"]), truths), max_size=6,
                 unique_by=lambda e: e[:2])
    )  # fmt: skip
    waivers = draw(
        st.lists(
            st.tuples(st.sampled_from(["A0", "A1"]), st.none() | hours, st.none() | st.integers(0, 12)), max_size=2
        )
    )
    row = {
        "lead_source": draw(st.sampled_from([None, "web", "event"])),
        "type": draw(st.sampled_from([None, "new", "renewal"])),
        "next_step": draw(st.sampled_from([None, "", "call"])),
    }
    return key, list(zip(at, walk, strict=True)), first, sorted(amounts), evidence, waivers, row


@st.composite
def companies(draw):
    return [draw(deals(f"o{n}")) for n in range(draw(st.integers(1, 4)))]


def instant(hour):
    return None if hour is None else START + timedelta(hours=hour)


def records(company):
    """The records of a source, as the CRM writes them: the deal as it stands now, and its changes."""
    opportunities, changes = [], []
    for key, walk, first, amounts, _, _, row in company:
        said = {
            "opportunity_id": key,
            "stage": walk[-1][1],
            "created_at": START.isoformat(),
            "is_closed": False,
            "is_won": False,
        }
        opportunities.append(said | row | {"amount": amounts[-1][1] if amounts else first})
        old = None
        for hour, stage in walk:
            changes.append(
                {
                    "opportunity_id": key,
                    "changed_at": instant(hour).isoformat(),
                    "field": "stage",
                    "old_value": old,
                    "new_value": stage,
                }
            )
            old = stage
        was = first
        for hour, amount in amounts:
            changes.append({"opportunity_id": key, "changed_at": instant(hour).isoformat(), "field": "amount",
                            "old_value": None if was is None else str(was),
                            "new_value": None if amount is None else str(amount)})  # fmt: skip
            was = amount
    return {"opportunity": opportunities, "opportunity_change": changes}


def singly(process, company):
    """What `evaluate_gate` says of every forward move."""
    found = {}
    for key, walk, first, amounts, evidence, waivers, row in company:
        said = [Evidence(key, a, v, instant(h)) for h, a, v in evidence]
        let = [Waiver(key, a, "boss", "x", instant(since), instant(to)) for a, since, to in waivers]
        for (_, old), (hour, new) in pairwise(walk):
            if process.rank[new] <= process.rank[old]:
                continue
            known = [a for h, a in amounts if h <= hour]
            values = row | {"amount": known[-1] if known else first}
            gate = evaluate_gate(
                process, old, values, opportunity_type=row["type"], at=instant(hour), evidence=said, waivers=let
            )
            found[key, instant(hour)] = (
                sorted(m.attribute for m in gate.unmet if m.value is False),
                sorted(m.attribute for m in gate.unmet if m.value is None),
                sorted(m.attribute for m in gate.waived),
            )
    return found


def by_column(process, source, company):
    evidence = [Evidence(key, a, v, instant(h)) for key, _, _, _, held, _, _ in company for h, a, v in held]
    waivers = [
        Waiver(key, a, "boss", "x", instant(since), instant(to))
        for key, *_, held, _ in company
        for a, since, to in held
    ]
    log = Log(process, source, evidence_table(evidence), waiver_table(waivers))
    if log.gates is None:
        return {}
    rows = source.execute(log.gates).to_pylist()
    assert len({(r["opportunity_id"], r["at"]) for r in rows}) == len(rows)
    lists = ("unmet", "unknown", "waived")
    return {(r["opportunity_id"], r["at"]): tuple(sorted(x for x in r[n].split(",") if x) for n in lists) for r in rows}


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(processes(), companies())
def test_columns_and_the_single_deal_agree(small, process, company):
    note(f"{process.bindings}\n{process.attributes}\n{company}")
    alone = singly(process, company)
    found = by_column(process, small(**records(company)), company)
    assert {k: v for k, v in alone.items() if any(v)} == {k: v for k, v in found.items() if any(v)}
    asked = {b.stage for b in process.bindings if b.level == "required"}
    moves = [(key, *step) for key, walk, *_ in company for step in pairwise(walk)]
    ahead = {
        (key, instant(h)) for key, (_, old), (h, new) in moves if process.rank[new] > process.rank[old] and old in asked
    }
    assert set(found) <= ahead


@pytest.mark.parametrize("field", ["unmet", "unknown", "waived"])
def test_the_law_sees_each_of_the_three(small, field):
    """Were one of them always empty, the law above would hold of nothing."""
    process = SalesProcess.model_validate({
        "spine": SPINE,
        "attributes": [{"key": "A0", "kind": "data_field", "label": "A0", "expr": "amount > 100"}],
        "bindings": [{"stage": "S1", "attribute": "A0"}],
    })  # fmt: skip
    amount = None if field == "unknown" else Decimal(50)
    waivers = [("A0", None, None)] if field == "waived" else []
    row = {"lead_source": None, "type": "new", "next_step": None}
    company = [("o0", [(1, "S1"), (2, "S2")], amount, [], [], waivers, row)]
    (said,) = singly(process, company).values()
    assert said[("unmet", "unknown", "waived").index(field)] == ["A0"]
    assert by_column(process, small(**records(company)), company) == singly(process, company)
