"""Which of the numbers can be trusted: what is wrong in the facts, and the score."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from geartrain.intelligence.quality import Finding, QualityRule, Ruleset, Score, find, score
from geartrain.intelligence.quality.findings import failing
from geartrain.kernel.errors import NotFound
from geartrain.kernel.issues import Issue
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.policies import current_policy
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace


@dataclass(frozen=True)
class Checked:
    """What a check found, in the state of the facts with this hash."""

    findings: tuple[Finding, ...]
    score: Score
    issues: tuple[Issue, ...]
    facts: str
    as_of: date


def check_records(
    ws: Workspace, actor: Actor, *, as_of: date | None = None, known_as_of: datetime | None = None
) -> Checked:
    """Every finding over the facts the actor may see, worst first, with the score they add up to.

    `as_of` None is the last day that the facts tell of: what was due after it is not late. `known_as_of` leaves out
    what was recorded after that instant (UTC).
    """
    require(actor, Permission.view_quality)
    policy = current_policy(ws, "data_quality", "default")
    ruleset = ruleset_of(ws)
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor), known_as_of=known_as_of) as facts:

        def work() -> Checked:
            findings, assessed = find(facts, ruleset)
            total = score(assessed, weights=ruleset.weights)
            return Checked(tuple(findings), total, tuple(facts.hierarchy().issues), facts.id, facts.as_of)

        return remembered(("check", policy.sha256, facts.scope()), work)


def list_failing(
    ws: Workspace, actor: Actor, *, rule: str, limit: int = 200, as_of: date | None = None
) -> tuple[QualityRule, list[dict[str, object]]]:
    """The records that break a rule, in key order, at most `limit`.

    Raises:
        NotFound: the policy has no such rule.
    """
    require(actor, Permission.view_quality)
    found = next((r for r in ruleset_of(ws).rules if r.key == rule), None)
    if found is None:
        raise NotFound(f"There is no data-quality rule '{rule}'.", hint="See them with: geartrain check")
    with open_facts(ws, actor, as_of=as_of or last_day(ws, actor)) as facts:
        table = failing(facts, found)
        rows = facts.execute(table.order_by(list(facts.types[found.type].key)).limit(limit)).to_pylist()
    return found, rows


def list_unmatched(
    ws: Workspace, actor: Actor, *, type: str, field: str, value: str, limit: int = 200
) -> list[dict[str, object]]:
    """The records that hold this value in this column, in key order, at most `limit`."""
    require(actor, Permission.view_quality)
    with open_facts(ws, actor) as facts:
        table = _column(facts, type, field)
        held = table.filter(table[field].cast("string") == value)
        return facts.execute(held.order_by(list(facts.types[type].key)).limit(limit)).to_pylist()


def ruleset_of(ws: Workspace) -> Ruleset:
    """The data-quality rules in force."""
    return Ruleset.model_validate(current_policy(ws, "data_quality", "default").spec)


def _column(facts: Facts, type: str, field: str):
    table = facts.table(type)
    if field not in facts.types[type]:
        raise NotFound(f"{type} has no column '{field}'.")
    return table
