"""The plan studio: checked while it is written; the past paid with a draft, and nobody named to who may not see pay."""

from geartrain.services.access import Actor, Role
from geartrain.services.pay.studio import draft_plan, study_plan
from tests.incentives.company import company, won
from tests.incentives.plans import plan_text
from tests.web.test_pay import PLAN, client, paying  # noqa: F401

OPS = Actor("ops@x", frozenset({Role.revops}))
FIN = Actor("fin@x", frozenset({Role.finance}))


def test_a_text_is_checked_and_drawn_while_it_is_written(client):  # noqa: F811
    ops = client("ops")
    assert "Checked" in ops.get("/pay/studio/").content.decode()
    good = ops.post("/pay/studio/check/", {"text": PLAN.replace("\n", "\r\n")}).content.decode()
    assert "nothing wrong" in good
    assert "In words" in good
    bad = ops.post(
        "/pay/studio/check/", {"text": PLAN.replace("measure: bookings", "measure: nothing")}
    ).content.decode()
    assert "to mend" in bad
    assert ops.post("/pay/studio/check/", {"text": "{"}).status_code == 200
    assert client("ann").get("/pay/studio/").status_code == 403


def test_the_past_is_paid_with_a_draft_beside_what_is_in_force(tmp_path):
    ws = company(tmp_path, opportunity=[won("D1", "ann", "2025-05-10", 1000), won("D2", "abe", "2025-05-10", 500)])
    draft = plan_text("[[0, null, 0.12]]")
    found = study_plan(ws, FIN, text=draft, on="2025")
    assert [(r.payee, str(r.old), str(r.new)) for r in found.compared.rows] == [
        ("abe", "50.00", "60.00"), ("ann", "100.00", "120.00")]  # fmt: skip
    assert (found.payees, found.gain, found.lose) == (2, 2, 0)
    assert "quota" in found.why
    nameless = study_plan(ws, OPS, text=draft, on="2025")
    assert [(r.payee, str(r.old), str(r.new)) for r in nameless.compared.rows] == [("everybody", "150.00", "180.00")]
    assert draft_plan(ws, OPS, text=draft).errors == 0


def test_the_cost_of_a_draft_is_worked_out_beside_the_page(client):  # noqa: F811
    from time import sleep

    money = client("money")
    asked = {"text": PLAN.replace("0.1]", "0.2]"), "key": "sellers", "on": "2026Q3"}
    where = money.post("/pay/studio/study/", asked)["Location"]
    for _ in range(300):
        said = money.get(where).content.decode()
        if "Difference in money" in said or "did not work" in said:
            break
        sleep(0.1)
    assert "$2,400.00" in said
    assert "Nobody eligible has credits and a quota" in said
    assert client("ops").get(where).status_code == 404
    assert client("ann").post("/pay/studio/study/", asked).status_code == 403
