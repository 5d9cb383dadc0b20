"""Data governance: fields with their stewards, how complete and fresh data is, duplicates, what metrics rest on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from geartrain.facts.lineage import below
from geartrain.intelligence.quality import find
from geartrain.intelligence.quality.registry import (
    FieldRegistry,
    Freshness,
    RegisteredField,
    by_steward,
    duplicate_rate,
    freshness,
)
from geartrain.kernel.errors import GeartrainError
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.measure.compute import inputs
from geartrain.kernel.measure.dimensions import locate
from geartrain.kernel.measure.frame import BALANCE_DAY
from geartrain.kernel.rules import parse
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.records.loads import list_loads
from geartrain.services.records.quality import check_records, ruleset_of
from geartrain.services.records.sources import all_types
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

KIND = "field_registry"


@dataclass(frozen=True)
class Rests:
    """What a metric is made of.

    Args:
        counts: The record type or view it counts; empty: it is a formula over other metrics.
        facts: Each record type below it, the columns that are read of it, and the sources it was loaded from.
    """

    metric: str
    version: int
    counts: str
    facts: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]

    def as_json(self) -> dict[str, Any]:
        """One row of the lineage."""
        return {
            "metric": self.metric,
            "version": self.version,
            "type": self.counts,
            "sources": sorted({s for _, _, sources in self.facts for s in sources}),
            "facts": [{"type": t, "columns": list(c), "sources": list(s)} for t, c, s in self.facts],
        }


@dataclass(frozen=True)
class Governed:
    """The state of the data on a day.

    Args:
        fields: Each registered field with how many records need it and how many of these have it.
        stewards: Records found wrong, by who answers for the field; an empty name: nobody does.
        duplicates: Leads: how many there are, how many groups are one and the same, and the rate; None: no policy.
        lineage: What each metric is made of.
        aliases: Per record type: wrong references and what they are read as.
    """

    as_of: date
    score: Decimal | None
    fields: tuple[tuple[RegisteredField, int, int], ...]
    stewards: tuple[tuple[str, int], ...]
    freshness: tuple[Freshness, ...]
    duplicates: tuple[int, int, Decimal | None] | None
    lineage: tuple[Rests, ...]
    aliases: dict[str, dict[str, str]]
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        doubled = self.duplicates
        return {
            "as_of": self.as_of,
            "score": self.score,
            "fields": [field_json(*f) for f in self.fields],
            "stewards": [{"steward": s or None, "findings": n} for s, n in self.stewards],
            "freshness": [asdict(f) for f in self.freshness],
            "duplicates": None if doubled is None else {"type": "lead", "records": doubled[0], "groups": doubled[1],
                                                        "rate": doubled[2]},
            "lineage": [x.as_json() for x in self.lineage],
            "aliases": self.aliases,
            "issues": [i.as_json() for i in self.issues],
        }  # fmt: skip


def field_json(field: RegisteredField, applicable: int, filled: int) -> dict[str, Any]:
    """One row of the registry."""
    share = Decimal(filled) / applicable if applicable else None
    return {**field.model_dump(mode="json"), "applicable": applicable, "filled": filled, "completeness": share}


def govern_data(ws: Workspace, actor: Actor, *, as_of: date | None = None) -> Governed:
    """Everything a steward looks at, over the facts the actor may see.

    Without a field registry the fields are empty and an issue says so.
    """
    require(actor, Permission.view_quality)
    policies = current_policies(ws)
    held = policies.of(KIND)
    registry: FieldRegistry = next((p.spec for p in held.values()), FieldRegistry())
    day = as_of or last_day(ws, actor)
    checked = check_records(ws, actor, as_of=day)
    issues = [*_unregistered(held), *checked.issues]
    with open_facts(ws, actor, as_of=day) as facts:
        known = [f for f in registry.fields if f.type in facts.types and f.column in facts.types[f.type]]
        issues += [_unknown(f) for f in registry.fields if f not in known]
        rules = registry.model_copy(update={"fields": tuple(known)}).as_rules(ruleset_of(ws))
        state = tuple(p.sha256 for p in held.values()), policies.get("data_quality", "default").sha256
        _, assessed = remembered(("registry", state, facts.scope()), lambda: find(facts, rules))
    seen = {a.rule: (a.applicable, a.passing) for a in assessed}
    fields = [(f, *_of(seen, f)) for f in known]
    counts = Counter({f"{f.type}.{f.field}": 0 for f in checked.findings})
    for found in checked.findings:
        counts[f"{found.type}.{found.field}"] += found.count
    loads = list_loads(ws, actor) if actor.may(Permission.view_loads) else []
    calendar = ws.calendar
    fresh = freshness(((x.source, calendar.day_of(x.recorded_at)) for x in loads), on=calendar.day_of(ws.now()),
                      stale_after=registry.stale_after_days)  # fmt: skip
    asked = ("lineage", tuple(p.sha256 for p in policies.of("metric").values()), _loaded(loads))
    lineage = remembered(asked, lambda: _lineage(policies, loads))
    return Governed(
        day, checked.score.overall, tuple(fields), tuple(by_steward(counts, registry.fields)), tuple(fresh),
        _duplicates(ws, actor, day), lineage, ruleset_of(ws).aliases, tuple(issues),
    )  # fmt: skip


def _of(seen: dict[str, tuple[int, int]], field: RegisteredField) -> tuple[int, int]:
    return seen.get(f"required_{field.type}_{field.column}".replace(".", "_").lower(), (0, 0))


def _unregistered(held: Any) -> list[Issue]:
    if held:
        return []
    hint = "Write one: geartrain policy new field_registry default"
    return [Issue("field_registry_missing", Level.info, "Nobody is named who answers for a field.", "policies", hint)]


def _unknown(field: RegisteredField) -> Issue:
    message = f"The registry names {field.field}, and there is no such column."
    hint = "See the columns in docs/reference/record-types.md."
    return Issue("field_registry_unknown", Level.warning, message, f"{KIND}/{field.field}", hint)


def _duplicates(ws: Workspace, actor: Actor, day: date) -> tuple[int, int, Decimal | None] | None:
    from geartrain.services.selling.leads import list_duplicates, policy_for_leads

    try:
        count, found = list_duplicates(ws, actor, policy=policy_for_leads(ws), as_of=day)
    except GeartrainError:
        return None  # no lead policy, or none of its rules of duplicates: then nothing is known of them
    return count, len(found), duplicate_rate(count, (len(p.members) + 1 for p in found))


def _loaded(loads: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted({(name, load.source) for load in loads for name in load.counts}))


def _lineage(policies: Any, loads: Any) -> tuple[Rests, ...]:
    """What each metric is made of: through the metrics of its formula, the views these count, down to columns."""
    loaded: dict[str, set[str]] = defaultdict(set)
    for load in loads:
        for name in load.counts:
            loaded[name].add(load.source)
    metrics = {key: policy.envelope for key, policy in policies.of("metric").items()}
    found = []
    for key, policy in policies.of("metric").items():
        columns: dict[str, set[str]] = defaultdict(set)
        for metric in _under(metrics, key):
            try:
                read = _columns_of(metric.spec)
            except GeartrainError:
                continue  # it names what is not there: asked for by itself, the metric says so
            for kind, names in read.items():
                columns[kind] |= set(names)
        facts = tuple((k, tuple(sorted(c)), tuple(sorted(loaded.get(k, ())))) for k, c in sorted(columns.items()))
        found.append(Rests(key, policy.version, policy.spec.from_ or "", facts))
    return tuple(found)


def _under(metrics: Mapping[str, Any], key: str) -> list[Any]:
    """A metric and all that its formula reads, of the period and of the one before."""
    found: dict[str, Any] = {}
    rest = [key]
    while rest:
        name = rest.pop()
        if name in metrics and name not in found:
            found[name] = metrics[name]
            rest += [*inputs(metrics[name]), *metrics[name].spec.previous.values()]
    return list(found.values())


def _columns_of(spec: Any) -> dict[str, set[str]]:
    """Record type to the columns that a metric is measured from, through the view it counts and what it refers to."""
    own: dict[str, set[str]] = defaultdict(set)
    if not spec.from_:
        return own
    for name in _names_of(spec):
        kind = spec.from_
        path = locate(all_types(), kind, name)
        for step in path.steps:
            own[kind].add(step.column)
            kind = step.type
        own[kind].add(path.column.name)
    own[spec.from_].update(all_types()[spec.from_].key)
    whole: dict[str, set[str]] = defaultdict(set)
    for kind, columns in own.items():
        for name, names in below(kind, frozenset(columns)).items():
            whole[name] |= set(names)
    return whole


def _names_of(spec: Any) -> set[str]:
    """The names that a metric reads of what it counts."""
    texts = [t for a in spec.aggregates for t in (*a.rules(), a.where) if t] + [t for t in (spec.where,) if t]
    columns = {c for a in spec.aggregates for c in a.columns()} | {c for c in (spec.at,) if c}
    return (columns | {n for t in texts for n in parse(t).fields}) - {BALANCE_DAY}
