"""Packs: drafted, frozen, restated. What a frozen one says is read from its body alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from geartrain.kernel.clock.business import BusinessCalendar
from geartrain.kernel.clock.cadence import Cadence, Occurrence
from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.measure import pack as packs
from geartrain.kernel.measure.pack_template import lint_template
from geartrain.kernel.policy import Policy, read_document
from geartrain.kernel.policy.policy import closest
from geartrain.services.access import Actor, Permission, Role, require
from geartrain.services.measures.metrics import metrics_in
from geartrain.services.packs.decisions import decisions_by_id, left_open
from geartrain.services.packs.packing import Progress, Request, build_pack, reader, silent, title_of
from geartrain.services.packs.restating import RestatedPack, restate
from geartrain.services.packs.store import (
    FROZEN,
    DecisionInfo,
    DisputeInfo,
    PackInfo,
    decision_of,
    dispute_of,
    info_of,
    need_draft,
    need_frozen,
    pack_rows,
    record,
    scopes_of,
    stamp,
    visible_row,
)
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.records.sources import all_types
from geartrain.services.trail import writing
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import Pack

KIND = "pack_template"
LONGEST = 20_000  # characters of one text of a narrative
LOOK_AHEAD = timedelta(days=400)


@dataclass(frozen=True)
class PackView:
    """One pack: what it says, and what has been said of it since.

    Args:
        pack: As frozen; of a draft, as it would be frozen now.
        decisions: Made over this pack.
        carried: Those it carries from earlier ones, as they stand now.
        narrative: Of a draft, what has been written so far.
    """

    info: PackInfo
    pack: packs.Pack
    decisions: tuple[DecisionInfo, ...]
    carried: tuple[DecisionInfo, ...]
    disputes: tuple[DisputeInfo, ...]
    narrative: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Draft:
    """A draft without its numbers: what it is for, the sections to write for, and what has been written."""

    info: PackInfo
    policy: Policy
    narrative: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Next:
    """The next time a cadence asks for a pack."""

    template: str
    cadence: str
    occurrence: Occurrence


def list_templates(ws: Workspace, actor: Actor) -> list[tuple[Policy, list[Issue]]]:
    """Every pack template in force, with what it asks that the catalogue cannot answer."""
    require(actor, Permission.view_packs)
    return [(policy, lint_policy(ws, policy)) for policy in current_policies(ws).of(KIND).values()]


def lint_policy(ws: Workspace, policy: Policy) -> list[Issue]:
    """What is wrong with one template, each at its line."""
    document, _ = read_document(policy.body, policy.where)
    assert document is not None, "a policy in force has been read before"
    metrics = metrics_in(current_policies(ws))
    return lint_template(policy.spec, document, metrics=metrics, types=all_types(), roles=list(Role))


def list_packs(ws: Workspace, actor: Actor, *, template: str = "") -> list[PackInfo]:
    """The packs the actor may see, latest first."""
    require(actor, Permission.view_packs)
    may_see = scopes_of(ws, actor)
    found = pack_rows(ws).prefetch_related("decisions", "disputes").order_by("-as_of", "-created_at", "-id")
    return [info_of(row) for row in (found.filter(template=template) if template else found) if may_see(row.scope)]


def next_packs(ws: Workspace, actor: Actor) -> list[Next]:
    """For every cadence that names a template, the next time it takes place."""
    require(actor, Permission.view_packs)
    today = ws.calendar.day_of(ws.now())
    business = BusinessCalendar(zone=ws.calendar.zone)
    found = []
    for policy in current_policies(ws).of("cadence").values():
        spec = policy.spec
        if isinstance(spec, Cadence) and spec.pack_template:
            ahead = spec.occurrences(today, today + LOOK_AHEAD, fiscal=ws.calendar, business=business)
            found += [Next(spec.pack_template, policy.name, ahead[0])] if ahead else []
    return sorted(found, key=lambda n: (n.occurrence.starts, n.template))


def get_pack(ws: Workspace, actor: Actor, *, pack: str, progress: Progress = silent) -> PackView:
    """One pack with its decisions and disputes.

    Raises:
        NotFound: there is none, or it is cut to people the actor does not see.
    """
    require(actor, Permission.view_packs)
    row = visible_row(ws, actor, pack)
    value = packs.read_pack(row.body) if row.state == FROZEN else build_pack(ws, _request(ws, row), progress=progress)
    today = ws.calendar.day_of(ws.now())
    own = tuple(decision_of(d, today) for d in row.decisions.order_by("id"))
    carried = decisions_by_id(ws, [c.id for c in value.decisions])
    disputes = tuple(dispute_of(d) for d in row.disputes.order_by("id"))
    return PackView(info_of(row), value, own, carried, disputes, row.narrative)


def get_draft(ws: Workspace, actor: Actor, *, pack: str) -> Draft:
    """A draft as its author sees it; asks no question of the facts.

    Raises:
        Conflict: it is frozen. NotFound: as `get_pack`.
    """
    require(actor, Permission.view_packs)
    row = visible_row(ws, actor, pack)
    need_draft(row)
    return Draft(info_of(row), _template(ws, row.template), row.narrative)


def get_info(ws: Workspace, actor: Actor, *, pack: str) -> PackInfo:
    """One pack as the list shows it; NotFound as `get_pack`."""
    require(actor, Permission.view_packs)
    return info_of(visible_row(ws, actor, pack))


def list_scopes(ws: Workspace, actor: Actor) -> list[packs.Scope]:
    """What the actor may cut a pack to: the company for who sees everyone, and every manager they see, by name."""
    require(actor, Permission.manage_packs)
    with open_facts(ws, actor) as facts:
        visible = facts.visible()
        managers = [m for m, reports in facts.hierarchy().reports_of.items() if reports]
        users = facts.raw("user").select("user_id", "name")
        names = {r["user_id"]: r["name"] for r in facts.execute(users).to_pylist()}
    kept = [m for m in managers if m in names and (visible is None or m in visible)]
    found = [packs.Scope(user_id=m, name=names[m] or m) for m in kept]
    company = [packs.Scope(name=ws.name)] if visible is None else []
    return [*company, *sorted(found, key=lambda s: (s.name.casefold(), s.user_id or ""))]


def frozen_pack(ws: Workspace, actor: Actor, *, pack: str) -> packs.Pack:
    """What a frozen pack says, from its body alone; Conflict where it is a draft, NotFound as `get_pack`.

    Raises:
        Conflict: its body is not what was frozen.
    """
    require(actor, Permission.view_packs)
    row = visible_row(ws, actor, pack)
    need_frozen(row)
    if packs.hash_of(row.body) != row.sha256:
        raise Conflict(f"{row.id} is not what was frozen.", hint="See: geartrain audit verify. Restore from a backup.")
    return packs.read_pack(row.body)


def preview_pack(
    ws: Workspace,
    actor: Actor,
    *,
    template: str,
    as_of: date | None = None,
    scope: str | None = None,
    known_as_of: datetime | None = None,
    progress: Progress = silent,
) -> packs.Pack:
    """What a pack would say if it were frozen now; nothing is kept.

    Raises:
        NotFound: no such template, or nobody by that id whom the actor may see. Invalid: the template has errors.
    """
    require(actor, Permission.manage_packs)
    row = _new(ws, actor, template, as_of, scope, known_as_of)
    return build_pack(ws, _request(ws, row), progress=progress)


def draft_pack(
    ws: Workspace,
    actor: Actor,
    *,
    template: str,
    as_of: date | None = None,
    scope: str | None = None,
    known_as_of: datetime | None = None,
) -> PackInfo:
    """Begin a pack: it follows the facts, and takes what its author writes, until it is frozen.

    Args:
        as_of: The last day it looks at; the last day that the facts tell of where None.
        scope: The user record whose tree it is cut to; None: the company.
        known_as_of: What was recorded later (UTC) is not seen; everything known when it is frozen where None.
    Raises:
        NotFound, Invalid: as `preview_pack`.
    """
    require(actor, Permission.manage_packs)
    row = _new(ws, actor, template, as_of, scope, known_as_of)
    with writing(ws):
        row.id = _free(row.id)
        row.save(force_insert=True)
        record(ws, actor, "draft_pack", row.id, as_of=str(row.as_of), scope=row.scope)
    return info_of(row)


def write_narrative(ws: Workspace, actor: Actor, *, pack: str, section: str, texts: Sequence[str]) -> None:
    """Write what a section asks for, in the order of its prompts.

    Raises:
        Conflict: it is frozen. NotFound: no such pack or section.
    """
    require(actor, Permission.manage_packs)
    with writing(ws):
        row = visible_row(ws, actor, pack)
        need_draft(row)
        row.narrative = {**row.narrative, **_narrative(_template(ws, row.template), {section: texts})}
        row.save(update_fields=["narrative"])
        record(ws, actor, "write_narrative", row.id, section=section)


def freeze_pack(
    ws: Workspace,
    actor: Actor,
    *,
    pack: str = "",
    template: str = "",
    as_of: date | None = None,
    scope: str | None = None,
    known_as_of: datetime | None = None,
    narrative: Mapping[str, Sequence[str]] | None = None,
    progress: Progress = silent,
) -> PackInfo:
    """Freeze a draft, or a pack of a template at once: from then on it says the same for ever.

    Args:
        pack: The draft; else `template` and what follows, as `draft_pack`.
        narrative: Section to texts; laid over what the draft has.
    Raises:
        NotFound, Invalid: as `preview_pack`. Conflict: it is frozen already.
    """
    require(actor, Permission.manage_packs)
    row = visible_row(ws, actor, pack) if pack else _new(ws, actor, template, as_of, scope, known_as_of)
    need_draft(row)
    policy = _template(ws, row.template)
    row.narrative = {**row.narrative, **_narrative(policy, narrative or {})}
    now = ws.now()
    row.known_as_of = row.known_as_of or now.replace(tzinfo=UTC)
    value = build_pack(ws, _request(ws, row), progress=progress)
    row.body, row.sha256, row.title = value.canonical(), value.sha256, value.title
    row.state, row.frozen_at = FROZEN, now.replace(tzinfo=UTC)
    with writing(ws):
        if pack:
            need_draft(visible_row(ws, actor, pack))
        else:
            row.id = _free(row.id)
        row.save(force_insert=not pack)
        record(ws, actor, "freeze_pack", row.id, sha256=row.sha256, as_of=str(row.as_of), scope=row.scope)
    return info_of(row)


def drop_draft(ws: Workspace, actor: Actor, *, pack: str) -> None:
    """Throw a draft away; Conflict where it is frozen."""
    require(actor, Permission.manage_packs)
    with writing(ws):
        row = visible_row(ws, actor, pack)
        need_draft(row)
        record(ws, actor, "drop_draft", row.id)
        row.delete()


def restate_pack(ws: Workspace, actor: Actor, *, pack: str, progress: Progress = silent) -> RestatedPack:
    """A frozen pack's numbers then and now, and the records that make the difference; nothing is changed.

    Raises:
        Conflict: it is a draft. NotFound: as `get_pack`.
    """
    return restate(ws, frozen_pack(ws, actor, pack=pack), progress=progress)


def hold_pack(ws: Workspace, actor: Actor, *, pack: str, at: datetime | None = None) -> PackInfo:
    """Note that a pack was discussed, now or at an instant (naive UTC).

    Raises:
        Conflict: it is a draft. Invalid: the instant is yet to come.
    """
    require(actor, Permission.manage_packs)
    if at is not None and at > ws.now():
        raise Invalid(f"{at} is yet to come.", hint="Say so when it has been held.")
    with writing(ws):
        row = visible_row(ws, actor, pack)
        need_frozen(row)
        row.held_at = (at or ws.now()).replace(tzinfo=UTC)
        row.save(update_fields=["held_at"])
        record(ws, actor, "hold_pack", row.id, at=row.held_at.isoformat())
    return info_of(row)


def verify_packs(ws: Workspace) -> list[Issue]:
    """The frozen packs that are not what was frozen, by their hash and by the trail, or that are gone."""
    hint = "Restore the decision store from a backup, and find out who could write to it."
    rows = {f"pack/{row.id}": row for row in pack_rows(ws).filter(state=FROZEN).order_by("id").iterator()}
    from geartrain.stores.decisions.models import AuditEvent

    said = dict(AuditEvent.objects.filter(verb="freeze_pack").order_by("id").values_list("subject", "detail"))
    issues = []
    for where, row in rows.items():
        if packs.hash_of(row.body) != row.sha256 or said.get(where, {}).get("sha256") != row.sha256:
            issues.append(Issue("pack_altered", Level.error, f"{row.title} is not what was frozen.", where, hint))
    for where in sorted({*said} - {*rows}):
        issues.append(Issue("pack_missing", Level.error, f"{where} was frozen, and it is not there.", where, hint))
    return issues


def _new(
    ws: Workspace,
    actor: Actor,
    template: str,
    as_of: date | None,
    scope: str | None,
    known_as_of: datetime | None,
) -> Pack:
    """A draft that is not kept yet."""
    policy = _template(ws, template)
    if wrong := [i for i in lint_policy(ws, policy) if i.level is Level.error]:
        more = f" ({len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise Invalid(f"{wrong[0].where}: {wrong[0].message}{more}", hint=wrong[0].hint)
    if known_as_of is not None and known_as_of > ws.now():
        raise Invalid(f"{known_as_of} is yet to come.", hint="Leave --known-as-of out to take all that is known.")
    if not scopes_of(ws, actor)(scope):
        if scope is None:
            hint = "Name yourself, or somebody below you, as its scope."
            raise Forbidden("A pack of the whole company is for those who see everyone.", hint=hint)
        raise _nobody(scope)
    _scope(ws, scope)
    day = as_of or last_day(ws, actor)
    pack_rows(ws)
    from geartrain.stores.decisions.models import Pack

    return Pack(
        id="-".join(filter(None, [policy.key, str(day), _slug(scope or "")])),
        template=policy.key,
        purpose=policy.spec.for_.value,
        title=title_of(ws, policy, day),
        as_of=day,
        known_as_of=known_as_of.replace(tzinfo=UTC) if known_as_of else None,
        scope=scope,
        owner=actor.login,
        created_at=ws.now().replace(tzinfo=UTC),
    )


def _request(ws: Workspace, row: Pack) -> Request:
    """What a draft asks for, with what the packs before it left open."""
    known = stamp(row.known_as_of) if row.known_as_of else ws.now()
    sessions, decisions, disputes = left_open(ws, row)
    scope = _scope(ws, row.scope)
    return Request(_template(ws, row.template), row.as_of, known, scope, row.narrative, sessions, decisions, disputes)


def _template(ws: Workspace, key: str) -> Policy:
    policies = current_policies(ws)
    if not key:
        raise Invalid("No template is named.", hint=f"One of: {', '.join(policies.of(KIND))}.")
    return policies.get(KIND, key)


def _narrative(policy: Policy, given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    known = [part.key for part in policy.spec.sections]
    for section, texts in given.items():
        if section not in known:
            near = closest(section, known)
            hint = f"Did you mean '{near}'?" if near else f"One of: {', '.join(known)}."
            raise NotFound(f"'{policy.key}' has no section '{section}'.", hint=hint)
        if any(len(text) > LONGEST for text in texts):
            raise Invalid(f"A text of '{section}' is longer than {LONGEST:,} characters.", hint="Say it shorter.")
    return {section: [" ".join(t.split("\x00")).strip() for t in texts] for section, texts in given.items()}


def _scope(ws: Workspace, user_id: str | None) -> packs.Scope:
    if user_id is None:
        return packs.Scope(name=ws.name)
    with open_facts(ws, reader(packs.Scope(user_id=user_id))) as facts:
        users = facts.raw("user")
        names = facts.execute(users.filter(users.user_id == user_id).select("name")).to_pydict()["name"]
    if not names:
        raise _nobody(user_id)
    return packs.Scope(user_id=user_id, name=names[0] or user_id)


def _nobody(user_id: str) -> NotFound:
    return NotFound(f"There is no person '{user_id}'.", hint="Name the user_id of a user record.")


def _free(wanted: str) -> str:
    """The id, or the next free one with a number behind it. In the caller's transaction."""
    from geartrain.stores.decisions.models import Pack

    taken = set(Pack.objects.filter(id__startswith=wanted).values_list("id", flat=True))
    names = (wanted, *(f"{wanted}-{n}" for n in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
