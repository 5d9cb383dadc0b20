"""Spans of control: as many report to a manager as the structure says may."""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.kernel.issues import Issue
from geartrain.kernel.policy import PolicySet
from geartrain.planning.kinds.sales_structure import SalesStructure
from geartrain.planning.model import issue, specs


def lint(policies: PolicySet) -> Iterator[Issue]:
    """`span_outside_policy`: more or fewer report to the lead of a unit than its role may have."""
    for policy, structure in specs(policies, SalesStructure):
        for n, unit in enumerate(structure.units):
            span = structure.span_of(unit.lead) if unit.lead else None
            if unit.lead is None or span is None:
                continue
            found = structure.reports(unit)
            if not span.min <= found <= span.max:
                message = f"{found} report to the lead of '{unit.key}'; {span.min} to {span.max} may to a {unit.lead}."
                hint = "Split the unit or merge it with another, or change the span."
                yield issue(policy, ["units", n], "span_outside_policy", message, hint)


LINT = lint
