"""The pages of packs: begun, written, frozen, discussed, disputed, restated; and the same by REST."""

import io
import json
import re
import time
from datetime import date

import pytest
from pptx import Presentation

from geartrain.services.packs import life as packs
from geartrain.services.people import actor_of
from tests.services.packs.test_life import TEMPLATE
from tests.web.cast import STRANGER

DAY = date(2026, 9, 30)


@pytest.fixture
def held(site):
    """A small template, and every pack of this test gone afterwards."""
    file = site.ws.policies / "review.yaml"
    file.write_text(TEMPLATE)
    from geartrain.stores.decisions.models import Pack

    before = set(Pack.objects.values_list("pk", flat=True))
    yield site
    file.unlink()
    Pack.objects.exclude(pk__in=before).filter(state="draft").delete()


def finished(client, url):
    for _ in range(300):
        page = client.get(url)
        if b'role="status"' not in page.content:
            return page
        time.sleep(0.1)
    raise AssertionError("The task did not end.")


def text_of(response) -> str:
    return response.content.decode()


def test_a_pack_goes_from_draft_to_dispute(sign_in, held):
    client = sign_in("ops")
    begun = client.post("/packs/new/", {"template": "review", "as_of": "2026-09-30"})
    at = begun["Location"]
    assert "What made the difference?" in text_of(client.get(at))
    assert client.post(f"{at}narrative/", {"text-results": "The <b>gear</b> deal"})["Location"] == at
    assert "The &lt;b&gt;gear&lt;/b&gt; deal" in text_of(client.get(at))
    frozen = finished(client, client.post(f"{at}freeze/")["Location"])
    assert frozen["Location"] == at
    page = text_of(client.get(at))
    assert "$111k" in page
    assert "The &lt;b&gt;gear&lt;/b&gt; deal" in page
    client.post(f"{at}decide/", {"text": "Call <i>Acme</i>", "owner": "head@example.com", "due": "2026-10-09"})
    assert "Call &lt;i&gt;Acme&lt;/i&gt;" in text_of(client.get(at))
    wrong = client.post(f"{at}decide/", {"text": "Call", "owner": "ops", "due": "soon"}, follow=True)
    assert "Write it as YYYY-MM-DD" in text_of(wrong)
    client.post(f"{at}dispute/", {"number": "results/headline/bookings", "reason": "Too low"})
    assert "Too low" in text_of(client.get(at))
    again = finished(client, client.post(f"{at}restate/")["Location"])
    assert "Every number is what it was." in text_of(again)
    slides = Presentation(io.BytesIO(client.get(f"{at}files/pptx/").content))
    words = [s.text_frame.text for slide in slides.slides for s in slide.shapes if s.has_text_frame]
    assert any("The <b>gear</b> deal" in w for w in words)
    assert client.get(f"{at}files/pdf/").content.startswith(b"%PDF-")
    assert client.get(f"{at}files/docx/").status_code == 422


def test_a_manager_sees_and_makes_packs_of_his_own_people_only(sign_in, held):
    ops = actor_of(held.ws, "ops@example.com")
    whole = packs.freeze_pack(held.ws, ops, template="review", as_of=DAY)
    bobs = packs.freeze_pack(held.ws, ops, template="review", as_of=DAY, scope="bob")
    bob = sign_in("bob")
    listed = text_of(bob.get("/packs/"))
    assert f"/packs/{bobs.id}/" in listed
    assert f"/packs/{whole.id}/" not in listed
    shown = text_of(bob.get(f"/packs/{bobs.id}/"))
    assert STRANGER not in shown
    for end in ("", "files/pdf/", "files/json/", "files/xlsx/"):
        there, nowhere = bob.get(f"/packs/{whole.id}/{end}"), bob.get(f"/packs/no-such/{end}")
        assert there.status_code == nowhere.status_code == 404
        assert cleaned(there, whole.id) == cleaned(nowhere, "no-such")
    for end in ("restate/", "held/", "decide/", "dispute/", "settle/", "close/", "freeze/", "drop/", "narrative/"):
        form = {"text": "x", "owner": "x", "due": "2026-10-01", "number": "x", "reason": "x", "decision": "1"}
        assert bob.post(f"/packs/{whole.id}/{end}", form).status_code in (302, 404)
    assert packs.get_info(held.ws, ops, pack=whole.id).held_at is None
    assert sign_in("ann").get(f"/packs/{bobs.id}/").status_code == 403
    for end in ("", "/files/json", "/restated"):
        assert bob.get(f"/api/v1/packs/{whole.id}{end}").status_code == 404
    assert [p["id"] for p in bob.get("/api/v1/packs").json()] == [bobs.id], bob.get("/api/v1/packs").content


def cleaned(response, name: str) -> str:
    """A page without what names the address and the request."""
    return re.sub(
        r"nonce=\S+|csrf\S+|value=\"[^\"]{20,}\"|hx-headers=\S+ \S+", "", text_of(response).replace(name, "X")
    )


def test_rest_answers_as_the_pages_do(sign_in, held):
    client = sign_in("ops")
    made = client.post("/api/v1/packs", json.dumps({"template": "review", "as_of": "2026-09-30"}), "application/json")
    assert made.status_code == 201, made.content
    name = made.json()["id"]
    view = client.get(f"/api/v1/packs/{name}").json()
    assert {n["number"]: n["value"] for n in view["numbers"]}["results/headline/bookings"] == "111000"
    body = json.dumps({"text": "Call", "owner": "ops@example.com", "due": "2026-10-09"})
    decided = client.post(f"/api/v1/packs/{name}/decisions", body, "application/json")
    assert decided.status_code == 201
    closed = client.post(f"/api/v1/packs/decisions/{decided.json()['id']}/close", "{}", "application/json")
    assert closed.json()["state"] == "done"
    near = json.dumps({"number": "results/headline/booking", "reason": "x"})
    missing = client.post(f"/api/v1/packs/{name}/disputes", near, "application/json")
    assert missing.status_code == 404
    assert "results/headline/bookings" in missing.json()["hint"]
    assert client.get(f"/api/v1/packs/{name}/restated").json()["sha256"] == view["info"]["sha256"]
