"""How the documents of the operating model fit together: exactly what is planted is found, and the sample is whole."""

import pytest

from geartrain.kernel.policy import PolicySet, read_policies
from geartrain.sample import documents, goals_policy
from geartrain.services.policies import lint_together, policy_kinds

HEAD = "kind: {}\nkey: {}\nname: N\nowner: head-of-sales\ndefinition: d\nspec:\n"


def read(*texts):
    found = read_policies(((f"f{n}.yaml", text) for n, text in enumerate(texts)), policy_kinds())
    assert found.issues == ()
    return found


def codes(policies: PolicySet):
    return sorted((i.code, i.where) for i in lint_together(policies))


def policy(kind, spec, key="default"):
    return HEAD.format(kind, key) + spec


ARCHITECTURE = policy(
    "gtm_architecture",
    "  segments: [large, small, unsold]\n  motions: [new]\n  offers: [gear]\n"
    "  plays:\n    - {segment: large, motion: new, offers: [gear]}\n"
    "    - {segment: small, motion: new, offers: [gear]}\n",
)
COVERAGE = policy("coverage_model", "  coverage:\n    - {segment: large, role: ae}\n    - {segment: odd, role: ae}\n")
CHARTER = policy("role_charter", "  role: ae\n  mission: Sell.\n  quota_carrying: true\n", "ae")
GOALS = policy(
    "corporate_goals",
    "  goals:\n"
    "    - {key: all, name: A, owner: o, metric: bookings, values: {2026: 100, 2027: 50}}\n"
    "    - {key: east, name: E, owner: o, metric: bookings, parent: all, values: {2026: 60, 2027Q1: 20, 2027Q2: 30}}\n"
    "    - {key: west, name: W, owner: o, metric: deals_won, parent: all, values: {2026: 39}}\n",
)


def test_segments_and_roles():
    found = codes(read(ARCHITECTURE, COVERAGE))
    assert found == [
        ("role_without_charter", "f1.yaml:8"), ("segment_uncovered", "f0.yaml:7"), ("segment_unknown", "f1.yaml:9"),
    ]  # fmt: skip
    assert "role_without_charter" not in dict(codes(read(ARCHITECTURE, COVERAGE, CHARTER)))


def test_parts_of_a_goal_add_up_to_it():
    found = lint_together(read(GOALS))
    assert [i.code for i in found] == ["goal_parts_differ", "goals_do_not_add_up"]
    assert found[1].message == "The parts of 'all' come to 99 in 2026, and it wants 100."
    assert found[1].where == "f0.yaml:8"


def test_a_part_of_a_goal_is_wanted_once():
    from geartrain.kernel.periods import FiscalCalendar

    spec = read(GOALS).get("corporate_goals", "default").spec
    assert {g.key for g in spec.by_period(FiscalCalendar())} == {"all"}


@pytest.mark.parametrize(
    ("reports", "found"), [(1, ["span_outside_policy"]), (2, []), (4, []), (5, ["span_outside_policy"])]
)
def test_spans(reports, found):
    units = f"  units:\n    - {{key: top, lead: boss, roles: {{ae: {reports}}}}}\n"
    structure = policy("sales_structure", f"{units}  spans: {{boss: {{min: 2, max: 4}}}}\n")
    boss = policy("role_charter", "  role: boss\n  mission: Lead.\n  quota_carrying: false\n", "boss")
    assert [c for c, _ in codes(read(structure, CHARTER, boss))] == found


def test_a_route_carries_a_goal_there_is():
    routes = policy(
        "route_to_market",
        "  routes:\n    - {key: a, type: direct, share: 1}\n    - {key: b, type: partner, share: 1, goal: none-such}\n"
        "    - {key: c, type: inside, share: 1, goal: all}\n",
    )
    assert [c for c in codes(read(routes, GOALS)) if c[0].startswith("route")] == [
        ("route_without_goal", "f0.yaml:8"), ("route_without_goal", "f0.yaml:9"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "spec", "said"),
    [
        ("sales_structure", "  units: [{key: a, parent: b}, {key: b, parent: a}]\n", "lies below itself"),
        ("sales_structure", "  units: [{key: a, parent: z}]\n", "no unit 'z'"),
        ("route_to_market", "  routes: [{key: a, type: direct, share: 0.4}]\n", "add up to 0.4, not to 1"),
        ("coverage_model", "  coverage: [{segment: s, role: r}]\n  overlays: [{role: r, to: r, ratio: 3}]\n", "itself"),
        ("role_charter", "  role: r\n  mission: m\n  quota_carrying: true\n  mix: 100/0\n", "no variable pay"),
        ("role_charter", "  role: r\n  mission: m\n  quota_carrying: true\n  ramp: [0.5, 0.2]\n", "falls from 0.5"),
        ("corporate_goals", "  goals: [{key: a, name: A, owner: o, metric: m, parent: a}]\n", "part of itself"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_line(kind, spec, said):
    found = read_policies([("f.yaml", policy(kind, spec))], policy_kinds())
    assert any(said in i.message and i.where.startswith("f.yaml:") for i in found.issues), found.issues


def test_the_sample_company_is_whole():
    found = read_policies([("goals.yaml", goals_policy()), *documents()], policy_kinds())
    assert found.issues == ()
    assert lint_together(found) == []
