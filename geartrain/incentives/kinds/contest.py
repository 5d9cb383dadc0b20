"""Contests."""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.incentives.contests import Contest
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Envelope, Kind, Policy


def _lint(policy: Policy) -> Iterator[Issue]:
    """Prizes that the budget cannot pay."""
    spec: Contest = policy.spec
    sums = [(p.fixed or 0) * (p.ranks[1] - p.ranks[0] + 1) + (p.pot or 0) for p in spec.prizes]
    if spec.budget is not None and sum(sums) > spec.budget:
        message = f"The prizes of one cohort come to {sum(sums):,}, and the budget is {spec.budget:,}."
        yield Issue("contest_budget", Level.warning, message, policy.where, "Lower the prizes, or raise the budget.")


KIND = Kind("contest", Envelope[Contest], "Who wins what for ranking where among their like.", lint=_lint)
