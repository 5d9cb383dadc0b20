"""Pages kept as they were sent: never for somebody else, never older than what they show, never with an old secret."""

import re

import pytest

from geartrain.web import kept

TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')
PAGE = "/overview/"


@pytest.fixture
def worked(monkeypatch):
    """How often a page was worked out, from nothing kept."""
    kept.pages.forget()
    count = []
    real = kept.pages.remembered

    def remembered(key, work):
        return real(key, lambda: (count.append(key), work())[1])

    monkeypatch.setattr(kept.pages, "remembered", remembered)
    return count


def test_is_worked_out_once_for_each_person_address_and_theme(sign_in, worked):
    ann, cleo = sign_in("ann"), sign_in("cleo")
    first = ann.get(PAGE).content
    assert TOKEN.sub(b"", ann.get(PAGE).content) == TOKEN.sub(b"", first)
    assert len(worked) == 1
    assert TOKEN.sub(b"", cleo.get(PAGE).content) != TOKEN.sub(b"", first)
    ann.get(PAGE, {"period": "2026Q2"})
    ann.cookies["theme"] = "dark"
    assert b"dark" in ann.get(PAGE).content
    ann.get(PAGE, headers={"HX-Request": "true"})
    assert len(worked) == 5


def test_its_forms_work(sign_in, worked):
    ann = sign_in("ann", csrf=True)
    for _ in range(2):
        token = TOKEN.findall(ann.get(PAGE).content)[0].decode()
    assert len(worked) == 1
    answer = ann.post(
        "/theme/", {"theme": "light", "csrfmiddlewaretoken": token}, headers={"Referer": "http://localhost/"}
    )
    assert answer.status_code == 302
    other = sign_in("ann", csrf=True)
    token = TOKEN.findall(other.get(PAGE).content)[0].decode()
    assert len(worked) == 1
    assert other.post("/theme/", {"theme": "light", "csrfmiddlewaretoken": token}).status_code == 302


def test_a_changed_policy_is_a_new_page(sign_in, site, worked):
    ann = sign_in("ann")
    ann.get("/metrics/")
    own = site.ws.policies / "broken.yaml"
    try:
        own.write_text("kind: metric\nkey: [")
        ann.get("/metrics/")
        assert len(worked) == 2
    finally:
        own.unlink()


def test_an_export_is_not_kept(sign_in, worked):
    head = sign_in("head")
    assert head.get("/pipeline/?format=csv&table=deals")["Content-Type"].startswith("text/csv")
    assert not worked


def test_nobody_is_let_in_by_what_is_kept(sign_in, worked):
    assert sign_in("head").get("/quality/").status_code == 200
    assert sign_in("ann").get("/quality/").status_code == 403
    assert sign_in().get("/quality/").status_code == 302
