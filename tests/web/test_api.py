"""The REST API: problem details, and no request that ends in a 5xx."""

import httpx
import pytest

from geartrain import web
from geartrain.services import people
from tests.web.cast import PASSWORD


def test_an_error_is_problem_details(sign_in):
    answer = sign_in("head").get("/api/v1/records/opportunity/none")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["title"], body["code"]) == (404, "Not Found", "not_found")
    assert "none" in body["detail"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/records/opportunity?limit=0", 422),
        ("/api/v1/records/opportunity?limit=1001", 422),
        ("/api/v1/records/opportunity?offset=-1", 422),
        ("/api/v1/records/opportunity?where=nope+%3D+1", 422),
        ("/api/v1/records/opportunity?as_of=soon", 422),
        ("/api/v1/records/unicorn", 404),
        ("/api/v1/loads/none", 404),
        ("/api/v1/none", 404),
    ],
)
def test_what_is_wrong_in_a_request_is_said(path, status, sign_in):
    answer = sign_in("admin").get(path)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_amounts_are_exact_text_and_instants_have_a_zone(sign_in):
    body = sign_in("ann").get("/api/v1/records/opportunity?where=opportunity_id+%3D+%27O-3%27").json()
    assert body["total"] == 1
    (record,) = body["records"]
    assert record["amount"] == "5000.2500"
    assert record["created_at"] == "2026-07-06T09:00:00Z"
    assert record["close_date"] == "2026-09-15"


def test_pages_by_limit_and_offset(sign_in):
    client = sign_in("head")
    whole = client.get("/api/v1/records/opportunity").json()
    parts = [client.get(f"/api/v1/records/opportunity?limit=2&offset={n}").json()["records"] for n in (0, 2, 4)]
    assert [r for part in parts for r in part] == whole["records"]
    assert whole["total"] == 6


def test_the_document_names_every_route_and_how_to_sign_in(site):
    document = web.openapi()
    assert {"/api/v1/records", "/api/v1/loads", "/api/v1/quality", "/api/v1/people", "/api/v1/me"} <= {
        *document["paths"]
    }
    assert document["components"]["securitySchemes"]["Bearer"] == {"type": "http", "scheme": "bearer"}
    assert all(route.get("summary") for verbs in document["paths"].values() for route in verbs.values())


def test_every_route_needs_sign_in(sign_in):
    for path, verbs in web.openapi()["paths"].items():
        for verb in verbs:
            if path != "/api/v1/health":
                filled = path.replace("{", "").replace("}", "")
                assert getattr(sign_in(), verb)(filled).status_code == 401, (verb, path)


def test_loads_files_after_a_dry_run(site, served):
    key, _ = people.create_token(
        site.ws,
        people.actor_of(site.ws, "ops@example.com"),
        name="l",
        permissions=["load_facts", "view_loads", "view_records"],
    )
    client = httpx.Client(base_url=f"{served}/api/v1", headers={"Authorization": f"Bearer {key}"}, timeout=60)
    files = {"files": ("product.csv", b"product_id,name,list_price\np9,Nine,9.50\np8,Eight,lots\n")}
    tried = client.post("/loads", files=files, data={"dry_run": "true"})
    assert tried.status_code == 200, tried.text
    assert tried.json()["types"]["product"] == {"read": 2, "loaded": 1, "quarantined": 1, "duplicates": 0}
    assert client.get("/records/product/p9").status_code == 404
    loaded = client.post("/loads", files=files)
    assert loaded.status_code == 201
    assert client.get("/records/product/p9").json()["versions"][0]["list_price"] == "9.5000"
    rows = client.get(f"/loads/{loaded.json()['load_id']}/quarantined").json()["rows"]
    assert [(r["file"], r["line"], r["column"], r["value"]) for r in rows] == [("product.csv", 3, "list_price", "lots")]


def test_signs_in_over_http_with_a_session(served):
    client = httpx.Client(base_url=served, follow_redirects=False, timeout=30)
    token = client.get("/sign-in/").cookies["csrftoken"]
    form = {"login": "head@example.com", "password": PASSWORD, "csrfmiddlewaretoken": token}
    assert client.post("/sign-in/", data=form, headers={"Referer": served}).status_code == 302
    assert client.get("/api/v1/me").json()["login"] == "head@example.com"
    style = client.get(next(p for p in client.get("/account/").text.split('"') if p.endswith("app.css")))
    assert "immutable" in style.headers["cache-control"]
    assert style.headers["content-encoding"] == "gzip"


def test_one_person_may_not_ask_without_end(sign_in, site, monkeypatch):
    from geartrain.services.workspace import Web, Workspace
    from geartrain.web import configure

    few = site.ws.settings.model_copy(update={"web": Web(requests_per_minute=3)})
    configure(Workspace(site.ws.path, few))
    ops, head = sign_in("ops"), sign_in("head")
    monkeypatch.setattr("geartrain.web.api.limits.time", lambda: 1_000_020.0)
    answers = [ops.get("/api/v1/me") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == "too_many_requests"
    assert 0 < int(answers[3]["Retry-After"]) <= 60
    assert head.get("/api/v1/me").status_code == 200
    monkeypatch.setattr("geartrain.web.api.limits.time", lambda: 1_000_081.0)
    assert ops.get("/api/v1/me").status_code == 200
    configure(site.ws)
