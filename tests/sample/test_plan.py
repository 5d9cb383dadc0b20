"""The sample company's year plan: what it publishes can be read, and capacity and quotas rest on one goal."""

from __future__ import annotations

from collections import Counter

import pytest

from geartrain.kernel.rules import parse
from geartrain.sample import documents
from geartrain.sample.goals import goals
from geartrain.services.policies import parsed_text


def published(kind):
    (text,) = [t for _, t in documents() if t.startswith(f"kind: {kind}\n")]
    policy, issues = parsed_text(text, "sample.yaml")
    assert policy is not None, issues
    assert not issues
    return policy.spec


@pytest.mark.parametrize("kind", ["capacity_plan", "quota_policy", "territory_policy"])
def test_it_can_be_read(kind):
    assert published(kind)


def test_capacity_and_quotas_are_of_one_goal_and_one_year():
    capacity, quota = published("capacity_plan"), published("quota_policy")
    assert capacity.goals_from == quota.goal
    assert capacity.labels[0] == f"{quota.period}-01"
    assert {f"{quota.period}Q{n}" for n in range(1, 5)} <= set(goals())


def test_every_seller_is_counted_in_one_role(sample):
    rules = {r.name: parse(r.people, where="roles") for r in published("capacity_plan").roles}
    rows = sample.all("""select user_id, role, region, segment from "user" where role = 'account_executive'""")
    found = Counter(
        sum(
            rule.evaluate(dict(zip(("user_id", "role", "region", "segment"), row, strict=True))) is True
            for rule in rules.values()
        )
        for row in rows
    )
    assert set(found) == {1}
