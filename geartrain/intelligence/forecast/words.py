"""Why a deal has its chance, in words."""

from __future__ import annotations

from collections.abc import Mapping

NAMES = {
    "stage": "its stage",
    "kind": "the kind of deal it is",
    "due": "when it is expected to close",
    "time_in_stage": "the time it has been in its stage",
    "hazard": "what became, week by week, of deals like it",
    "boosting": "what else is known of it: its size, age, owner and pushes",
    "average": "what the other ways of learning say of it",
    "calibration": "how the whole forecast lies to what its deals alone add up to",
}
LEAST = 0.0005  # a part below it is not told


def explained(
    chance: float, contributions: Mapping[str, float], *, period: str, stage: str | None, stayed: int
) -> list[str]:
    """Sentences: the chance, what it starts from, and each part by its size, largest first.

    Example: 0.34 of base 0.21, stage + 0.10, time + 0.03: "… is won in 2026Q4 with a chance of 34 %. …".
    """
    where = f"in stage {stage} for {stayed} days" if stage else "in no stage"
    told = [f"The deal, {where}, is won in {period} with a chance of {chance:.0%}."]
    if "base" in contributions:
        told.append(f"Of deals open with as much time left {contributions['base']:.0%} are won.")
    parts = sorted(((k, v) for k, v in contributions.items() if k != "base"), key=lambda p: (-abs(p[1]), p[0]))
    for name, points in parts:
        if abs(points) >= LEAST:
            way = "raises" if points > 0 else "lowers"
            told.append(f"{NAMES.get(name, name).capitalize()} {way} it by {abs(points) * 100:.1f} points.")
    return told
