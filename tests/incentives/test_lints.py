"""What a check refuses and what it warns of, each with its line."""

import pytest

from geartrain.kernel.issues import Level
from geartrain.services.pay.plans import check_plans
from tests.incentives.plans import SPEC, plan_text


def codes(text, level=Level.error):
    return [i.code for i in check_plans([("plan.yaml", text)]) if i.level is level]


PAR = "[[0, 1, 1x], [1, null, 2x]]"
TARGET = "{annual: 100000}"
QUOTA = "quota: {measure: bookings}"


def par(rates=PAR, *, component=QUOTA, target=TARGET, **more):
    return plan_text(rates, basis="quota_share", target=target, component=component, **more)


def test_the_plan_of_the_specification_is_clean():
    assert check_plans([("plan.yaml", SPEC)]) == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (par("[[0, 0.5, 1x], [0.6, null, 1x]]"), "plan_tier_gap"),
        (par("[[0, 0.7, 1x], [0.6, null, 1x]]"), "plan_tier_overlap"),
        (par("[[0, null, 1x], [1, null, 1x]]"), "plan_tier_overlap"),
        (par("[[0, 0, 1x], [0, null, 1x]]"), "plan_tier_empty"),
        (par().replace("weight: 1\n", "weight: 0.9\n"), "plan_weights"),
        (par("[[0, 1, 0.9x], [1, null, 2x]]"), "plan_not_par"),
        (par(PAR, component=f"{QUOTA}\nthreshold: {{at: 0.5, kind: deductible}}"), "plan_not_par"),
        (par("[[0, 1, 1x], [1, null, 1.5x]]", kind="retroactive", boundary="lower_inclusive"), "plan_not_par"),
        (plan_text(kind="retroactive").replace(", boundary: lower_inclusive", ""), "plan_boundary_missing"),
        (plan_text(kind="flat_per_deal").replace(", boundary: lower_inclusive", ""), "plan_boundary_missing"),
        (plan_text("[[0, 100, 0.2], [100, null, 0.1]]", kind="retroactive"), "plan_pay_falls"),
        (plan_text("[[0, 100, 0.2], [100, null, 0.1]]", kind="flat_per_deal"), "plan_pay_falls"),
        (plan_text("[[0, 100, 5], [100, null, 4]]", kind="step_amount"), "plan_pay_falls"),
        (plan_text('[[0, 100, 0.2], [100, null, "-0.1"]]'), "plan_pay_falls"),
        (plan_text("[[0, 100, 0.2]]", kind="retroactive"), "plan_pay_falls"),
        (par(component=""), "plan_quota_missing"),
        (par() + "tests: [{given: {quota: 100, credits: []}, expect: {bookings: 1}}]\n", "plan_test_failed"),
        (par() + "tests: [{given: {kwota: 100}, expect: {bookings: 1}}]\n", "plan_test_invalid"),
        (par() + "tests: [{given: {quota: 100}, expect: {booking: 1}}]\n", "plan_test_invalid"),
    ],
)  # fmt: skip
def test_refused(text, code):
    assert code in codes(text)


@pytest.mark.parametrize(
    "text",
    [
        par(),
        par("[[0, 1, 0.9x], [1, null, 2x]]", component=f"{QUOTA}\nnon_par: true"),
        plan_text("[[0, 100, 0.2], [100, null, 0.1]]", kind="retroactive", component="may_fall: true"),
        par("[[0, 1, 1x], [1, null, 1x]]", kind="retroactive", boundary="upper_inclusive"),
        par(
            "",
            kind="interpolated",
            component=f"{QUOTA}\ncurve: {{points: [[0.5, 0], [1, 1]], below: 0, above: extend}}",
        ),
    ],
)
def test_let_pass(text):
    assert codes(text) == []


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        (par(f"{PAR}").replace("weight: 1\n", "weight: 0.05\n"), "plan_weight_small", "0.05"),
        (plan_text("[[0, 100, 0.1], [100, null, 0.2]]", kind="retroactive"), "plan_cliff", "10.00 USD"),
        (plan_text("[[0, 100, 0.1], [100, null, 0.2]]", kind="retroactive"), "plan_retroactive_uncapped", "cap"),
        (
            plan_text("[[0, null, 0.1]]", component="threshold: {at: 500, kind: first_dollar}"),
            "plan_cliff",
            "50.00 USD",
        ),
        (plan_text("[[0, 500, 0], [500, null, 700]]", kind="step_amount"), "plan_cliff", "700.00 USD"),
    ],
)
def test_warned(text, code, said):
    found = [i for i in check_plans([("plan.yaml", text)]) if i.code == code]
    assert [i.level for i in found][:1] == [Level.warning]
    assert said in found[0].message


def test_more_than_three_components_are_too_many():
    one = (
        "  - {key: c%d, weight: 0.25, measure: bookings, tiers: {kind: marginal, basis: amount}, rates: [[0, null, 1]]}"
    )
    head = plan_text().split("components:")[0]
    text = head + "components:\n" + "\n".join(one % n for n in range(4)) + "\n"
    assert "plan_many_components" in codes(text, Level.warning)


def test_two_plans_for_one_person_on_one_day():
    other = plan_text().replace("a-plan", "other")
    issues = check_plans([("a.yaml", plan_text()), ("b.yaml", other)])
    assert [(i.code, i.where) for i in issues] == [("plan_eligibility_overlap", "b.yaml:6")]
    later = other.replace("[2026-01-01, 2027-01-01]", "[2027-01-01, 2028-01-01]")
    assert check_plans([("a.yaml", plan_text()), ("b.yaml", later)]) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("currency: USD", "currency: usd", 5, "currency"),
        ("currency: USD", "curency: USD", 5, "'curency' is not a key"),
        ("annual: 120000", "annual: lots", 7, "number"),
        ("kind: marginal", "kind: marginl", 20, "no kind of tiers 'marginl'"),
        ("[0.5,  1,    1.5x]", "[0.5,  1]", 25, "[from, to, rate]"),
        ("[0.5,  1,    1.5x]", "[0.5,  1, fast]", 25, "number"),
        ('when: "margin_pct < 0.20"', 'when: "margin_pct <"', 30, "expression"),
        ("measure: bookings\n", "measure: bokings\n", 1, "not among bookings"),
        ("effective: [2026-01-01, 2027-01-01]", "effective: [2027-01-01, 2026-01-01]", 1, "the first"),
        ("frequency: month", "frequency: weekly", 9, "frequency"),
        ("percent: 0.2,", "percent: 20,", 40, "less than or equal to 1"),
    ],
)
def test_what_does_not_read_says_where_and_why(old, new, line, said):
    assert old in SPEC
    issues = check_plans([("plan.yaml", SPEC.replace(old, new, 1))])
    assert [i.level for i in issues][:1] == [Level.error]
    assert [i.where for i in issues if said.lower() in i.message.lower()] == [f"plan.yaml:{line}"]
