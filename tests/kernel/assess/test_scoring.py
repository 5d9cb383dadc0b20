from decimal import Decimal
from fractions import Fraction

import ibis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from geartrain.kernel.assess import Group, Ratings, Units, Verdict, assess, read_units, unit_columns, units
from geartrain.kernel.errors import Invalid


def rule(key, weight="1", **more):
    return {"key": key, "by": "rule", "check": "x", "weight": weight, **more}


def rated(key, **more):
    return {"key": key, "by": "rating", **more}


def group(*parts, key="whole", **more):
    return Group.model_validate({"key": key, "parts": list(parts), **more})


HELD = "{0} is not null and lower({0}) not in ('n/a', 'test', '-')"
QUALITY = group(
    {
        "key": "completeness",
        "by": "parts",
        "weight": ".4",
        "pooled": True,
        "parts": [
            rule("next_step_filled", check=HELD.format("next_step"), applies_when="is_open", unknown="fails"),
            rule("amount_filled", check="amount is not null"),
        ],
    },
    rule("validity", ".3"),
    rule("uniqueness", ".2"),
    rule("timeliness", ".1"),
    key="data_quality",
)
# 80 open deals, 60 of them with a next step: of the other 20 half have none, half a placeholder. 95 amounts of 100.
STEPS = ["call"] * 60 + [None] * 10 + ["n/a"] * 6 + ["-"] * 2 + ["TEST"] * 2 + [None] * 20
DEALS = [
    {"next_step": step, "is_open": i < 80, "amount": None if i % 20 == 7 else Decimal(i), "x": None}
    for i, step in enumerate(STEPS)
]
ELSE = {"validity": Units(180, 200), "uniqueness": Units(98, 100)}


def quality_by_record():
    leaves = QUALITY.leaves
    return {key: units(leaves[key], DEALS) for key in ("next_step_filled", "amount_filled")}


def quality_by_column():
    columns = {"next_step": pa.string(), "is_open": pa.bool_(), "amount": pa.decimal128(38, 4), "x": pa.bool_()}
    table = ibis.memtable(pa.Table.from_pylist(DEALS, schema=pa.schema(columns)))
    found = read_units(table.aggregate(**unit_columns(QUALITY, table)).to_pyarrow().to_pylist()[0])
    return {key: found[key] for key in ("next_step_filled", "amount_filled")}


@pytest.mark.parametrize("counted", [quality_by_record, quality_by_column])
def test_worked_case_9(counted):
    seen = counted()
    assert seen == {"next_step_filled": Units(60, 80), "amount_filled": Units(95, 100)}
    found = assess(QUALITY, seen | ELSE)
    by_key = {p.key: p for p in found.tree.walk()}
    assert round(by_key["completeness"].value, 4) == Decimal("0.8611")
    assert round(found.score, 4) == Decimal("0.9005")
    assert found.score == Decimal("0.900493827160")
    assert (found.unassessed, found.coverage) == (("timeliness",), Decimal("0.9"))
    # Neither as perfect nor as nothing.
    assert round(assess(QUALITY, seen | ELSE | {"timeliness": Units(1, 1)}).score, 4) == Decimal("0.9104")
    assert round(assess(QUALITY, seen | ELSE | {"timeliness": Units(0, 1)}).score, 4) == Decimal("0.8104")


def test_explains_itself_in_words():
    lines = assess(QUALITY, quality_by_record() | ELSE).words()
    assert lines[0] == "data_quality: 90.05 % (weight 100.00 %, adds 90.05 %; 3 of 4 parts; coverage 90.00 %)"
    assert lines[1] == "  completeness: 86.11 % (weight 44.44 %, adds 38.27 %; 2 of 2 parts)"
    assert lines[2] == "    next_step_filled: 75.00 % (weight 19.75 %, adds 14.81 %; 60 of 80 pass)"
    assert lines[-1] == "  timeliness: not assessed"


RECORDS = [{"x": True}, {"x": False}, {"x": None}, {"x": True, "off": True}, {"x": True, "off": None}]
FLAGS = pa.schema({"x": pa.bool_(), "off": pa.bool_()})


@pytest.mark.parametrize(
    ("more", "counts"),
    [
        ({}, Units(3, 4, 1)),
        ({"unknown": "fails"}, Units(3, 5)),
        ({"applies_when": "not off"}, Units(1, 2, 2)),
        ({"applies_when": "not off", "unknown": "fails"}, Units(1, 3, 1)),
        ({"applies_when": "not coalesce(off, false)"}, Units(2, 3, 1)),
        ({"applies_when": "false"}, Units(0, 0)),
        ({"check": "not x"}, Units(1, 4, 1)),
    ],
)
def test_a_unit_that_is_unknown_is_left_out_or_fails(more, counts):
    # One by one (off is false where it is not given), and in columns.
    records = [{"off": False} | r for r in RECORDS]
    tree = group(rule("a", **more), rule("other", of="lead"))
    assert units(tree.leaves["a"], records) == counts
    table = ibis.memtable(pa.Table.from_pylist(records, schema=FLAGS))
    found = read_units(table.aggregate(**unit_columns(tree, table)).to_pyarrow().to_pylist()[0])
    assert found == {"a": counts}
    empty = table.filter(table.x & ~table.x)
    assert read_units(empty.aggregate(**unit_columns(tree, empty)).to_pyarrow().to_pylist()[0])["a"] == Units(0, 0)


def test_unknown_units_lower_the_coverage_and_are_said():
    found = assess(group(rule("a"), rule("b")), {"a": Units(2, 4, 6), "b": Units(0, 0, 3)})
    assert (found.score, found.coverage, found.unassessed) == (Decimal("0.5"), Decimal("0.2"), ("b",))
    assert [p.saw or p.reason for p in found.tree.parts] == ["2 of 4 pass, 6 unknown", "unknown for all 3"]


def test_what_applies_to_nothing_is_not_assessed():
    found = assess(group(rule("a"), rule("b")), {"a": Units(0, 0), "b": True})
    assert (found.score, found.coverage, found.unassessed) == (1, Decimal("0.5"), ("a",))


def test_a_group_without_any_value_is_named_once():
    inner = {"key": "inner", "by": "parts", "parts": [rule("b"), rule("c")]}
    found = assess(group(rule("a"), inner), {"a": False})
    assert (found.score, found.unassessed) == (0, ("inner",))
    assert assess(group(rule("a"), inner), {}).verdict is Verdict.not_enough


@pytest.mark.parametrize(("seen", "score"), [(["a"], None), (["a", "b"], 1), (["c"], 1), (["b"], None)])
def test_below_the_coverage_threshold_there_is_no_score(seen, score):
    tree = group(rule("a"), rule("b", "2"), rule("c", "3"), min_coverage="0.5")
    found = assess(tree, dict.fromkeys(seen, True))
    assert found.score == score
    if score is None:
        assert found.verdict is Verdict.not_enough
        assert "is below 50.00 %" in found.reason
        assert found.unassessed == ("whole",)


def test_a_part_below_its_threshold_is_missing_to_the_whole():
    inner = {"key": "inner", "by": "parts", "min_coverage": "0.6", "parts": [rule("b"), rule("c")]}
    found = assess(group(rule("a"), inner), {"a": True, "b": False})
    assert (found.score, found.coverage, found.unassessed) == (1, Decimal("0.5"), ("inner",))


def test_knock_outs():
    tree = group(rule("security", knock_out="1", name="Security"), rule("price", "9"))
    out = assess(tree, {"security": Units(3, 4), "price": True})
    assert (out.score, out.verdict, out.knocked_out) == (None, Verdict.knocked_out, ("security",))
    assert out.reason == "Security: 75.00 % is below the 100.00 % it must have"
    assert out.tree.value == Decimal("0.975")
    undecided = assess(tree, {"price": True})
    assert (undecided.score, undecided.undecided, undecided.knocked_out) == (1, ("security",), ())
    assert assess(tree, {"security": True, "price": False}).score == Decimal("0.1")


@pytest.mark.parametrize(
    ("more", "ratings", "value", "spread"),
    [
        ({}, "1", "0", "0"),
        ({}, "5", "1", "0"),
        ({}, "2 3 5", "0.583333333333", "3"),
        ({"combine": "median"}, "1 4 5", "0.75", "4"),
        ({"combine": "median"}, "1 2 4 5", "0.5", "4"),
        ({"combine": "lowest"}, "2 5", "0.25", "3"),
        ({"combine": "highest"}, "2 5", "1", "3"),
        ({"low": "0", "high": "1", "step": "0.5"}, "0.5", "0.5", "0"),
        ({"raters": 2}, "5", None, None),
    ],
)
def test_several_raters_become_one(more, ratings, value, spread):
    given_by = tuple(Decimal(r) for r in ratings.split())
    leaf = assess(group(rated("skill", **more)), {"skill": Ratings(given_by)}).tree.parts[0]
    assert leaf.value == (None if value is None else Decimal(value))
    assert leaf.raters == len(given_by)
    assert leaf.spread == (None if spread is None else Decimal(spread))


@pytest.mark.parametrize(
    ("at", "worth"), [("-5", "1"), ("0", "1"), ("12", "0.7"), ("24", "0.4"), ("36", "0.2"), ("48", "0"), ("99", "0")]
)
def test_a_metric_is_worth_what_its_curve_says(at, worth):
    curve = [{"at": 0, "worth": 1}, {"at": 24, "worth": ".4"}, {"at": 48, "worth": 0}]
    tree = group({"key": "speed", "by": "metric", "metric": "speed_to_lead", "curve": curve})
    assert assess(tree, {"speed": Decimal(at)}).score == Decimal(worth)


@pytest.mark.parametrize(
    "seen",
    [
        {"nothing": True},
        {"whole": True},
        {"a": Decimal(1)},
        {"a": Ratings((Decimal(1),))},
        {"r": True},
        {"r": Ratings((Decimal(6),))},
        {"r": Ratings((Decimal("1.5"),))},
        {"m": True},
        {"m": 0.5},
        {"m": Decimal("NaN")},
    ],
)
def test_what_was_not_asked_for_is_refused(seen):
    curve = [{"at": 0, "worth": 0}, {"at": 1, "worth": 1}]
    with pytest.raises(Invalid):
        assess(group(rule("a"), rated("r"), {"key": "m", "by": "metric", "metric": "m", "curve": curve}), seen)


def test_units_that_cannot_be():
    for counts in ((2, 1), (-1, 1), (1, 1, -1)):
        with pytest.raises(Invalid):
            Units(*counts)


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([rule("a"), rule("a")], "two criteria"),
        ([rule("a", "0")], "greater than 0"),
        ([rule("a", check="x >")], "a.check"),
        ([rated("a", low="5", high="1")], "rises"),
        ([rated("a", step="3")], "whole steps"),
        ([rated("a", anchors=[{"value": "6", "says": "superb"}])], "not on the scale"),
        ([{"key": "m", "by": "metric", "metric": "m", "curve": [{"at": 1, "worth": 0}] * 2}], "rise"),
        ([{"key": "g", "by": "parts", "pooled": True, "parts": [rated("r")]}], "pooled"),
        ([], "at least 1"),
    ],
)
def test_trees_that_cannot_be(parts, says):
    with pytest.raises((ValidationError, Invalid), match=says):
        group(*parts)


def test_a_tree_survives_json_and_has_a_schema():
    assert Group.model_validate_json(QUALITY.model_dump_json()) == QUALITY
    assert "Ruled" in Group.model_json_schema()["$defs"]


weights = st.decimals("0.01", 100, places=2)
seen_units = st.integers(1, 1000).flatmap(lambda n: st.integers(0, n).map(lambda k: Units(k, n)))


@st.composite
def cases(draw):
    """A tree up to three levels deep, and what was seen of some of its leaves."""
    observed = {}

    def node(depth):
        key = f"c{len(names)}"
        names.append(key)
        one = {"key": key, "weight": draw(weights)}
        if depth and draw(st.booleans()):
            pooled = draw(st.booleans())
            parts = [node(0 if pooled else depth - 1) for _ in range(draw(st.integers(1, 4)))]
            return one | {
                "by": "parts",
                "pooled": pooled,
                "parts": parts,
                "min_coverage": draw(st.sampled_from(["0", "0.5"])),
            }
        if draw(st.integers(0, 3)):
            observed[key] = draw(seen_units)
        return rule(key) | one

    names = []
    return group(*(node(2) for _ in range(draw(st.integers(1, 4))))), observed


@given(cases())
def test_parts_sum_to_the_whole(case):
    tree, seen = case
    for part in assess(tree, seen).tree.walk():
        if part.parts:
            assert sum(p.contribution for p in part.parts) == part.contribution
            assert sum(p.share for p in part.parts) == part.share
        assert part.value is None or 0 <= part.value <= 1
        assert 0 <= part.coverage <= 1
    found = assess(tree, seen)
    assert found.tree.contribution == (found.score or 0)
    assert found.tree.share == (found.score is not None)


@given(cases())
def test_what_is_missing_changes_nothing_but_the_coverage(case):
    tree, seen = case
    more = Group(key="more", parts=(*tree.parts, group(rule("extra")).parts[0]), min_coverage=tree.min_coverage)
    one, other = assess(tree, seen), assess(more, seen)
    assert one.score == other.score
    assert other.coverage <= one.coverage
    assert "extra" in other.unassessed or other.unassessed == ("more",)


@given(cases(), st.randoms())
def test_order_does_not_matter(case, random):
    tree, seen = case
    parts = list(tree.parts)
    random.shuffle(parts)
    assert assess(tree.model_copy(update={"parts": tuple(parts)}), seen).score == assess(tree, seen).score


@given(cases(), st.decimals("0.1", 10, places=1))
def test_weights_count_only_against_each_other(case, factor):
    tree, seen = case
    scaled = tuple(p.model_copy(update={"weight": p.weight * factor}) for p in tree.parts)
    other = assess(tree.model_copy(update={"parts": scaled}), seen)
    assert (other.score, other.coverage) == (assess(tree, seen).score, assess(tree, seen).coverage)


@given(cases())
def test_a_better_part_never_makes_a_worse_whole(case):
    tree, seen = case
    before = assess(tree, seen).score
    for key, one in seen.items():
        after = assess(tree, seen | {key: Units(one.applicable, one.applicable)}).score
        assert before is None or after >= before


@given(st.lists(st.tuples(weights, seen_units), min_size=1, max_size=6))
def test_is_the_weighted_mean_of_what_was_seen(parts):
    tree = group(*(rule(f"c{i}", w) for i, (w, _) in enumerate(parts)))
    score = assess(tree, {f"c{i}": u for i, (_, u) in enumerate(parts)}).score
    exact = sum(Fraction(w) * Fraction(u.passing, u.applicable) for w, u in parts) / sum(Fraction(w) for w, _ in parts)
    assert abs(Fraction(score) - exact) <= Fraction(1, 2 * 10**12)
