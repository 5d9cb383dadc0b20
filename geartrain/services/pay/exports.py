"""What finance takes away: the payroll file, the accrual journal, the asset of commissions (ASC 340-40)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from geartrain.incentives.amortising import Cost, roll_forward
from geartrain.incentives.statements import money
from geartrain.kernel.errors import Invalid
from geartrain.services.access import Actor, Permission, require
from geartrain.services.pay.runs import Run, calculate, users_of
from geartrain.services.pay.signing import unsigned
from geartrain.services.workspace import Workspace

Rows = list[dict[str, Any]]
KINDS = ("payroll", "accrual", "asc340")
LIFE = 36  # months a customer is expected to stay where nothing else is stated


def export_pay(ws: Workspace, actor: Actor, *, period: str, kind: str = "payroll", life: int = LIFE) -> Rows:
    """The rows of an export of a period; of a locked one, of what was locked.

    Args:
        kind: payroll, accrual or asc340.
        life: Months over which commissions are written off.

    Raises:
        Invalid: there is no such export, or the life is none.
    """
    require(actor, Permission.run_pay)
    if kind not in KINDS:
        raise Invalid(f"There is no export '{kind}'.", hint=f"One of: {', '.join(KINDS)}.")
    if life < 1:
        raise Invalid("A life is at least one month.", hint="Write --life 36.")
    run = calculate(ws, period=period)
    return {"payroll": _payroll, "accrual": _accrual, "asc340": _asset}[kind](ws, run, life)


def _payroll(ws: Workspace, run: Run, life: int) -> Rows:
    """One row a payee; the pay group is their column `pay_group`, else their team.

    Where the company holds pay until a plan is accepted, `amount` is what is due now and `held_unsigned` the rest.
    """
    users = users_of(ws)
    holds = ws.settings.pay.hold_unsigned
    held, nothing = (unsigned(ws) if holds else frozenset()), money(Decimal(0))

    def due(who: str, s: dict[str, Any]) -> dict[str, str]:
        if not holds:
            return {"amount": s["paid"]}
        waits = (who, s["plan"]) in held and Decimal(s["paid"]) > 0
        return {"amount": nothing if waits else s["paid"], "held_unsigned": s["paid"] if waits else nothing}

    return [
        {
            "pay_group": str(users.get(who, {}).get("pay_group") or users.get(who, {}).get("team") or ""),
            "payee": who,
            "name": str(users.get(who, {}).get("name") or ""),
            "period": run.period.key,
            "currency": s["currency"],
            **due(who, s),
            "status": run.status,
            "manifest": s["manifest"],
        }
        for who, s in sorted(run.statements.items(), key=lambda p: (str(users.get(p[0], {}).get("team")), p[0]))
    ]


def _accrual(ws: Workspace, run: Run, life: int) -> Rows:
    """A journal that balances: commission expense against what is payable, held and advanced."""
    sums: dict[str, Decimal] = dict.fromkeys(("expense", "held", "advances", "payable"), Decimal(0))
    for s in run.statements.values():
        draws = s["draws"]
        advanced = Decimal(draws["drawn"]) + Decimal(draws["recovered"])
        sums["expense"] += Decimal(s["earned"]) + Decimal(s["adjusted"]) + Decimal(s["clawed_back"])
        sums["held"] += Decimal(s["held"]) - Decimal(s["released"])
        sums["advances"] += advanced
        sums["payable"] += Decimal(s["paid"])
    lines = (
        ("commission expense", sums["expense"]),
        ("advances to sellers", sums["advances"]),
        ("commissions held back", -sums["held"]),
        ("commissions payable", -sums["payable"]),
    )
    return [_journal(run, account, amount) for account, amount in lines]


def _journal(run: Run, account: str, amount: Decimal) -> dict[str, Any]:
    side = {"debit": money(max(amount, Decimal(0))), "credit": money(max(-amount, Decimal(0)))}
    return {"date": date.fromordinal(run.period.end.toordinal() - 1), "period": run.period.key, "account": account,
            **side, "currency": run.currency}  # fmt: skip


def _asset(ws: Workspace, run: Run, life: int) -> Rows:
    months = (run.period.end.year - run.period.start.year) * 12 + run.period.end.month - run.period.start.month
    rolled = roll_forward(costs_of(run, life), start=run.period.start, months=months)
    names = ("opening", "capitalised", "amortised", "impaired", "expensed", "closing")
    return [{"month": r.month, **{n: money(getattr(r, n)) for n in names}, "currency": run.currency} for r in rolled]


def costs_of(run: Run, life: int) -> Iterable[Cost]:
    """Direct commissions on won deals, incremental to the contract; scores and SPIFs of no deal are none."""
    for e in run.evaluations:
        for line in e.lines:
            if line.type == "direct" and line.amount and line.day < run.period.end:
                churned = line.values.get("churned_at")
                ended = churned if isinstance(churned, date) and churned < run.period.end else None
                months = line.values.get("amortisation_months") or life
                yield Cost(line.id, line.component, e.payee.id, line.day, line.amount, int(str(months)), ended)
