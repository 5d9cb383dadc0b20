"""The page Rules of engagement: a dispute opened by a seller, settled by RevOps."""

import re

import pytest

RULES = """kind: rules_of_engagement
key: field
name: Field
owner: head-of-revops
definition: Who owns what.
spec:
  axes: {type: [new, expansion, renewal], is_won: [true, false]}
  clauses:
    - {key: customer, when: "type = 'renewal'", owner: owner_id}
    - {key: won, when: "is_won", owner: owner_id}
"""


@pytest.fixture
def ruled(site):
    file = site.ws.policies / "roe.yaml"
    file.write_text(RULES)
    yield site
    file.unlink()


def test_without_rules_it_says_what_to_do(sign_in, site):
    assert "no rules of engagement yet" in sign_in("ops").get("/rules-of-engagement/").content.decode()


def test_a_dispute_is_opened_and_settled_by_a_clause(sign_in, ruled):
    asked = {"record": "O-9", "claimant": "ann", "holder": "cleo", "reason": "I met them first.", "policy": "field"}
    ann, ops = sign_in("ann"), sign_in("ops")
    page = ann.post("/rules-of-engagement/disputes/", asked, follow=True).content.decode()
    assert "O-9" in page
    assert "Settle</button>" not in page
    page = ops.get("/rules-of-engagement/").content.decode()
    at = re.search(r"/rules-of-engagement/disputes/\d+/settle/", page)[0]
    assert ann.post(at, {"owner": "ann", "clause": "won"}).status_code in (403, 404)
    wrong = ops.post(at, {"owner": "ann", "clause": "none"}, follow=True).content.decode()
    assert "There is no clause" in wrong
    done = ops.post(at, {"owner": "ann", "clause": "won"}, follow=True).content.decode()
    assert "is ann&#x27;s, by won" in done
    assert "Nothing is in dispute" in done
    assert ops.get("/api/v1/engagement/check").json()["scenarios"] == 6
    assert ops.get("/api/v1/engagement/disputes").json()[0]["clause"] == "won"
