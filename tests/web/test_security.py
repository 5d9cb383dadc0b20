"""Sign-in, sessions, headers and tokens."""

import re
import stat
from datetime import UTC, timedelta

import pytest

from geartrain import web
from geartrain.services import people
from geartrain.services.access import operator
from tests.web.cast import PASSWORD


def signing_in(client, login="ann@example.com", password=PASSWORD, **more):
    return client.post("/sign-in/", {"login": login, "password": password, **more})


def test_signs_in_by_e_mail_without_case_and_notes_it(sign_in, site):
    from geartrain.stores.decisions.models import AuditEvent

    client = sign_in()
    answer = signing_in(client, "Ann@Example.com")
    assert answer.status_code == 302
    assert client.get("/account/").status_code == 200
    event = AuditEvent.objects.latest("id")
    assert (event.verb, event.actor) == ("sign_in", "ann@example.com")
    assert PASSWORD not in str(event.detail)


@pytest.mark.parametrize(
    ("login", "password"), [("ann@example.com", "wrong"), ("nobody-at-all@example.com", PASSWORD), ("", "")]
)
def test_says_the_same_to_a_wrong_password_and_an_unknown_person(login, password, sign_in):
    answer = signing_in(sign_in(), login, password)
    assert answer.status_code == 200
    assert "sessionid" not in answer.cookies
    if login:
        assert "not correct" in answer.content.decode()


def test_a_session_from_before_signing_in_is_not_the_session_after(sign_in):
    client = sign_in()
    session = client.session
    session["planted"] = "yes"
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    signing_in(client)
    assert client.cookies["sessionid"].value != before


@pytest.mark.parametrize("to", ["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_sends_nobody_elsewhere(to, sign_in):
    assert signing_in(sign_in(), next=to)["Location"] == "/"
    assert sign_in("ann").post("/theme/", {"theme": "dark", "next": to})["Location"] == "/"


def test_goes_on_to_the_page_that_was_asked_for(sign_in):
    assert signing_in(sign_in(), next="/account/?a=1")["Location"] == "/account/?a=1"


def test_stops_guessing(sign_in):
    client = sign_in()
    answers = [signing_in(client, password=f"guess {n}") for n in range(7)]
    assert signing_in(client).status_code != 302, "the right password after many wrong ones"
    assert "too many" in answers[-1].content.decode().lower()


def test_signing_out_is_a_form_and_ends_the_session(sign_in):
    client = sign_in("ann")
    assert client.get("/sign-out/").status_code == 405
    assert client.post("/sign-out/").status_code == 302
    assert client.get("/account/").status_code == 302


def test_a_host_this_site_is_not_served_at_gets_nothing(sign_in):
    for path in ("/", "/sign-in/", "/api/v1/health"):
        assert sign_in().get(path, headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("path", ["/sign-in/", "/account/", "/none-such/", "/api/v1/health", "/api/v1/me"])
def test_every_answer_carries_the_headers(path, sign_in):
    answer = sign_in("ann").get(path)
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-cache" in answer["Cache-Control"]
    assert "camera=()" in answer["Permissions-Policy"]


def test_cookies_are_out_of_reach_of_scripts_and_of_plain_http_where_there_is_tls(sign_in, site):
    web.configure(site.ws, secure=True)
    client = sign_in()
    client.get("/sign-in/", secure=True)
    client.post("/sign-in/", {"login": "ann@example.com", "password": PASSWORD}, secure=True)
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["secure"]
    assert "max-age" in client.get("/account/", secure=True)["Strict-Transport-Security"]


def test_the_secret_is_the_owners_alone_and_stays(site):
    path = site.ws.data / "secret"
    before = path.read_text()
    web.configure(site.ws)
    assert path.read_text() == before
    assert len(before) > 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_person_who_is_kept_out_is_out_at_once(sign_in, site):
    client = sign_in("money")
    assert client.get("/account/").status_code == 200
    people.deactivate(site.ws, operator(), email="money@example.com")
    try:
        assert client.get("/account/").status_code == 302
        assert signing_in(sign_in(), "money@example.com").status_code == 200
    finally:
        people.set_active(site.ws, operator(), email="money@example.com", active=True)


def test_a_new_password_ends_the_other_sessions(sign_in, site):
    here, there = sign_in("dee"), sign_in("dee")
    form = {"old": PASSWORD, "new": "another-good-one-1", "again": "another-good-one-1"}
    assert here.post("/account/password/", form).status_code == 302
    try:
        assert here.get("/account/").status_code == 200
        assert there.get("/account/").status_code == 302
    finally:
        people.set_password(site.ws, operator(), email="dee@example.com", password=PASSWORD)


@pytest.mark.parametrize(
    "form",
    [
        {"old": "wrong", "new": "another-good-one-1", "again": "another-good-one-1"},
        {"old": PASSWORD, "new": "another-good-one-1", "again": "another-good-one-2"},
        {"old": PASSWORD, "new": "short", "again": "short"},
        {"old": PASSWORD, "new": "password1234", "again": "password1234"},
        {},
    ],
)
def test_a_password_is_changed_only_with_the_old_one_to_a_good_one(form, sign_in):
    client = sign_in("ann")
    page = client.post("/account/password/", form, follow=True).content.decode()
    assert "flash error" in page
    assert signing_in(sign_in()).status_code == 302, "the old one still works"


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def made(site, login="ann@example.com", permissions=("view_records",), days=1):
    return people.create_token(site.ws, people.actor_of(site.ws, login), name="t", permissions=permissions, days=days)


def test_a_token_acts_for_its_person_as_far_as_it_says(sign_in, site):
    key, info = made(site)
    client = sign_in()
    me = client.get("/api/v1/me", headers=bearer(key)).json()
    assert me["login"] == "ann@example.com"
    assert me["permissions"] == ["view_records"]
    assert client.get("/api/v1/people", headers=bearer(key)).status_code == 403
    people.revoke_token(site.ws, people.actor_of(site.ws, "ann@example.com"), token_id=info.id)
    assert client.get("/api/v1/me", headers=bearer(key)).status_code == 401


def test_a_token_needs_no_csrf_but_never_falls_back_to_the_session(sign_in, site):
    client = sign_in("admin", csrf=True)
    assert client.get("/api/v1/me", headers=bearer("gt_none")).status_code == 401
    key, _ = made(site, "admin@example.com", ("manage_users",))
    answer = client.put(
        "/api/v1/people/head@example.com/roles",
        {"roles": ["head_of_sales"]},
        content_type="application/json",
        headers=bearer(key),
    )
    assert answer.status_code == 200


def test_a_session_needs_csrf_to_change_anything_over_the_api(sign_in):
    client = sign_in("admin", csrf=True)
    assert client.get("/api/v1/me").status_code == 200
    ask = {"path": "/api/v1/people/head@example.com/roles", "data": {"roles": []}, "content_type": "application/json"}
    assert client.put(**ask).status_code == 403
    client.get("/account/")
    token = client.cookies["csrftoken"].value
    ask["data"] = {"roles": ["head_of_sales"]}
    assert client.put(**ask, headers={"X-CSRFToken": token}).status_code == 200


def test_a_token_counts_under_the_api_only(sign_in, site):
    key, _ = made(site)
    assert sign_in().get("/account/", headers=bearer(key)).status_code == 302


def test_a_token_ends_on_its_day(sign_in, site):
    from geartrain.stores.decisions.models import Token

    key, info = made(site)
    Token.objects.filter(pk=info.id).update(expires_at=site.ws.now().replace(tzinfo=UTC) - timedelta(seconds=1))
    assert sign_in().get("/api/v1/me", headers=bearer(key)).status_code == 401


def test_a_token_is_kept_as_a_hash_and_shown_once(sign_in, site):
    from geartrain.stores.decisions.models import Token

    client = sign_in("head")
    page = client.post("/account/tokens/", {"name": "Nightly", "days": "30", "permissions": ["export"]})
    key = re.search(r'id="token">(gt_[\w-]+)<', page.content.decode())[1]
    assert page["Cache-Control"] == "no-store"
    assert key not in client.get("/account/").content.decode()
    assert not Token.objects.filter(sha256__contains=key[3:]).exists()
    assert sign_in().get("/api/v1/me", headers=bearer(key)).status_code == 200


def test_nobody_ends_a_strangers_token_or_makes_one_that_may_more(sign_in, site):
    _, info = made(site, "admin@example.com", ("manage_users",))
    assert sign_in("ann").post(f"/account/tokens/{info.id}/revoke/").status_code == 404
    form = {"name": "more", "days": "1", "permissions": ["manage_users"]}
    assert "may not manage users" in sign_in("ann").post("/account/tokens/", form, follow=True).content.decode()


def test_a_big_request_is_refused_unread(sign_in):
    answer = sign_in("ops").post("/loads/new/", headers={"content-length": str(2 * 1024**3)})
    assert answer.status_code in (413, 403)


def test_htmx_is_told_to_sign_in_rather_than_shown_the_page_in_a_corner(sign_in):
    answer = sign_in().get("/account/", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer["HX-Redirect"].startswith("/sign-in/")


def test_a_page_that_has_not_changed_is_not_sent_again(sign_in):
    client = sign_in("ann")
    client.get("/account/")
    first = client.get("/account/")
    again = client.get("/account/", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304
    assert again.content == b""
    client.cookies["csrftoken"] = "x" * 32
    assert client.get("/account/", headers={"If-None-Match": first["ETag"]}).status_code == 200
