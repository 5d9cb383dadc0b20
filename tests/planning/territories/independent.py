"""Recomputes what a solve reports from the files' rows alone, in plain Python: it shares no code with the engine."""

from __future__ import annotations

from itertools import product
from math import asin, cos, radians, sin, sqrt


def km(one: dict, other: dict) -> float:
    lat1, lon1, lat2, lon2 = (radians(float(r[c])) for r in (one, other) for c in ("latitude", "longitude"))
    h = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * 6371.0088 * asin(sqrt(h))


def cost(account: dict, seller: dict) -> float:
    """The objective of `POLICY` in tests/planning/territories/test_small.py."""
    travel = km(account, seller) * float(account["visits"]) / 100
    moved = bool(account["owner_id"]) and account["owner_id"] != seller["user_id"]
    disruption = (2 + float(account["current_revenue"]) / 1000) if moved else 0.0
    return travel + disruption + 3 * (account["industry"] != seller["industry"])


def eligible(account: dict, seller: dict) -> bool:
    return not account["language"] or account["language"] in seller["languages"].split(";")


def targets(accounts: list[dict], sellers: list[dict], measure: str) -> dict[str, float]:
    total = sum(float(a[measure]) for a in accounts)
    shares = {s["user_id"]: float(s["ramp"]) for s in sellers}
    return {j: total * share / sum(shares.values()) for j, share in shares.items()}


def hard(accounts: list[dict], sellers: list[dict], to: dict[str, str], limits: tuple[int, int]) -> list[str]:
    """The hard rules an assignment breaks."""
    people = {s["user_id"]: s for s in sellers}
    broken = [a["account_id"] for a in accounts if not eligible(a, people[to[a["account_id"]]])]
    broken += [
        a["account_id"]
        for a in accounts
        if a["named"] == "true" and a["owner_id"] in people and to[a["account_id"]] != a["owner_id"]
    ]
    families: dict[str, set[str]] = {}
    for a in accounts:
        if a["parent_account_id"]:
            families.setdefault(a["parent_account_id"], set()).add(to[a["account_id"]])
    broken += [f for f, with_ in families.items() if len(with_) > 1]
    counts = {j: sum(t == j for t in to.values()) for j in people}
    return broken + [j for j, n in counts.items() if not limits[0] <= n <= limits[1]]


def indices(accounts: list[dict], sellers: list[dict], to: dict[str, str], measure: str) -> dict[str, float]:
    aim = targets(accounts, sellers, measure)
    return {j: sum(float(a[measure]) for a in accounts if to[a["account_id"]] == j) / t for j, t in aim.items()}


def objective(accounts: list[dict], sellers: list[dict], to: dict[str, str]) -> float:
    people = {s["user_id"]: s for s in sellers}
    return sum(cost(a, people[to[a["account_id"]]]) for a in accounts)


def best(
    accounts: list[dict], sellers: list[dict], tolerances: dict[str, float], limits: tuple[int, int]
) -> tuple[float | None, bool]:
    """The least objective in balance, by trying every assignment; and whether hard rules admit any at all."""
    names = [s["user_id"] for s in sellers]
    least, any_hard = None, False
    for given in product(names, repeat=len(accounts)):
        to = {a["account_id"]: j for a, j in zip(accounts, given, strict=True)}
        if hard(accounts, sellers, to, limits):
            continue
        any_hard = True
        fair = all(
            abs(i - 1) <= t + 1e-9 for m, t in tolerances.items() for i in indices(accounts, sellers, to, m).values()
        )
        if fair and (least is None or objective(accounts, sellers, to) < least):
            least = objective(accounts, sellers, to)
    return least, any_hard
