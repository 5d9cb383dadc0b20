"""The pages and routes of policies: written, reviewed by another, published, read; and the trail of it."""

import json
import re
import time

import pytest

from geartrain.services.access import Role
from geartrain.services.audit import verify_audit
from geartrain.services.people import actor_of
from tests.services.trying import BOOKINGS


def text(key):
    return BOOKINGS.replace("key: bookings", f"key: {key}").replace("name: Bookings", "name: Booked <b>twice</b>")


AUDIENCE = "audience: [seller]\n"


@pytest.fixture
def key(request):
    """A name of the test's own: what is published stays."""
    return re.sub(r"\W", "_", request.node.name.removeprefix("test_"))[:60]


def text_of(response) -> str:
    return response.content.decode()


def finished(client, url):
    for _ in range(200):
        page = text_of(client.get(url))
        if 'role="status"' not in page:
            return page
        time.sleep(0.1)
    raise AssertionError("The task did not end.")


def post(client, path, **body):
    return client.post(f"/api/v1/policies{path}", json.dumps(body), "application/json")


def published(sign_in, key, more=""):
    """A metric that ops wrote, the head of sales approved and ops published."""
    ops, head = sign_in("ops"), sign_in("head")
    at = f"/policies/metric/{key}/"
    ops.post(f"{at}edit/", {"text": text(key) + more, "do": "propose", "summary": "first"})
    digest = re.search(r'name="sha256" value="(\w{64})"', text_of(head.get(f"{at}?version=1"))).group(1)
    head.post(f"{at}approve/", {"sha256": digest})
    ops.post(f"{at}publish/")
    return at, digest


def test_from_the_editor_to_the_reader(sign_in, site, key):
    ops, head, ann = sign_in("ops"), sign_in("head"), sign_in("ann")
    at = f"/policies/metric/{key}/"
    assert "A new metric" in text_of(ops.get(f"{at}edit/"))
    checked = text_of(ops.post("/policies/check/", {"text": text(key).replace("unit: money", "unitt: money")}))
    assert "Did you mean &#x27;unit&#x27;?" in checked
    assert "to mend" in checked
    refused = ops.post(f"{at}edit/", {"text": "kind: metric\nkey: " + key, "do": "propose"})
    assert refused.status_code == 422
    assert f"key: {key}" in text_of(refused)
    kept = ops.post(f"{at}edit/", {"text": text(key), "do": "save"})
    assert kept["Location"] == f"{at}?version=1"
    assert "A draft" in text_of(ops.get(at))
    assert ann.get(at).status_code == 404
    ops.post(f"{at}propose/", {"summary": "For the second booking"})
    page = text_of(ops.get(f"{at}?version=1"))
    assert "somebody else approves it" in page
    assert "Booked &lt;b&gt;twice&lt;/b&gt;" in page
    mine = text_of(ops.post(f"{at}approve/", follow=True))
    assert "Under review" in mine
    assert "to approve" in text_of(head.get("/policies/"))
    assert "to approve" in text_of(head.get("/work/"))
    head.post(f"{at}reject/", {"comment": "Say why"})
    assert "Say why" in text_of(ops.get(f"{at}?version=1"))
    ops.post(f"{at}propose/", {"summary": "For the second booking"})
    head.post(f"{at}approve/", {"sha256": "0" * 64})
    assert "Under review" in text_of(ops.get(f"{at}?version=1"))
    digest = re.search(r'name="sha256" value="(\w{64})"', text_of(head.get(f"{at}?version=1"))).group(1)
    head.post(f"{at}approve/", {"sha256": digest})
    assert "to publish" in text_of(ops.get("/policies/"))
    ops.post(f"{at}publish/")
    assert "in force from" in text_of(ann.get(at))
    assert f"metric/{key}/" in text_of(ann.get("/policies/?kind=metric"))
    changed = text(key).replace("New business only.", "New business.")
    ops.post(f"{at}edit/", {"text": changed, "do": "save"})
    diff = text_of(ops.get(f"{at}diff/?old=1&new=2"))
    assert "<ins>+definition: New business.</ins>" in diff
    assert verify_audit(site.ws, actor_of(site.ws, "dee@example.com")).issues == ()


def test_what_was_read_is_acknowledged_by_its_hash(sign_in, key):
    at, first = published(sign_in, key, AUDIENCE)
    ann, ops, head = sign_in("ann"), sign_in("ops"), sign_in("head")
    assert "Have you read it?" in text_of(ann.get(at))
    assert "to read" in text_of(ann.get("/work/"))
    assert post(ann, f"/metric/{key}/acknowledge", sha256=first).status_code == 200
    assert "Have you read it?" not in text_of(ann.get(at))
    body = text(key) + AUDIENCE + "notes: Changed.\n"
    assert post(ops, "", text=body).status_code == 201
    assert post(ops, f"/metric/{key}/propose", summary="more").status_code == 200
    assert post(ops, f"/metric/{key}/approve").status_code == 403
    assert post(head, f"/metric/{key}/approve").json()["status"] == "approved"
    assert post(head, f"/metric/{key}/publish").status_code == 403
    assert post(ops, f"/metric/{key}/publish", material=True).json()["status"] == "published"
    stale = post(ann, f"/metric/{key}/acknowledge", sha256=first)
    assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
    said = ops.get(f"/api/v1/policies/metric/{key}/acknowledgements").json()
    assert said["done"] == 0
    alone = ann.get(f"/api/v1/policies/metric/{key}/acknowledgements").json()
    assert [p["person"] for p in alone["people"]] == ["ann@example.com"]


def test_a_backtest_is_replayed_as_a_task(sign_in, key):
    ops, at = sign_in("ops"), f"/policies/metric/{key}/"
    ops.post(f"{at}edit/", {"text": text(key).replace("type = 'new'", "amount > 50000"), "do": "save"})
    task = ops.post(f"{at}backtest/", {"since": "2026-07-01", "until": "2026-10-01"})["Location"]
    page = finished(ops, task)
    assert "What differs" in page
    assert "O-4" in page
    assert "O-1" not in page
    assert sign_in("head").get(task).status_code == 404


def test_the_trail_is_for_those_who_audit(sign_in, key):
    published(sign_in, key)
    dee = sign_in("dee")
    page = text_of(dee.get(f"/audit/?subject=policy/metric/{key}"))
    assert "publish policy" in page
    assert "sign in" not in re.sub(r"(?s)<form.*?</form>", "", page)
    events = dee.get(f"/api/v1/audit?subject=policy/metric/{key}").json()
    assert [e["verb"] for e in events] == ["publish_policy", "approve_policy", "propose_policy", "save_draft"]
    assert dee.get("/api/v1/audit/verify").json()["whole"] is True
    assert dee.get("/api/v1/audit/verify?head=abc").json()["issues"][0]["code"] == "audit_head_unknown"
    for role in (Role.seller, Role.manager, Role.revops, Role.finance, Role.head_of_sales):
        login = {"seller": "ann", "manager": "bob", "revops": "ops", "finance": "money", "head_of_sales": "head"}[role]
        assert sign_in(login).get("/audit/").status_code == 403
        assert sign_in(login).get("/api/v1/audit").status_code == 403


def test_commitments_are_done_waived_and_handed_on(sign_in, site):
    from datetime import timedelta

    from geartrain.services.commitments import open_commitment
    from geartrain.services.trail import writing

    with writing(site.ws):
        made = [
            open_commitment(
                site.ws, kind="test", subject=f"t/{n}", title=f"Thing {n} <i>", assignee=who,
                due=site.ws.now() + timedelta(days=3),
            )
            for n, who in enumerate(["ann@example.com", "revops", "cleo@example.com"])
        ]  # fmt: skip
    ann, ops, bob = sign_in("ann"), sign_in("ops"), sign_in("bob")
    assert "Thing 0 &lt;i&gt;" in text_of(ann.get("/work/"))
    assert "Thing 2" not in text_of(ann.get("/work/")) + text_of(bob.get("/work/"))
    assert ann.get(f"/work/{made[2]}/").status_code == ann.get("/work/99999999/").status_code == 404
    assert ann.post(f"/work/{made[2]}/done/").status_code == 404
    assert "for whoever leads" in text_of(ann.post(f"/work/{made[0]}/waive/", {"reason": "x"}, follow=True))
    assert "Nobody is called" in text_of(ops.post(f"/work/{made[1]}/reassign/", {"to": "nobody-there"}, follow=True))
    ann.post(f"/work/{made[0]}/done/")
    assert ops.get(f"/api/v1/commitments/{made[0]}").json()["state"] == "met"
    ops.post(f"/work/{made[1]}/reassign/", {"to": "bob@example.com"})
    assert "Thing 1" in text_of(bob.get("/work/"))
    assert "Done" in text_of(ann.get(f"/work/{made[0]}/"))
