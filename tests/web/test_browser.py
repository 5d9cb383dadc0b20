"""Every page in a real Chromium: on a desk and on a phone, light and dark."""

import pytest

from geartrain.web.registry import pages
from tests.web.cast import PASSWORD
from tests.web.examples import MISSING, address, name_of, routes

pytestmark = pytest.mark.browser
READ = [r for _, r, _ in routes() if "GET" in r.methods and name_of(r) not in MISSING]
LOGIN = "admin@example.com"


@pytest.fixture(scope="module", params=[(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark")], ids=str)
def person(request, chromium, served):
    """A signed-in browser at a width and in a theme, with what its console said."""
    width, theme = request.param
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    page = context.new_page()
    page.said = []
    page.on("console", lambda m: page.said.append(f"{m.type}: {m.text}") if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto(f"{served}/sign-in/")
    page.fill("[name=login]", LOGIN)
    page.fill("[name=password]", PASSWORD)
    page.click("button.primary")
    page.wait_for_selector("nav.sidebar", state="attached")
    yield page
    context.close()


@pytest.mark.parametrize("route", READ, ids=name_of)
def test_can_be_read(route, person, served):
    person.said.clear()
    answer = person.goto(served + address(route))
    person.wait_for_load_state("networkidle")
    assert answer.status == 200
    wide = person.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page scrolls sideways"
    assert person.said == []
    assert person.title()
    assert person.locator("main").count() == 1
    assert person.locator("h1").count() == 1
    assert person.locator("h1").inner_text().strip()
    unnamed = person.evaluate(
        """[...document.querySelectorAll('a, button, input:not([type=hidden], [hidden]), select')].filter(e =>
            !(e.innerText || '').trim() && !e.textContent.trim() && !e.labels?.length
            && !e.getAttribute('aria-label') && !e.title).map(e => e.outerHTML)"""
    )
    assert unnamed == [], "a control without a name"


def test_the_menu_leads_to_every_page(person, served):
    person.goto(f"{served}/account/")
    if person.locator(".topbar").is_visible():
        assert not person.locator("nav.sidebar").is_visible()
        person.click(".topbar button")
    links = person.locator("nav.sidebar li a")
    assert links.count() == sum(1 for p in pages().values() if p.group)
    assert links.first.is_visible()
    if person.locator(".topbar").is_visible():
        person.keyboard.press("Escape")
        assert not person.locator("nav.sidebar").is_visible()


def test_the_theme_is_kept(person, served):
    def dark():
        colour = person.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(int(part) for part in colour.strip("rgb()").split(",")[:3]) < 200

    def choose(theme):
        if person.locator(".topbar").is_visible():
            person.click(".topbar button")
        person.click(f".themes [value={theme}]")
        person.wait_for_selector(f".themes [value={theme}][aria-pressed=true]", state="attached")

    person.goto(f"{served}/account/")
    for theme in ("dark", "light"):
        choose(theme)
        person.goto(f"{served}/records/")
        assert dark() is (theme == "dark")
    choose("auto")


def test_the_keyboard_reaches_the_content_first(person, served):
    person.goto(f"{served}/records/")
    person.keyboard.press("Tab")
    assert person.evaluate("document.activeElement.className") == "skip"
    person.keyboard.press("Enter")
    assert person.evaluate("document.activeElement.id") == "main"
