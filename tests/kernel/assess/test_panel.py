from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.kernel.assess import Group, Ratings, assess, open_panel
from geartrain.kernel.errors import Conflict, Forbidden, GeartrainError, Invalid, NotFound

CARD = Group.model_validate(
    {
        "key": "interview",
        "parts": [
            {"key": "discovery", "by": "rating", "weight": 2, "evidence": True, "knock_out": "0.5"},
            {"key": "closing", "by": "rating", "raters": 2},
            {"key": "certified", "by": "rule", "check": "certified"},
        ],
    }
)
NOON = datetime(2026, 6, 5, 12, tzinfo=UTC)
SAID = "Asked who signs, and why now."


def rate(panel, rater, discovery, closing=None):
    panel = panel.rate(rater, "discovery", Decimal(discovery), evidence=SAID)
    return panel if closing is None else panel.rate(rater, "closing", Decimal(closing))


EMPTY = open_panel("eve", CARD, raters=["bob", "cleo"], beside=["eve"])
WRITTEN = rate(rate(rate(EMPTY, "bob", 4, 3), "cleo", 2, 5), "eve", 5, 5)
BOB_IN = WRITTEN.submit("bob", NOON)
ALL_IN = BOB_IN.submit("cleo", NOON).submit("eve", NOON)


def test_is_blind_until_submitted():
    def seen(panel, viewer):
        return [card.rater for card in panel.seen_by(viewer)]

    assert [seen(WRITTEN, v) for v in ("bob", "cleo", "dee")] == [["bob"], ["cleo"], []]
    assert [seen(BOB_IN, v) for v in ("bob", "cleo", "dee")] == [["bob"], ["cleo"], ["bob"]]
    assert seen(BOB_IN.submit("cleo", NOON), "bob") == ["bob", "cleo"]
    assert seen(BOB_IN, "eve") == ["eve"]


def test_the_sum_tells_nothing_before_either():
    for ask in (BOB_IN.ratings, lambda viewer: BOB_IN.differences("bob", viewer=viewer)):
        with pytest.raises(Forbidden):
            ask(viewer="cleo")
    assert BOB_IN.ratings(viewer="bob") == {"discovery": Ratings((Decimal(4),)), "closing": Ratings((Decimal(3),))}
    with pytest.raises(Forbidden):
        BOB_IN.differences("cleo", viewer="bob")


def test_counts_who_submitted_and_shows_oneself_beside():
    assert BOB_IN.submission_rate == Decimal("0.333333333333")
    assert BOB_IN.waiting_for == ("cleo", "eve")
    assert ALL_IN.ratings() == {
        "discovery": Ratings((Decimal(4), Decimal(2))),
        "closing": Ratings((Decimal(3), Decimal(5))),
    }
    assert ALL_IN.differences("eve") == {"discovery": Decimal(2), "closing": Decimal(1)}
    assert ALL_IN.differences("cleo") == {"discovery": Decimal(-2), "closing": Decimal(2)}


def test_the_ratings_become_a_score():
    found = assess(CARD, ALL_IN.ratings() | {"certified": True})
    # (2 x .5 + .75 + 1) / 4
    assert found.score == Decimal("0.6875")
    first = found.tree.parts[0]
    assert (first.raters, first.spread, first.saw) == (2, Decimal(2), "rated 2, 4 of 5")
    assert assess(CARD, BOB_IN.ratings()).unassessed == ("closing", "certified")


def test_a_rating_is_written_anew_and_stands_in_order():
    card = EMPTY.rate("bob", "closing", Decimal(1)).rate("bob", "discovery", Decimal(2), evidence=f" {SAID} ")
    card = card.rate("bob", "closing", Decimal(3)).seen_by("bob")[0]
    assert [(r.criterion, r.value, r.evidence) for r in card.ratings] == [("discovery", 2, SAID), ("closing", 3, "")]


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda: EMPTY.rate("dee", "closing", Decimal(3)), NotFound),
        (lambda: EMPTY.rate("bob", "certified", Decimal(3)), NotFound),
        (lambda: EMPTY.rate("bob", "closing", Decimal(6)), Invalid),
        (lambda: EMPTY.rate("bob", "closing", Decimal("NaN")), Invalid),
        (lambda: EMPTY.rate("bob", "discovery", Decimal(3), evidence=" "), Invalid),
        (lambda: EMPTY.submit("bob", NOON), Invalid),
        (lambda: BOB_IN.submit("bob", NOON), Conflict),
        (lambda: BOB_IN.rate("bob", "closing", Decimal(3)), Conflict),
        (lambda: EMPTY.differences("dee"), NotFound),
        (lambda: open_panel("eve", CARD, raters=["eve", "bob"]), Invalid),
        (lambda: open_panel("eve", CARD, raters=["bob", "bob"]), Invalid),
    ],
)
def test_refuses(ask, error):
    with pytest.raises(error):
        ask()


steps = st.lists(
    st.tuples(
        st.sampled_from(["bob", "cleo", "ann", "dee"]),
        st.sampled_from(["submit", "closing", "discovery"]),
        st.integers(0, 6),
    ),
    max_size=20,
)


@given(steps)
def test_no_sequence_lets_a_rater_see_before_he_has_submitted(sequence):
    panel = open_panel("eve", CARD, raters=["ann", "bob", "cleo"])
    final = {}
    for rater, step, value in sequence:
        try:
            panel = (
                panel.submit(rater, NOON)
                if step == "submit"
                else panel.rate(rater, step, Decimal(value), evidence=SAID)
            )
        except GeartrainError:
            continue
        if step == "submit":
            final[rater] = panel.seen_by(rater)[[c.rater for c in panel.seen_by(rater)].index(rater)]
    for viewer in ("ann", "bob", "cleo"):
        others = [c for c in panel.seen_by(viewer) if c.rater != viewer]
        assert {c.rater for c in others} == (set(final) - {viewer} if viewer in final else set())
        assert all(c == final[c.rater] for c in others)
    assert set(panel.waiting_for) == {"ann", "bob", "cleo"} - set(final)
