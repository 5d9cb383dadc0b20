"""Every address of every page, as everybody: a page that is added is walked too."""

import re

import pytest

from geartrain.services import people
from tests.web.cast import STRANGER
from tests.web.examples import MISSING, address, name_of, routes

# The record of the example is Ann's: to Cleo it does not exist.
STRANGERS = {("cleo@example.com", "record")}
READ = [(r, need) for _, r, need in routes() if "GET" in r.methods]
WRITE = [(r, need) for _, r, need in routes() if "POST" in r.methods]


def ids(found):
    return [name_of(route) for route, _ in found]


@pytest.mark.parametrize(("route", "permission"), READ, ids=ids(READ))
def test_opens_to_those_who_may_and_to_nobody_else(route, permission, login, sign_in, site):
    answer = sign_in(login).get(address(route))
    actor = people.actor_of(site.ws, login)
    if permission is not None and not actor.may(permission):
        assert answer.status_code == 403
    elif name_of(route) in MISSING or (login, name_of(route)) in STRANGERS:
        assert answer.status_code == 404
    else:
        assert answer.status_code in (200, 302), answer.content.decode()[:2000]


@pytest.mark.parametrize(("route", "permission"), READ + WRITE, ids=ids(READ + WRITE))
def test_sends_who_is_not_signed_in_to_the_sign_in_page(route, permission, sign_in):
    method = "get" if "GET" in route.methods else "post"
    answer = getattr(sign_in(), method)(address(route))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=/")


@pytest.mark.parametrize(("route", "permission"), WRITE, ids=ids(WRITE))
def test_refuses_a_form_from_elsewhere(route, permission, sign_in):
    answer = sign_in("admin", csrf=True).post(address(route), {"email": "ann@example.com"})
    assert answer.status_code == 403
    assert "did not come from this site" in answer.content.decode()


@pytest.mark.parametrize(("route", "permission"), WRITE, ids=ids(WRITE))
def test_lets_nobody_do_what_they_may_not(route, permission, login, sign_in, site):
    if permission is None or people.actor_of(site.ws, login).may(permission):
        return
    assert sign_in(login).post(address(route), {}).status_code == 403


@pytest.mark.parametrize(("route", "permission"), WRITE, ids=ids(WRITE))
def test_a_deed_is_never_a_link(route, permission, sign_in):
    if "GET" not in route.methods:
        assert sign_in("admin").get(address(route)).status_code == 405


@pytest.mark.parametrize(("route", "permission"), READ, ids=ids(READ))
def test_has_one_heading_a_title_a_main_part_and_nothing_inline(route, permission, sign_in):
    answer = sign_in("admin").get(address(route))
    if answer.status_code == 302:
        return
    text = answer.content.decode()
    assert len(re.findall(r"<h1[ >]", text)) == 1
    assert re.search(r"<title>[^<]+</title>", text)
    assert len(re.findall(r"<main[ >]", text)) == 1
    assert not re.search(r"<[^>]*\sstyle\s*=", text)
    assert not re.search(r"<style[ >]", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"<[a-z][^>]*\son[a-z]+\s*=", text)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text), "something from elsewhere"


@pytest.mark.parametrize("seller", ["ann@example.com", "bob@example.com"])
@pytest.mark.parametrize(("route", "permission"), READ, ids=ids(READ))
@pytest.mark.parametrize("kind", ["", "csv"])
def test_shows_nothing_of_a_stranger(route, permission, seller, kind, sign_in):
    url = address(route)
    url += ("&" if "?" in url else "?") + f"format={kind}" if kind else ""
    answer = sign_in(seller).get(url)
    assert STRANGER not in answer.content.decode("utf-8", "replace")


@pytest.mark.parametrize(("route", "permission"), READ, ids=ids(READ))
@pytest.mark.parametrize(
    "query",
    [
        "page=-1", "page=abc", "page=99999999999999999999", "sort=nope", "sort=-", "period=never", "period=9999Q4",
        "period=0000", "team=%00", "region=%27%3Bdrop", "as_of=2026-13-40", "as_of=0001-01-01", "as_of=9999-12-31",
        "format=pdf", "q=%F0%9F%92%A9", "where=%28%28%28", "where=is_won", "type=%27%20or%201%3D1", "key=", "key=%00",
        "segment=" + "x" * 5000,
    ],
)  # fmt: skip
def test_an_address_with_nonsense_in_it_is_the_users_fault_not_ours(route, permission, query, sign_in):
    url = address(route)
    answer = sign_in("head").get(url + ("&" if "?" in url else "?") + query)
    assert answer.status_code < 500
