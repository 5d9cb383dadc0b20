"""Packs: what was frozen stays; decisions and disputes go with it; what became known later stands beside it."""

from datetime import date, datetime

import pytest

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.services.access import Actor, Role, operator
from geartrain.services.commitments import list_commitments, meet_commitment
from geartrain.services.packs import life as packs
from geartrain.services.packs.decisions import add_decision, close_decision, dispute_number, settle_dispute
from geartrain.services.workspace import Workspace
from geartrain.web.documents.render import render_pack
from tests.services.conftest import Clock
from tests.services.trying import ANN, BOB, OPS, deal, load, workspace

TEMPLATE = """\
kind: pack_template
key: review
name: Review
owner: head-of-revops
definition: How the quarter went.
spec:
  for: qbr
  audience: [head_of_sales, manager]
  grain: quarter
  sections:
    - key: results
      title: Results
      prose: What was booked.
      questions:
        - {key: headline, title: The quarter, metrics: [bookings, deals_won]}
        - {key: by_seller, title: By seller, metrics: [bookings], by: [owner_id], show: table}
      narrative: [What made the difference?]
"""
CLEO = Actor("cleo@x", frozenset({Role.manager}), user_id="cleo")
DAY = date(2026, 6, 30)


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.setattr(Workspace, "now", Clock(datetime(2027, 1, 15)).now)
    ws = workspace(tmp_path)
    (ws.policies / "review.yaml").write_text(TEMPLATE)
    return ws


def frozen(ws, actor=OPS, **more):
    return packs.freeze_pack(ws, actor, template="review", as_of=DAY, **more)


def numbers(pack):
    return {at: n.value for at, _, n in pack.numbers()}


def test_a_frozen_pack_answers_the_same_for_ever(ws, monkeypatch):
    """Case 15 of the specification: an event that occurred before and was recorded after changes nothing in it."""
    info = frozen(ws)
    before = packs.frozen_pack(ws, OPS, pack=info.id)
    assert numbers(before)["results/headline/bookings"] == 1050

    def files():
        return {
            form: render_pack(ws, OPS, pack=info.id, format=form).content for form in ("pdf", "pptx", "xlsx", "json")
        }

    first = files()
    monkeypatch.setattr(Workspace, "now", Clock(datetime(2028, 7, 1)).now)
    load(ws, {"opportunity": [deal("late", "ann", "2026-05-20", 11)]}, at="2028-06-30")
    after = packs.frozen_pack(ws, OPS, pack=info.id)
    assert after.sha256 == before.sha256 == info.sha256
    assert files() == first
    restated = packs.restate_pack(ws, OPS, pack=info.id)
    moved = {m.number: (m.before, m.after, m.delta) for m in restated.moved}
    assert moved["results/headline/bookings"] == (1050, 1061, 11)
    assert [(r.type, r.key) for r in restated.records] == [("opportunity", ("late",))]


def test_an_open_decision_appears_in_the_next_pack_until_it_is_closed(ws):
    first = frozen(ws)
    made = add_decision(ws, OPS, pack=first.id, text="Call the largest\n account", owner="revops", due=date(2026, 7, 5))
    assert made.text == "Call the largest account"
    second = packs.freeze_pack(ws, OPS, template="review", as_of=date(2026, 9, 30))
    carried = packs.frozen_pack(ws, OPS, pack=second.id).decisions
    assert [(c.pack, c.text) for c in carried] == [(first.id, "Call the largest account")]
    close_decision(ws, OPS, decision=made.id, outcome="Called.")
    third = packs.freeze_pack(ws, OPS, template="review", as_of=date(2026, 12, 31))
    assert packs.frozen_pack(ws, OPS, pack=third.id).decisions == ()
    # What was frozen while it was open still tells of it, and how it stands now.
    view = packs.get_pack(ws, OPS, pack=second.id)
    assert [(d.state, d.outcome) for d in view.carried] == [("done", "Called.")]
    with pytest.raises(Conflict, match="done already"):
        close_decision(ws, OPS, decision=made.id)


def test_a_decision_is_owed_by_its_owner_until_it_is_closed_where_it_was_made(ws):
    info = frozen(ws)
    made = add_decision(ws, OPS, pack=info.id, text="Call", owner="head-of-revops", due=date(2999, 1, 1))
    owed = list_commitments(ws, OPS, kind="pack_decision")
    assert [(o.assignee, o.title, o.state, o.link) for o in owed] == [("revops", "Call", "open", f"/packs/{info.id}/")]
    with pytest.raises(Conflict, match="ends with what it is about"):
        meet_commitment(ws, OPS, id=owed[0].id)
    close_decision(ws, OPS, decision=made.id)
    assert [o.state for o in list_commitments(ws, OPS, kind="pack_decision")] == ["met"]
    dropped = add_decision(ws, OPS, pack=info.id, text="Write", owner="revops", due=date(2026, 1, 1))
    close_decision(ws, OPS, decision=dropped.id, dropped=True)
    assert {o.state for o in list_commitments(ws, OPS, kind="pack_decision", outstanding=False)} >= {"met"}
    assert list_commitments(ws, OPS, kind="pack_decision", outstanding=True) == []


def test_a_dispute_is_about_a_number_there_is_and_is_settled_once(ws):
    info = frozen(ws)
    with pytest.raises(NotFound) as missing:
        dispute_number(ws, OPS, pack=info.id, number="results/headline/booking", reason="wrong")
    assert "results/headline/bookings" in missing.value.hint
    made = dispute_number(ws, OPS, pack=info.id, number="results/headline/bookings", reason="Two are missing")
    with pytest.raises(Conflict, match="already"):
        dispute_number(ws, OPS, pack=info.id, number="results/headline/bookings", reason="again")
    later = packs.freeze_pack(ws, OPS, template="review", as_of=date(2026, 9, 30))
    assert [d.id for d in packs.frozen_pack(ws, OPS, pack=later.id).disputes] == [made.id]
    assert settle_dispute(ws, OPS, dispute=made.id, upheld=False, resolution="They are renewals").state == "rejected"
    with pytest.raises(Conflict):
        settle_dispute(ws, OPS, dispute=made.id, upheld=True, resolution="no")


def test_a_pack_is_seen_by_those_who_see_everyone_it_tells_of(ws):
    whole, bobs = frozen(ws), frozen(ws, scope="bob")
    assert numbers(packs.frozen_pack(ws, BOB, pack=bobs.id))["results/headline/bookings"] == 350
    assert [p.id for p in packs.list_packs(ws, BOB)] == [bobs.id]
    assert [p.id for p in packs.list_packs(ws, OPS)] == [bobs.id, whole.id]
    for stranger, pack in ((BOB, whole.id), (CLEO, bobs.id), (CLEO, "none-such")):
        for use in (packs.get_pack, packs.get_info, packs.frozen_pack, packs.restate_pack, packs.hold_pack):
            with pytest.raises(NotFound) as gone:
                use(ws, stranger, pack=pack)
            assert gone.value.message == f"There is no pack '{pack}'."
        with pytest.raises(NotFound):
            add_decision(ws, stranger, pack=pack, text="x", owner="revops", due=DAY)
    with pytest.raises(Forbidden):
        packs.list_packs(ws, ANN)
    with pytest.raises(Forbidden):
        frozen(ws, BOB)
    with pytest.raises(NotFound, match="no person 'cleo'"):
        frozen(ws, BOB, scope="cleo")
    decided = add_decision(ws, OPS, pack=whole.id, text="x", owner="revops", due=DAY)
    with pytest.raises(NotFound, match="no decision"):
        close_decision(ws, BOB, decision=decided.id)


def test_what_is_asked_wrongly_says_how_to_mend(ws):
    with pytest.raises(NotFound) as gone:
        packs.draft_pack(ws, OPS, template="reviews")
    assert "review" in gone.value.hint
    draft = packs.draft_pack(ws, OPS, template="review", as_of=DAY)
    with pytest.raises(NotFound, match="no section 'result'"):
        packs.write_narrative(ws, OPS, pack=draft.id, section="result", texts=["x"])
    with pytest.raises(Conflict):
        add_decision(ws, OPS, pack=draft.id, text="x", owner="revops", due=DAY)
    packs.write_narrative(ws, OPS, pack=draft.id, section="results", texts=["The <b>largest</b> deal"])
    packs.freeze_pack(ws, OPS, pack=draft.id)
    with pytest.raises(Conflict):
        packs.write_narrative(ws, OPS, pack=draft.id, section="results", texts=["later"])
    with pytest.raises(Conflict):
        packs.drop_draft(ws, OPS, pack=draft.id)
    with pytest.raises(Invalid, match="yet to come"):
        packs.hold_pack(ws, OPS, pack=draft.id, at=datetime(2999, 1, 1))
    with pytest.raises(Invalid):
        add_decision(ws, OPS, pack=draft.id, text=" \n", owner="revops", due=DAY)


def test_a_pack_whose_body_was_altered_is_named(ws):
    info, other = frozen(ws), packs.freeze_pack(ws, OPS, template="review", as_of=date(2026, 5, 31))
    assert packs.verify_packs(ws) == []
    from django.db import connection

    from geartrain.stores.decisions.models import Pack

    body = Pack.objects.get(pk=info.id).body.replace("1050", "2050")
    with pytest.raises(Exception, match="never changed"):
        Pack.objects.filter(pk=info.id).update(body=body)
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER pack_frozen_update")
        cursor.execute("DROP TRIGGER pack_frozen_delete")
    # A hash made anew does not help: the trail has the one of the day it was frozen.
    Pack.objects.filter(pk=info.id).update(body=body, sha256=packs.packs.hash_of(body))
    Pack.objects.filter(pk=other.id).delete()
    assert [(i.code, i.where) for i in packs.verify_packs(ws)] == [
        ("pack_altered", f"pack/{info.id}"),
        ("pack_missing", f"pack/{other.id}"),
    ]


def test_the_same_pack_twice_has_two_names_and_one_text(ws):
    known = datetime(2026, 12, 31, 12)
    one, two = (frozen(ws, operator(), known_as_of=known) for _ in range(2))
    assert one.id != two.id
    assert one.sha256 == two.sha256
