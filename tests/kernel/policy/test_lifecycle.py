"""The life of a policy's versions, without a store."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geartrain.kernel.errors import Conflict, Forbidden, Invalid
from geartrain.kernel.policy import lifecycle as life
from geartrain.kernel.policy.decision import Decision, canonical, plain
from geartrain.kernel.policy.lifecycle import MOVES, Move, Status, Version

DAY = datetime(2026, 1, 1)


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("move", Move)
def test_a_move_is_open_or_refused_with_what_it_is(status, move):
    allowed, after = MOVES[move]
    if status in allowed:
        assert life.moved(status, move) is after
    else:
        with pytest.raises(Conflict, match=status.replace("_", " ")) as error:
            life.moved(status, move)
        assert error.value.hint


def test_what_was_published_never_becomes_a_draft_again():
    reach = {Status.published}
    while more := {after for allowed, after in MOVES.values() if allowed & reach} - reach:
        reach |= more
    assert reach == {Status.published, Status.superseded, Status.retired}


def test_nobody_judges_their_own():
    life.only_another(["ann"], "bob")
    life.only_author(["ann"], "ann")
    with pytest.raises(Forbidden):
        life.only_another(["ann", "bob"], "bob")
    with pytest.raises(Forbidden):
        life.only_author(["ann"], "bob")


@st.composite
def histories(draw):
    """Versions one after the other, the last perhaps ahead, material or not; the first is material."""
    starts = sorted(draw(st.lists(st.integers(0, 40), min_size=1, max_size=6, unique=True)))
    kinds = [True, *draw(st.lists(st.booleans(), min_size=len(starts) - 1, max_size=len(starts) - 1))]
    ends = [*starts[1:], None]
    return [
        Version(
            n,
            Status.superseded if end is not None else Status.published,
            effective_from=DAY + timedelta(start),
            effective_to=None if end is None else DAY + timedelta(end),
            material=material,
        )
        for n, (start, end, material) in enumerate(zip(starts, ends, kinds, strict=True), start=1)
    ]


@given(histories(), st.integers(-2, 45))
def test_at_every_instant_the_last_begun_holds(versions, day):
    at = DAY + timedelta(day)
    begun = [v for v in versions if v.effective_from <= at]
    assert life.in_force(versions, at) == (begun[-1] if begun else None)
    assert sum(v.holds(at) for v in versions) <= 1


@given(histories(), st.sets(st.integers(1, 6)))
def test_a_word_holds_back_to_the_last_material_change(versions, said):
    last_material = max(v.number for v in versions if v.material)
    assert life.counts_since(versions) == last_material
    assert life.acknowledged(versions, said) == any(last_material <= n <= len(versions) for n in said)


def test_the_next_one_comes_after():
    v1 = Version(1, Status.published, effective_from=DAY)
    assert life.predecessor([v1], DAY + timedelta(microseconds=1)) == v1
    assert life.predecessor([], DAY) is None
    with pytest.raises(Conflict):
        life.predecessor([v1], DAY)


def test_the_first_is_material():
    assert life.of_weight(None, None) is True
    assert life.of_weight(False, Version(1, Status.published)) is False
    with pytest.raises(Invalid):
        life.of_weight(False, None)


def test_one_whose_successor_comes_later_is_still_published():
    v1 = Version(1, Status.superseded, effective_from=DAY, effective_to=DAY + timedelta(9))
    assert (v1.standing(DAY + timedelta(8)), v1.standing(DAY + timedelta(9))) == (Status.published, Status.superseded)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=4))
def test_an_id_depends_on_what_it_rests_on_and_on_no_order(inputs):
    def made(i, **more):
        return Decision("k", "key", 1, "sha", "rule", **({"subject": "lead/1", "occurred_at": DAY} | more), inputs=i)

    turned = dict(reversed(list(inputs.items())))
    assert made(inputs).id == made(turned).id
    assert made(inputs).id == made(plain(inputs)).id
    others = [made(inputs, subject="lead/2"), made(inputs, occurred_at=DAY + timedelta(microseconds=1))]
    assert len({made(inputs).id, *(o.id for o in others)}) == 3


def test_equal_numbers_are_written_alike_and_a_nan_is_no_input():
    from decimal import Decimal

    assert canonical([Decimal("1.50"), Decimal("1.5"), Decimal("100"), Decimal("-0")]) == '["1.5","1.5","100","0"]'
    for wrong in (Decimal("NaN"), float("nan"), object()):
        with pytest.raises(Invalid):
            canonical(wrong)
