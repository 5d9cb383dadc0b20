"""The forecast process names stages and job roles that there are."""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.intelligence.forecast.policy import ForecastProcess
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import PolicySet, read_document
from geartrain.kernel.policy.policy import closest


def lint(policies: PolicySet) -> Iterator[Issue]:
    """`forecast_stage_unknown`, `forecast_stage_missing`, `forecast_role_unknown`; `forecast_process_twice`."""
    found = policies.of("forecast_process")
    open_ = [
        str(stage.key)
        for policy in policies.of("sales_process").values()
        for stage in getattr(policy.spec, "spine", ())
        if stage.kind == "open"
    ]
    charters = policies.of("role_charter").values()
    roles = {str(policy.spec.role) for policy in charters if hasattr(policy.spec, "role")}
    for policy in found.values():
        if isinstance(policy.spec, ForecastProcess):
            document, _ = read_document(policy.body, policy.where)

            def at(*path: str) -> str:
                return f"{policy.where}:{document.line(['spec', *path]) if document else 1}"  # noqa: B023

            yield from _stages(policy.spec, open_, at("stages"))
            yield from _roles(policy.spec, roles, at("submits"))
    if len(found) > 1:
        message = f"There are {len(found)} forecast processes: {', '.join(found)}."
        first = next(iter(found.values()))
        yield Issue("forecast_process_twice", Level.warning, message, f"{first.where}:1", "Calls follow the first.")


def _stages(spec: ForecastProcess, known: list[str], where: str) -> Iterator[Issue]:
    if not known:
        return
    for stage in spec.stages:
        if stage not in known:
            near = closest(stage, known)
            hint = f"Did you mean '{near}'?" if near else f"One of: {', '.join(known)}."
            message = f"No sales process has a stage '{stage}'."
            yield Issue("forecast_stage_unknown", Level.warning, message, where, hint)
    for stage in [s for s in known if spec.stages and s not in spec.stages]:
        message = f"The stage '{stage}' has no category: its deals count as pipeline."
        yield Issue("forecast_stage_missing", Level.warning, message, where, "Give it one.")


def _roles(spec: ForecastProcess, known: set[str], where: str) -> Iterator[Issue]:
    for role in spec.submits if known else ():
        if role not in known:
            near = closest(role, sorted(known))
            hint = f"Did you mean '{near}'?" if near else "Write its charter, or name another."
            yield Issue("forecast_role_unknown", Level.warning, f"There is no role '{role}'.", where, hint)


LINT = lint
