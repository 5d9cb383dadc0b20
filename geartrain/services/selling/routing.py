"""Routing leads: decided once by lead id, kept with candidates and reason, replayed from the log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.policy import Policy
from geartrain.kernel.policy.decision import Decision
from geartrain.kernel.rules.columns import json_text
from geartrain.process.lead_policy import LeadPolicy, To
from geartrain.process.pool import Turns
from geartrain.process.routing import Lead, Routed, State, route
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.changes.backtests import read_draft
from geartrain.services.courtesy import ahead
from geartrain.services.governance.deciding import decision_by, keep_new
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.trail import writing
from geartrain.services.turnstile import Turnstile
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import aware, naive

KIND = "lead_policy"
SHIPPED = "geartrain/"
LARGEST = 10**18  # numbers that rules calculate with
LONGEST_ID = 255
LONGEST = 500  # characters of a value that a webhook hands in
MOST_KEYS = 100


@dataclass(frozen=True)
class Directory:
    """What routing asks of the facts, laid out once for each state of them.

    Args:
        accounts: Account to (owner, whether it is a named one).
        domains, names: Domain of the web site and name, lower case, to the account.
        open_owners: Account to the owner of its open opportunity that was created last.
        zones: User to time zone.
        active: Users who are there.
    """

    accounts: Mapping[str, tuple[str | None, bool]]
    domains: Mapping[str, str]
    names: Mapping[str, str]
    open_owners: Mapping[str, str]
    zones: Mapping[str, str]
    active: frozenset[str]


def choose_lead_policy(ws: Workspace, *, key: str = "", text: str | None = None, where: str = "draft") -> Policy:
    """The lead policy asked for: a draft's, the one of a key, the only one, or the one called `default`.

    Raises:
        NotFound: there is none; the hint says how to write one.
        Invalid: a draft that is none, or several to choose from.
    """
    if text is not None:
        policy = read_draft(text, where=where)
        if policy.kind != KIND:
            raise Invalid(f"{where} is a {policy.kind.replace('_', ' ')}, not a lead policy.")
        return policy
    policies = current_policies(ws)
    if key:
        return policies.get(KIND, key)
    known = policies.of(KIND)
    own = {k: p for k, p in known.items() if not p.where.startswith(SHIPPED)} or known
    if not own:
        broken = policies.broken(KIND)
        if broken:
            said = f"There is no lead policy that can be read. {broken[0].where}: {broken[0].message}"
            raise Invalid(said, hint=broken[0].hint)
        hint = "Write one: geartrain policy new lead_policy default"
        raise NotFound("This workspace has no lead policy.", hint=hint)
    if len(own) > 1 and "default" not in own:
        raise Invalid(f"There are several lead policies: {', '.join(own)}.", hint="Name one with --policy.")
    return own.get("default") or next(iter(own.values()))


def route_lead(
    ws: Workspace, actor: Actor, *, lead: Mapping[str, Any], policy: str = "", at: datetime | None = None
) -> tuple[dict[str, Any], bool]:
    """Give one lead to somebody, once: a lead that was routed before keeps its decision and moves no turn.

    Args:
        lead: The columns of a lead; `lead_id` is what identifies it.
        at: The instant of the decision, naive UTC; None: now.
    Returns:
        The decision, and whether it is new.
    Raises:
        Invalid: the lead has no `lead_id`, or a value that is none of a lead's.
    """
    require(actor, Permission.load_facts)
    values = read_lead(lead)
    if at is not None:
        return _route_all(ws, actor, policy, [values], at)[0]
    key = (ws.decisions_url, ws.path, policy, actor.login)
    with ahead():
        return _TURNSTILE.ask(key, values, lambda all_: _route_all(ws, actor, policy, all_, None))


_TURNSTILE: Turnstile[Mapping[str, Any], tuple[dict[str, Any], bool]] = Turnstile()
# What routing remembers from lead to lead, by store and policy, with the hash of the trail's last event: while nobody
# else has written anything the turns are those that this process left.
_KEPT: dict[tuple[str, str], tuple[str, State, datetime]] = {}
MOST_KEPT = 50


def _route_all(
    ws: Workspace, actor: Actor, policy: str, leads: Sequence[Mapping[str, Any]], at: datetime | None
) -> list[tuple[dict[str, Any], bool]]:
    """Decide about these in their order, in one transaction with one event; those that were decided keep it."""
    chosen = choose_lead_policy(ws, key=policy)
    known = directory(ws, actor)
    with writing(ws, in_turn=True) as before:
        found = _before(ws, [f"lead/{v['lead_id']}" for v in leads])
        fresh = {str(v["lead_id"]): v for v in reversed(leads) if v["lead_id"] not in found}
        order = [v for v in dict.fromkeys(str(v["lead_id"]) for v in leads) if v in fresh]
        name = (ws.decisions_url, f"{chosen.key}@{chosen.version}/{chosen.sha256}")
        now = at or ws.now()
        state, last = _state(name, before, chosen, now) if order else (State(), now)
        decisions = []
        for lead_id in order:
            when = at or max(ws.now(), last + timedelta(microseconds=1))
            decision, state = _decided(chosen, fresh[lead_id], known, state, when)
            decisions.append(decision)
            last = when
        head = keep_new(ws, actor, decisions) if decisions else ""
    if head:
        _keep(name, head, state, last)
    told = {d.subject.removeprefix("lead/"): _shown(d.result, d.trace, d.ref) for d in decisions}
    return _told(leads, found, told)


def _told(
    leads: Sequence[Mapping[str, Any]], found: Mapping[str, dict[str, Any]], new: Mapping[str, dict[str, Any]]
) -> list[tuple[dict[str, Any], bool]]:
    """The decision about each, and whether it is new: of one that was sent twice at once only the first is."""
    said: set[str] = set()
    answers = []
    for values in leads:
        key = str(values["lead_id"])
        answers.append((new[key], key not in said) if key in new else (found[key], False))
        said.add(key)
    return answers


def _decided(
    policy: Policy, values: Mapping[str, Any], known: Directory, state: State, at: datetime
) -> tuple[Decision, State]:
    routed, after = route(policy.spec, matched(values, known), state, at=at, zones=known.zones)
    result = routed.as_json()
    kept = {k: v for k, v in result.items() if k not in ("candidates", "steps")}
    if turns := after.pools.get(routed.pool or ""):
        kept["turns"] = turns.as_json()
    trace = {"candidates": result["candidates"], "steps": result["steps"]}
    subject = f"lead/{routed.lead_id}"
    decision = decision_by(
        policy, rule=routed.clause, subject=subject, occurred_at=at, inputs=values, result=kept, trace=trace
    )
    return decision, after


def _state(name: tuple[str, str], head: str, policy: Policy, at: datetime) -> tuple[State, datetime]:
    """The state as the last decision left it, and when that was; from memory while nobody else has written."""
    from geartrain.stores.decisions.models import Decision as Row

    kept = _KEPT.get(name)
    if kept is not None and kept[0] == head:
        return kept[1], kept[2]
    latest = Row.objects.filter(kind=KIND, key=policy.key).order_by("-occurred_at").first()
    last = naive(latest.occurred_at) if latest else None
    return stored_state(policy, at), last or at - timedelta(microseconds=1)


def _keep(name: tuple[str, str], head: str, state: State, last: datetime) -> None:
    """After the transaction: one that failed has left nothing."""
    _KEPT.pop(name, None)
    while len(_KEPT) >= MOST_KEPT:
        _KEPT.pop(next(iter(_KEPT)))
    _KEPT[name] = (head, state, last)


def preview_routing(
    ws: Workspace, actor: Actor, *, policy: Policy, leads: Iterable[Mapping[str, Any]], at: datetime | None = None
) -> list[Routed]:
    """Where these leads would go, one after the other, from the turns as they stand; nothing is kept.

    Args:
        at: The instant of all decisions; None: each at its `created_at`, now where it says none.
    """
    require(actor, Permission.view_records)
    known, found = directory(ws, actor), []
    rows = [read_lead(lead) for lead in leads]
    open_decisions(ws.decisions_url)
    state = stored_state(policy, at or ws.now())
    for values in rows:
        when = at or _created(values) or ws.now()
        routed, state = route(policy.spec, matched(values, known), state, at=when, zones=known.zones)
        found.append(routed)
    return found


def list_routed(ws: Workspace, actor: Actor, *, policy: str = "", limit: int = 1_000) -> list[dict[str, Any]]:
    """The log: every decision with candidates and reason, the last first."""
    require(actor, Permission.view_records)
    chosen = choose_lead_policy(ws, key=policy)
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import Decision as Row

    rows = Row.objects.filter(kind=KIND, key=chosen.key).order_by("-occurred_at", "-recorded_at")[:limit]
    return [_shown(r.result, r.trace, f"{r.kind}/{r.key}@{r.version}#{r.rule}") for r in rows if _seen(actor, r.result)]


def replay_routing(ws: Workspace, actor: Actor, *, policy: str = "") -> tuple[int, list[dict[str, Any]]]:
    """The whole log decided again from its inputs, in order: how many there are, and those that came out differently.

    Under the policy in force; decisions of an older version are replayed only while it decides alike. What a lead was
    matched to is taken from the facts as they are.
    """
    require(actor, Permission.view_records)
    chosen, known = choose_lead_policy(ws, key=policy), directory(ws, actor)
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import Decision as Row

    state, differ, count = State(), [], 0
    for row in Row.objects.filter(kind=KIND, key=chosen.key).order_by("occurred_at", "recorded_at"):
        at = row.occurred_at.replace(tzinfo=None)
        routed, state = route(chosen.spec, matched(row.inputs, known), state, at=at, zones=known.zones)
        now = routed.as_json()
        count += 1
        if any(now[k] != row.result[k] for k in ("owner", "queue", "clause", "due_at")):
            differ.append({"lead_id": now["lead_id"], "logged": row.result["owner"], "replayed": now["owner"]})
    return count, differ


def stored_state(policy: Policy, at: datetime) -> State:
    """The turns of each pool after the last decision, and how many leads each person got today; the store is open."""
    from geartrain.stores.decisions.models import Decision as Row

    spec: LeadPolicy = policy.spec
    rows = Row.objects.filter(kind=KIND, key=policy.key)
    pools: dict[str, Turns] = {}
    for pool in spec.routing.pools:
        clauses = [c for c in spec.routing.clauses if spec.routing.fills(c, pool.key)]
        given = rows.filter(rule__in=[c.key for c in clauses])
        if any(c.to is To.territory for c in clauses):
            given = given.filter(result__pool=pool.key)  # a territory's clause fills several
        last = given.order_by("-occurred_at", "-recorded_at").first()
        if last and last.result and last.result.get("turns"):
            pools[pool.key] = Turns.from_json(last.result["turns"])
    taken: dict[Any, int] = {}
    if any(m.cap for p in spec.routing.pools for m in p.members):
        for result in rows.filter(occurred_at__gte=aware(at - timedelta(days=2))).values_list("result", flat=True):
            when = datetime.fromisoformat(result["decided_at"].rstrip("Z"))
            key = (result["owner"], spec.sla.calendar.day_of(when))
            taken[key] = taken.get(key, 0) + 1
    return State(pools, taken)


def directory(ws: Workspace, actor: Actor) -> Directory:
    """What routing asks of the facts, whoever asks: whom a lead goes to does not depend on who hands it in."""
    with open_facts(ws, actor) as facts:

        def work() -> Directory:
            accounts = facts.raw("account")
            told = accounts.select(
                "account_id", "name", "owner_id", "named", "created_at",
                domain=json_text(accounts.extra, "domain"), website=json_text(accounts.extra, "website"),
            )  # fmt: skip
            rows = facts.execute(told.order_by("account_id")).to_pylist()
            deals = facts.raw("opportunity")
            deals = deals.filter(~deals.is_closed & deals.account_id.notnull() & deals.owner_id.notnull())
            last = deals.group_by("account_id").aggregate(owner=deals.owner_id.argmax(deals.created_at))
            owners = {r["account_id"]: r["owner"] for r in facts.execute(last).to_pylist()}
            users = facts.execute(facts.raw("user").select("user_id", "time_zone", "is_active")).to_pylist()
            domains = {_domain(r["domain"] or r["website"]): r["account_id"] for r in reversed(rows)}
            return Directory(
                {r["account_id"]: (r["owner_id"], bool(r["named"])) for r in rows},
                {k: v for k, v in domains.items() if k},
                {r["name"].strip().lower(): r["account_id"] for r in reversed(rows) if r["name"]},
                owners,
                {u["user_id"]: u["time_zone"] for u in users if u["time_zone"]},
                frozenset(u["user_id"] for u in users if u["is_active"]),
            )

        return remembered(("routing directory", facts.id), work)


def matched(values: Mapping[str, Any], known: Directory) -> Lead:
    """A lead with what it was matched to: its account by id, by domain, by the company's name; owners who have left own
    nothing."""
    account = values.get("account_id")
    if account not in known.accounts:
        account = known.domains.get(_domain(values.get("domain") or values.get("email")) or "")
    if account is None:
        account = known.names.get(str(values.get("company") or "").strip().lower())
    owner, named = known.accounts.get(account or "", (None, False))
    deal = known.open_owners.get(account or "")
    owner, deal = (u if u in known.active else None for u in (owner, deal))
    told = {**values, "account.named": named, "account.owner_id": owner, "matched_account_id": account}
    return Lead(str(values["lead_id"]), told, deal, owner, named)


def read_lead(lead: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a lead as somebody hands them in.

    Raises:
        Invalid: no `lead_id`, too many columns, or a value that is no text, number or flag, or cannot be stored.
    """
    lead_id = lead.get("lead_id")
    if not isinstance(lead_id, str | int) or isinstance(lead_id, bool) or not str(lead_id).strip():
        raise Invalid("This lead has no lead_id.", hint="Send the id that the source gave it: it is routed once by it.")
    if len(lead) > MOST_KEYS:
        raise Invalid(f"A lead has at most {MOST_KEYS} columns; this one has {len(lead)}.")
    for key, value in lead.items():
        _storable(key, "The name of a column")
        if not isinstance(value, str | int | float | bool | datetime | None):
            raise Invalid(f"lead.{key} is no text, number or flag.", hint="Send plain columns.")
        if isinstance(value, str) and len(value) > LONGEST:
            raise Invalid(f"lead.{key} is longer than {LONGEST} characters.")
        if isinstance(value, str):
            _storable(value, f"lead.{key}")
        elif isinstance(value, int | float) and not abs(value) < LARGEST:
            raise Invalid(f"lead.{key} is no number below 10^18.", hint="Send a finite number, or leave it out.")
    if len(str(lead_id).strip()) > LONGEST_ID:
        raise Invalid(f"lead.lead_id is longer than {LONGEST_ID} characters.")
    return {**{k: _plain(v) for k, v in lead.items() if v is not None}, "lead_id": str(lead_id).strip()}


def _storable(text: str, what: str) -> None:
    """Text that every store takes: PostgreSQL keeps no NUL, and half a character is no text."""
    if len(text) > LONGEST or "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise Invalid(f"{what} is no text that can be stored.", hint="Send whole characters, none of them NUL.")


def _plain(value: Any) -> Any:
    from decimal import Decimal

    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _created(values: Mapping[str, Any]) -> datetime | None:
    said = values.get("created_at")
    try:
        return datetime.fromisoformat(said.rstrip("Z")) if isinstance(said, str) else None
    except ValueError:
        return None


def _domain(text: Any) -> str | None:
    """The domain of a mail address or a web address, lower case."""
    if not isinstance(text, str) or not text.strip():
        return None
    bare = text.strip().lower().rpartition("@")[2].partition("://")
    host = (bare[2] or bare[0]).partition("/")[0]
    return host.removeprefix("www.") or None


def _before(ws: Workspace, subjects: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Lead to the first decision about it."""
    from geartrain.stores.decisions.models import Decision as Row

    rows = Row.objects.filter(subject__in=list(subjects), kind=KIND).order_by("-occurred_at", "-recorded_at")
    return {
        r.subject.removeprefix("lead/"): _shown(r.result, r.trace, f"{r.kind}/{r.key}@{r.version}#{r.rule}")
        for r in rows
    }


def _shown(result: Any, trace: Any, ref: str) -> dict[str, Any]:
    return {**{k: v for k, v in result.items() if k != "turns"}, **(trace or {}), "policy": ref}


def _seen(actor: Actor, result: Mapping[str, Any]) -> bool:
    return actor.sees_everyone or result.get("owner") in (None, actor.user_id)
