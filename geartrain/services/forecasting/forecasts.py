"""The predictive forecast: run, backtested and explained, over the facts as known at the end of a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from geartrain.facts.transforms import day_of
from geartrain.intelligence.forecast.backtest import FORECAST, Tested, backtest, origins
from geartrain.intelligence.forecast.engine import Engine, Span
from geartrain.intelligence.forecast.history import History
from geartrain.intelligence.forecast.lacking import lacking
from geartrain.intelligence.forecast.ladder import Forecast, forecast
from geartrain.intelligence.forecast.leakage import TRACKED, Feature, Outcomes, lint
from geartrain.intelligence.forecast.nodes import Node, nodes
from geartrain.intelligence.forecast.words import explained
from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.issues import Issue
from geartrain.kernel.periods import Grain, Period
from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.forecasting.forecast_document import Run
from geartrain.services.forecasting.forecast_history import history_of
from geartrain.services.forecasting.forecast_human import Humans, humans_of
from geartrain.services.forecasting.pipeline_history import check_days
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.view import last_day
from geartrain.services.workspace import Workspace

PERIODS = 8  # past periods a backtest goes over where none are named


def run_forecast(ws: Workspace, actor: Actor, *, period: str | None = None, as_of: date | None = None) -> Run:
    """The distribution of what will be booked in a fiscal period, as known at the end of a day.

    Args:
        period: e.g. 2026Q4, 2026-11, 2026; None: the quarter of the day.
        as_of: None: the last day the facts tell of.

    Raises:
        Invalid: no such period, or one that began after nothing was known.
    """
    require(actor, Permission.view_metrics)
    day = as_of or last_day(ws, actor)
    check_days(day)
    asked = _period(ws, period, day)
    with open_facts(ws, actor, as_of=day) as facts:
        people = facts.visible()
        humans = humans_of(ws)
        told, history, rolled, tested = remembered(
            ("forecast", asked, facts.id, facts.as_of, str(ws.path), humans.version),
            lambda: _work(ws, facts, asked, humans),
        )
        rows = facts.execute(facts.raw("user").select("user_id", "name")).to_pylist()
        seen = tuple(n for n in rolled if people is None or n.node in people)
        tops = [n for n in seen if n.parent is None] if people is None else [n for n in seen if n.node == actor.user_id]
        return Run(
            asked, day, told, history, seen, tops[0] if tops else None, tested,
            {r["user_id"]: r["name"] for r in rows}, people, facts.currency, facts.id,
        )  # fmt: skip


def backtest_forecast(
    ws: Workspace,
    actor: Actor,
    *,
    periods: Sequence[str] = (),
    last: int = PERIODS,
    every: int = 7,
    as_of: date | None = None,
    grain: Grain = Grain.quarter,
    progress: Callable[[str, int, int | None], None] = lambda phase, done, total: None,
) -> Tested:
    """What the forecast would have said at each origin of past periods, beside every baseline.

    Args:
        periods: Keys of the periods; none: the last so many that are over.
        every: Days between two origins, counted back from the end of the period.

    Raises:
        Forbidden: it is of the whole company. Invalid: a period that is not over, or days that make no sense.
    """
    require(actor, Permission.view_metrics)
    if not actor.sees_everyone:
        raise NotFound("There is no backtest of your own line.", hint="It is worked out for the whole company.")
    if not 1 <= every <= 366 or not 1 <= last <= 100:
        raise Invalid("A backtest goes over 1 to 100 periods, an origin every 1 to 366 days.")
    day = as_of or last_day(ws, actor)
    check_days(day)
    with open_facts(ws, actor, as_of=day) as facts:
        only = [_over(ws, key, day) for key in periods]
        grain = _grain(only[0]) if only else grain
        humans = humans_of(ws)
        key = ("forecast backtest", tuple(periods), last, every, grain, facts.id, facts.as_of, str(ws.path),
               humans.version)  # fmt: skip

        def work() -> Tested:
            engine = _engine(ws, facts, grain)
            spans = [_span(p) for p in only]
            asked = origins(engine, known=day.toordinal(), last=last, every=every, only=spans)
            return backtest(
                engine, asked, known=day.toordinal(), human=humans.said,
                progress=lambda done: progress("Backtesting", done, len(asked)),
            )  # fmt: skip

        return remembered(key, work)


def explain_deal(
    ws: Workspace, actor: Actor, *, opportunity: str, period: str | None = None, as_of: date | None = None
) -> dict[str, Any]:
    """The chance of one open deal as a sum of what it is made of, and by what method.

    Raises:
        NotFound: no such deal open on the day, or not the actor's to see.
    """
    run = run_forecast(ws, actor, period=period, as_of=as_of)
    found = next((d for d in run.deals() if d["opportunity_id"] == opportunity), None)
    if found is None and not len(run.told.chance) and opportunity in run.open_ids():
        why = " ".join(lacking(run.history, run.told.parts)) or run.told.why
        raise NotFound(f"'{opportunity}' is open on {run.as_of}, but is given no chance of its own.", hint=why)
    if found is None:
        raise NotFound(
            f"'{opportunity}' is no deal that was open on {run.as_of}.", hint="List them: geartrain pipeline as-of DATE"
        )
    rows = run.told.parts.rows
    n = next(i for i, deal in enumerate(rows.deal) if run.history.ids[deal] == opportunity)
    stage = run.history.stages[rows.stage[n]] if rows.stage[n] >= 0 else None
    return {
        "period": run.period.key, "as_of": run.as_of, **found,
        "known": {"stage": stage, "days_in_stage": int(rows.stayed[n]), "age_days": int(rows.age[n]),
                  "pushes": int(rows.pushes[n])},
        "in_words": explained(
            found["p_win_in_period"], found["contributions"], period=run.period.key, stage=stage,
            stayed=int(rows.stayed[n]),
        ),
        "method": {"rung": run.told.rung, "deals_by": run.told.basis, "why": run.told.why},
    }  # fmt: skip


def lint_features(ws: Workspace, actor: Actor, *, names: Sequence[str], as_of: date | None = None) -> list[Issue]:
    """Which columns a forecast must not learn from, by name, with the reason; `account.…` are those of the account.

    Args:
        as_of: No date may be later; None: the last day the facts tell of.

    Raises:
        NotFound: there is no such column; its own or in `extra`.
    """
    require(actor, Permission.view_metrics)
    day = as_of or last_day(ws, actor)
    with open_facts(ws, actor, as_of=day) as facts:
        deals, accounts = facts.raw("opportunity"), facts.raw("account")
        for name in names:
            table, column = (accounts, name[8:]) if name.startswith("account.") else (deals, name)
            if column not in table.columns:
                raise NotFound(f"There is no column '{name}'.", hint="See: docs/reference/record-types.md")
        renamed = accounts.rename({f"account.{c}": c for c in accounts.columns})
        joined = deals.left_join(renamed, deals.account_id == renamed["account.account_id"])
        columns = [joined[name] for name in names]
        wanted = {f"f{n}": day_of(c, facts.calendar) if c.type().is_timestamp() else c for n, c in enumerate(columns)}
        changes = facts.raw("opportunity_change")
        kept = set(facts.execute(changes.select("field").distinct())["field"].to_pylist())
        ended = day_of(joined.closed_at, facts.calendar)
        told = facts.execute(joined.select("stage", "is_closed", "is_won", "amount", ended=ended, **wanted))
    held = told.to_pydict()
    today = Outcomes(held["stage"], held["is_closed"], held["is_won"], held["amount"], held["ended"], day)
    features = [Feature(name, held[f"f{n}"], name in TRACKED & kept) for n, name in enumerate(names)]
    return lint(features, today)


def _work(ws: Workspace, facts: Facts, period: Period, humans: Humans) -> tuple[Forecast, History, list[Node], Tested]:
    engine, span, day = _engine(ws, facts, _grain(period)), _span(period), facts.as_of.toordinal()
    told = forecast(engine, day, span)
    past = [(e - (span[1] - day), (s, e)) for s, e in engine.past(day, span)[-9:]]
    tested = backtest(engine, [(d, s) for d, s in past if engine.past(d, s)], known=day, human=humans.said)
    return told, engine.history, nodes(engine.history, told, facts.hierarchy()), tested


def _engine(ws: Workspace, facts: Facts, grain: Grain) -> Engine:
    def made() -> Engine:
        history = history_of(ws, facts)
        first = date.fromordinal(max(min(history.begins, facts.as_of.toordinal()), facts.as_of.toordinal() - 3660))
        spans = ws.calendar.between(first, facts.as_of + timedelta(days=1), grain)
        return Engine(history, [_span(p) for p in spans])

    return remembered(("forecast engine", grain, facts.id, facts.as_of), made)


def _period(ws: Workspace, key: str | None, day: date) -> Period:
    period = ws.calendar.parse(key) if key else ws.calendar.containing(day, Grain.quarter)
    if _grain(period) not in (Grain.month, Grain.quarter, Grain.year):
        raise Invalid(f"'{period.key}' is no month, quarter or year.", hint="Write 2026Q4, 2026-11 or 2026.")
    return period


def _over(ws: Workspace, key: str, day: date) -> Period:
    period = _period(ws, key, day)
    if period.end > day + timedelta(days=1):
        raise Invalid(f"{period.key} is not over on {day}.", hint="Name periods that are over.")
    return period


def _grain(period: Period) -> Grain:
    days = (period.end - period.start).days
    limits = ((1, Grain.day), (7, Grain.week), (36, Grain.month), (99, Grain.quarter))
    return next((g for most, g in limits if days <= most), Grain.year)


def _span(period: Period) -> Span:
    return period.start.toordinal(), period.end.toordinal()


__all__ = ["FORECAST", "Run", "backtest_forecast", "explain_deal", "lint_features", "run_forecast"]
