"""Running scenarios and comparing them: every engine over today's policies and over each scenario's drafts.

Numbers are kept in the decision store under the hash of everything that was read for them, the reader's scope included:
nobody is given what was worked out for somebody who sees more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.kernel.policy import PolicySet
from geartrain.kernel.policy.ground import Ground
from geartrain.kernel.policy.scenario import Engine, Number, Outcome, Row, compare, digest, run
from geartrain.services.access import Actor, Permission, require
from geartrain.services.changes.backtests import registered
from geartrain.services.changes.scenarios import drafts_hash, drafts_of, find_scenario
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.records.sources import source_of
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

Progress = Callable[[str, int, int], None]
TODAY = "today"
MOST_COMPARED = 5
# Rows of kept numbers; beyond, the oldest are forgotten. They only save work.
MOST_KEPT = 50_000


@dataclass(frozen=True)
class Comparison:
    """Every number under today's policies and under each scenario.

    Args:
        columns: (key, name), today's first.
        ran: Parts that were worked out for this; `kept` were known.
        unread: Drafts that no engine reads yet, as (scenario, kind, key).
        at: When it was worked out (UTC).
        stale: Why a kept one no longer says what a run would say now.
    """

    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    since: str
    until: str
    as_of: str
    facts: str
    manifests: tuple[str, ...]
    ran: int
    kept: int
    unread: tuple[tuple[str, str, str], ...]
    at: datetime
    stale: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[Row, ...]:
        """The rows that differ, in the order of the engines."""
        return tuple(row for row in self.rows if row.differs)

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer; numbers as exact text."""
        return {
            "columns": [{"key": key, "name": name} for key, name in self.columns],
            "window": [self.since, self.until],
            "as_of": self.as_of,
            "facts": self.facts,
            "manifests": list(self.manifests),
            "ran": self.ran,
            "kept": self.kept,
            "at": f"{self.at.isoformat()}Z",
            "stale": list(self.stale),
            "unread": [{"scenario": s, "kind": kind, "key": key} for s, kind, key in self.unread],
            "changed": len(self.changed),
            "rows": [_row_json(row) for row in self.rows],
        }


@cache
def engines() -> tuple[Engine, ...]:
    """Every engine: each module of a folder `engines/` declares one as `ENGINE`."""
    return tuple(registered("engines", "ENGINE"))


def run_scenario(ws: Workspace, actor: Actor, *, key: str, progress: Progress | None = None) -> Comparison:
    """Run the engines under the scenario and under what holds today; the comparison is kept for this actor's scope.

    Args:
        progress: Told (engine, done, of); what it raises stops the run, and no run is recorded.
    Raises:
        NotFound: no such scenario. Invalid: a draft cannot be read by this version.
    """
    require(actor, Permission.run_scenarios)
    found, scope = _compared(ws, actor, [key], progress)
    held = find_scenario(ws, actor, key)
    from django.db import transaction

    from geartrain.stores.decisions.models import ScenarioRun, record_event

    result = found.as_json() | {"drafts": drafts_hash(held), "policies": _policies_hash(ws)}
    with transaction.atomic():
        at = found.at.replace(tzinfo=UTC)
        manifest = found.manifests[-1]
        ScenarioRun.objects.create(
            scenario=held, scope=scope, actor=actor.login, at=at, manifest=manifest, result=result
        )
        detail = {"manifest": manifest, "changed": len(found.changed), "ran": found.ran}
        record_event(actor.login, "run_scenario", at=found.at, subject=f"scenario/{key}", detail=detail)
    return found


def compare_scenarios(
    ws: Workspace, actor: Actor, *, keys: Sequence[str], progress: Progress | None = None, only: str = ""
) -> Comparison:
    """Today and up to five scenarios side by side, all over the window and the facts of the first.

    Args:
        only: Name of one engine; it and what it reads are run, not the others.
    Raises:
        NotFound: no such scenario. Invalid: none or too many are named.
    """
    require(actor, Permission.run_scenarios)
    wanted = list(dict.fromkeys(keys))
    if not 1 <= len(wanted) <= MOST_COMPARED:
        raise Invalid(f"1 to {MOST_COMPARED} scenarios are compared.", hint="Name their keys.")
    return _compared(ws, actor, wanted, progress, only=only)[0]


def latest_run(ws: Workspace, actor: Actor, *, key: str) -> Comparison | None:
    """The last comparison kept for the actor's scope, with what has changed since; None where there is none."""
    require(actor, Permission.run_scenarios)
    held = find_scenario(ws, actor, key)
    with _facts(ws, actor, held) as facts:
        scope = _scope(facts)
    kept = held.runs.filter(scope=scope).order_by("-id").first()
    if kept is None:
        return None
    stale = []
    if kept.result["drafts"] != drafts_hash(held):
        stale.append("The drafts have changed since this run.")
    if kept.result["policies"] != _policies_hash(ws):
        stale.append("The policies in force have changed since this run.")
    return _from_json(kept.result, tuple(stale))


def _compared(
    ws: Workspace, actor: Actor, keys: Sequence[str], progress: Progress | None, *, only: str = ""
) -> tuple[Comparison, str]:
    asked = _with_what_it_reads(only) if only else engines()
    held = [find_scenario(ws, actor, key) for key in keys]
    current, base = current_policies(ws), held[0]
    sets = {(TODAY, "Today"): current}
    for one in held:
        drafts = PolicySet({(p.kind, p.key): p for p in drafts_of(one)})
        sets[one.key, one.name] = drafts.over(current)
    with _facts(ws, actor, base) as facts:
        identity = digest([base.facts, base.known_as_of.isoformat(), _scope(facts)])
        outcomes = []
        for n, ((_, name), policies) in enumerate(sets.items()):
            ground = Ground(source_of(facts, policies), policies, base.since, base.until)
            report = _named(progress, name, n, len(sets))
            outcomes.append(run(asked, ground, facts=identity, memo=_Kept(ws), report=report))
        scope = _scope(facts)
    unread = tuple(
        (one.key, d["kind"], d["key"])
        for one in held
        for d in one.drafts
        if not any(e.reads(d["kind"], d["key"]) for e in engines())
    )
    return _comparison(ws, base, list(sets), outcomes, unread), scope


def _with_what_it_reads(name: str) -> tuple[Engine, ...]:
    by_name = {e.name: e for e in engines()}
    wanted, waiting = set[str](), [name]
    while waiting:
        if (one := waiting.pop()) not in wanted:
            wanted.add(one)
            waiting += by_name[one].engines
    return tuple(e for e in engines() if e.name in wanted)


def _comparison(
    ws: Workspace,
    base: Any,
    columns: Sequence[tuple[str, str]],
    outcomes: Sequence[Outcome],
    unread: tuple[tuple[str, str, str], ...],
) -> Comparison:
    return Comparison(
        columns=tuple(columns),
        rows=tuple(compare(outcomes)),
        since=base.since.isoformat(),
        until=base.until.isoformat(),
        as_of=base.as_of.isoformat(),
        facts=base.facts,
        manifests=tuple(o.manifest for o in outcomes),
        ran=sum(len(o.ran) for o in outcomes),
        kept=sum(o.kept for o in outcomes),
        unread=unread,
        at=ws.now(),
    )


def _facts(ws: Workspace, actor: Actor, held: Any) -> AbstractContextManager[Facts]:
    """The facts a scenario was made on: as they are where nothing was loaded since, else as they were known then."""
    with ws.warehouse.snapshot() as snapshot:
        same = snapshot.id == held.facts
    known = None if same else held.known_as_of.astimezone(UTC).replace(tzinfo=None)
    return open_facts(ws, actor, as_of=held.as_of, known_as_of=known)


def _scope(facts: Facts) -> str:
    """A hash of what the actor may see, whichever state it is seen in."""
    return digest([repr(part) for part in facts.scope()[3:]])


def _policies_hash(ws: Workspace) -> str:
    return digest(sorted(p.sha256 for p in current_policies(ws).policies.values()))


def _named(progress: Progress | None, name: str, place: int, of: int) -> Progress | None:
    if progress is None:
        return None
    size = len(engines())
    return lambda title, done, total: progress(f"{name}: {title.lower()}", place * size + done, of * size)


@dataclass(frozen=True)
class _Kept:
    """The decision store as the memo of runs."""

    ws: Workspace

    def known(self, hashes: Sequence[str]) -> Mapping[str, Sequence[Number]]:
        found: dict[str, Sequence[Number]] = {}
        for n in range(0, len(hashes), 500):
            for row in self._rows().filter(hash__in=hashes[n : n + 500]):
                found[row.hash] = tuple(Number.from_json(held) for held in row.numbers)
        return found

    def keep(self, found: Mapping[str, Sequence[Number]]) -> None:
        rows = self._rows()
        made = [rows.model(hash=key, numbers=[n.as_json() for n in numbers]) for key, numbers in found.items()]
        rows.bulk_create(made, ignore_conflicts=True, batch_size=200)
        if (surplus := rows.count() - MOST_KEPT) > 0:
            last = rows.order_by("id").values_list("id", flat=True)[surplus - 1]
            rows.filter(id__lte=last).delete()

    def _rows(self) -> Any:
        open_decisions(self.ws.decisions_url)
        from geartrain.stores.decisions.models import ScenarioOutput

        return ScenarioOutput.objects


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "key": row.key,
        "label": row.label,
        "engine": row.engine,
        "unit": row.unit,
        "direction": row.direction,
        "values": [_text(v) for v in row.values],
        "differences": [_text(v) for v in row.differences],
        "reasons": list(row.reasons),
        "causes": [[{"kind": kind, "key": key} for kind, key in causes] for causes in row.causes],
    }


def _from_json(held: Mapping[str, Any], stale: tuple[str, ...]) -> Comparison:
    return Comparison(
        columns=tuple((c["key"], c["name"]) for c in held["columns"]),
        rows=tuple(_row_from(row) for row in held["rows"]),
        since=held["window"][0],
        until=held["window"][1],
        as_of=held["as_of"],
        facts=held["facts"],
        manifests=tuple(held["manifests"]),
        ran=held["ran"],
        kept=held["kept"],
        unread=tuple((u["scenario"], u["kind"], u["key"]) for u in held["unread"]),
        at=datetime.fromisoformat(held["at"]).replace(tzinfo=None),
        stale=stale,
    )


def _row_from(held: Mapping[str, Any]) -> Row:
    return Row(
        held["key"],
        held["label"],
        held["engine"],
        held["unit"],
        held["direction"],
        tuple(_number(v) for v in held["values"]),
        tuple(_number(v) for v in held["differences"]),
        tuple(held["reasons"]),
        tuple(tuple((c["kind"], c["key"]) for c in causes) for causes in held["causes"]),
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
