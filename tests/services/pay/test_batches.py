"""Pay does not depend on how the facts arrived: order, batches, threads."""

import random

import pytest

from geartrain.services.pay.runs import run_pay
from geartrain.services.workspace import open_workspace
from tests.incentives.company import company, won
from tests.incentives.plans import plan_text
from tests.incentives.test_runs import FIN
from tests.services.trying import load

CREDIT = """\
crediting:
  - {type: direct, to: owner}
  - {type: overlay, to: "role = 'solution-engineer'", share: 0.5}
"""
PLANS = [
    plan_text(component="caps: {per_deal: 9000, excess: carry}", rest=CREDIT),
    plan_text("[[0, 100000, 0.02], [100000, null, 0.031]]", kind="retroactive", window="quarter")
    .replace("key: a-plan", "key: se-plan")
    .replace("role: [ae]", "role: [solution-engineer]")
    .replace("credit: direct", "credit: overlay"),
]


def drawn(chance):
    deals = [
        won(f"D{n:03}", chance.choice(["ann", "abe"]), f"2026-0{chance.randint(1, 3)}-{chance.choice([10, 11, 28])}",
            chance.choice([1000, 33333.33, 50000.01, -2500, 120000]))
        for n in range(60)
    ]  # fmt: skip
    splits = [
        {"opportunity_id": d["opportunity_id"], "user_id": who, "share": share, "credit_type": "direct"}
        for d in chance.sample(deals, 15)
        for who, share in (("ann", 0.3333), ("abe", 0.6667))
    ]
    return deals, splits


def batched(folder, deals, splits, chance, threads):
    """A company that learnt of the same deals in some order, in some batches, and reads them with some threads."""
    deals, splits = chance.sample(deals, len(deals)), chance.sample(splits, len(splits))
    cuts = sorted(chance.sample(range(1, len(deals)), chance.randint(0, 4)))
    parts = [deals[a:b] for a, b in zip([0, *cuts], [*cuts, len(deals)], strict=True)]
    ws = company(folder, plans=PLANS, opportunity=parts[0], split=splits)
    for n, part in enumerate(parts[1:], 1):
        load(ws, {"opportunity": part}, at=f"2027-01-{n:02}")
    settings = ws.path / "geartrain.toml"
    text = settings.read_text().replace('[warehouse]\nurl = ""', f'[warehouse]\nurl = "duckdb://?threads={threads}"')
    settings.write_text(text)
    assert f"threads={threads}" in settings.read_text()
    return open_workspace(ws.path)


@pytest.mark.parametrize("seed", range(3))
def test_order_batches_and_threads_change_no_byte(tmp_path, seed):
    chance = random.Random(seed)
    deals, splits = drawn(chance)
    found = {
        run_pay(batched(tmp_path / str(n), deals, splits, chance, 1 + n % 2), FIN, period="2026-03").manifest
        for n in range(4)
    }
    assert len(found) == 1
    changed = [{**deals[0], "amount": deals[0]["amount"] + 1}, *deals[1:]]
    assert run_pay(batched(tmp_path / "x", changed, splits, chance, 2), FIN, period="2026-03").manifest not in found
