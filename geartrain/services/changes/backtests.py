"""Trying a change on history: what a draft would have decided otherwise. Nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.kernel.policy import Policy, PolicySet, read_policy
from geartrain.kernel.policy.backtest import Backtest, Decider, Side, backtest
from geartrain.kernel.policy.ground import Ground
from geartrain.services.access import Actor, Permission, require
from geartrain.services.policies import HOME, current_policies, policy_kinds
from geartrain.services.records.facts import open_facts
from geartrain.services.records.sources import source_of
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace


@dataclass(frozen=True)
class Tried:
    """A draft, what holds instead of it (None: nothing), and what differs."""

    policy: Policy
    against: Policy | None
    since: date
    until: date
    as_of: date
    facts: str
    subject: str
    money: str
    found: Backtest

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with; amounts as exact text."""
        found = self.found
        return {
            "policy": _named(self.policy),
            "against": _named(self.against) if self.against else None,
            "window": [self.since.isoformat(), self.until.isoformat()],
            "as_of": self.as_of.isoformat(),
            "facts": self.facts,
            "decides": {"subject": self.subject, "amount": self.money},
            "totals": {
                "subjects": found.subjects,
                "changed": found.changed,
                "amount_before": _text(found.amount_before),
                "amount_after": _text(found.amount_after),
            },
            "directions": [
                {
                    "before": t.before,
                    "after": t.after,
                    "subjects": t.subjects,
                    "amount_before": _text(t.amount_before),
                    "amount_after": _text(t.amount_after),
                }
                for t in found.turns
            ],
            "figures": [
                {
                    "key": f.key,
                    "label": f.label,
                    "unit": f.unit,
                    "period": f.period,
                    "before": _text(f.before),
                    "after": _text(f.after),
                }
                for f in found.figures
            ],
            "listed": len(found.changes),
            "changes": [
                {
                    "subject": c.subject,
                    "before": c.before.as_json(),
                    "after": c.after.as_json(),
                    "amount_before": _text(c.amount_before),
                    "amount_after": _text(c.amount_after),
                }
                for c in found.changes
            ],
            "notes": list(found.notes),
        }


@cache
def deciders() -> Mapping[str, Decider]:
    """Every kind of policy that can be replayed: each module of a folder `backtests/` declares one as `DECIDER`."""
    return {d.kind: d for d in registered("backtests", "DECIDER")}


def registered(folder: str, name: str) -> list[Any]:
    """What the modules of every domain's folder of this name declare, and the kernel's own."""
    found = []
    for path in sorted([*HOME.glob(f"*/{folder}"), *HOME.glob(f"kernel/policy/{folder}")]):
        package = ".".join(path.relative_to(HOME.parent).parts)
        found += [getattr(import_module(f"{package}.{m.name}"), name) for m in iter_modules([str(path)])]
    return found


def backtest_policy(
    ws: Workspace,
    actor: Actor,
    *,
    text: str,
    since: date,
    until: date,
    where: str = "draft",
    as_of: date | None = None,
    limit: int = 100,
) -> Tried:
    """Replay `[since, until)` under a draft and under the policy of its kind and key that is in force.

    Args:
        text: The draft's YAML; `where` is what messages call it.
        as_of: The last day that is seen; None: the last that the facts tell of.
        limit: List at most so many subjects; totals are over all.
    Raises:
        Invalid: the draft cannot be read or replayed, or the window is empty; the message says where.
    """
    require(actor, Permission.run_scenarios)
    policy = read_draft(text, where=where)
    decider = deciders().get(policy.kind)
    if decider is None:
        kind = policy.kind.replace("_", " ")
        hint = f"These kinds can be replayed: {', '.join(sorted(deciders()))}."
        raise Invalid(f"{where}: a policy of the kind {kind} has no backtest.", hint=hint)
    current = current_policies(ws)
    against = current.policies.get((policy.kind, policy.key))
    draft = PolicySet({(policy.kind, policy.key): policy}).over(current)
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:
        before, after = (Ground(source_of(facts, p), p, since, until) for p in (current, draft))
        found = backtest(decider, Side(against, before), Side(policy, after), limit=limit)
        return Tried(policy, against, since, until, facts.as_of, facts.id, decider.subject, decider.money, found)


def read_draft(text: str, *, where: str) -> Policy:
    """The policy a text states.

    Raises:
        Invalid: it states none; the message has the file and line of the first thing that is wrong.
    """
    policy, issues = read_policy(text, where, policy_kinds())
    if policy is None:
        first = issues[0]
        more = f" ({len(issues) - 1} more)" if len(issues) > 1 else ""
        raise Invalid(f"{first.where}: {first.message}{more}", hint=first.hint)
    return policy


def _named(policy: Policy) -> dict[str, Any]:
    return {
        "kind": policy.kind,
        "key": policy.key,
        "name": policy.name,
        "version": policy.version,
        "sha256": policy.sha256,
        "where": policy.where,
    }


def _text(value: Any) -> str | None:
    return None if value is None else format(value, "f")
