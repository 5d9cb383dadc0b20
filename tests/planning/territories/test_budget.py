"""A time budget is kept whatever the books look like, and what was found by then comes back with its gap."""

from __future__ import annotations

import random
import time

import pytest

from geartrain.services.planning.territories import solve_territories
from geartrain.services.planning.territories_files import budget, read_inputs

POLICY = """kind: territory_policy
spec:
  eligible: "seller.region = account.region"
  lock: "account.named or account.open_pipeline > 100000"
  balance:
    - measure: potential
      target: "seller.fte * case when seller.segment = 'large' then 16 else 6 end"
      tolerance: 0.15
  limits: {accounts_per_seller: [5, 250]}
  objective:
    - {minimise: disruption, weight: 1, moved_account: 2, moved_revenue_per_1000: 1}
    - {minimise: mismatch, weight: 5, expr: "case when seller.segment = account.segment then 0 else 1 end"}
"""


def company(folder, seed, accounts, sellers):
    """Books where balance cannot be kept: locked whales outgrow what some sellers should have."""
    chance = random.Random(seed)
    places = ["East", "West", "Europe"]
    people = [(f"S{n:02}", places[n % 3], "large" if n % 4 == 0 else "small") for n in range(sellers)]
    rows = ["account_id,region,segment,named,open_pipeline,potential,owner_id,current_revenue"]
    for n in range(accounts):
        key, region, segment = chance.choice(people)
        named, pipeline = chance.random() < 0.05, chance.choice([0, 0, 0, 5000, 150000])
        potential = round(chance.lognormvariate(10, 1.6))
        revenue = chance.choice([0, 0, 1000, 40000])
        rows.append(f"A{n},{region},{segment},{str(named).lower()},{pipeline},{potential},{key},{revenue}")
    (folder / "a.csv").write_text("\n".join(rows) + "\n")
    team = [f"{k},{r},{s},{chance.choice(['1', '1', '0.5'])}" for k, r, s in people]
    (folder / "s.csv").write_text("user_id,region,segment,fte\n" + "\n".join(team) + "\n")
    (folder / "p.yaml").write_text(POLICY)
    return read_inputs(folder / "a.csv", folder / "s.csv", folder / "p.yaml")


@pytest.mark.parametrize(("seed", "accounts", "sellers"), [(1, 1200, 24), (6, 3000, 60)])
def test_a_budget_is_kept_where_balance_cannot_be(seed, accounts, sellers, tmp_path):
    inputs = company(tmp_path, seed, accounts, sellers)
    begun = time.process_time()
    told = solve_territories(inputs, left=budget(3))
    assert time.process_time() - begun < 12  # of the second, two sellers once exchanged the same accounts for ever
    assert told["status"] == "relaxed"
    assert told["violations"]
    assert told["bound"] <= told["objective"]
    assert all(a["to"] for a in told["assignments"])
