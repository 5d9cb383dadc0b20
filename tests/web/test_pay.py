"""Pay by every route: for the payee, who leads them, finance and the auditor; to anybody else it does not exist."""

import json
import re
import sys

import pytest

from geartrain import web
from geartrain.cli.main import run
from geartrain.services.access import operator
from geartrain.services.pay.disputes import open_dispute
from geartrain.services.pay.signing import send_plan
from geartrain.services.workspace import init_workspace
from tests.web.cast import add_people, load_cast

PLAN = """kind: comp_plan
key: sellers
name: Sellers
effective: [2026-07-01, 2027-01-01]
currency: USD
eligible: "user_id in ('ann', 'cleo')"
measures:
  bookings: {from: opportunity, where: is_won, date: closed_at}
components:
  - key: bookings
    measure: bookings
    tiers: {kind: marginal, basis: amount, boundary: lower_inclusive}
    rates: [[0, null, 0.1]]
"""
CONTEST = """kind: contest
key: autumn
name: Autumn
owner: revops
definition: Who books most.
spec:
  metric: bookings
  period: 2026Q3
  eligible: "user_id in ('ann', 'cleo')"
  cohort: team
  freeze: 2026-10-05
  prizes: [{award: gold, fixed: 100}]
"""


@pytest.fixture(scope="module")
def paying(tmp_path_factory):
    ws = init_workspace(tmp_path_factory.mktemp("pay") / "company", name="Meshed & Sons")
    load_cast(ws)
    (ws.policies / "plan.yaml").write_text(PLAN)
    (ws.policies / "contest.yaml").write_text(CONTEST)
    web.configure(ws)
    add_people(ws)
    what = {"payee": "ann", "period": "2026-09", "component": "bookings", "deal": "O-1", "kind": "amount"}
    open_dispute(ws, operator(), **what, text="Wrong.")
    send_plan(ws, operator(), comp_plan="sellers")
    return ws


@pytest.fixture
def client(paying):
    from django.core.cache import cache
    from django.test import Client

    from geartrain.stores.decisions.models import User

    web.configure(paying)
    cache.clear()

    def signed(who):
        found = Client(HTTP_HOST="localhost")
        found.force_login(User.objects.get(email=f"{who}@example.com"))
        return found

    return signed


@pytest.fixture
def call(capsys, monkeypatch, paying):
    def call(*arguments):
        monkeypatch.chdir(paying.path)
        monkeypatch.setattr(sys, "argv", ["geartrain", *map(str, arguments)])
        capsys.readouterr()
        try:
            run()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        return (code, *capsys.readouterr())

    return call


API = "/api/v1/pay"
READS = [
    "/pay/?payee={payee}&period=2026-09", "/pay/pdf/?payee={payee}&period=2026-09",
    "/pay/disputes/new/?payee={payee}&period=2026-09", f"{API}/statements/{{payee}}/2026-09",
    f"{API}/statements/{{payee}}/2026-09/pdf",
]  # fmt: skip
ASKS = [
    (f"{API}/estimate", {"payee": "{payee}", "deals": [{"amount": 100, "close": "2026-09-20"}]}),
    (f"{API}/disputes", {"payee": "{payee}", "period": "2026-09", "kind": "rate", "text": "Wrong."}),
]
STRANGERS = ["cleo", "ops", "nobody"]


def same(answer, payee):
    """A page without what differs between two looks at it."""
    said = re.sub(r'value="\w{64}"', "", answer.content.decode(errors="replace"))
    return answer.status_code, re.sub(rf"\b{payee}\b", "X", said)


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize("path", READS)
def test_to_a_stranger_a_statement_is_not_there(who, path, client):
    theirs, none = (client(who).get(path.format(payee=p)) for p in ("ann", "noone"))
    assert theirs.status_code in (403, 404)
    assert same(theirs, "ann") == same(none, "noone")


@pytest.mark.parametrize("path", READS)
def test_a_manager_of_another_team_is_a_stranger_too(path, client):
    assert client("bob").get(path.format(payee="ann")).status_code == 200
    theirs, none = (client("bob").get(path.format(payee=p)) for p in ("cleo", "noone"))
    assert (theirs.status_code, same(theirs, "cleo")) == (404, same(none, "noone"))


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize(("path", "body"), ASKS)
def test_nor_can_a_stranger_ask_about_it(who, path, body, client):
    found = []
    for payee in ("ann", "noone"):
        text = json.dumps(body).replace("{payee}", payee)
        found.append(same(client(who).post(path, text, content_type="application/json"), payee))
    assert found[0] == found[1]
    assert found[0][0] in (403, 404)


@pytest.mark.parametrize("who", ["cleo", "ops"])
def test_lists_hold_nothing_of_strangers(who, client):
    for path in ("/pay/team/?period=2026-09", "/pay/disputes/", f"{API}/statements?period=2026-09", f"{API}/disputes"):
        assert "1200.00" not in client(who).get(path).content.decode().replace(",", "")
        assert "Wrong." not in client(who).get(path).content.decode()
    for path in (f"{API}/disputes/1", "/pay/disputes/1/", f"{API}/letters/1", "/pay/plans/1/"):
        none = client(who).get(path.replace("1", "99") if "v1" not in path else path[:-1] + "99")
        theirs = client(who).get(path)
        assert theirs.status_code == none.status_code == 404


@pytest.mark.parametrize("who", ["ann", "bob", "head", "cleo", "ops", "nobody"])
def test_finances_routes_are_finances(who, client):
    for path in (
        f"{API}/health?period=2026Q3",
        f"{API}/runs/2026-09",
        f"{API}/runs/2026-09/export",
        "/pay/run/",
        "/pay/health/",
        "/pay/adjustments/",
        f"{API}/adjustments",
        f"{API}/signatures?period=2026-09",
    ):
        # An approver sees the adjustments of their own people; the head of sales has none with any.
        wanted = 200 if who == "head" and "adjustments" in path else 403
        assert client(who).get(path).status_code == wanted
    assert client("money").get("/pay/health/").status_code == 200
    for deed in ("run", "lock", "replay"):
        path = f"{API}/runs/2026-09" + ("" if deed == "run" else f"/{deed}")
        assert client(who).post(path, "{}", content_type="application/json").status_code == 403


@pytest.mark.parametrize("arguments", [
    ("pay", "statement", "{payee}", "2026-09"), ("pay", "statement", "{payee}", "2026-09", "--pdf", "x.pdf"),
    ("pay", "verify", "{payee}/2026-09"),
    ("pay", "estimate", "{payee}", "--deals", '[{"amount": 100, "close": "2026-09-20"}]'),
    ("pay", "dispute", "open", "{payee}", "2026-09", "--kind", "rate", "--text", "t"),
])  # fmt: skip
def test_the_command_line_says_the_same_to_a_stranger(arguments, call, paying):
    for who in ("cleo", "ops"):
        said = []
        for payee in ("ann", "noone"):
            filled = [a.replace("{payee}", payee) for a in arguments]
            code, out, err = call(*filled, "--as", f"{who}@example.com")
            said.append((code, out, err.replace(payee, "X")))
        assert said[0] == said[1]
        assert said[0][0] == 2
    assert not (paying.path / "x.pdf").exists()


def test_the_payee_sees_the_statement_on_screen_on_paper_and_by_program(client):
    ann = client("ann")
    assert ann.get(f"{API}/statements/ann/2026-09").json()["paid"] == "1200.00"
    for path in (f"{API}/statements/ann/2026-09/pdf", "/pay/pdf/?payee=ann&period=2026-09"):
        answer = ann.get(path)
        assert answer.content.startswith(b"%PDF-")
        assert answer["Content-Disposition"] == 'attachment; filename="statement-2026-09.pdf"'
    asked = {"payee": "ann", "deals": [{"deal": "O-3", "close": "2026-09-20"}]}
    found = ann.post(f"{API}/estimate", json.dumps(asked), content_type="application/json").json()
    assert (found["paid_now"], found["paid"], found["difference"]) == ("1200.00", "1700.03", "500.03")


def test_a_seller_signs_what_was_sent(client):
    ann = client("ann")
    one = next(x for x in ann.get(f"{API}/letters").json())
    assert one["state"] == "sent"
    texts = ann.get(f"{API}/letters/{one['id']}").json()
    body = json.dumps({k: texts[k] for k in ("plan_sha256", "letter_sha256")})
    assert (
        client("bob").post(f"{API}/letters/{one['id']}/accept", body, content_type="application/json").status_code
        == 404
    )
    assert (
        ann.post(f"{API}/letters/{one['id']}/accept", body, content_type="application/json").json()["state"]
        == "accepted"
    )


def test_a_leaderboard_shows_only_ones_own_cohort(client):
    rows = client("ann").get("/api/v1/contests/autumn/leaderboard").json()["rows"]
    assert [r["person"] for r in rows] == ["ann"]
    assert "STRANGER" not in client("ann").get("/contests/?contest=autumn").content.decode()
    assert client("ann").get("/api/v1/contests/autumn").status_code == 403


def test_the_estimate_on_its_page(client):
    asked = "/pay/estimate/?deal1=O-3&close1=2026-09-20"
    said = client("ann").get(asked).content.decode()
    assert "$1,700.03" in said
    assert "$500.03" in said
    theirs, none = (client("bob").get(f"{asked}&payee={p}") for p in ("cleo", "noone"))
    assert (theirs.status_code, same(theirs, "cleo")) == (404, same(none, "noone"))
    assert "There is no deal" in client("ann").get(asked.replace("O-3", "O-6")).content.decode()


def test_a_dispute_from_the_line_to_its_answer_on_pages(client):
    line = {"payee": "ann", "period": "2026-09", "component": "bookings", "deal": "O-1"}
    said = client("ann").get("/pay/?period=2026-09").content.decode()
    assert "/pay/disputes/new/?payee=ann&amp;period=2026-09&amp;component=bookings&amp;deal=O-1" in said
    where = client("ann").post("/pay/disputes/new/", {**line, "kind": "date", "text": "It was August."})["Location"]
    money = client("money")
    assert client("ann").post(f"{where}triage/", {}).status_code == 403
    money.post(f"{where}triage/", {"root_cause": "booking date"})
    money.post(f"{where}decide/", {"do": "reject", "answer": "The contract says September."})
    said = client("ann").get(where).content.decode()
    assert "The contract says September." in said
    assert "12,000 × 0.1 (tier 1) = 1200.00" in said
    client("ann").post(f"{where}close/")
    assert "closed" in client("ann").get(where).content.decode()
    assert client("cleo").post(f"{where}close/").status_code == 404
