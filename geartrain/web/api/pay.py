"""Pay: runs, statements, estimates, health, disputes, adjustments, plans to sign."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import Field, StringConstraints

from geartrain.services.pay import adjusting as pay_adjusting
from geartrain.services.pay import disputes as pay_disputes
from geartrain.services.pay import ledger as pay_ledger
from geartrain.services.pay import runs as pay_runs
from geartrain.services.pay import signing as pay_signing
from geartrain.services.pay.compare import compare_plans, simulate_plan
from geartrain.services.pay.estimating import estimate_pay
from geartrain.services.pay.exports import export_pay
from geartrain.services.pay.health import get_health
from geartrain.services.pay.plans import check_plans, explain_plan_text, quote_plan, read_plan
from geartrain.services.policies import LARGEST
from geartrain.web.api.plain import Line, Text, plain
from geartrain.web.paper import statement_file

PREFIX = "/pay"
router = Router()
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[int, Field(ge=1, le=2**62)]
Yaml = Annotated[str, StringConstraints(max_length=LARGEST, pattern=r"^[^\x00]*$")]
Money = Annotated[Decimal, Field(max_digits=20, decimal_places=6)]
Answer = dict[str, Any]


class SideIn(Schema):
    """Whom an approval speaks for; empty: the only side the caller may."""

    side: Line | None = None


class EstimateIn(Schema):
    """Deals that are supposed to close: {"deal": "O-1", "close": "2026-06-30"}, or without a deal an amount."""

    payee: Line
    deals: list[dict[str, Any]] = Field(max_length=50)
    period: Line = ""


class DisputeIn(Schema):
    """What is wrong in a statement."""

    payee: Line
    period: Line
    kind: Line
    text: Text
    component: Line = ""
    deal: Line = ""


class TriageIn(Schema):
    """What seems to have caused it."""

    root_cause: Line = ""
    note: Text = ""


class AnswerIn(Schema):
    """The answer; with an amount an adjustment is asked for, into an open period and on a budget."""

    answer: Text
    root_cause: Line = ""
    amount: Money | None = None
    into: Line = ""
    budget: Line = ""


class RejectIn(Schema):
    """Why it is right as it stands."""

    answer: Text
    root_cause: Line = ""


class AdjustmentIn(Schema):
    """An amount by hand."""

    payee: Line
    period: Line
    amount: Money
    kind: Line
    budget: Line
    reason: Text
    dispute: Number | None = None


class NoteIn(Schema):
    """A word with it."""

    note: Text = ""


class AcceptIn(Schema):
    """The hashes of both texts that were read."""

    plan_sha256: Hash
    letter_sha256: Hash


class SendIn(Schema):
    """To whom; empty: everybody eligible."""

    payee: Line | None = None


class PlanIn(Schema):
    """A plan's text."""

    text: Yaml


class QuoteIn(PlanIn):
    """A plan and a hypothetical, as `pay quote --given` has it."""

    given: dict[str, Any]


class PastIn(PlanIn):
    """A plan over a past period; beside another one for a difference."""

    on: Line
    old: Yaml = ""


@router.get("/periods", response=list[str], summary="The pay periods that have begun, latest first")
def periods(request: Any) -> Any:
    return pay_runs.known_periods(request.workspace, request.actor)


@router.get("/runs/{period}", response=Answer, summary="A period as it would be paid now; nothing is written")
def preview(request: Any, period: Line) -> Any:
    return plain(pay_runs.preview_pay(request.workspace, request.actor, period=period).as_json())


@router.post("/runs/{period}", response=Answer, summary="Calculate a period")
def run(request: Any, period: Line) -> Any:
    return plain(pay_runs.run_pay(request.workspace, request.actor, period=period).as_json())


@router.post("/runs/{period}/approve", response=Answer, summary="Approve it for sales or for finance")
def approve(request: Any, period: Line, asked: SideIn) -> Any:
    return plain(pay_ledger.approve_pay(request.workspace, request.actor, period=period, side=asked.side or None))


@router.post("/runs/{period}/lock", response=Answer, summary="Lock it for good")
def lock(request: Any, period: Line) -> Any:
    return plain(pay_ledger.lock_pay(request.workspace, request.actor, period=period))


@router.post("/runs/{period}/replay", response=Answer, summary="Post into it what locked periods show otherwise now")
def replay(request: Any, period: Line) -> Any:
    return plain(pay_ledger.replay_pay(request.workspace, request.actor, period=period))


@router.get("/runs/{period}/export", response=Answer, summary="Payroll, accrual journal or the asset of commissions")
def export(request: Any, period: Line, kind: Line = "payroll") -> Any:
    rows = export_pay(request.workspace, request.actor, period=period, kind=kind)
    return plain({"period": period, "kind": kind, "rows": rows})


@router.get("/statements", response=list[Answer], summary="The statements of a period that the caller may see")
def statements(request: Any, period: Line) -> Any:
    return plain(pay_runs.list_statements(request.workspace, request.actor, period=period))


@router.get("/statements/{payee}/{period}", response=Answer, summary="One statement, every line with its arithmetic")
def statement(request: Any, payee: Line, period: Line) -> Any:
    return plain(pay_runs.get_statement(request.workspace, request.actor, payee=payee, period=period))


@router.get("/statements/{payee}/{period}/pdf", summary="The statement on paper")
def paper(request: Any, payee: Line, period: Line) -> HttpResponse:
    return statement_file(request, payee, period)


@router.post("/statements/verify", response=Answer, summary="Recompute a statement from its own lineage")
def verify(request: Any, asked: dict[str, Any]) -> Any:
    issues = pay_runs.check_statement(asked)
    return {"ok": not issues, "issues": [i.as_json() for i in issues]}


@router.post("/estimate", response=Answer, summary="What somebody would be paid if some deals closed")
def estimate(request: Any, asked: EstimateIn) -> Any:
    what = {"payee": asked.payee, "deals": asked.deals, "period": asked.period}
    return plain(estimate_pay(request.workspace, request.actor, **what))


@router.get("/health", response=Answer, summary="Comp health: measures with bands and who is behind them")
def health(request: Any, period: Line) -> Any:
    return plain(get_health(request.workspace, request.actor, period=period).as_json())


@router.get("/disputes", response=list[Answer], summary="The disputes the caller may see")
def disputes(request: Any, state: Line = "", payee: Line = "", period: Line = "") -> Any:
    chosen = {"state": state, "payee": payee, "period": period}
    return plain(pay_disputes.list_disputes(request.workspace, request.actor, **chosen))


@router.post("/disputes", response={201: Answer}, summary="Say that a statement is wrong")
def dispute(request: Any, asked: DisputeIn) -> Any:
    return 201, plain(pay_disputes.open_dispute(request.workspace, request.actor, **asked.dict()))


@router.get("/disputes/{id}", response=Answer, summary="One dispute, with the arithmetic it is about")
def one_dispute(request: Any, id: Number) -> Any:
    return plain(pay_disputes.get_dispute(request.workspace, request.actor, id=id))


@router.post("/disputes/{id}/triage", response=Answer, summary="Take it up")
def triage(request: Any, id: Number, asked: TriageIn) -> Any:
    return plain(pay_disputes.triage_dispute(request.workspace, request.actor, id=id, **asked.dict()))


@router.post("/disputes/{id}/accept", response=Answer, summary="Agree: the source is corrected, or an adjustment")
def accept(request: Any, id: Number, asked: AnswerIn) -> Any:
    return plain(pay_disputes.accept_dispute(request.workspace, request.actor, id=id, **asked.dict()))


@router.post("/disputes/{id}/reject", response=Answer, summary="Disagree; the trace goes with the answer")
def reject(request: Any, id: Number, asked: RejectIn) -> Any:
    return plain(pay_disputes.reject_dispute(request.workspace, request.actor, id=id, **asked.dict()))


@router.post("/disputes/{id}/close", response=Answer, summary="Put a decided dispute away")
def close(request: Any, id: Number) -> Any:
    return plain(pay_disputes.close_dispute(request.workspace, request.actor, id=id))


@router.get("/adjustments", response=list[Answer], summary="Adjustments by hand, waiting ones first")
def adjustments(request: Any, period: Line = "", state: Line = "") -> Any:
    return plain(pay_adjusting.list_adjustments(request.workspace, request.actor, period=period, state=state))


@router.post("/adjustments", response={201: Answer}, summary="Ask for an amount by hand")
def adjust(request: Any, asked: AdjustmentIn) -> Any:
    return 201, plain(pay_adjusting.request_adjustment(request.workspace, request.actor, **asked.dict()))


@router.post("/adjustments/{id}/approve", response=Answer, summary="Approve somebody else's, within one's limit")
def approve_adjustment(request: Any, id: Number, asked: NoteIn) -> Any:
    return plain(pay_adjusting.approve_adjustment(request.workspace, request.actor, id=id, note=asked.note))


@router.post("/adjustments/{id}/refuse", response=Answer, summary="Refuse it, or take one's own back")
def refuse_adjustment(request: Any, id: Number, asked: NoteIn) -> Any:
    return plain(pay_adjusting.refuse_adjustment(request.workspace, request.actor, id=id, note=asked.note))


@router.get("/letters", response=list[Answer], summary="The plans the caller was sent, those to sign first")
def letters(request: Any) -> Any:
    return plain(pay_signing.my_letters(request.workspace, request.actor))


@router.get("/letters/{id}", response=Answer, summary="A plan and quota letter that was sent; reading it is noted")
def letter(request: Any, id: Number) -> Any:
    return plain(pay_signing.get_letter(request.workspace, request.actor, id=id))


@router.post("/letters/{id}/accept", response=Answer, summary="Sign both texts by their hashes; the payee alone")
def sign(request: Any, id: Number, asked: AcceptIn) -> Any:
    return plain(pay_signing.accept_plan(request.workspace, request.actor, id=id, **asked.dict()))


@router.get("/signatures", response=list[Answer], summary="Who has accepted their plan; with a period what they earn")
def signatures(request: Any, period: Line = "") -> Any:
    return plain(pay_signing.list_signatures(request.workspace, request.actor, period=period))


@router.post("/plans/{key}/send", response=list[Answer], summary="Send a plan in force to everybody eligible")
def send(request: Any, key: Line, asked: SendIn) -> Any:
    return plain(pay_signing.send_plan(request.workspace, request.actor, comp_plan=key, payee=asked.payee or None))


@router.post("/plan/check", response=Answer, summary="What is wrong or doubtful in a plan, and its own tests")
def check(request: Any, asked: PlanIn) -> Any:
    issues = check_plans([("plan", asked.text)], ws=request.workspace)
    return {"ok": not any(i.level == "error" for i in issues), "issues": [i.as_json() for i in issues]}


@router.post("/plan/explain", response=Answer, summary="A plan in plain words, hashed")
def explain(request: Any, asked: PlanIn) -> Any:
    return plain(explain_plan_text(asked.text, "plan").as_json())


@router.post("/plan/quote", response=Answer, summary="What given credits would earn under a plan")
def quote(request: Any, asked: QuoteIn) -> Any:
    return plain(quote_plan(asked.text, "plan", asked.given, ws=request.workspace).as_json())


@router.post("/plan/diff", response=Answer, summary="Who would have been paid how much more or less")
def diff(request: Any, asked: PastIn) -> Any:
    new, old = (read_plan(text, where) for text, where in ((asked.text, "new"), (asked.old or asked.text, "old")))
    return plain(compare_plans(request.workspace, request.actor, old=old, new=new, on=asked.on).as_json())


@router.post("/plan/simulate", response=Answer, summary="What a plan costs at 80, 100 and 120 % company attainment")
def simulate(request: Any, asked: PastIn) -> Any:
    from geartrain.incentives.exact import plain as exact

    found = simulate_plan(request.workspace, request.actor, comp_plan=read_plan(asked.text, "plan"), on=asked.on)
    return {"on": asked.on, "levels": [
        {"attainment": str(exact(s.attainment)), "credited": f"{exact(s.credited, 2):.2f}",
         "quota": f"{exact(s.quota, 2):.2f}", "cost": f"{s.cost:.2f}"} for s in found]}  # fmt: skip
