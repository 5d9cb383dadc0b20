"""Quotas edited in place in a real Chromium: by keyboard, seen at once, undone; conservation always in sight."""

from __future__ import annotations

import pytest

from tests.web.cast import PASSWORD
from tests.web.test_planning_pages import POLICY

# A key of its own: what other tests decide about the policy of the pages must not be seen here.
MINE = POLICY.replace("key: gears", "key: gears-by-hand")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def grid(company):
    file = company.ws.policies / "quotas-by-hand.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(MINE, encoding="utf-8")
    yield "/quotas/?policy=gears-by-hand&quarter=Q1"
    file.unlink()


@pytest.fixture(scope="module", params=[1440, 390])
def person(request, grid, chromium, served):
    context = chromium.new_context(viewport={"width": request.param, "height": 900})
    page = context.new_page()
    page.goto(f"{served}/sign-in/")
    page.fill("[name=login]", "ops@example.com")
    page.fill("[name=password]", PASSWORD)
    page.click("button.primary")
    page.wait_for_selector("nav.sidebar", state="attached")
    yield page
    context.close()


def row(page, name):
    return page.locator("tbody tr", has=page.locator("th", has_text=name)).first


def opened(page, url):
    """The grid with nothing on trial, whatever was tried before by the same person."""
    page.goto(url)
    if page.locator("text=Undo all").count():
        page.click("text=Undo all")
        page.wait_for_selector("text=Tried, not decided", state="detached")


def amounts(page, name):
    return [row(page, name).locator("td").nth(n).inner_text() for n in (0, 1)]


def test_an_edit_in_place_is_seen_at_once_and_undone(person, grid, served):
    opened(person, served + grid)
    before = {name: amounts(person, name) for name in ("cleo", "bob")}
    field = row(person, "cleo").locator("input[name=amount]")
    field.fill("300,000")
    field.press("Enter")
    person.wait_for_selector("text=Tried, not decided")
    assert amounts(person, "cleo") == ["$300,000", "$330,000"]
    assert amounts(person, "bob") != before["bob"]
    assert person.locator(".badge.good", has_text="every level adds up").is_visible()
    assert row(person, "cleo").locator(".badge", has_text="changed").count() == 1
    person.click("text=Undo the last")
    person.wait_for_selector("text=Tried, not decided", state="detached")
    assert {name: amounts(person, name) for name in ("cleo", "bob")} == before


def test_edits_are_undone_one_by_one_in_any_order(person, grid, served):
    opened(person, served + grid)
    before = {name: amounts(person, name) for name in ("cleo", "bob")}
    row(person, "cleo").locator("input[name=amount]").fill("300000")
    row(person, "cleo").locator("button").click()
    person.wait_for_selector("ol li:has-text('pin cleo')")
    assert amounts(person, "bob")[0] == "$700,000"
    form = person.locator("form.stack")
    form.locator("[name=node]").select_option("bob")
    form.locator("[name=verb]").select_option("transfer")
    form.locator("[name=amount]").fill("100000")
    form.locator("[name=other]").select_option("cleo")
    form.locator("[name=cell-quarter]").select_option("Q1")
    form.locator("button").click()
    person.wait_for_selector("ol li:has-text('transfer 100000')")
    assert [amounts(person, name)[0] for name in ("bob", "cleo")] == ["$600,000", "$400,000"]
    person.locator("ol li", has_text="pin cleo").locator("button").click()
    person.wait_for_selector("ol li:has-text('pin cleo')", state="detached")
    assert [amounts(person, name)[0] for name in ("bob", "cleo")] == ["$400,000", "$600,000"]
    person.click("text=Undo all")
    person.wait_for_selector("text=Tried, not decided", state="detached")
    assert {name: amounts(person, name) for name in ("cleo", "bob")} == before


def test_what_cannot_be_done_is_said_where_one_works(person, grid, served):
    opened(person, served + grid)
    field = row(person, "cleo").locator("input[name=amount]")
    field.fill("lots")
    field.press("Enter")
    person.wait_for_selector("text=has no amount")
    assert person.locator("text=Tried, not decided").count() == 0
