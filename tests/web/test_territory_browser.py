"""Territories in a real Chromium: an account is moved, its effect seen within a second, undone, proposed, approved."""

from __future__ import annotations

import re
import time

import pytest

from tests.web.cast import PASSWORD
from tests.web.test_territories import POLICY

# A key of its own: what other tests decide must not be seen here.
MINE = POLICY.replace("key: field", "key: field-by-hand")

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def books(company):
    file = company.ws.policies / "territories-by-hand.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(MINE, encoding="utf-8")
    yield "/territories/?policy=field-by-hand"
    file.unlink()


@pytest.fixture(scope="module")
def signed_in(books, chromium, served):
    """A page for each person, at the width of a screen or of a phone."""
    opened = []

    def person(name, width=1440):
        context = chromium.new_context(viewport={"width": width, "height": 900})
        opened.append(context)
        page = context.new_page()
        page.goto(f"{served}/sign-in/")
        page.fill("[name=login]", f"{name}@example.com")
        page.fill("[name=password]", PASSWORD)
        page.click("button.primary")
        page.wait_for_selector("nav.sidebar", state="attached")
        return page

    yield person
    for context in opened:
        context.close()


def moved_by_hand(page):
    """Choose the first account in the table and try it with somebody else: (account, seconds until the effect)."""
    row = page.locator("section", has=page.locator("h2", has_text="Accounts")).locator("tbody tr").first
    heads = row.locator("xpath=ancestor::table").locator("thead th").all_inner_texts()
    owner = row.locator("th, td").nth(next(n for n, h in enumerate(heads) if "Owner today" in h)).inner_text()
    row.locator("a").first.click()
    page.wait_for_selector("[name=account]:not([value=''])")
    account = page.input_value("[name=account]")
    others = page.locator("[name=seller] option")
    other = next(o for o in others.all() if o.inner_text() != owner)
    page.locator("[name=seller]").select_option(other.get_attribute("value"))
    begun = time.perf_counter()
    page.click("text=Try it")
    page.wait_for_selector(f"li:has-text('{account}: ')")
    return account, time.perf_counter() - begun


@pytest.mark.parametrize("width", [1440, 390])
def test_a_move_is_seen_at_once_undone_proposed_and_approved_by_somebody_else(signed_in, books, served, width):
    page = signed_in("ops", width)
    page.goto(served + books)
    before = page.locator(".kpis").inner_text()
    moved_by_hand(page)  # the first answer of a server that has just started says nothing of its speed
    page.click("text=Undo the last move")
    page.wait_for_selector("text=On trial", state="detached")
    assert page.locator(".kpis").inner_text() == before
    account, seconds = moved_by_hand(page)
    assert page.locator(".kpis").inner_text() != before
    assert seconds < 1
    key = f"by-hand-{width}"
    page.fill("form.stack [name=key]", key)
    page.fill("[name=summary]", "A fairer book")
    page.get_by_role("button", name="Propose", exact=True).click()
    page.wait_for_url(re.compile("/policies/territory_assignment/"))
    assert account in page.locator("main").inner_text()
    where = page.url
    assert page.locator("button:has-text('Approve')").count() == 0, "nobody approves what they wrote"
    head = signed_in("head", width)
    head.goto(where)
    head.locator("button:has-text('Approve')").first.click()
    head.wait_for_selector("text=Approved")
