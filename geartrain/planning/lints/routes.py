"""Routes to market: each carries a goal that there is."""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.kernel.issues import Issue
from geartrain.kernel.policy import PolicySet
from geartrain.planning.kinds.route_to_market import RouteToMarket
from geartrain.planning.model import issue, specs


def lint(policies: PolicySet) -> Iterator[Issue]:
    """`route_without_goal`: a route names no goal, or one that no corporate_goals policy has."""
    goals = {g.key for policy in policies.of("corporate_goals").values() for g in getattr(policy.spec, "goals", ())}
    for policy, routes in specs(policies, RouteToMarket):
        for n, route in enumerate(routes.routes):
            if route.goal in goals:
                continue
            said = "carries no goal" if route.goal is None else f"carries '{route.goal}', which is no corporate goal"
            hint = f"Name one of: {', '.join(sorted(goals))}." if goals else "Write corporate_goals first."
            yield issue(policy, ["routes", n], "route_without_goal", f"The route '{route.key}' {said}.", hint)


LINT = lint
