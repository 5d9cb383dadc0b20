"""The page Territories: moves on trial, undone, proposed by one and approved by another."""

import re
import time

import pytest

POLICY = """kind: territory_policy
key: field
name: Field territories
owner: head-of-revops
definition: Fair books in the field.
spec:
  balance:
    - {measure: "coalesce(account.potential, 1)", target: "1", tolerance: 0.15}
  objective:
    - {minimise: disruption, moved_account: 2}
"""


@pytest.fixture
def planned(site):
    """A territory policy, gone afterwards."""
    file = site.ws.policies / "field.yaml"
    file.write_text(POLICY)
    yield site
    file.unlink()


def text_of(response) -> str:
    return response.content.decode()


def hidden(page: str) -> list[str]:
    return re.findall(r'name="move" value="([^"]+)"', page)


def test_without_a_policy_it_says_what_to_do(sign_in, site):
    assert "There is no territory policy yet" in text_of(sign_in("ops").get("/territories/"))


def test_a_move_is_tried_undone_proposed_and_approved_by_another(sign_in, planned):
    ops = sign_in("ops")
    page = text_of(ops.get("/territories/"))
    assert "Out of balance" in page
    account = "acme"
    sellers = re.findall(r'<option value="(\w+)">', page)
    tried = None
    for seller in sellers:
        tried = ops.get("/territories/move/", {"policy": "field", "account": account, "seller": seller})["Location"]
        if "→" in text_of(ops.get(tried)):
            break
    begun = time.process_time()
    shown = text_of(ops.get(tried))
    assert time.process_time() - begun < 1
    assert "Undo the last move" in shown
    undo = re.search(r'href="([^"]+)">Undo the last move', shown)[1].replace("&amp;", "&")
    assert "Undo the last move" not in text_of(ops.get(undo))
    asked = {"policy": "field", "move": hidden(shown)[:1], "key": "spring", "summary": "Fairer"}
    at = ops.post("/territories/propose/", asked)["Location"]
    assert at == "/policies/territory_assignment/spring/"
    read = text_of(ops.get(at))
    assert account in read
    digest = re.search(r'name="sha256" value="(\w+)"', text_of(sign_in("head").get(at)))
    assert digest is not None
    own = ops.post(f"{at}approve/", {"sha256": digest[1]}, follow=True)
    assert "in review" in text_of(own).lower()
    other = sign_in("head").post(f"{at}approve/", {"sha256": digest[1]}, follow=True)
    assert "Approved" in text_of(other)


def test_a_wrong_move_is_told_not_raised(sign_in, planned):
    page = sign_in("ops").get("/territories/", {"policy": "field", "move": "NONE=bob"})
    assert page.status_code == 200
    assert "There is no account" in text_of(page)
    assert sign_in("ops").get("/territories/", {"policy": "none"}).status_code == 404


def test_nobody_proposes_without_the_permission(sign_in, planned):
    assert sign_in("ann").post("/territories/propose/", {"policy": "field", "move": "A=b"}).status_code == 403
    assert "STRANGER" not in text_of(sign_in("ann").get("/territories/"))


def test_the_best_books_are_put_on_trial_with_what_is_proven(sign_in, planned):
    page = text_of(sign_in("ops").get("/territories/best/", {"policy": "field"}, follow=True))
    assert "books" in page
    assert "best" in page


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"status": "optimal", "objective": 136.0, "bound": 136.0, "gap": 0.0}, "it is proven that none cost less"),
        ({"status": "feasible", "objective": 136.0, "bound": 130.0, "gap": 6 / 130}, "within 4.6% of the best"),
        (
            {
                "status": "relaxed",
                "objective": 1.0,
                "bound": 1.0,
                "gap": 0.0,
                "relaxations": [{"message": "Raise it."}],
            },
            "To make it possible: Raise it.",
        ),
    ],
)
def test_bound_and_gap_in_words(told, said):
    from geartrain.web.pages.territories import in_words

    assert said in in_words({"relaxations": [], **told})
