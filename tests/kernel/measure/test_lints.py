"""The aligned measurement framework: worked case 15 of the process specification, and each lint on its own."""

import pytest

from geartrain.kernel.issues import Level
from geartrain.kernel.measure.graph import Graph, Node, canonical, owners_in
from geartrain.kernel.measure.lints import LINTS, lint
from geartrain.kernel.measure.metric import MetricClass, Spec


def node(key, class_, *, name=None, drives=(), goals=(), function="sales", owners=("revops",), formula=None):
    return Node(key, name or key, MetricClass(class_), function, owners, tuple(drives), tuple(goals), formula)


def graph(*nodes, goals=("G1",), shared=None):
    return Graph({n.key: n for n in nodes}, tuple(goals), shared or {})


def found(g):
    return {f"{i.code}:{i.where}" for i in lint(g)}


CASE_15 = graph(
    node("M1", "impact", drives=["M3"], goals=["G1"]),
    node("M2", "output", name="Pipeline created", drives=["M1"]),
    node("M3", "activity", drives=["M2"]),
    node("M4", "activity"),
    node("M5", "output", name="pipeline  created", drives=["M1"]),
    goals=("G1", "G2"),
)
CHAIN = (
    node("act", "activity", drives=["out"]),
    node("out", "output", drives=["imp"]),
    node("imp", "impact", goals=["G1"]),
)


def test_worked_case_15():
    assert found(CASE_15) == {
        "goal_without_impact:G2",
        "orphan:M4",
        "duplicate_term:M2,M5",
        "output_without_activity:M5",
        "class_inversion:M1->M3",
    }
    assert CASE_15.coverage() == {"sales": (4, 5)}


def test_a_chain_from_activity_to_goal_is_clean():
    assert lint(graph(*CHAIN)) == []


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        (node("imp2", "impact", goals=["G1"]), "impact_without_output:imp2"),
        (node("x", "activity", drives=["out"], owners=()), "owner_missing:x"),
        (node("x", "activity", drives=["out"], owners=("a", "b")), "owner_several:x"),
        (node("x", "activity", drives=["out", "gone"]), "unknown_reference:x->gone"),
        (node("x", "activity", drives=["out"], goals=["G9"]), "unknown_reference:x->G9"),
        (node("x", "activity", drives=["x", "out"]), "cycle:x"),
    ],
)
def test_each_lint_finds_its_own(extra, expected):
    assert found(graph(*CHAIN, extra)) == {expected}


def test_metrics_in_a_circle_are_one_issue():
    ring = [node("a", "activity", drives=["b"]), node("b", "activity", drives=["a", "out"])]
    assert found(graph(*CHAIN, *ring)) == {"cycle:a,b"}


def test_one_formula_under_two_names_is_one_term():
    twins = [node(k, "activity", drives=["out"], formula="sum of amount") for k in ("a", "b")]
    assert found(graph(*CHAIN, *twins)) == {"duplicate_term:a,b"}


def test_a_shared_stage_counted_differently_is_misaligned():
    g = graph(*CHAIN, shared={"mql": {"marketing": "act", "sales": "out"}, "sal": {"marketing": "act", "sales": "act"}})
    assert found(g) == {"misaligned:mql"}


def test_coverage_is_by_function():
    g = graph(*CHAIN, node("m", "activity", function="marketing"))
    assert g.coverage() == {"marketing": (0, 1), "sales": (3, 3)}


def test_a_readiness_metric_needs_no_driver_and_may_drive_anything():
    assert lint(graph(*CHAIN, node("ready", "readiness", drives=["act", "imp"]))) == []


def test_every_issue_says_how_to_mend_it():
    assert len({one.__name__ for one in LINTS}) == len(LINTS)
    for issue in lint(CASE_15):
        assert issue.hint
        assert issue.message.endswith(".")
        assert issue.level in (Level.error, Level.warning)


@pytest.mark.parametrize(
    ("text", "owners"),
    [
        ("head-of-revops", 1),
        ("ann and bob", 2),
        ("ann, bob", 2),
        ("sales/marketing", 2),
        (" ", 0),
        ("brand-and-web", 1),
    ],
)
def test_owners_are_counted(text, owners):
    assert len(owners_in(text)) == owners


def test_formulas_that_say_the_same_are_the_same():
    def spec(where, **more):
        return Spec.model_validate({"from": "opportunity", "value": {"agg": "count", "where": where}, **more})

    assert canonical(spec("is_won  AND type='new'")) == canonical(spec("is_won and type = 'new'", dimensions=["owner"]))
    assert canonical(spec("type = 'new'")) != canonical(spec("type = 'New'"))
