"""A company to pay: Ann and Abe sell for Bob, Sol supports them, Cleo sells elsewhere, Dee audits."""

from geartrain.services.workspace import init_workspace
from tests.incentives.plans import plan_text
from tests.services.trying import deal, load


def person(key, role, manager=None, **more):
    return {
        "user_id": key, "name": key.title(), "email": f"{key}@x", "role": role, "manager_id": manager,
        "is_active": True, "region": "West", "team": "west", **more,
    }  # fmt: skip


USERS = [
    person("ann", "ae", "bob"),
    person("abe", "ae", "bob"),
    person("bob", "manager", "dan"),
    person("dan", "head"),
    person("sol", "solution-engineer", "dan"),
    person("cleo", "other", "dan", region="East", team="east"),
]


def company(folder, *, plans=None, **facts):
    """A workspace with these plans and records besides the people."""
    ws = init_workspace(folder / "pay", name="Pay")
    for n, text in enumerate(plans or [plan_text()]):
        (ws.policies / f"plan{n}.yaml").write_text(text)
    load(ws, {"user": USERS, **facts}, at="2026-12-31")
    return ws


def won(key, owner, day, amount, **more):
    """A deal that was won on a day."""
    return deal(key, owner, f"{day}T12:00:00", amount) | more
