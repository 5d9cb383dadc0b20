"""Pay runs: every payee of every plan in force, for one period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from geartrain.incentives.evaluate import Evaluation, evaluate_payee
from geartrain.incentives.ledger import Adjustment, EntryKey, differences, entries_of
from geartrain.incentives.lines import Payee
from geartrain.incentives.plan import CompPlan
from geartrain.incentives.spifs import spif_lines
from geartrain.incentives.statements import attainment_at, manifest, money, statement, verify_statement
from geartrain.incentives.teams import mean_of_ratios, pooled
from geartrain.incentives.windows import pay_periods
from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.periods import Calendar, Period
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.answers import remembered
from geartrain.services.pay import ledger as pay_ledger
from geartrain.services.pay.facts import PayFacts
from geartrain.services.pay.inputs import Inputs, gather, inputs_hash
from geartrain.services.pay.plans import KIND
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

Team = Mapping[str, Fraction | None]


@dataclass(frozen=True)
class Run:
    """One period, calculated.

    Args:
        statements: By payee, as JSON.
        entries: Every entry of the payees up to the period, by key.
        due: What locked periods show otherwise now, and no replay has posted yet.
    """

    period: Period
    plans: tuple[str, ...]
    currency: str
    statements: Mapping[str, dict[str, Any]]
    entries: Mapping[EntryKey, Decimal]
    due: tuple[Adjustment, ...]
    issues: tuple[Issue, ...]
    status: str = "open"
    evaluations: tuple[Evaluation, ...] = ()

    @property
    def paid(self) -> Decimal:
        """The sum of what everybody is paid."""
        return sum((Decimal(s["paid"]) for s in self.statements.values()), Decimal(0))

    @property
    def manifest(self) -> str:
        """Hash of all statements, and so of all they rest on."""
        return manifest([self.period.key, {k: s["manifest"] for k, s in self.statements.items()}])

    def as_json(self) -> dict[str, Any]:
        """The shape of `pay run --format json`."""
        rows = [
            {k: s[k] for k in ("payee", "plan", "earned", "adjusted", "held", "paid", "manifest")}
            for s in self.statements.values()
        ]
        return {
            "period": self.period.key,
            "plans": len(self.plans),
            "payees": len(self.statements),
            "paid": money(self.paid),
            "currency": self.currency,
            "status": self.status,
            "statements": rows,
            "issues": [i.as_json() for i in self.issues],
            "manifest": self.manifest,
        }


def run_pay(ws: Workspace, actor: Actor, *, period: str) -> Run:
    """Calculate a period for everybody; of a locked one, what was locked.

    Raises:
        Invalid: not a period, or no plan pays in periods of its length.
        NotFound: no plan is in force in it.
    """
    require(actor, Permission.run_pay)
    found = calculate(ws, period=period)
    if found.status == "locked":
        return found
    pay_ledger.calculated(ws, actor, found)
    return replace(found, status=pay_ledger.status_of(ws, found.period.key))


def preview_pay(ws: Workspace, actor: Actor, *, period: str) -> Run:
    """A period as it would be calculated now; nothing is written.

    Raises:
        Invalid, NotFound: as of `run_pay`.
    """
    require(actor, Permission.run_pay)
    return calculate(ws, period=period)


def get_statement(ws: Workspace, actor: Actor, *, payee: str, period: str) -> dict[str, Any]:
    """A payee's statement: the locked one, or as it would be if the period closed now.

    Raises:
        NotFound: there is none, or the actor may not know of it.
    """
    may_see_pay(ws, actor, payee)
    span = period_of(ws.calendar, period)
    if (locked := pay_ledger.locked_statement(ws, payee=payee, period=span.key)) is not None:
        return locked
    found = calculate(ws, period=period, only=payee)
    if payee not in found.statements:
        raise NotFound(
            f"{payee} has no statement of {span.key}.", hint="Is a plan in force that they are eligible for?"
        )
    return found.statements[payee]


def check_statement(said: Mapping[str, Any]) -> list[Issue]:
    """What does not add up in a statement, from its own lineage.

    Raises:
        Invalid: it is no statement.
    """
    try:
        return verify_statement(said)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        hint = "Hand in what `geartrain pay statement --format json` wrote."
        raise Invalid(f"This is no statement: {error!r}.", hint=hint) from None


def calculate(
    ws: Workspace, *, period: str, only: str | None = None, policies: Sequence[CompPlan] | None = None
) -> Run:
    """The run itself, whoever asks.

    Args:
        only: One payee; everybody is worked out still, for teams and budgets, and one statement is written.
    """
    span = period_of(ws.calendar, period)
    locked = {k for k, end in pay_ledger.locked_periods(ws).items() if end <= span.start or k == span.key}
    plans = tuple(policies) if policies is not None else _plans(ws, span)
    with open_facts(ws, operator(), as_of=max(span.end, ws.calendar.day_of(ws.now()))) as facts:
        state = facts.id, span, ws.calendar, ws.currency, *(p.model_dump_json() for p in plans)
        inputs, evaluated = remembered(("pay", *state), lambda: _worked_out(ws, facts, plans, span))
    posted = pay_ledger.posted(ws)
    entries = {k: v for e in evaluated for k, v in entries_of(e).items()}
    known = {(e.payee.id, e.comp_plan.key) for e in evaluated}
    standing = {k: v for k, v in pay_ledger.standing(ws).items() if (k.payee, k.comp_plan) in known}
    due = tuple(differences(standing, entries, locked))
    if span.key in locked:
        return replace(_locked(ws, span, plans, entries, due), evaluations=tuple(evaluated))
    teams = _teams(evaluated, span, ws.calendar)
    unread = () if policies is not None else current_policies(ws).broken(KIND)
    issues = [*map(_unpaid, unread), *inputs.issues, *(i for e in evaluated for i in e.issues)]
    if due:
        total = sum((a.amount for a in due), Decimal(0))
        message = f"{len(due)} entries of locked periods differ from what the facts say now, by {money(total)} in all."
        hint = f"Post them into {span.key}: geartrain pay replay {span.key}"
        issues.append(Issue("pay_replay_due", Level.warning, message, f"period/{span.key}", hint))
    hashes = {p.key: p.sha256 for p in current_policies(ws).of(KIND).values()}
    statements = {
        e.payee.id: statement(
            e,
            span,
            ws.calendar,
            team=teams[e.comp_plan.key, _team(e.payee)],
            adjustments=[a for a in posted.get(span.key, ()) if a.of.payee == e.payee.id],
            inputs=inputs_hash(e.payee),
            plan_sha256=hashes.get(e.comp_plan.key, ""),
        )
        for e in evaluated
        if only in (None, e.payee.id) and e.comp_plan.effective[0] < span.end and e.comp_plan.effective[1] > span.start
    }
    currency = plans[0].currency if len({p.currency for p in plans}) == 1 else ws.currency
    status = pay_ledger.status_of(ws, span.key)
    return Run(span, tuple(p.key for p in plans), currency, dict(sorted(statements.items())), entries, due,
               tuple(issues), status, tuple(evaluated))  # fmt: skip


def _unpaid(wrong: Issue) -> Issue:
    """A plan that cannot be read pays nobody: whoever approves the run is told."""
    message = f"Nobody is paid by a plan that cannot be read: {wrong.message}"
    return Issue("pay_plan_unread", wrong.level, message, wrong.where, wrong.hint)


def _locked(
    ws: Workspace,
    span: Period,
    plans: Sequence[CompPlan],
    entries: Mapping[EntryKey, Decimal],
    due: tuple[Adjustment, ...],
) -> Run:
    statements = pay_ledger.locked_statements(ws, period=span.key)
    names = tuple(sorted({s["plan"] for s in statements.values()}))
    currencies = {s["currency"] for s in statements.values()}
    currency = currencies.pop() if len(currencies) == 1 else ws.currency
    return Run(span, names, currency, statements, entries, due, (), "locked")


def period_of(calendar: Calendar, key: str) -> Period:
    if key.upper().endswith(("H1", "H2")) and key[:4].isdigit():
        year, half = int(key[:4]), int(key[-1])
        first, last = calendar.quarter(year, 2 * half - 1), calendar.quarter(year, 2 * half)
        return Period(first.start, last.end, f"{year}H{half}")
    return calendar.parse(key)


def _plans(ws: Workspace, span: Period) -> tuple[CompPlan, ...]:
    """The plans that pay in the period, in order of key."""
    held = [p.envelope for p in current_policies(ws).of(KIND).values()]
    inside = [p for p in held if p.effective[0] < span.end and p.effective[1] > span.start]
    if not inside:
        if wrong := current_policies(ws).broken(KIND):
            said = f"There is no compensation plan that can be read. {wrong[0].where}: {wrong[0].message}"
            raise Invalid(said, hint=wrong[0].hint)
        hint = "Write one to policies/, and look at it with: geartrain pay plan check FILE"
        raise NotFound(f"No compensation plan is in force in {span.key}.", hint=hint)
    months = (span.end.year - span.start.year) * 12 + span.end.month - span.start.month
    frequencies = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
    found = tuple(p for p in inside if frequencies[p.pay.frequency] == months)
    if not found:
        pays = ", ".join(sorted({p.pay.frequency.replace("_", "-") for p in inside}))
        raise Invalid(
            f"No plan pays in periods like {span.key}: they pay by {pays}.", hint="Name a period such as 2026-03."
        )
    # Earlier plans of the same people count too: what was locked under them can still change.
    year = [p for p in held if p.effective[1] <= span.start and p.pay.frequency in {f.pay.frequency for f in found}]
    return tuple(sorted((*found, *year), key=lambda p: p.key))


def _worked_out(
    ws: Workspace, facts: Facts, plans: Sequence[CompPlan], span: Period
) -> tuple[Inputs, list[Evaluation]]:
    inputs = gather(facts, plans, until=span.end)
    return inputs, _evaluated(inputs, span, ws.calendar)


def _evaluated(inputs: Inputs, span: Period, calendar: Calendar) -> list[Evaluation]:
    found = []
    for comp_plan in inputs.plans:
        payees = inputs.payees[comp_plan.key]
        awards = spif_lines(comp_plan, payees, calendar)
        until = min(span.end, comp_plan.effective[1])
        found += [evaluate_payee(comp_plan, p, calendar, awards=awards.get(p.id, ()), until=until) for p in payees]
    return found


def _team(payee: Payee) -> str:
    return str(payee.user.get("team") or payee.user.get("manager_id") or "")


def _teams(evaluated: Sequence[Evaluation], span: Period, calendar: Calendar) -> dict[tuple[str, str], Team]:
    """Each team's attainment under each plan, by component."""
    members: dict[tuple[str, str], dict[str, list[tuple[Fraction, Fraction]]]] = defaultdict(lambda: defaultdict(list))
    for e in evaluated:
        for part in e.components:
            held = members[e.comp_plan.key, _team(e.payee)]
            if (reached := attainment_at(e, part, span, calendar)) is not None:
                held[part.key].append(reached)
    plans = {e.comp_plan.key: e.comp_plan for e in evaluated}
    return {
        key: {c: (mean_of_ratios if _averaged(plans[key[0]], c) else pooled)(team) for c, team in held.items()}
        for key, held in members.items()
    }


def _averaged(comp_plan: CompPlan, component: str) -> bool:
    measure = next(c.measure for c in comp_plan.components if c.key == component)
    return measure is not None and comp_plan.measures[measure].team == "mean"


def may_see_pay(ws: Workspace, actor: Actor, payee: str) -> None:
    """Let the payee, their managers, finance and the auditor pass; to others there is nothing.

    Raises:
        NotFound: the same as where there is no such person.
    """
    with open_facts(ws, operator()) as facts:
        chain = facts.hierarchy()
    known = payee in chain.manager_of
    own = actor.user_id is not None and actor.user_id in (payee, *chain.chain(payee))
    if not known or not (own or actor.may(Permission.view_pay)):
        raise NotFound(f"There is no payee '{payee}'.", hint="Name a user_id of the facts.")


def users_of(ws: Workspace) -> dict[str, dict[str, Any]]:
    """Everybody's columns, for those who may see everybody's pay."""
    with open_facts(ws, operator()) as facts:
        return PayFacts(facts).users


def list_statements(ws: Workspace, actor: Actor, *, period: str) -> list[dict[str, Any]]:
    """The statements of a period that the actor may see: their own, their people's; finance and audit all."""
    span = period_of(ws.calendar, period)
    with open_facts(ws, operator()) as facts:
        mine = frozenset(facts.hierarchy().tree(actor.user_id)) if actor.user_id else frozenset()
    found = pay_ledger.locked_statements(ws, period=span.key) or calculate(ws, period=period).statements
    everyone = actor.may(Permission.view_pay)
    return [s for who, s in sorted(found.items()) if everyone or who in mine]


def names_of(ws: Workspace, payees: Iterable[str]) -> dict[str, str]:
    """What these people are called: of those whose pay is shown already."""
    users = users_of(ws)
    return {p: str(users.get(p, {}).get("name") or p) for p in payees}


def known_periods(ws: Workspace, actor: Actor) -> list[str]:
    """The pay periods of the plans in force that have begun by the last day the facts tell of, latest first."""
    last = last_day(ws, actor)
    found: dict[str, Period] = {}
    for policy in current_policies(ws).of(KIND).values():
        start, end = policy.envelope.effective
        until = min(end, date.fromordinal(last.toordinal() + 1))
        found |= {p.key: p for p in pay_periods(start, until, policy.envelope.pay.frequency, ws.calendar)}
    return [p.key for p in sorted(found.values(), key=lambda p: (p.end, p.start), reverse=True)][:36]
