"""The documents of the operating model as checks read them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Policy, PolicySet, read_document
from geartrain.planning.kinds.coverage_model import CoverageModel
from geartrain.planning.kinds.gtm_architecture import GtmArchitecture
from geartrain.planning.kinds.role_charter import RoleCharter
from geartrain.planning.kinds.route_to_market import RouteToMarket
from geartrain.planning.kinds.sales_structure import SalesStructure

Spec = TypeVar("Spec", CoverageModel, GtmArchitecture, RoleCharter, RouteToMarket, SalesStructure)
KIND_OF: dict[type[Any], str] = {
    CoverageModel: "coverage_model",
    GtmArchitecture: "gtm_architecture",
    RoleCharter: "role_charter",
    RouteToMarket: "route_to_market",
    SalesStructure: "sales_structure",
}


def specs(policies: PolicySet, of: type[Spec]) -> Iterator[tuple[Policy, Spec]]:
    """Every policy of the kind with its spec, in key order."""
    for policy in policies.of(KIND_OF[of]).values():
        if isinstance(policy.spec, of):
            yield policy, policy.spec


def issue(policy: Policy, path: list[str | int], code: str, message: str, hint: str) -> Issue:
    """A warning at the line of a place in a policy's spec."""
    document, _ = read_document(policy.body, policy.where)
    line = document.line(["spec", *path]) if document else 1
    return Issue(code, Level.warning, message, f"{policy.where}:{line}", hint)
