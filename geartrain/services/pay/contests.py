"""Contests over the facts: run, shown, awarded once, adjusted where facts change after the freeze."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from geartrain.incentives.conditions import as_day, holds
from geartrain.incentives.contests import Contest, Entrant, Standing, neighbourhood, standings
from geartrain.incentives.ledger import Adjustment, EntryKey
from geartrain.incentives.statements import money
from geartrain.incentives.windows import participation, pay_period, year_share
from geartrain.kernel.errors import Conflict, Forbidden, NotFound, PeriodLocked
from geartrain.kernel.periods import Period, add_months
from geartrain.kernel.policy import Policy
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.measures.metrics import query_metrics
from geartrain.services.pay import ledger as pay_ledger
from geartrain.services.pay import runs as pay_runs
from geartrain.services.pay.facts import PayFacts
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import aware

KIND = "contest"
HIDDEN, SHOWN = "contest.hidden", "contest.shown"


@dataclass(frozen=True)
class Ran:
    """A contest as it stands: before the freeze as known now, afterwards as it was known then.

    Args:
        known_as_of: The instant that its facts were cut to; None: all that is known.
    """

    policy: Policy
    period: Period
    standings: tuple[Standing, ...]
    frozen: bool
    known_as_of: datetime | None
    facts: str
    names: Mapping[str, str]

    @property
    def spec(self) -> Contest:
        """The contest itself."""
        found: Contest = self.policy.spec
        return found

    def as_json(self) -> dict[str, Any]:
        """The shape of `contest run --format json`."""
        held = [s.as_json() | {"name": self.names.get(s.person, s.person)} for s in self.standings]
        total = sum((v for s in self.standings for v in s.awards.values()), Decimal(0))
        return {
            "contest": self.policy.key,
            "name": self.policy.name,
            "metric": self.spec.metric,
            "period": self.period.key,
            "freeze": self.spec.freeze,
            "frozen": self.frozen,
            "known_as_of": self.known_as_of,
            "facts": self.facts,
            "standings": held,
            "prizes": money(total),
            "budget": None if self.spec.budget is None else money(Decimal(self.spec.budget)),
        }


def list_contests(ws: Workspace, actor: Actor) -> list[dict[str, Any]]:
    """The contests in force, the latest freeze first."""
    require(actor, Permission.view_policies)
    held = current_policies(ws).of(KIND).values()
    rows = [{"key": p.key, "name": p.name, "period": p.spec.period, "metric": p.spec.metric, "freeze": p.spec.freeze,
             "frozen": _frozen(ws, p.spec)} for p in held]  # fmt: skip
    return sorted(rows, key=lambda r: (r["freeze"], r["key"]), reverse=True)


def run_contest(ws: Workspace, actor: Actor, *, key: str) -> Ran:
    """Everybody's standing; nothing is written.

    Raises:
        NotFound: no such contest is in force.
    """
    require(actor, Permission.publish_policies if actor.may(Permission.publish_policies) else Permission.view_pay)
    return work_out(ws, key=key)


def get_leaderboard(ws: Workspace, actor: Actor, *, key: str, cohort: str = "") -> dict[str, Any]:
    """What the actor may see: who sees everybody one or all cohorts; who takes part the top and those around them.

    Who opted out of display is named to nobody but themselves, who leads them, and who may see pay.
    """
    require(actor, Permission.view_metrics)
    ran = work_out(ws, key=key)
    hidden = opted_out(ws)
    with open_facts(ws, operator()) as facts:
        below = frozenset(facts.hierarchy().tree(actor.user_id)) if actor.user_id else frozenset()
    shown = _shown(ran, actor, below, cohort)
    rows = []
    for s in shown:
        known = s.person not in hidden or s.person in below or actor.may(Permission.view_pay)
        one = s.as_json() | {"name": ran.names.get(s.person, s.person), "own": s.person == actor.user_id}
        blank = {"person": None, "name": None, "value": None, "score": None, "awards": {}, "badges": []}
        rows.append(one if known else one | blank)
    own = next((s for s in ran.standings if s.person == actor.user_id), None)
    return {
        "contest": key,
        "name": ran.policy.name,
        "metric": ran.spec.metric,
        "period": ran.period.key,
        "freeze": ran.spec.freeze,
        "frozen": ran.frozen,
        "cohorts": sorted({s.cohort for s in shown}),
        "rows": rows,
        "own": own.as_json() if own else None,
        "hidden": actor.user_id in hidden,
    }


def award_contest(ws: Workspace, actor: Actor, *, key: str, into: str = "") -> dict[str, Any]:
    """Award what was won at the freeze, each award once, and adjust what a reversal has taken since.

    Args:
        into: The open pay period it is paid in; the one of the freeze where empty.

    Raises:
        Conflict: the contest is not frozen yet. PeriodLocked: the period is locked.
    """
    require(actor, Permission.run_pay)
    ran = work_out(ws, key=key)
    if not ran.frozen:
        raise Conflict(f"{key} freezes on {ran.spec.freeze}.", hint="Award it from that day on.")
    now = work_out(ws, key=key, latest=True)
    period = into or pay_period(ran.spec.freeze, "month", ws.calendar).key
    statements = _statements(ws, period)
    with writing(ws, in_turn=True):
        fresh = _give(ws, ran, period, statements)
        posts = [_entry(key, period, statements, a, Decimal(0), a["amount"], f"{a['award']}, rank {a['rank']}")
                 for a in fresh if a["payee"] in statements]  # fmt: skip
        taken = _reversals(key, ran, now, period, statements)
        posted = [*posts, *taken]
        if posted and pay_ledger.status_of(ws, period) == "locked":
            raise PeriodLocked(
                f"{period} is locked.", hint=f"Name an open period: geartrain contest award {key} --into"
            )
        if posted:
            pay_ledger.post(ws, period=period, adjustments=posted)
        if fresh or taken:
            total = sum((a.amount for a in posted), Decimal(0))
            said = {"contest": key, "awards": len(fresh), "adjusted": len(taken), "amount": money(total)}
            record(ws, actor, "contest.awarded", f"pay/{period}", **said)
    if posted:
        pay_ledger.calculated(ws, actor, pay_runs.calculate(ws, period=period))
    return {
        "contest": key,
        "period": period,
        "awards": list_awards(ws, actor, key=key),
        "new": len(fresh),
        "adjustments": [
            {
                "person": a.of.payee,
                "award": a.of.deal.split(":")[0],
                "old": money(a.old),
                "new": money(a.new),
                "amount": money(a.amount),
                "cause": a.cause,
            }
            for a in taken
        ],
        "outside_pay": sorted({a["payee"] for a in fresh} - set(statements)),
    }


def list_awards(ws: Workspace, actor: Actor, *, key: str) -> list[dict[str, Any]]:
    """What was awarded: everything to those who may see pay, otherwise one's own."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import ContestAward

    rows = ContestAward.objects.filter(contest=key).order_by("rank", "person", "award")
    if not actor.may(Permission.view_pay):
        rows = rows.filter(person=actor.user_id or "")
    return [
        {
            "contest": r.contest,
            "period": r.period,
            "person": r.person,
            "award": r.award,
            "rank": r.rank,
            "amount": money(pay_ledger.cents(r.amount)),
            "currency": r.currency,
            "paid_in": r.paid_in,
        }
        for r in rows
    ]


def set_display(ws: Workspace, actor: Actor, *, shown: bool) -> bool:
    """Say whether one's own name may stand on leaderboards.

    Raises:
        Forbidden: the actor is nobody of the facts.
    """
    require(actor, Permission.view_metrics)
    if actor.user_id is None:
        raise Forbidden("You take part in no contest.", hint="Only people of the facts do.")
    with writing(ws, in_turn=True):
        record(ws, actor, SHOWN if shown else HIDDEN, f"user/{actor.user_id}")
    return shown


def opted_out(ws: Workspace) -> frozenset[str]:
    """Who has asked not to be named, by the last word of each."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import AuditEvent

    rows = AuditEvent.objects.filter(verb__in=(HIDDEN, SHOWN)).order_by("id").values_list("subject", "verb")
    return frozenset(s.removeprefix("user/") for s, verb in dict(rows).items() if verb == HIDDEN)


def work_out(ws: Workspace, *, key: str, latest: bool = False) -> Ran:
    """The standings, whoever asks.

    Args:
        latest: By all that is known now, though it is frozen.
    """
    policy = current_policies(ws).of(KIND).get(key)
    if policy is None:
        known = ", ".join(sorted(current_policies(ws).of(KIND))) or "there is none"
        raise NotFound(f"There is no contest '{key}'.", hint=f"In force: {known}.")
    spec: Contest = policy.spec
    span = ws.calendar.parse(spec.period)
    frozen = _frozen(ws, spec)
    known = _known_at(ws, spec.freeze) if frozen and not latest else None
    with open_facts(ws, operator(), as_of=span.end, known_as_of=known) as facts:
        held = PayFacts(facts)
        people = {k: u for k, u in held.users.items() if _eligible(spec, u) and _there(u, span)}
        entrants = _entrants(ws, facts, held, spec, span, people, known)
        names = {k: str(u.get("name") or k) for k, u in people.items()}
        return Ran(policy, span, tuple(standings(spec, entrants)), frozen, known, facts.id, names)


def _entrants(
    ws: Workspace,
    facts: Facts,
    held: PayFacts,
    spec: Contest,
    span: Period,
    people: Mapping[str, Mapping[str, Any]],
    known: datetime | None,
) -> list[Entrant]:
    values = _by_person(ws, spec.metric, span, known)
    guards = _by_person(ws, spec.guardrail.metric, span, known) if spec.guardrail else {}
    before = _before(ws, spec, span)
    based = _by_person(ws, spec.metric, before, known) if spec.handicap == "own_baseline" else {}
    found = []
    for who, user in sorted(people.items()):
        against = {
            "none": None,
            "per_capacity": _capacity(user, span),
            "own_baseline": based.get(who),
            "share_of_quota": _quota(held, spec, who, span),
        }[spec.handicap]
        cohort = str(user.get(spec.cohort) or "")
        value = values.get(who, Fraction(0) if who not in values else None)
        found.append(Entrant(who, cohort, value, against, guards.get(who)))
    return found


def _by_person(ws: Workspace, metric: str, span: Period, known: datetime | None) -> dict[str, Fraction | None]:
    """A metric of a period by the owner of what it counts."""
    asked = {"since": span.start, "until": span.end, "known_as_of": known}
    answer = query_metrics(ws, operator(), keys=[metric], by=["owner"], as_of=span.end, **asked)  # type: ignore[arg-type]
    return {str(row[0]): None if row[1] is None else Fraction(str(row[1])) for row in answer.rows if row[0] is not None}


def _before(ws: Workspace, spec: Contest, span: Period) -> Period:
    """The period of the baseline: the one named, or as many months before."""
    if spec.baseline:
        return ws.calendar.parse(spec.baseline)
    months = max(1, (span.end.year - span.start.year) * 12 + span.end.month - span.start.month)
    return Period(add_months(span.start, -months), span.start, "before")


def _capacity(user: Mapping[str, Any], span: Period) -> Fraction:
    """Full-time share × the share of the days."""
    fte = Fraction(str(user.get("fte") if user.get("fte") is not None else 1))
    return fte * participation(as_day(user.get("start_date")), as_day(user.get("end_date")), span)


def _quota(held: PayFacts, spec: Contest, who: str, span: Period) -> Fraction | None:
    found = Fraction(0)
    for q in held.quotas.get(who, ()):
        if q.measure == spec.quota and q.start < span.end and q.end > span.start:
            shared = (min(q.end, span.end) - max(q.start, span.start)).days
            whole = Period(q.start, q.end, "q")
            inside = Period(max(q.start, span.start), min(q.end, span.end), "q")
            months = year_share(inside) / year_share(whole)
            found += q.amount * (months if shared else 0)
    return found or None


def _eligible(spec: Contest, user: Mapping[str, Any]) -> bool:
    if isinstance(spec.eligible, str):
        return holds(spec.eligible, user, where="eligible") is True
    return all(str(user.get(column)) in values for column, values in spec.eligible.items())


def _there(user: Mapping[str, Any], span: Period) -> bool:
    start, end = as_day(user.get("start_date")), as_day(user.get("end_date"))
    return not (start and start >= span.end) and not (end and end < span.start)


def _frozen(ws: Workspace, spec: Contest) -> bool:
    return bool(ws.now() >= ws.calendar.instant(spec.freeze))


def _known_at(ws: Workspace, freeze: date) -> datetime | None:
    """The freeze; where nothing had been loaded by then, the end of the day of the first load."""
    at: datetime = ws.calendar.instant(freeze)
    with open_facts(ws, operator()) as facts:
        loaded = sorted(entry.recorded_at for entry in facts.snapshot.loads())
    if not loaded or loaded[0] <= at:
        return at
    day = ws.calendar.day_of(loaded[0])
    end: datetime = ws.calendar.instant(day + timedelta(days=1))
    return end


def _shown(ran: Ran, actor: Actor, below: frozenset[str], cohort: str) -> Sequence[Standing]:
    everyone = actor.sees_everyone or any(s.person in below and s.person != actor.user_id for s in ran.standings)
    if not everyone:
        top, around = ran.spec.display.top, ran.spec.display.around
        return neighbourhood(ran.standings, actor.user_id or "", top=top, around=around)
    cohorts = {s.cohort for s in ran.standings if actor.sees_everyone or s.person in below}
    return [s for s in ran.standings if s.rank is not None and s.cohort in cohorts and cohort in ("", s.cohort)]


def _statements(ws: Workspace, period: str) -> dict[str, dict[str, Any]]:
    try:
        return dict(pay_runs.calculate(ws, period=period).statements)
    except NotFound:
        return {}


def _give(ws: Workspace, ran: Ran, period: str, statements: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Write down the awards that were not yet."""
    from geartrain.stores.decisions.models import ContestAward

    at, fresh = aware(ws.now()), []
    for s in ran.standings:
        for award, amount in s.awards.items():
            what = {"contest": ran.policy.key, "period": ran.period.key, "person": s.person, "award": award}
            values = {"rank": s.rank, "value": Decimal(str(s.as_json()["value"])), "amount": amount, "at": at,
                      "currency": ran.spec.currency or ws.currency, "facts": ran.facts,
                      "paid_in": period if s.person in statements else ""}  # fmt: skip
            _, made = ContestAward.objects.get_or_create(**what, defaults=values)
            if made:
                fresh.append({"payee": s.person, "award": award, "amount": amount, "rank": s.rank})
    return fresh


def _reversals(
    key: str, ran: Ran, now: Ran, period: str, statements: Mapping[str, Mapping[str, Any]]
) -> list[Adjustment]:
    """What those whose own result fell since the freeze have won too much, less what was taken back already."""
    from geartrain.stores.decisions.models import ContestAward, PayEntry

    later = {s.person: s for s in now.standings}
    fell = {s.person for s in ran.standings if (later[s.person].value if s.person in later else 0) != s.value
            and _less(later.get(s.person), s)}  # fmt: skip
    found = []
    for r in ContestAward.objects.filter(contest=key, period=ran.period.key, person__in=fell).exclude(paid_in=""):
        deal = f"{r.award}:reversal"
        posted = PayEntry.objects.filter(kind=pay_ledger.AWARD, component=key, payee=r.person, deal=deal)
        stands = r.amount + sum((e.amount for e in posted), Decimal(0))
        held = later.get(r.person)
        worth = min(held.awards.get(r.award, Decimal(0)) if held else Decimal(0), stands)
        if worth < stands and r.person in statements:
            said = {"payee": r.person, "award": deal}
            cause = f"{r.award}: reversed after the freeze"
            found.append(
                _entry(key, period, statements, said, pay_ledger.cents(stands), pay_ledger.cents(worth), cause)
            )
    return found


def _less(now: Standing | None, then: Standing) -> bool:
    if now is None or now.value is None:
        return True
    return then.value is not None and now.value < then.value


def _entry(
    key: str,
    period: str,
    statements: Mapping[str, Mapping[str, Any]],
    award: Mapping[str, Any],
    old: Decimal,
    new: Decimal,
    cause: str,
) -> Adjustment:
    who = award["payee"]
    comp_plan = str(statements[who]["plan"])
    return Adjustment(
        EntryKey(who, comp_plan, period, pay_ledger.AWARD, key, award["award"]), old, new, f"{key}: {cause}"
    )
