"""The call by page and REST: entry in place, overrides beside the team's sum, locks, and what a seller may not see."""

import re
from datetime import date

import pytest

from geartrain.kernel.errors import Conflict
from geartrain.services.access import operator
from geartrain.services.forecasting.forecast_calls import get_status, lock_call, open_call
from tests.web.cast import STRANGER

Q3, DAY, PAST = "2026Q3", date(2026, 9, 14), date(2026, 9, 7)
CALL = f"/the-call/?period={Q3}&day={DAY}"
API = "/api/v1/forecast"


@pytest.fixture
def held(site):
    """A call that is open, and an earlier one that is locked."""
    for day in (PAST, DAY):
        try:
            open_call(site.ws, operator(), period=Q3, as_of=day)
            if day == PAST:
                lock_call(site.ws, operator(), period=Q3, as_of=day)
        except Conflict:
            pass
    return site


def shown(client, url=CALL):
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def said(client, url):
    """What a page says after a form was sent."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", client.get(url).content.decode()))


def submit(client, **given):
    answer = client.post("/the-call/submit/", {"period": Q3, "day": str(DAY), **given})
    assert answer.status_code == 302
    return said(client, answer["Location"])


def line(site, user, category="call"):
    lines = get_status(site.ws, operator(), period=Q3, as_of=DAY).as_json()["lines"]
    return next(r for r in lines if (r["user_id"], r["category"]) == (user, category))


def test_a_seller_enters_their_own_line_in_place(held, sign_in):
    ann = sign_in("ann")
    page = shown(ann)
    assert 'name="commit"' in page
    assert "Submitted." in submit(ann, commit="4,000", best_case="9000", call="6500.50")
    assert [line(held, "ann", c)["own"]["amount"] for c in ("commit", "best_case", "call")] == [4000, 9000, 6500.5]
    assert "6500" in shown(ann)


def test_a_manager_adjusts_with_a_reason_and_the_teams_sum_stays(held, sign_in):
    submit(sign_in("ann"), call="6500.50")
    bob = sign_in("bob")
    assert "needs its reason" in submit(bob, user="ann", call="5000")
    assert "Adjusted" in submit(bob, user="ann", call="5000", note="one of them slips")
    page = shown(bob)
    assert "one of them slips" in page
    found = line(held, "ann")
    assert (found["own"]["amount"], found["manager"]["amount"], found["effective"]) == (6500.5, 5000, 5000)
    assert found["roll_up"] == line(held, "ann", "commit")["roll_up"], "what the deals add up to is not touched"
    assert "Team's sum" in page.replace("&#x27;", "'")


def test_nothing_is_half_submitted(held, sign_in):
    before = line(held, "ann", "commit")["own"]
    assert "is no amount" in submit(sign_in("ann"), commit="77", call="lots")
    assert line(held, "ann", "commit")["own"] == before
    assert "No number was given" in submit(sign_in("ann"))


WAYS = [
    CALL,
    f"/the-call/?period={Q3}&day={PAST}&restated=yes",
    f"{CALL}&format=csv&table=call",
    f"/the-call/trend/?period={Q3}&user=cleo",
    f"/the-call/trend/?period={Q3}&format=csv&table=trend",
    "/forecast-accuracy/",
    "/inspection/?format=csv&table=deals",
    "/inspection/?rule=no_two_way_touch",
    "/waterfall/?from=2026-07-01&to=2026-10-01&bar=created&format=csv&table=deals",
    "/model/",
    f"{API}/status?period={Q3}&restated=true",
    f"{API}/frozen?period={Q3}",
    f"{API}/frozen?period={Q3}&user=cleo",
    f"{API}/frozen?period={Q3}&user=head",
    f"{API}/moved?period={Q3}&since={PAST}&until={DAY}",
    f"{API}/moved?period={Q3}&since={PAST}&until={DAY}&user=head",
    f"{API}/accuracy",
    f"{API}/deals/O-6?period={Q3}",
    "/api/v1/pipeline/as-of?day=2026-09-14&owner=cleo",
    "/api/v1/pipeline/as-of?day=2026-09-14",
    "/api/v1/pipeline/waterfall?since=2026-07-01&until=2026-10-01",
    "/api/v1/pipeline/waterfall?since=2026-07-01&until=2026-10-01&owner=head",
    "/api/v1/pipeline/coverage",
    "/api/v1/pipeline/velocity?by=owner",
    "/api/v1/pipeline/ageing",
    "/api/v1/pipeline/slippage",
    "/api/v1/pipeline/inspection?owner=cleo",
]


@pytest.mark.parametrize("who", ["ann", "bob"])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_cleos_is_shown_to_no_other_seller(held, sign_in, who, way):
    answer = sign_in(who).get(way)
    assert answer.status_code in (200, 404, 422)
    text = answer.content.decode("utf-8-sig").replace(",", "")
    assert STRANGER not in text
    assert not re.search(r"99000|4321\.00|O-4\b|O-6\b", text.replace(f"deals/O-6?period={Q3}", "").replace("'O-6'", ""))
    if who == "ann":
        assert "Bob Boss" not in text.split("</nav>")[-1] or "the-call" not in way


@pytest.mark.parametrize("user", ["cleo", "head", "bob", "nobody"])
def test_a_seller_submits_for_nobody_else_by_any_way(held, sign_in, user):
    ann = sign_in("ann")
    assert "nobody by the id" in submit(ann, user=user, call="1", note="mine")
    asked = {"period": Q3, "as_of": str(DAY), "amount": "1", "user": user, "note": "mine"}
    answer = ann.post(f"{API}/submissions", asked, content_type="application/json")
    assert answer.status_code == 404
    lines = get_status(held.ws, operator(), period=Q3, as_of=DAY).as_json()["lines"]
    assert all(x["own"] is None and x["manager"] is None for x in lines if x["user_id"] == user)


def test_who_looks_at_everything_adjusts_nothing(held, sign_in):
    for login in ("money", "dee"):
        assert "may not adjust" in submit(sign_in(login), user="ann", call="1", note="mine")


def test_only_who_keeps_the_process_opens_and_locks(held, sign_in):
    for login in ("ann", "bob", "money", "dee"):
        client = sign_in(login)
        for what in ("open", "lock"):
            answer = client.post(f"/the-call/{what}/", {"period": Q3, "day": str(DAY)})
            assert "may not" in said(client, answer["Location"])
        assert client.post(f"{API}/lock", {"period": Q3}, content_type="application/json").status_code == 403


def test_a_locked_call_takes_nothing(held, sign_in):
    ann = sign_in("ann")
    page = shown(ann, f"/the-call/?period={Q3}&day={PAST}")
    assert "locked" in page
    assert 'name="commit"' not in page
    assert "is locked" in submit(ann, day=str(PAST), call="5")
    asked = {"period": Q3, "as_of": str(PAST), "amount": "5"}
    assert ann.post(f"{API}/submissions", asked, content_type="application/json").status_code in (409, 423)


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"amount": "1e12"}, 201), ({"amount": "1e16"}, 422), ({"amount": "NaN"}, 422), ({"amount": ""}, 422),
        ({"amount": "1.234,50"}, 422), ({"amount": "5", "category": "hope"}, 422),
        ({"amount": "5", "period": "never"}, 422), ({"amount": "5", "as_of": "2026-01-01"}, 404),
        ({"amount": "5", "as_of": "0001-01-01"}, 422), ({"amount": "5", "user": "x" * 201}, 422),
    ],
)  # fmt: skip
def test_odd_submissions_are_answered_in_words(held, sign_in, asked, status):
    body = {"period": Q3, "as_of": str(DAY)} | asked
    answer = sign_in("ann").post(f"{API}/submissions", body, content_type="application/json")
    assert answer.status_code == status, answer.content
    if status != 201:
        assert answer.json()["detail"]


@pytest.mark.parametrize("query", ["day=x", "day=2026-01-01", "period=never", "period=2031Q1", "restated=maybe"])
def test_an_odd_address_is_answered_in_words(held, sign_in, query):
    assert sign_in("head").get(f"/the-call/?{query}").status_code in (200, 404, 422)


def test_the_waterfall_opens_to_the_deals_that_add_up_to_a_bar(held, sign_in):
    page = sign_in("head").get("/waterfall/?from=2026-07-01&to=2026-10-01&bar=created").content.decode()
    assert "deals add up to" in page
    assert "to the cent" in page
    assert sign_in("head").get("/waterfall/?from=2026-10-01&to=2026-07-01").status_code == 422
    assert sign_in("head").get("/waterfall/?bar=none").status_code == 422
