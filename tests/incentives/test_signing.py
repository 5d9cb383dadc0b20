"""Plans sent, read and accepted: who, when, and the hash of both texts."""

import pytest

from geartrain.kernel.errors import Forbidden, NotFound, StaleVersion
from geartrain.services.access import Actor, Role
from geartrain.services.pay.exports import export_pay
from geartrain.services.pay.signing import accept_plan, get_letter, list_signatures, my_letters, send_plan
from geartrain.services.workspace import open_workspace
from tests.incentives.company import company, won
from tests.incentives.plans import plan_text
from tests.services.trying import load

OPS = Actor("ops@x", frozenset({Role.revops}))
FIN = Actor("fin@x", frozenset({Role.finance}))
ANN = Actor("ann@x", frozenset({Role.seller}), user_id="ann")
ABE = Actor("abe@x", frozenset({Role.seller}), user_id="abe")
BOB = Actor("bob@x", frozenset({Role.manager}), user_id="bob")
QUOTA = {"user_id": "ann", "measure": "bookings", "period_start": "2026-01-01", "period_end": "2027-01-01",
         "amount": 500000, "currency": "USD"}  # fmt: skip
PLAN = plan_text("[[0, 1, 0.1], [1, null, 0.2]]", basis="quota_share", component="quota: {measure: bookings}")


@pytest.fixture
def ws(tmp_path):
    return company(tmp_path, plans=[PLAN], opportunity=[won("D1", "ann", "2026-01-10", 120000)], quota=[QUOTA])


def hashes(letter):
    return {k: letter[k] for k in ("plan_sha256", "letter_sha256")}


def test_sent_read_and_accepted(ws):
    sent = {s["payee"]: s for s in send_plan(ws, OPS, comp_plan="a-plan")}
    assert set(sent) == {"ann", "abe"}
    again = {s["payee"]: s for s in send_plan(ws, OPS, comp_plan="a-plan")}
    assert again == sent
    assert [x["state"] for x in my_letters(ws, ANN)] == ["sent"]
    letter = get_letter(ws, ANN, id=sent["ann"]["id"])
    assert (letter["state"], letter["read_at"] is not None) == ("read", True)
    assert "bookings, 2026-01-01 to 2027-01-01: 500,000 USD" in letter["letter_text"]
    assert "From 0 to 100 % of quota: 10 %" in letter["plan_text"]
    with pytest.raises(StaleVersion):
        accept_plan(ws, ANN, id=letter["id"], **hashes(letter) | {"letter_sha256": "0" * 64})
    done = accept_plan(ws, ANN, id=letter["id"], **hashes(letter))
    assert (done["state"], done["accepted_by"]) == ("accepted", "ann@x")
    assert accept_plan(ws, ANN, id=letter["id"], **hashes(letter)) == done


def test_nobody_signs_for_another_and_a_stranger_sees_nothing(ws):
    sent = {s["payee"]: s for s in send_plan(ws, OPS, comp_plan="a-plan")}["ann"]
    assert get_letter(ws, BOB, id=sent["id"])["state"] == "sent"
    for actor in (ABE, BOB, FIN):
        with pytest.raises(NotFound):
            accept_plan(ws, actor, id=sent["id"], **hashes(sent))
    with pytest.raises(NotFound):
        get_letter(ws, ABE, id=sent["id"])
    with pytest.raises(Forbidden):
        send_plan(ws, ANN, comp_plan="a-plan")
    with pytest.raises(Forbidden):
        list_signatures(ws, BOB, period="2026-01")
    with pytest.raises(NotFound):
        send_plan(ws, OPS, comp_plan="none-such")


def test_who_earns_on_a_plan_they_have_not_accepted_comes_first(ws):
    sent = {s["payee"]: s for s in send_plan(ws, OPS, comp_plan="a-plan")}
    found = list_signatures(ws, FIN, period="2026-01")
    assert [(s["payee"], s["state"], s["paid"]) for s in found] == [
        ("ann", "sent", "12000.00"), ("abe", "sent", "0.00")]  # fmt: skip
    accept_plan(ws, ANN, id=sent["ann"]["id"], **hashes(sent["ann"]))
    assert [s["payee"] for s in list_signatures(ws, FIN, period="2026-01") if s["state"] != "accepted"] == ["abe"]
    load(ws, {"quota": [QUOTA | {"amount": 600000}]}, at="2027-01-05")
    assert {s["payee"]: s["state"] for s in list_signatures(ws, FIN)} == {"ann": "changed since", "abe": "sent"}
    new = {s["payee"]: s for s in send_plan(ws, OPS, comp_plan="a-plan")}["ann"]
    assert new["id"] != sent["ann"]["id"]
    with pytest.raises(StaleVersion):
        accept_plan(ws, ANN, id=sent["ann"]["id"], **hashes(sent["ann"]))


def test_pay_is_held_until_the_plan_is_accepted_where_the_company_wants_that(ws):
    sent = {s["payee"]: s for s in send_plan(ws, OPS, comp_plan="a-plan")}["ann"]
    rows = {r["payee"]: r for r in export_pay(ws, FIN, period="2026-01")}
    assert rows["ann"]["amount"] == "12000.00"
    assert "held_unsigned" not in rows["ann"]
    settings = ws.path / "geartrain.toml"
    settings.write_text(settings.read_text() + "\n[pay]\nhold_unsigned = true\n")
    strict = open_workspace(ws.path)
    rows = {r["payee"]: r for r in export_pay(strict, FIN, period="2026-01")}
    assert (rows["ann"]["amount"], rows["ann"]["held_unsigned"]) == ("0.00", "12000.00")
    accept_plan(strict, ANN, id=sent["id"], **hashes(sent))
    rows = {r["payee"]: r for r in export_pay(strict, FIN, period="2026-01")}
    assert (rows["ann"]["amount"], rows["ann"]["held_unsigned"]) == ("12000.00", "0.00")


def test_a_text_that_was_altered_behind_our_back_is_named(ws):
    from django.db import connection

    from geartrain.services.verifiers.pay_desk import VERIFIER

    sent = {s["payee"]: s for s in send_plan(ws, OPS, comp_plan="a-plan")}["ann"]
    accept_plan(ws, ANN, id=sent["id"], **hashes(sent))
    assert list(VERIFIER(ws)) == []
    with connection.cursor() as cursor:
        change = "UPDATE decisions_planletter SET plan_text = 'less' WHERE payee = 'ann'"
        with pytest.raises(Exception, match="never changed"):
            cursor.execute(change)
        cursor.execute("DROP TRIGGER planletter_settled")
        cursor.execute(change)
    assert [i.code for i in VERIFIER(ws)] == ["pay_altered"]
