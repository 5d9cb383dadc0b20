"""Plans to sign: the plan in words and the quota letter sent, read, accepted; who earns on a plan nobody accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from geartrain.incentives.conditions import as_day
from geartrain.incentives.crediting import split_by_plan
from geartrain.incentives.explain import explain_plan
from geartrain.incentives.letters import fingerprint, quota_letter
from geartrain.incentives.plan import CompPlan
from geartrain.incentives.statements import money
from geartrain.kernel.errors import Conflict, NotFound, StaleVersion
from geartrain.services.access import Actor, Permission, operator, require
from geartrain.services.commitments import close_commitment, drop_commitment, open_commitment
from geartrain.services.pay.facts import PayFacts
from geartrain.services.pay.ledger import locked_statements
from geartrain.services.pay.plans import KIND
from geartrain.services.pay.runs import calculate, period_of
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions
from geartrain.stores.decisions.published import aware, naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import PlanLetter

COMMITMENT = "plan_to_sign"
DAYS = 14


@dataclass(frozen=True)
class ToSign:
    """Both texts of one payee, as they would be sent now."""

    payee: str
    name: str
    comp_plan: CompPlan
    plan_text: str
    letter_text: str

    @property
    def hashes(self) -> tuple[str, str]:
        """Of the plan's text and of the letter's."""
        return fingerprint(self.plan_text), fingerprint(self.letter_text)


def send_plan(ws: Workspace, actor: Actor, *, comp_plan: str, payee: str | None = None) -> list[dict[str, Any]]:
    """Send the plan in force and the quota letter to everybody eligible, or to one; the same texts go out once.

    Raises:
        NotFound: no such plan is in force, or nobody (of that name) is eligible.
    """
    require(actor, Permission.publish_policies)
    found = [t for t in _texts(ws, only=comp_plan) if payee in (None, t.payee)]
    if not found:
        raise NotFound(
            f"Nobody{f' called {payee}' if payee else ''} is eligible for {comp_plan}.", hint="Look at `eligible`."
        )
    with writing(ws, in_turn=True):
        sent = [_send(ws, actor, t) for t in found]
    return [letter_json(row) for row in sent]


def get_letter(ws: Workspace, actor: Actor, *, id: int) -> dict[str, Any]:
    """What was sent, with its texts; the payee opening it has read it.

    Raises:
        NotFound: there is none, or it is not for the actor.
    """
    row = _row(ws, actor, id)
    if row.read_at is None and actor.user_id == row.payee:
        with writing(ws, in_turn=True):
            row.read_at = aware(ws.now())
            row.save(update_fields=["read_at"])
            record(ws, actor, "pay.plan_read", _subject(row), letter=row.pk)
    return letter_json(row) | {"plan_text": row.plan_text, "letter_text": row.letter_text}


def accept_plan(ws: Workspace, actor: Actor, *, id: int, plan_sha256: str, letter_sha256: str) -> dict[str, Any]:
    """Sign: the payee alone, both texts by their hashes. Said twice, it counts once.

    Raises:
        NotFound: there is none, or it is not the actor's. StaleVersion: other texts were sent since.
    """
    row = _row(ws, actor, id)
    if actor.user_id != row.payee:
        raise NotFound(f"There is no plan {id} for you to sign.", hint="See yours on My pay.")
    if (plan_sha256, letter_sha256) != (row.plan_sha256, row.letter_sha256):
        raise StaleVersion("These are not the texts you were sent.", hint="Read them again, then accept those.")
    with writing(ws, in_turn=True):
        row.refresh_from_db()
        if _latest(row.payee, row.comp_plan).pk != row.pk:
            raise StaleVersion("Other texts have been sent since.", hint="Read and accept the latest.")
        if row.accepted_at is None:
            row.accepted_by, row.accepted_at = actor.login, aware(ws.now())
            row.read_at = row.read_at or row.accepted_at
            row.save()
            close_commitment(ws, actor, key=_key(row))
            record(ws, actor, "pay.plan_accepted", _subject(row), letter=row.pk, plan=plan_sha256, quota=letter_sha256)
    _acknowledge(ws, actor, row.comp_plan)
    return letter_json(row)


def my_letters(ws: Workspace, actor: Actor) -> list[dict[str, Any]]:
    """The latest of each plan that was sent to the actor, those to sign first."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import PlanLetter

    if actor.user_id is None:
        return []
    latest = {r.comp_plan: r for r in PlanLetter.objects.filter(payee=actor.user_id).order_by("sent_at", "id")}
    return sorted((letter_json(r) for r in latest.values()), key=lambda x: x["state"] == "accepted")


def list_signatures(ws: Workspace, actor: Actor, *, period: str = "") -> list[dict[str, Any]]:
    """Everybody eligible under a plan in force: what they were sent, and whether they accepted what holds now.

    Args:
        period: Also what each is paid in it: who earns on a plan they have not accepted.
    """
    require(actor, Permission.view_pay if period else Permission.view_signatures)
    texts = list(_texts(ws))
    statements = _statements(ws, period) if period and texts else None
    found = []
    for text in texts:
        row = _latest_of(text.payee, text.comp_plan.key)
        state = _state(row, text)
        said = {
            "payee": text.payee, "name": text.name, "plan": text.comp_plan.key, "state": state,
            "sent_at": naive(row.sent_at) if row else None, "read_at": naive(row.read_at) if row else None,
            "accepted_at": naive(row.accepted_at) if row else None, "accepted_by": row.accepted_by if row else "",
            "plan_sha256": text.hashes[0], "letter_sha256": text.hashes[1],
        }  # fmt: skip
        if statements is not None:
            statement = statements.get(text.payee)
            same = statement is not None and statement["plan"] == text.comp_plan.key
            said |= {"period": period, "paid": statement["paid"] if same and statement else money(Decimal(0))}
        found.append(said)
    return sorted(found, key=lambda s: (s["state"] == "accepted", -Decimal(s.get("paid", 0)), s["payee"]))


def _statements(ws: Workspace, period: str) -> Mapping[str, dict[str, Any]]:
    """Of a period: what was locked, else as it would be paid now."""
    key = period_of(ws.calendar, period).key
    return locked_statements(ws, period=key) or calculate(ws, period=key).statements


def unsigned(ws: Workspace) -> frozenset[tuple[str, str]]:
    """(payee, plan) of everybody eligible who has not accepted what holds now."""
    open_decisions(ws.decisions_url)
    pairs = ((t, _latest_of(t.payee, t.comp_plan.key)) for t in _texts(ws))
    return frozenset((t.payee, t.comp_plan.key) for t, row in pairs if _state(row, t) != "accepted")


def letter_json(row: PlanLetter) -> dict[str, Any]:
    """A letter as JSON, without its texts."""
    at = {n: naive(getattr(row, n)) for n in ("sent_at", "read_at", "accepted_at")}
    state = "accepted" if row.accepted_at else "read" if row.read_at else "sent"
    names = ("payee", "comp_plan", "plan_sha256", "letter_sha256", "sent_by", "accepted_by")
    return {"id": row.pk, "state": state, **{n: getattr(row, n) for n in names}, **at}


def _state(row: PlanLetter | None, text: ToSign) -> str:
    if row is None:
        return "not sent"
    if (row.plan_sha256, row.letter_sha256) != text.hashes:
        return "changed since"
    return "accepted" if row.accepted_at else "read" if row.read_at else "sent"


def _texts(ws: Workspace, *, only: str | None = None) -> Iterator[ToSign]:
    """Both texts of everybody eligible under the plans in force, by plan and person."""
    plans = [p.envelope for k, p in sorted(current_policies(ws).of(KIND).items()) if only in (None, k)]
    if only and not plans:
        raise NotFound(f"No compensation plan {only} is in force.", hint="geartrain policy list")
    with open_facts(ws, operator()) as facts:
        held = PayFacts(facts)
        mine, _ = split_by_plan(plans, held.users)
        for comp_plan in plans:
            rendered = explain_plan(comp_plan).text
            for who in sorted(w for w, some in mine.items() if comp_plan in some):
                user = held.users[who]
                if (end := as_day(user.get("end_date"))) and end < comp_plan.effective[0]:
                    continue
                name = str(user.get("name") or who)
                target = user.get("target_incentive")
                letter = quota_letter(comp_plan, payee=who, name=name, quotas=held.quotas.get(who, ()), target=target)
                yield ToSign(who, name, comp_plan, rendered, letter)


def _send(ws: Workspace, actor: Actor, text: ToSign) -> PlanLetter:
    from geartrain.stores.decisions.models import PlanLetter, User

    plan_hash, letter_hash = text.hashes
    what = {"payee": text.payee, "comp_plan": text.comp_plan.key}
    known = PlanLetter.objects.filter(**what, plan_sha256=plan_hash, letter_sha256=letter_hash).first()
    if known is not None:
        found: PlanLetter = known
        return found
    for old in PlanLetter.objects.filter(**what, accepted_at=None):
        drop_commitment(ws, actor, key=_key(old), reason="Other texts were sent.")
    row = PlanLetter.objects.create(
        **what, plan_text=text.plan_text, plan_sha256=plan_hash, letter_text=text.letter_text,
        letter_sha256=letter_hash, sent_by=actor.login, sent_at=aware(ws.now()),
    )  # fmt: skip
    record(ws, actor, "pay.plan_sent", _subject(row), letter=row.pk, plan=plan_hash, quota=letter_hash)
    login = User.objects.filter(user_id=text.payee, is_active=True).values_list("email", flat=True).first()
    if login:
        open_commitment(
            ws, kind=COMMITMENT, subject=_subject(row), title=f"Read and accept {text.comp_plan.name}",
            assignee=login, due=ws.now() + timedelta(days=DAYS), link=f"/pay/plans/{row.pk}/", key=_key(row),
            source=f"policy/{KIND}/{row.comp_plan}",
        )  # fmt: skip
    return row


def _acknowledge(ws: Workspace, actor: Actor, key: str) -> None:
    """Who signs a published plan has acknowledged its text too."""
    from geartrain.services.governance import acknowledge_policy, acknowledgements

    try:
        text = acknowledgements(ws, actor, kind=KIND, key=key)
        acknowledge_policy(ws, actor, kind=KIND, key=key, sha256=text.sha256)
    except (NotFound, Conflict):
        return


def _row(ws: Workspace, actor: Actor, id: int) -> PlanLetter:
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import PlanLetter

    row = PlanLetter.objects.filter(pk=id).first() if abs(id) < 2**63 else None
    if row is None or not (actor.may(Permission.view_pay) or _led(ws, actor, row.payee)):
        raise NotFound(f"There is no plan {id} to sign.", hint="See yours on My pay.")
    found: PlanLetter = row
    return found


def _led(ws: Workspace, actor: Actor, payee: str) -> bool:
    if actor.user_id is None:
        return False
    with open_facts(ws, operator()) as facts:
        return actor.user_id in (payee, *facts.hierarchy().chain(payee))


def _latest_of(payee: str, comp_plan: str) -> PlanLetter | None:
    from geartrain.stores.decisions.models import PlanLetter

    return PlanLetter.objects.filter(payee=payee, comp_plan=comp_plan).order_by("-sent_at", "-id").first()


def _latest(payee: str, comp_plan: str) -> PlanLetter:
    row = _latest_of(payee, comp_plan)
    assert row is not None
    return row


def _subject(row: PlanLetter) -> str:
    return f"comp_plan/{row.comp_plan}/{row.payee}"


def _key(row: PlanLetter) -> str:
    return f"{COMMITMENT}/{row.pk}"
