"""The outbox, alignment and the leads' merges in a browser of Django's."""

import pytest

from geartrain.process.write_back import Change
from geartrain.services.access import operator
from geartrain.services.selling.writeback import cancel_write_backs, get_write_back, propose_write_backs


@pytest.fixture
def one(site):
    """A change of an owner that waits for approval; called off in the end, if it is not over."""
    change = Change("salesforce", "account", "001A", {"owner_id": {"from": "ann", "to": "cleo"}}, "test", "because")
    found = propose_write_backs(site.ws, operator(), changes=[change]).new
    id = found[0].id if found else 1
    yield id
    if get_write_back(site.ws, operator(), id=id).state in ("proposed", "ready"):
        cancel_write_backs(site.ws, operator(), ids=[id])


def test_a_proposal_is_looked_at_approved_and_called_off(site, sign_in, one, monkeypatch):
    for name in ("URL", "TOKEN"):
        monkeypatch.delenv(f"GEARTRAIN_SALESFORCE_{name}", raising=False)
    client = sign_in("ops")
    listed = client.get("/write-back/").content.decode()
    assert "owner_id: ann → cleo" in listed
    shown = client.get(f"/write-back/{one}/").content.decode()
    assert "It waits for somebody" in shown
    assert "because" in shown
    looked = client.post("/write-back/look/").content.decode()
    assert "GEARTRAIN_SALESFORCE_URL" in looked
    assert "Nothing was written." in looked
    client.post(f"/write-back/{one}/approve/")
    assert get_write_back(site.ws, operator(), id=one).state == "ready"
    again = client.post(f"/write-back/{one}/approve/", follow=True).content.decode()
    assert "does not wait for approval" in again
    assert client.post("/write-back/send/").status_code == 200
    assert get_write_back(site.ws, operator(), id=one).state == "ready"
    client.post(f"/write-back/{one}/cancel/", {"reason": "no more"})
    assert get_write_back(site.ws, operator(), id=one).message == "no more"


def test_it_is_for_those_who_may_write_back(sign_in):
    assert sign_in("ann").get("/write-back/").status_code in (403, 404)
    assert sign_in("head").get("/api/v1/writeback").status_code == 403
    listed = sign_in("ops").get("/api/v1/writeback", {"state": "nothing"})
    assert listed.status_code == 422
    assert "There is no state" in listed.json()["detail"]


def test_the_api_proposes_and_refuses_what_is_not_named(sign_in):
    client = sign_in("ops")
    asked = {"type": "account", "system": "hubspot", "cause": "test", "changes": [
        {"record": "7", "field": "name", "from": "a", "to": "b"},
        {"record": "8", "field": "owner_id", "to": "ann"},
    ]}  # fmt: skip
    found = client.post("/api/v1/writeback/propose", asked, content_type="application/json").json()
    assert [i["code"] for i in found["issues"]] == ["write_back_refused"]
    (new,) = found["proposed"]
    assert (new["state"], new["changes"]) == ("proposed", {"owner_id": {"to": "ann"}})
    called = {"ids": [new["id"]], "reason": "a test"}
    done = client.post("/api/v1/writeback/cancel", called, content_type="application/json").json()
    assert done["write_backs"][0]["state"] == "cancelled"
    assert client.get(f"/api/v1/writeback/{new['id']}").json()["message"] == "a test"


def test_alignment_stands_on_one_page_and_in_the_api(sign_in):
    client = sign_in("ops")
    page = client.get("/alignment/")
    assert page.status_code == 200
    assert "What each owes the other" in page.content.decode()
    told = client.get("/api/v1/alignment").json()
    assert [h["key"] for h in told["handoffs"]][:1] == ["mql_to_sales"]
