"""Roles: each that the structure or the coverage names has a charter."""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.kernel.issues import Issue
from geartrain.kernel.policy import Policy, PolicySet
from geartrain.planning.kinds.coverage_model import CoverageModel
from geartrain.planning.kinds.role_charter import RoleCharter
from geartrain.planning.kinds.sales_structure import SalesStructure
from geartrain.planning.model import issue, specs

HINT = "Write one: geartrain policy new role_charter {}"


def lint(policies: PolicySet) -> Iterator[Issue]:
    """`role_without_charter`, once for every role, at the first place that names it."""
    chartered = {charter.role for _, charter in specs(policies, RoleCharter)}
    said: set[str] = set()
    for policy, role, path in _named(policies):
        if role not in chartered and role not in said:
            said.add(role)
            message = f"The role '{role}' has no charter."
            yield issue(policy, path, "role_without_charter", message, HINT.format(role))


def _named(policies: PolicySet) -> Iterator[tuple[Policy, str, list[str | int]]]:
    """Every role that is named, with its place."""
    for policy, structure in specs(policies, SalesStructure):
        for n, unit in enumerate(structure.units):
            if unit.lead is not None:
                yield policy, unit.lead, ["units", n, "lead"]
            for role in (r for r, heads in unit.roles.items() if heads):
                yield policy, role, ["units", n, "roles", role]
    for policy, coverage in specs(policies, CoverageModel):
        for n, row in enumerate(coverage.coverage):
            yield policy, row.role, ["coverage", n, "role"]
        for n, overlay in enumerate(coverage.overlays):
            yield policy, overlay.role, ["overlays", n, "role"]
            yield policy, overlay.to, ["overlays", n, "to"]


LINT = lint
