"""Is there enough pipeline, how fast does it move, how old is it, and how much of it slips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import median
from typing import Any

import ibis

from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import Grain, Period
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.forecasting.forecast_bases import ENGINE, bases_of, booked_by
from geartrain.services.forecasting.forecast_standing import process_of
from geartrain.services.forecasting.pipeline_history import check_days, engine_source
from geartrain.services.forecasting.pipeline_inspection import inspect_pipeline
from geartrain.services.measures.metrics import query_metrics
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

ZERO = Decimal(0)
BANDS = (30, 60, 90, 180)  # days of age, upper bounds
CUTS = ("team", "owner", "region", "segment", "type")
VELOCITY = ("open_deals", "win_rate", "average_deal_size", "sales_cycle_days", "pipeline_velocity")
BACK = 8  # quarters looked back for what is usual


@dataclass(frozen=True)
class Told:
    """An answer: a document for a machine, the columns and rows of it for people, and a line that says it."""

    whole: dict[str, Any]
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    says: str

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return self.whole


def get_coverage(ws: Workspace, actor: Actor, *, period: str | None = None, as_of: date | None = None) -> Told:
    """Open pipeline due in the period over what is missing to the quota, by person, and how much is usually enough.

    Enough is 1 / yield: of what was due at this point of up to eight past quarters, the median share that was booked
    afterwards, deals created later included.

    Raises:
        Invalid: no such period, or not a day.
    """
    require(actor, Permission.view_metrics)
    day, asked = _asked(ws, actor, period, as_of)
    found = query_metrics(
        ws, actor, keys=["quota", "bookings", "pipeline_due"], by=["owner"], since=asked.start, until=asked.end,
        as_of=day,
    )  # fmt: skip
    with open_facts(ws, actor, as_of=day) as facts:
        users = facts.execute(facts.raw("user").select("user_id", "name")).to_pylist()
        names, hierarchy = {u["user_id"]: u["name"] for u in users}, facts.hierarchy()
    sums = {r["owner"]: [Decimal(r[k] or 0) for k in ("quota", "bookings", "pipeline_due")] for r in found.records()}
    # A manager's quota is that of the team once more.
    held = {o for o, (quota, *_) in sums.items() if o and quota}
    double = {o for o in held if any(p in held for p in hierarchy.tree(o)[1:])}
    rows = [_covered(o, names.get(o or ""), o in double, *values) for o, values in sums.items() if any(values)]
    rows.sort(key=lambda r: (r["manages"], r["coverage"] is None, r["coverage"] or ZERO, r["owner_id"] or ""))
    quota = sum((v[0] for o, v in sums.items() if o not in double), ZERO)
    booked, due = (sum((v[n] for v in sums.values()), ZERO) for n in (1, 2))
    total = _covered(None, None, False, quota, booked, due)
    yields = _yields(ws, asked, day) if actor.sees_everyone else []
    usual = Decimal(str(round(median(yields), 4))) if yields else None
    needed = round(1 / usual, 2) if usual else None
    enough = None if needed is None or total["coverage"] is None else total["coverage"] >= needed
    whole = {
        "period": asked.key, "as_of": day, "currency": ws.currency,
        **{k: total[k] for k in ("quota", "booked", "left", "due", "coverage")},
        "usual_yield": usual, "quarters_looked_at": len(yields), "needed": needed, "enough": enough, "owners": rows,
    }  # fmt: skip
    columns = ("owner_id", "name", "quota", "booked", "left", "due", "coverage")
    said = "not defined: nothing is missing to the quota" if total["coverage"] is None else f"{total['coverage']:.2f}"
    more = f"; {needed} was enough at this point of {len(yields)} past quarters" if needed else ""
    return Told(whole, columns, [tuple(r[c] for c in columns) for r in rows], f"Coverage {said}{more}.")


def get_velocity(ws: Workspace, actor: Actor, *, by: str = "team", as_of: date | None = None) -> Told:
    """Open deals × win rate × deal size / cycle, an amount per day, with its four parts, by a cut.

    Win rate, size and cycle are of the 365 days up to the day.

    Raises:
        Invalid: no such cut, or not a day.
    """
    require(actor, Permission.view_metrics)
    if by not in CUTS:
        raise Invalid(f"Velocity is not cut by '{by[:60]}'.", hint=f"One of: {', '.join(CUTS)}.")
    day = as_of or last_day(ws, actor)
    check_days(day)
    span = {"since": day - timedelta(days=364), "until": day + timedelta(days=1), "as_of": day}
    total = query_metrics(ws, actor, keys=VELOCITY, **span).records()[0]
    rows = query_metrics(ws, actor, keys=VELOCITY, by=[by], **span).records()
    rows.sort(key=lambda r: (r["pipeline_velocity"] is None, -(r["pipeline_velocity"] or 0), str(r[by])))
    whole = {
        "as_of": day, "since": span["since"], "until": span["until"], "currency": ws.currency,
        **{k: total[k] for k in VELOCITY}, "by": by, "rows": rows,
    }  # fmt: skip
    columns = (by, *VELOCITY)
    speed = total["pipeline_velocity"]
    said = "Velocity is not defined." if speed is None else f"{speed:,.0f} {ws.currency} a day."
    return Told(whole, columns, [tuple(r[c] for c in columns) for r in rows], said)


def get_ageing(ws: Workspace, actor: Actor, *, as_of: date | None = None, owner: str | None = None) -> Told:
    """How old open deals are, and how long they are in their stage against what won deals took.

    Raises:
        NotFound: nobody by that id whose deals the actor may see.
    """
    found = inspect_pipeline(ws, actor, as_of=as_of, owner=owner)
    stages: dict[str | None, list[Any]] = {}
    for one in found.rows:
        stages.setdefault(one.deal.stage, []).append(one)
    rows = []
    for stage, ones in sorted(stages.items(), key=lambda s: str(s[0])):
        days = [float(o.deal.days_in_stage) for o in ones if o.deal.days_in_stage is not None]
        old = [o for o in ones if "stage_ageing" in o.fired]
        rows.append({
            "stage": stage, "deals": len(ones), "amount": _amount(ones),
            "median_days": round(median(days), 1) if days else None,
            "usual_days": found.norms.stage_days.get(stage or ""), "older": len(old), "older_amount": _amount(old),
        })  # fmt: skip
    bands = [(low, high) for low, high in zip((0, *(b + 1 for b in BANDS)), (*BANDS, None), strict=True)]
    ages = []
    for low, high in bands:
        ones = [o for o in found.rows if low <= o.deal.age_days and (high is None or o.deal.age_days <= high)]
        ages.append({"from_days": low, "to_days": high, "deals": len(ones), "amount": _amount(ones)})
    older = sum(r["older"] for r in rows)
    whole = {
        "as_of": found.as_of, "currency": ws.currency, "open_deals": len(found.rows), "older": older,
        "stages": rows, "ages": ages,
        "deals": [found.row(o) for o in found.rows if "stage_ageing" in o.fired],
    }  # fmt: skip
    columns = ("stage", "deals", "amount", "median_days", "usual_days", "older", "older_amount")
    said = f"{older:,} of {len(found.rows):,} open deals are longer in their stage than three in four won deals were."
    return Told(whole, columns, [tuple(r[c] for c in columns) for r in rows], said)


def get_slippage(ws: Workspace, actor: Actor, *, quarters: int = BACK, as_of: date | None = None) -> Told:
    """What was due in each of the last quarters when it began and moved out of it; and the deals of the last one.

    Raises:
        Invalid: not 1 to 40 quarters, or not a day.
    """
    require(actor, Permission.view_records)
    if not 1 <= quarters <= 40:
        raise Invalid(f"{quarters} quarters cannot be looked at.", hint="Choose 1 to 40.")
    day, last = _asked(ws, actor, None, as_of)
    asked = [last]
    while len(asked) < quarters:
        asked.append(ws.calendar.previous(asked[-1], Grain.quarter))
    with open_facts(ws, actor, as_of=day) as facts:
        key = ("slippage", quarters, facts.scope(pay_read=False))
        rows, deals = remembered(key, lambda: _slipped(ws, facts, asked))
    now = next((r for r in rows if r["period"] == last.key), None)
    whole = {"as_of": day, "currency": ws.currency, "quarters": rows, "deals": deals}
    columns = ("period", "due", "deals", "slipped", "slipped_deals", "rate", "rate_by_count", "won", "lost", "open")
    rate = now and now["rate"]
    said = (
        f"{rate:.0%} of what was due in {last.key} when it began slipped." if rate is not None else "Nothing was due."
    )
    return Told(whole, columns, [tuple(r[c] for c in columns) for r in rows], said)


def _slipped(ws: Workspace, facts: Any, asked: Sequence[Period]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    table = engine_source(ws, facts).table("quarter_pipeline")
    people = facts.visible()
    table = table.filter(table.quarter_start.isin([p.start for p in asked]))
    if people is not None:
        table = table.filter(table.owner_id.isin(sorted(people)) if people else ibis.literal(False))
    foreign = table.filter(ibis.coalesce(table.currency, facts.currency) != facts.currency)
    if facts.execute(foreign.limit(1)).num_rows:
        from geartrain.facts.transforms import converted

        table = table.mutate(wanted=ibis.literal(facts.currency))
        table = converted(
            table, facts.raw("fx_rate"), amount="amount", held="currency", wanted="wanted", day="quarter_start"
        )
    listed = facts.execute(
        table.select("opportunity_id", "owner_id", "stage", "quarter_start", "close_date", "amount", "outcome")
        .order_by("quarter_start", "opportunity_id")
    ).to_pylist()  # fmt: skip
    rows = []
    for period in asked:
        due = [r for r in listed if r["quarter_start"] == period.start]
        by = {o: [r for r in due if r["outcome"] == o] for o in ("won", "lost", "slipped", "open")}
        sums = {o: sum((r["amount"] or ZERO for r in held), ZERO) for o, held in by.items()}
        whole = sum(sums.values(), ZERO)
        rows.append({
            "period": period.key, "due": whole, "deals": len(due), "slipped": sums["slipped"],
            "slipped_deals": len(by["slipped"]), "rate": sums["slipped"] / whole if whole else None,
            "rate_by_count": Decimal(len(by["slipped"])) / len(due) if due else None,
            **{o: sums[o] for o in ("won", "lost", "open")},
        })  # fmt: skip
    gone = [r for r in listed if r["quarter_start"] == asked[0].start and r["outcome"] == "slipped"]
    gone.sort(key=lambda r: (-(r["amount"] or ZERO), r["opportunity_id"]))
    return rows, [{k: v for k, v in r.items() if k not in ("outcome", "quarter_start")} for r in gone]


def _asked(ws: Workspace, actor: Actor, period: str | None, as_of: date | None) -> tuple[date, Period]:
    day = as_of or last_day(ws, actor)
    check_days(day)
    return day, ws.calendar.parse(period) if period else ws.calendar.containing(day, Grain.quarter)


def _covered(
    owner: str | None, name: str | None, manages: bool, quota: Decimal, booked: Decimal, due: Decimal
) -> dict[str, Any]:
    left = max(ZERO, quota - booked)
    return {
        "owner_id": owner, "name": name, "manages": manages, "quota": quota, "booked": booked, "left": left,
        "due": due, "coverage": round(due / left, 4) if left else None,
    }  # fmt: skip


def _yields(ws: Workspace, period: Period, day: date) -> list[float]:
    """Of what was due at this point of past periods, what was booked after it, as shares; nothing due is left out."""
    days = (period.end - period.start).days
    grain = Grain.month if days < 40 else Grain.quarter if days < 100 else Grain.year
    gone, past = (day - period.start).days, [period]
    while len(past) <= BACK:
        past.append(ws.calendar.previous(past[-1], grain))
    asked = [(p, min(p.start + timedelta(days=max(gone, 0)), p.end - timedelta(days=1))) for p in past[1:]]
    with open_facts(ws, ENGINE, as_of=day) as facts:
        key = ("pipeline yields", period, day, current_policies(ws).sha256, facts.id)
    return remembered(key, lambda: _shares(ws, asked, day))


def _shares(ws: Workspace, asked: Sequence[tuple[Period, date]], day: date) -> list[float]:
    bases = bases_of(ws, asked, process=process_of(ws))
    booked = booked_by(ws, min(p.start for p, _ in asked), max(p.end for p, _ in asked), as_of=day)
    found = []
    for (period, at), base in zip(asked, bases, strict=True):
        due = sum((d.amount or ZERO for d in base.deals if d.close_date and d.close_date in period), ZERO)
        after = sum((a for _, on, a in booked if on in period and on > at), ZERO)
        if due:
            found.append(float(after / due))
    return found


def _amount(ones: Sequence[Any]) -> Decimal:
    return sum((o.deal.amount or ZERO for o in ones), ZERO)
