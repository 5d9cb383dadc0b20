"""Scenarios: named sets of drafts over the policies in force and one state of the facts.

A scenario is its owner's, and of those who see everyone; to others it does not exist. Deleting keeps it,
and can be undone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from geartrain.kernel.errors import Conflict, Invalid, NotFound
from geartrain.kernel.periods import Grain
from geartrain.kernel.policy import Policy, PolicySet
from geartrain.kernel.policy.scenario import digest
from geartrain.services.access import Actor, Permission, require
from geartrain.services.changes.backtests import deciders, read_draft
from geartrain.services.policies import current_policies
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import Scenario

KEY = re.compile(r"[a-z][a-z0-9_-]{0,99}")
# Addresses of the site beside those of scenarios.
RESERVED = frozenset({"new", "compare", "tasks", "today"})
MOST_DRAFTS = 50
LONGEST = 1_000_000


@dataclass(frozen=True)
class Draft:
    """A draft of a scenario beside what holds.

    Args:
        against: What is in force instead, None where nothing is.
        diff: Lines of a unified diff; empty where the two are equal.
        replayable: Whether it can be backtested.
    """

    policy: Policy
    against: Policy | None
    diff: tuple[str, ...]
    replayable: bool


@dataclass(frozen=True)
class ScenarioInfo:
    """A scenario. `facts` is the hash of the state it was made on, `known_as_of` the instant (UTC) of it."""

    key: str
    name: str
    description: str
    owner: str
    created_at: datetime
    since: date
    until: date
    as_of: date
    facts: str
    known_as_of: datetime
    drafts: tuple[tuple[str, str, str], ...]
    deleted: bool

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {
            "key": self.key,
            "name": self.name,
            "description": self.description,
            "owner": self.owner,
            "created_at": self.created_at,
            "window": [self.since, self.until],
            "as_of": self.as_of,
            "facts": self.facts,
            "known_as_of": self.known_as_of,
            "drafts": [{"kind": kind, "key": key, "sha256": sha} for kind, key, sha in self.drafts],
            "deleted": self.deleted,
        }


def list_scenarios(ws: Workspace, actor: Actor, *, deleted: bool = False) -> list[ScenarioInfo]:
    """Those the actor may know of, latest first; with `deleted` those that were deleted."""
    require(actor, Permission.run_scenarios)
    found = _scenarios(ws).filter(deleted_at__isnull=not deleted).order_by("-created_at", "key")
    return [_info(s) for s in found if _knows(actor, s)]


def get_scenario(ws: Workspace, actor: Actor, *, key: str) -> tuple[ScenarioInfo, tuple[Draft, ...]]:
    """One scenario with its drafts beside what holds.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    require(actor, Permission.run_scenarios)
    held = find_scenario(ws, actor, key)
    current = current_policies(ws)
    return _info(held), tuple(_beside(p, current) for p in drafts_of(held))


def create_scenario(
    ws: Workspace,
    actor: Actor,
    *,
    key: str,
    name: str = "",
    description: str = "",
    drafts: Sequence[tuple[str, str]] = (),
    since: date | None = None,
    until: date | None = None,
) -> ScenarioInfo:
    """Make a scenario over the facts as they are now.

    Args:
        drafts: (file, text) of each draft.
        since: First day of the window; with `until` None the fiscal year of the last day that the facts tell of.
    Raises:
        Conflict: the key is taken, by a deleted scenario too. Invalid: a bad key, window or draft.
    """
    require(actor, Permission.run_scenarios)
    if not KEY.fullmatch(key):
        raise Invalid(
            f"'{key[:60]}' is no key.", hint="Begin with a letter; then a to z, 0 to 9, - and _, at most 100."
        )
    if key in RESERVED:
        raise Invalid(f"'{key}' means something else here.", hint="Choose another key.")
    seen = last_day(ws, actor)
    since, until = _window(ws, seen, since, until)
    held = [_held(read_draft(_fit(text, where), where=where)) for where, text in drafts]
    _refuse_twice(held)
    now = ws.now()
    with ws.warehouse.snapshot() as snapshot:
        facts = snapshot.id
    with _writing(ws, actor) as record:
        if _scenarios(ws).filter(key=key).exists():
            hint = f"Choose another key, or bring a deleted one back: geartrain scenario restore {key}"
            raise Conflict(f"There is a scenario '{key}' already.", hint=hint)
        made = _scenarios(ws).create(
            key=key,
            name=(name.strip() or key.replace("-", " ").replace("_", " ").capitalize())[:200],
            description=description.strip()[:10_000],
            owner=actor.login,
            created_at=now.replace(tzinfo=UTC),
            since=since,
            until=until,
            as_of=seen,
            facts=facts,
            known_as_of=now.replace(tzinfo=UTC),
            drafts=held,
        )
        record("create_scenario", key, drafts=_refs(held), window=[str(since), str(until)], facts=facts)
    return _info(made)


def set_draft(ws: Workspace, actor: Actor, *, key: str, text: str, where: str = "draft") -> ScenarioInfo:
    """Add a draft, or put it in the place of the one of its kind and key.

    Raises:
        NotFound: no such scenario. Invalid: the draft cannot be read; the message has the line.
    """
    require(actor, Permission.run_scenarios)
    new = _held(read_draft(_fit(text, where), where=where))
    with _writing(ws, actor) as record:
        held = find_scenario(ws, actor, key)
        kept = [d for d in held.drafts if (d["kind"], d["key"]) != (new["kind"], new["key"])]
        if len(kept) >= MOST_DRAFTS:
            raise Invalid(f"A scenario has at most {MOST_DRAFTS} drafts.", hint="Make a second one.")
        held.drafts = [*kept, new]
        held.save(update_fields=["drafts"])
        record("set_scenario_draft", key, drafts=_refs([new]))
    return _info(held)


def drop_draft(ws: Workspace, actor: Actor, *, key: str, kind: str, policy: str) -> ScenarioInfo:
    """Take a draft out; its text stays in the trail's hash only, so keep the file.

    Raises:
        NotFound: no such scenario, or it has no such draft.
    """
    require(actor, Permission.run_scenarios)
    with _writing(ws, actor) as record:
        held = find_scenario(ws, actor, key)
        gone = [d for d in held.drafts if (d["kind"], d["key"]) == (kind, policy)]
        if not gone:
            raise NotFound(f"'{key}' has no draft of the {kind.replace('_', ' ')} '{policy}'.")
        held.drafts = [d for d in held.drafts if d not in gone]
        held.save(update_fields=["drafts"])
        record("drop_scenario_draft", key, drafts=_refs(gone))
    return _info(held)


def delete_scenario(ws: Workspace, actor: Actor, *, key: str) -> ScenarioInfo:
    """Put a scenario away. It keeps its drafts and runs: `restore_scenario` brings it back.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    require(actor, Permission.run_scenarios)
    with _writing(ws, actor) as record:
        held = find_scenario(ws, actor, key)
        held.deleted_at = ws.now().replace(tzinfo=UTC)
        held.save(update_fields=["deleted_at"])
        record("delete_scenario", key)
    return _info(held)


def restore_scenario(ws: Workspace, actor: Actor, *, key: str) -> ScenarioInfo:
    """Bring a deleted scenario back.

    Raises:
        NotFound: none of that key was deleted, or the actor may not know of it.
    """
    require(actor, Permission.run_scenarios)
    with _writing(ws, actor) as record:
        held = find_scenario(ws, actor, key, deleted=True)
        held.deleted_at = None
        held.save(update_fields=["deleted_at"])
        record("restore_scenario", key)
    return _info(held)


def find_scenario(ws: Workspace, actor: Actor, key: str, *, deleted: bool = False) -> Scenario:
    """The row of a scenario the actor may know of.

    Raises:
        NotFound: there is none; the answer is the same where it is somebody else's.
    """
    held = _scenarios(ws).filter(key=key, deleted_at__isnull=not deleted).first()
    if held is None or not _knows(actor, held):
        raise NotFound(
            f"There is no {'deleted ' if deleted else ''}scenario '{key}'.", hint="See: geartrain scenario list"
        )
    return held


def drafts_of(held: Scenario) -> list[Policy]:
    """Its drafts as policies.

    Raises:
        Invalid: one was written for an earlier version and cannot be read by this one.
    """
    return [read_draft(d["body"], where=d["where"]) for d in held.drafts]


def drafts_hash(held: Scenario) -> str:
    """Changes when any draft does."""
    return digest(sorted(d["sha256"] for d in held.drafts))


def _beside(policy: Policy, current: PolicySet) -> Draft:
    against = current.policies.get((policy.kind, policy.key))
    old = against.body.splitlines() if against else []
    lines = unified_diff(
        old, policy.body.splitlines(), against.where if against else "nothing", policy.where, lineterm=""
    )
    return Draft(policy, against, tuple(lines), policy.kind in deciders())


def _knows(actor: Actor, held: Scenario) -> bool:
    return held.owner == actor.login or actor.sees_everyone


def _window(ws: Workspace, seen: date, since: date | None, until: date | None) -> tuple[date, date]:
    year = ws.calendar.containing(seen, Grain.year)
    first, last = (since or year.start, until or year.end) if since or until else (year.start, year.end)
    if first >= last:
        raise Invalid(f"The window from {first} to {last} is empty.", hint="`to` is the day after the last.")
    return first, last


def _fit(text: str, where: str) -> str:
    if len(text) > LONGEST or "\x00" in text:
        raise Invalid(f"{where} is no policy: it is too long, or not text.", hint="Give the YAML of one policy.")
    return text


def _held(policy: Policy) -> dict[str, str]:
    where = policy.where or "draft"
    return {"kind": policy.kind, "key": policy.key, "where": where, "body": policy.body, "sha256": policy.sha256}


def _refuse_twice(held: Sequence[dict[str, str]]) -> None:
    if len(held) > MOST_DRAFTS:
        raise Invalid(f"A scenario has at most {MOST_DRAFTS} drafts.", hint="Make a second one.")
    seen: dict[tuple[str, str], str] = {}
    for d in held:
        at = (d["kind"], d["key"])
        if at in seen:
            raise Invalid(f"{d['where']}: the {at[0]} '{at[1]}' is in {seen[at]} already.", hint="Keep one of them.")
        seen[at] = d["where"]


def _refs(held: Sequence[dict[str, str]]) -> list[list[str]]:
    return [[d["kind"], d["key"], d["sha256"]] for d in held]


def _scenarios(ws: Workspace) -> Any:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import Scenario

    return Scenario.objects


@contextmanager
def _writing(ws: Workspace, actor: Actor) -> Iterator[Any]:
    """One transaction in the decision store; gives what records an event about a scenario."""
    open_decisions(ws.decisions_url)
    from django.db import transaction

    from geartrain.stores.decisions.models import record_event

    def record(verb: str, key: str, **detail: object) -> None:
        record_event(actor.login, verb, at=ws.now(), subject=f"scenario/{key}", detail=detail)

    with transaction.atomic():
        yield record


def _info(held: Scenario) -> ScenarioInfo:
    return ScenarioInfo(
        held.key,
        held.name,
        held.description,
        held.owner,
        held.created_at.astimezone(UTC).replace(tzinfo=None),
        held.since,
        held.until,
        held.as_of,
        held.facts,
        held.known_as_of.astimezone(UTC).replace(tzinfo=None),
        tuple((d["kind"], d["key"], d["sha256"]) for d in held.drafts),
        held.deleted_at is not None,
    )
