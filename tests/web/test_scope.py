"""Ann and Bob ask for what is Cleo's by every way there is: to them it does not exist."""

import csv
import io
import re

import pytest

from tests.web.cast import STRANGER

SELLERS = ["ann", "bob"]
WAYS = [
    "/records/opportunity/?q=O-4",
    "/records/opportunity/?q=stranger",
    "/records/opportunity/?where=owner_id+%3D+%27cleo%27",
    "/records/opportunity/?where=amount+%3E+50000+or+true",
    "/records/opportunity/?format=csv",
    "/records/opportunity/?format=csv&where=owner_id+%3D+%27cleo%27",
    "/records/user/?q=cleo",
    "/records/account/?q=zed",
    "/records/opportunity_change/?where=old_value+is+not+null",
    "/api/v1/records/opportunity?where=owner_id+%3D+%27cleo%27",
    "/api/v1/records/opportunity?search=stranger",
    "/api/v1/records/opportunity?known_as_of=2026-12-01T00:00:00Z",
    "/api/v1/records/user",
    "/api/v1/records/account",
    "/api/v1/records/opportunity_change",
    "/api/v1/quality",
    "/api/v1/loads/L000001/quarantined",
    "/loads/L000001/?format=csv&table=quarantine",
    "/quality/records/?rule=&type=opportunity&field=owner_id&value=cleo",
]


@pytest.mark.parametrize("who", SELLERS)
@pytest.mark.parametrize("way", WAYS)
def test_a_strangers_records_are_not_shown(who, way, sign_in):
    answer = sign_in(who).get(way)
    assert answer.status_code in (200, 403, 404)
    assert STRANGER not in answer.content.decode("utf-8-sig")
    assert "99000" not in answer.content.decode("utf-8-sig").replace(",", "")


@pytest.mark.parametrize("way", WAYS[:9])
def test_the_head_of_sales_is_shown_them(way, sign_in):
    assert STRANGER in sign_in("head").get(way).content.decode("utf-8-sig")


@pytest.mark.parametrize("who", SELLERS)
@pytest.mark.parametrize(
    "way",
    ["/records/opportunity/record/?key={}", "/api/v1/records/opportunity/{}"],
)
def test_a_strangers_record_is_answered_as_one_that_is_not_there(who, way, sign_in):
    client = sign_in(who)
    theirs, none = client.get(way.format("O-4")), client.get(way.format("O-9"))
    assert theirs.status_code == none.status_code == 404
    theirs, none = (re.sub(r'value="\w{64}"', "", a.content.decode()) for a in (theirs, none))
    assert theirs.replace("O-4", "O-9") == none
    assert sign_in("head").get(way.format("O-4")).status_code == 200


def test_pay_is_for_its_subject_and_those_above(sign_in):
    def shown(who, user):
        return "61234.56" in sign_in(who).get(f"/api/v1/records/user/{user}").content.decode()

    assert shown("ann", "ann")
    assert shown("bob", "ann")
    assert shown("money", "ann")
    assert not shown("ann", "bob")
    assert not shown("ops", "ann")


def test_an_export_holds_exactly_what_the_page_shows(sign_in):
    text = sign_in("bob").get("/records/opportunity/?format=csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [r["opportunity id"] for r in rows] == ["O-1", "O-2", "O-3", "O/5 ?&=é"]
    assert rows[1]["loss reason"].startswith("'=")
    assert rows[3]["name"] == "'+1 odd <b>name</b>"
    assert rows[0]["amount"] == "12000.0000"


def test_who_may_not_export_gets_no_file(sign_in):
    assert sign_in("nobody").get("/records/opportunity/?format=csv").status_code == 403


def test_a_key_of_any_characters_leads_to_its_record_and_back(sign_in):
    client = sign_in("bob")
    page = client.get("/records/opportunity/", {"q": "O/5"}).content.decode()
    href = page.split('<tbody><tr><td class="')[1].split('href="')[1].split('"')[0].replace("&amp;", "&")
    answer = client.get(href)
    assert answer.status_code == 200
    assert "+1 odd &lt;b&gt;name&lt;/b&gt;" in answer.content.decode()
