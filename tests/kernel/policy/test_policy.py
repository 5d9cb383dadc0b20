"""Policies read from YAML: what holds, and what is wrong with a text, by file and line."""

import pytest
from pydantic import Field

from geartrain.kernel.errors import NotFound
from geartrain.kernel.policy import Envelope, Kind, PolicySet, Strict, read_policies, read_policy
from geartrain.kernel.policy.kinds.metric import KIND as METRIC


class Row(Strict):
    role: str
    most: int = Field(ge=0)


class Matrix(Strict):
    rows: tuple[Row, ...]


KINDS = {"matrix": Kind("matrix", Envelope[Matrix], "Who approves what."), "metric": METRIC}
GOOD = """\
kind: matrix
key: discounts
name: Discounts
owner: head-of-sales
effective_from: 2026-01-01
definition: Who approves which discount.
spec:
  rows:
    - {role: manager, most: 10}
    - role: head
      most: 30
"""


def wrong(text):
    policy, issues = read_policy(text, "policies/x.yaml", KINDS)
    assert policy is None
    return [(i.code, i.where, i.hint) for i in issues]


def test_a_policy_keeps_its_text_and_its_hash():
    policy, issues = read_policy(GOOD, "policies/x.yaml", KINDS)
    assert issues == []
    assert (policy.kind, policy.key, policy.version) == ("matrix", "discounts", 1)
    assert policy.body == GOOD
    assert policy.spec.rows[1].most == 30
    assert policy.effective_from.isoformat() == "2026-01-01"
    other, _ = read_policy(GOOD.replace("30", "31"), "policies/x.yaml", KINDS)
    assert policy.sha256 != other.sha256


def test_a_wrong_key_is_named_with_its_line_and_the_closest_one():
    missing = wrong(GOOD.replace("most: 30", "mst: 30"))[0]
    assert missing == ("policy_key_missing", "policies/x.yaml:10", "Add `most: …`.")
    assert wrong(GOOD.replace("most: 30", "most: 30\n      rolle: x")) == [
        ("policy_key_unknown", "policies/x.yaml:12", "Did you mean 'role'?")
    ]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (GOOD.replace("most: 30", "most: -1"), "policy_value_invalid", 11),
        (GOOD.replace("owner: head-of-sales\n", ""), "policy_key_missing", 1),
        (GOOD.replace("kind: matrix", "kind: matrx"), "policy_kind_unknown", 1),
        (GOOD.replace("kind: matrix\n", ""), "policy_kind_unknown", 1),
        (GOOD + "key: again\n", "policy_not_yaml", 12),
        (GOOD.replace("  rows:", " rows: [\n"), "policy_not_yaml", 10),
        ("- a\n- b\n", "policy_not_yaml", 1),
        ("", "policy_not_yaml", 1),
        ("a: &x [*x]", "policy_kind_unknown", 1),
        ("when: 2026-13-45", "policy_not_yaml", 1),
    ],
)
def test_what_is_wrong_is_an_issue_at_its_line(text, code, line):
    found = wrong(text)
    assert found[0][:2] == (code, f"policies/x.yaml:{line}")
    assert found[0][2]


def test_a_metric_is_read_by_its_own_model_and_keeps_its_text():
    text = "# a comment\nkind: metric\nkey: n\nname: N\nclass: output\ntype: volume\nfunction: sales\nowner: a\n"
    text += "direction: up\nunit: count\nspec: {from: lead, value: {agg: count}}\ndefinition: How many.\n"
    policy, issues = read_policy(text, "n.yaml", KINDS)
    assert issues == []
    assert policy.envelope.text == text
    assert policy.envelope.sha256 == policy.sha256
    assert wrong(text.replace("direction", "directon"))[-1][2] in ("Did you mean 'direction'?", "Add `direction: …`.")


def test_of_two_with_one_key_the_first_holds_and_the_second_is_an_issue():
    found = read_policies([("a.yaml", GOOD), ("b.yaml", GOOD.replace("30", "40"))], KINDS)
    assert found.get("matrix", "discounts").where == "a.yaml"
    assert [(i.code, i.where) for i in found.issues] == [("policy_duplicate", "b.yaml:1")]


def test_a_broken_file_keeps_the_others():
    found = read_policies([("a.yaml", "kind: [\n"), ("b.yaml", GOOD)], KINDS)
    assert list(found.of("matrix")) == ["discounts"]
    assert len(found.issues) == 1


def test_own_policies_lie_over_the_shipped_ones():
    shipped = read_policies([("s.yaml", GOOD), ("t.yaml", GOOD.replace("discounts", "terms"))], KINDS)
    own = read_policies([("o.yaml", GOOD.replace("30", "40"))], KINDS)
    both = own.over(shipped)
    assert {k: p.where for k, p in both.of("matrix").items()} == {"discounts": "o.yaml", "terms": "t.yaml"}


def test_an_unknown_policy_is_not_found_with_the_closest_key():
    found = read_policies([("a.yaml", GOOD)], KINDS)
    with pytest.raises(NotFound) as error:
        found.get("matrix", "discount")
    assert error.value.hint == "Did you mean 'discounts'?"
    with pytest.raises(NotFound):
        PolicySet().get("matrix", "x")
