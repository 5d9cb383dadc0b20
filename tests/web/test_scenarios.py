"""The pages of scenarios: made, run, compared, put away; and the same by REST."""

import json
import time

import pytest

from geartrain.services.changes import scenarios as use
from geartrain.services.people import actor_of
from tests.services.trying import BOOKINGS

DRAFT = BOOKINGS.replace("type = 'new'", "amount > 50000")


@pytest.fixture
def held(site):
    """A scenario of the operations team's, gone afterwards."""
    ops = actor_of(site.ws, "ops@example.com")
    use.create_scenario(site.ws, ops, key="big-only", name="Big deals only", drafts=[("b.yaml", DRAFT)])
    yield "big-only"
    from geartrain.stores.decisions.models import Scenario, ScenarioRun

    ScenarioRun.objects.all().delete()
    Scenario.objects.all().delete()


def finished(client, url):
    for _ in range(200):
        page = client.get(url)
        if b'role="status"' not in page.content:
            return page
        time.sleep(0.1)
    raise AssertionError("The task did not end.")


def test_is_made_run_and_compared(sign_in, site):
    client = sign_in("ops")
    assert "No change is being tried yet" in client.get("/scenarios/").content.decode()
    made = client.post("/scenarios/new/", {"key": "big", "name": "Big <b>", "text": DRAFT, "since": "2026-07-01"})
    assert made["Location"] == "/scenarios/big/"
    page = client.get("/scenarios/big/").content.decode()
    assert "It has not been run" in page
    assert "Big &lt;b&gt;" in page
    assert "<ins>+" in page
    task = client.post("/scenarios/big/run/")["Location"]
    page = finished(client, task).content.decode()
    assert "$111k" in page
    assert "metric bookings" in page
    page = client.get("/scenarios/big/").content.decode()
    assert "What differs" in page
    assert "Deals won" not in page
    assert "Deals won" in client.get("/scenarios/big/?every=1").content.decode()
    text = client.get("/scenarios/big/?format=csv&table=numbers").content.decode()
    assert "metrics/bookings,Bookings,money,111000.0000,99000.0000,-12000.0000,metric bookings" in text
    client.post("/scenarios/new/", {"key": "small", "text": DRAFT.replace(">", "<")})
    task = client.post("/scenarios/compare/", {"scenario": ["big", "small"]})["Location"]
    page = finished(client, task).content.decode()
    assert "Today and Big &lt;b&gt;, Small" in page
    client.post("/scenarios/big/delete/")
    client.post("/scenarios/small/delete/")
    assert "Bring back" in client.get("/scenarios/").content.decode()
    assert client.post("/scenarios/big/restore/")["Location"] == "/scenarios/big/"
    from geartrain.stores.decisions.models import Scenario, ScenarioRun

    ScenarioRun.objects.all().delete()
    Scenario.objects.all().delete()


def test_a_manager_is_shown_nothing_of_a_strangers(sign_in, held):
    bob = sign_in("bob")
    for way in ("", "backtest/?kind=metric&policy=bookings"):
        assert bob.get(f"/scenarios/{held}/{way}").status_code == 404
    assert bob.post(f"/scenarios/{held}/run/").status_code == 404
    assert bob.post(f"/scenarios/{held}/delete/").status_code == 404
    assert held not in bob.get("/scenarios/").content.decode()
    assert sign_in("ann").get("/scenarios/").status_code == 403


def test_a_draft_is_backtested(sign_in, held):
    page = sign_in("ops").get(f"/scenarios/{held}/backtest/?kind=metric&policy=bookings").content.decode()
    assert "opportunity/O-1" in page
    assert "opportunity/O-4" not in page
    assert "amount 12,000.00 &gt; 50,000: does not hold" in page


def test_what_is_wrong_is_said_and_nothing_is_lost(sign_in, held):
    client = sign_in("ops")
    answer = client.post("/scenarios/new/", {"key": "x", "name": "Kept", "text": "kind: metric"})
    assert answer.status_code == 422
    assert "draft.yaml:1" in answer.content.decode()
    assert 'value="Kept"' in answer.content.decode()
    assert client.post("/scenarios/new/", {"key": held}).status_code == 409
    client.post(f"/scenarios/{held}/draft/", {"text": ""})
    assert "no draft in the form" in client.get(f"/scenarios/{held}/").content.decode()
    client.post(f"/scenarios/{held}/drop/", {"kind": "metric", "policy": "bookings"})
    assert "No draft yet" in client.get(f"/scenarios/{held}/").content.decode()


def test_by_rest(sign_in, site, held):
    client = sign_in("ops")

    def ask(method, path, body=None):
        answer = getattr(client, method)(f"/api/v1{path}", json.dumps(body), content_type="application/json")
        return answer.status_code, answer.json()

    window = {"from": "2026-07-01", "to": "2026-10-01"}
    status, found = ask("post", "/backtests", {"text": DRAFT, **window})
    assert (status, found["totals"]["changed"]) == (200, 1)
    assert found["changes"][0]["subject"] == "opportunity/O-1"
    status, run = ask("post", f"/scenarios/{held}/run")
    row = next(r for r in run["rows"] if r["key"] == "metrics/bookings")
    assert row["values"] == ["111000.0000", "99000.0000"]
    assert client.get(f"/api/v1/scenarios/{held}").json()["last_run"]["manifests"] == run["manifests"]
    assert ask("post", "/scenarios/compare", {"scenarios": [held]})[0] == 200
    assert ask("post", "/scenarios", {"key": held})[0] == 409
    assert ask("delete", f"/scenarios/{held}")[1]["deleted"] is True
    assert client.get(f"/api/v1/scenarios/{held}").status_code == 404
    assert ask("post", f"/scenarios/{held}/restore")[1]["deleted"] is False
