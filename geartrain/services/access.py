"""Who may do what, and whose records they may see: the one place where both are decided."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from geartrain.kernel.errors import Forbidden


class Permission(StrEnum):
    """What a person may be allowed to do. Each use case asks for exactly one."""

    view_metrics = "view_metrics"
    view_records = "view_records"
    view_quality = "view_quality"
    view_loads = "view_loads"
    view_costs = "view_costs"
    view_pay = "view_pay"
    view_signatures = "view_signatures"
    view_adjustments = "view_adjustments"
    view_audit = "view_audit"
    view_packs = "view_packs"
    manage_packs = "manage_packs"
    export = "export"
    load_facts = "load_facts"
    manage_users = "manage_users"
    run_scenarios = "run_scenarios"
    run_pay = "run_pay"
    approve_pay = "approve_pay"
    view_policies = "view_policies"
    edit_policies = "edit_policies"
    approve_policies = "approve_policies"
    publish_policies = "publish_policies"
    manage_commitments = "manage_commitments"
    write_back = "write_back"


class Role(StrEnum):
    """The hats people wear; one person may wear several."""

    seller = "seller"
    manager = "manager"
    head_of_sales = "head_of_sales"
    revops = "revops"
    finance = "finance"
    auditor = "auditor"
    admin = "admin"


_P = Permission
_SELLING = frozenset({_P.view_metrics, _P.view_records, _P.export, _P.view_policies})
_LEADING = _SELLING | {_P.view_quality, _P.view_loads, _P.view_packs}
_GOVERNING = frozenset({_P.edit_policies, _P.approve_policies})
_PAYING = frozenset({_P.view_pay, _P.view_signatures, _P.view_adjustments})
_MANAGING = _LEADING | {_P.run_scenarios, _P.manage_packs}
GRANTS: dict[Role, frozenset[Permission]] = {
    Role.seller: _SELLING,
    Role.manager: _MANAGING,
    Role.head_of_sales: _MANAGING
    | _GOVERNING
    | {_P.view_costs, _P.manage_commitments, _P.approve_pay, _P.view_adjustments},
    Role.revops: _MANAGING
    | _GOVERNING
    | {_P.view_costs, _P.load_facts, _P.publish_policies, _P.manage_commitments, _P.write_back, _P.view_signatures},
    Role.finance: _LEADING | _GOVERNING | _PAYING | {_P.view_costs, _P.run_scenarios, _P.run_pay, _P.approve_pay},
    Role.auditor: _LEADING | _PAYING | {_P.view_costs, _P.view_audit},
    Role.admin: frozenset(_P),
}

# Roles that see every seller's records; the others see their own and those of everyone below them.
SEES_EVERYONE = frozenset({Role.head_of_sales, Role.revops, Role.finance, Role.auditor, Role.admin})


@dataclass(frozen=True, slots=True)
class Actor:
    """The person a use case runs for.

    Args:
        login: How audit and messages name them, e.g. their e-mail address.
        roles: The hats they wear.
        user_id: Their `user` record, None for people who are not in the facts.
        name: For greeting.
    """

    login: str
    roles: frozenset[Role]
    user_id: str | None = None
    name: str = ""

    def may(self, permission: Permission) -> bool:
        """Whether any of the roles grants it."""
        return any(permission in GRANTS[role] for role in self.roles)

    @property
    def sees_everyone(self) -> bool:
        """Whether no row is hidden from them for belonging to somebody else."""
        return bool(self.roles & SEES_EVERYONE)


def operator(login: str = "operator") -> Actor:
    """Whoever runs the command line on the workspace's own machine: they hold the files, so they may everything."""
    return Actor(login=login, roles=frozenset({Role.admin}), name=login)


def require(actor: Actor, permission: Permission) -> None:
    """Let the actor pass, or raise.

    Raises:
        Forbidden: none of the actor's roles grants the permission.
    """
    if not actor.may(permission):
        hint = "Ask an administrator for a role that has it."
        raise Forbidden(f"{actor.name or actor.login} may not {permission.replace('_', ' ')}.", hint=hint)
