"""Questions whose answers every engine must give alike: small tables, a metric, a query, the rows by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from geartrain.facts import record_types
from geartrain.kernel.measure import Metric, load_metric, query
from geartrain.kernel.measure.examples import SourceFactory, arrow_rows, same_rows
from geartrain.kernel.measure.source import Cut
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.records import Column, ColumnKind, RecordType

CUTS: Mapping[str, Cut] = {
    "opportunity": Cut("created_at", {"closed_at": {"is_closed": False, "is_won": False, "loss_reason": None}}),
    "lead": Cut("created_at", {c: {} for c in ("mql_at", "sal_at", "sql_at", "converted_at")}),
}
STATE = RecordType(
    name="deal_state",
    grain="one row per opportunity and state",
    key=("opportunity_id", "valid_from"),
    owner="owner_id",
    columns=(
        Column("opportunity_id", required=True, ref="opportunity"),
        Column("owner_id", ref="user"),
        Column("valid_from", ColumnKind.instant, required=True),
        Column("valid_to", ColumnKind.instant),
        Column("created_at", ColumnKind.instant),
        Column("amount", ColumnKind.money),
        Column("close_date", ColumnKind.day),
        Column("is_closed", ColumnKind.flag),
        Column("is_won", ColumnKind.flag),
    ),
)
# What the sources of these cases must know: the record types, and one view that is stored as a table.
TYPES: Mapping[str, RecordType] = {**record_types(), STATE.name: STATE}

HEAD = "kind: metric\nclass: output\ntype: value\nfunction: sales\nowner: o\ndirection: up\ndefinition: d\n"


def metric(key: str, spec: str, unit: str = "number") -> Metric:
    """A metric of a spec in flow YAML."""
    found, issues = load_metric(f"{HEAD}key: {key}\nname: {key}\nunit: {unit}\nspec: {spec}\n", f"{key}.yaml")
    assert found is not None, issues
    return found


WATERFALL = (
    "{agg: waterfall, id: opportunity_id, of: amount, opened: valid_from, closed: valid_to, created: created_at, "
    "open: not is_closed, won: is_won, due: close_date}"
)
OPP = "from: opportunity, at: closed_at"
METRICS: Mapping[str, Metric] = {
    m.key: m
    for m in [
        metric("won", f"{{{OPP}, value: {{agg: count, where: is_won}}}}"),
        metric("bookings", f"{{{OPP}, value: {{agg: sum, of: amount, where: is_won}}}}", "money"),
        metric(
            "win_rate",
            f"{{{OPP}, numerator: {{agg: count, where: is_won}}, denominator: {{agg: count, where: is_closed}}}}",
            "ratio",
        ),
        metric(
            "win_rate_value",
            f"{{{OPP}, numerator: {{agg: sum, of: amount, where: is_won}}, "
            "denominator: {agg: sum, of: amount, where: is_closed}}",
            "ratio",
        ),
        metric("mean_amount", f"{{{OPP}, value: {{agg: mean, of: amount, where: is_won}}}}", "money"),
        metric("median_amount", f"{{{OPP}, value: {{agg: median, of: amount, where: is_won}}}}", "money"),
        metric("p90_amount", f"{{{OPP}, value: {{agg: quantile, of: amount, q: 0.9, where: is_won}}}}", "money"),
        metric("least", f"{{{OPP}, value: {{agg: min, of: amount, where: is_won}}}}", "money"),
        metric("most", f"{{{OPP}, value: {{agg: max, of: amount, where: is_won}}}}", "money"),
        metric("accounts", f"{{{OPP}, value: {{agg: count_distinct, of: account_id, where: is_won}}}}"),
        metric(
            "cycle",
            f"{{{OPP}, value: {{agg: mean, of: 'days_between(created_at, closed_at)', where: is_won}}}}",
            "days",
        ),
        metric("created", "{from: opportunity, at: created_at, value: {agg: sum, of: amount}}", "money"),
        metric("size", "{expr: bookings / won}", "money"),
        metric("growth", "{expr: bookings / before - 1, previous: {before: bookings}}", "ratio"),
        metric(
            "pipeline",
            "{from: opportunity, value: {agg: as_of_sum, of: amount, opened: created_at, closed: closed_at}}",
            "money",
        ),
        metric(
            "age",
            "{from: opportunity, numerator: {agg: as_of_sum, of: 'days_between(created_at, balance_day)', "
            "opened: created_at, closed: closed_at}, denominator: {agg: as_of_sum, opened: created_at, "
            "closed: closed_at}}",
            "days",
        ),
        metric(
            "mql_to_sal",
            "{from: lead, value: {agg: cohort_conversion, entered: mql_at, reached: sal_at, within: 30}}",
            "ratio",
        ),
        metric("days_open", "{from: opportunity, value: {agg: km_median, start: created_at, end: closed_at}}", "days"),
        metric(
            "win_chance",
            "{from: opportunity, value: {agg: cumulative_incidence, start: created_at, end: closed_at,"
            " reached: is_won, within: 90}}",
            "ratio",
        ),
        metric("waterfall", f"{{from: deal_state, value: {WATERFALL}}}", "money"),
        metric("tier", f"{{{OPP}, where: \"extra.tier = 'gold'\", value: {{agg: count, where: is_won}}}}"),
    ]
}

PEOPLE: Sequence[Mapping[str, Any]] = (
    {"user_id": "ann", "name": "Ann", "manager_id": "bob", "team": "East", "region": "EMEA", "is_active": True},
    {"user_id": "bob", "name": "Bob", "manager_id": "dee", "team": "East", "region": "EMEA", "is_active": True},
    {"user_id": "cleo", "name": "Cleo", "manager_id": "dee", "team": "West", "region": "AMER", "is_active": True},
    {"user_id": "dee", "name": "Dee", "team": None, "is_active": True},
)


def deal(key: str, outcome: str = "won", **columns: Any) -> dict[str, Any]:
    """An opportunity: won, lost or open."""
    flags = {"is_closed": outcome != "open", "is_won": outcome == "won", "stage": outcome}
    defaults = {"owner_id": "ann", "created_at": "2026-01-05", "amount": 100, "closed_at": "2026-02-10"}
    closed = {} if outcome != "open" else {"closed_at": None}
    return {"opportunity_id": key, **defaults, **closed, **flags, **columns}


DEALS: Sequence[Mapping[str, Any]] = (
    deal("o1", amount=100, account_id="a1"),
    deal("o2", amount=250, account_id="a1", closed_at="2026-05-02", owner_id="cleo", created_at="2026-01-31"),
    deal("o3", "lost", amount=80, account_id="a2"),
    deal("o4", amount=None, account_id="gone", owner_id="bob", extra='{"tier": "gold"}'),
    deal("o5", "open", amount=40, account_id=None, owner_id=None),
    deal("o6", amount=50, account_id=None, owner_id="xavier", closed_at="2026-03-31"),
)
ACCOUNTS: Sequence[Mapping[str, Any]] = (
    {"account_id": "a1", "name": "Acme", "industry": "retail", "segment": "SMB"},
    {"account_id": "a2", "name": "Beta", "industry": "tech"},
)
BASE: Mapping[str, Sequence[Mapping[str, Any]]] = {"opportunity": DEALS, "user": PEOPLE, "account": ACCOUNTS}


def state(deal_id: str, start: str, end: str | None, amount: Any, due: str, outcome: str = "open", **more: Any) -> Any:
    """A state of a deal."""
    return {
        "opportunity_id": deal_id, "valid_from": start, "valid_to": end, "amount": amount, "close_date": due,
        "is_closed": outcome != "open", "is_won": outcome == "won", "created_at": "2025-12-01", "owner_id": "ann",
    } | more  # fmt: skip


STATES: Sequence[Mapping[str, Any]] = (
    state("up", "2025-12-01", "2026-02-01", 10, "2026-03-01"),
    state("up", "2026-02-01", None, 15, "2026-03-01"),
    state("won", "2025-12-01", "2026-02-01", 20, "2026-03-01"),
    state("won", "2026-02-01", None, 18, "2026-02-01", "won"),
    state("lost", "2025-12-01", "2026-02-01", 30, "2026-03-01"),
    state("lost", "2026-02-01", None, 0, "2026-02-01", "lost"),
    state("slipped", "2025-12-01", "2026-02-01", 40, "2026-03-01"),
    state("slipped", "2026-02-01", None, 44, "2026-06-01"),
    state("pulled", "2025-12-01", "2026-02-01", 50, "2026-06-01"),
    state("pulled", "2026-02-01", None, 55, "2026-03-30"),
    state("through", "2026-01-10", "2026-02-01", 60, "2026-03-01", created_at="2026-01-10"),
    state("through", "2026-02-01", None, 66, "2026-02-01", "won", created_at="2026-01-10"),
    state("new", "2026-01-10", None, 70, "2026-03-01", created_at="2026-01-10"),
    state("moved", "2025-12-01", "2026-02-01", 80, "2026-03-01"),
    state("moved", "2026-02-01", None, 85, "2026-03-01", owner_id="cleo"),
)
Q1 = {"since": date(2026, 1, 1), "until": date(2026, 4, 1)}


@dataclass(frozen=True)
class Case:
    """A question and its rows."""

    name: str
    keys: str
    rows: Sequence[Sequence[Any]]
    by: Sequence[str] = ()
    ask: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=lambda: BASE)
    calendar: FiscalCalendar = field(default_factory=FiscalCalendar)
    as_of: date = date(2026, 12, 31)
    notes: Sequence[str] = ()


EURO = (
    deal("e1", amount=100, currency="EUR"),
    deal("e2", amount=100, currency="USD"),
    deal("e3", amount=100, currency="XXX"),
    deal("e4", amount=100, currency="EUR", closed_at="2026-05-02"),
)
RATES = (
    {"date": "2026-02-09", "from_currency": "EUR", "to_currency": "USD", "kind": "spot", "rate": "1.10"},
    {"date": "2026-04-30", "from_currency": "EUR", "to_currency": "USD", "kind": "month_end", "rate": "1.25"},
    {"date": "2026-01-01", "from_currency": "EUR", "to_currency": "USD", "kind": "plan", "rate": "2"},
)
LEADS = (
    {"lead_id": "l1", "created_at": "2026-01-01", "mql_at": "2026-01-02", "sal_at": "2026-01-20"},
    {"lead_id": "l2", "created_at": "2026-01-01", "mql_at": "2026-01-02", "sal_at": "2026-02-01"},
    {"lead_id": "l3", "created_at": "2026-01-01", "mql_at": "2026-01-02", "sal_at": "2026-02-02"},
    {"lead_id": "l4", "created_at": "2026-01-01", "mql_at": "2026-01-28"},
    {"lead_id": "l5", "created_at": "2026-01-01"},
)
NEAR_MIDNIGHT = (
    # 22:30 UTC on 31 March is 1 April in Berlin, in summer time; 23:30 UTC on 31 January is 1 February, in winter time.
    deal("z1", closed_at="2026-03-31T22:30:00", amount=1),
    deal("z2", closed_at="2026-01-31T23:30:00", amount=2),
    deal("z3", closed_at="2026-01-31T22:30:00", amount=4),
)
BERLIN = FiscalCalendar(1, "Europe/Berlin")

CASES: Sequence[Case] = (
    Case("one number", "won bookings", [[4, 400]]),
    Case("an unknown amount is left out and said", "bookings", [[400]], notes=["1 rows have no value"]),
    Case("a ratio of counts", "win_rate", [[0.8]]),
    Case("a share of value", "win_rate_value", [[0.833333333]]),
    Case("mean, median, quantile, least and most of what is known", "mean_amount median_amount p90_amount least most",
         [["133.3333", 100, 220, 50, 250]]),
    Case("different accounts", "accounts", [[2]]),
    Case("days on the calendar", "cycle", [[62]]),
    Case("by fiscal quarter", "won win_rate", [["2026Q1", 3, 0.75], ["2026Q2", 1, 1]], by=["quarter"]),
    Case("by month", "won", [["2026-02", 2], ["2026-03", 1], ["2026-05", 1]], by=["month"]),
    Case("by week", "won", [["2026-W07", 2], ["2026-W14", 1], ["2026-W18", 1]], by=["week"]),
    Case("by day", "won", [["2026-02-10", 2], ["2026-03-31", 1], ["2026-05-02", 1]], by=["day"]),
    Case("a fiscal year that starts in February", "won", [["2027Q1", 3], ["2027Q2", 1]], by=["quarter"],
         calendar=FiscalCalendar(2)),
    Case("a fiscal year that starts in March", "won", [["2026", 2], ["2027", 2]], by=["year"],
         calendar=FiscalCalendar(3)),
    Case("quarters off the calendar's", "won", [["2026Q4", 2], ["2027Q1", 2]], by=["quarter"],
         calendar=FiscalCalendar(3)),
    Case("a window is half-open", "won", [[2]], ask={"since": date(2026, 2, 10), "until": date(2026, 3, 31)}),
    Case("an owner that does not exist stands apart, never dropped", "won",
         [["ann", 1], ["bob", 1], ["cleo", 1], ["unmapped: xavier", 1]], by=["owner"]),
    Case("a short name follows the owner", "won", [["East", 2], ["West", 1], ["unmapped: xavier", 1]], by=["team"]),
    Case("an attribute of what a record refers to", "won",
         [["retail", 2], ["unmapped: gone", 1], [None, 1]], by=["account.industry"]),
    Case("a segment is the account's", "won", [["SMB", 2], ["unmapped: gone", 1], [None, 1]], by=["segment"]),
    Case("every manager has the whole tree", "won", [["bob", 2], ["dee", 3], [None, 1]], by=["manager"]),
    Case("two dimensions", "bookings", [["2026Q1", "East", 100], ["2026Q1", "unmapped: xavier", 50],
         ["2026Q2", "West", 250]], by=["quarter", "team"], ask={"where": "amount > 0"}),
    Case("a filter over a reference", "won", [[2]], ask={"where": "account.industry = 'retail'"}),
    Case("a filter over what else the source had", "tier", [[1]]),
    Case("one value of a dimension", "won", [[2]], ask={"filters": {"team": "East"}}),
    Case("one value that is unmapped", "won", [[1]], ask={"filters": {"owner": "unmapped: xavier"}}),
    Case("one manager's tree", "won", [[2]], ask={"filters": {"manager": "bob", "quarter": "2026Q1"}}),
    Case("what closed later was still open", "won bookings pipeline", [[2, 100, 340]], as_of=date(2026, 3, 15)),
    Case("what was created later did not exist", "created", [[270]], as_of=date(2026, 1, 10)),
    Case("metrics with different dates meet on the period", "created won",
         [["2026-01", 520, 0], ["2026-02", 0, 2], ["2026-03", 0, 1], ["2026-05", 0, 1]], by=["month"]),
    Case("derived, and nothing to divide by", "size", [["2026Q1", 50], ["2026Q2", 250]], by=["quarter"]),
    Case("an empty denominator is unknown", "size win_rate", [[None, None]], ask={"since": date(2030, 1, 1)},
         as_of=date(2030, 12, 31)),
    Case("compared with the period before", "growth", [["2026Q1", None], ["2026Q2", 0.666666667], ["2026Q3", -1]],
         by=["quarter"], as_of=date(2026, 8, 1)),
    Case("one period compared with that before", "growth", [[0.666666667]],
         ask={"since": date(2026, 4, 1), "until": date(2026, 7, 1)}),
    Case("a balance at the end of each month", "pipeline",
         [["2026-01", 520], ["2026-02", 340], ["2026-03", 290], ["2026-04", 290]], by=["month"],
         ask={"since": date(2026, 1, 1), "until": date(2026, 5, 1)}),
    Case("a balance by owner", "pipeline", [["cleo", 250], ["unmapped: xavier", 50], [None, 40]], by=["owner"],
         as_of=date(2026, 3, 1)),
    Case("mean age of a balance", "age", [["46.333333333"]], as_of=date(2026, 3, 1)),
    Case("a cohort within its time", "mql_to_sal", [["2026-01", 0.5]], by=["month"], facts={"lead": LEADS},
         as_of=date(2026, 2, 10), notes=["Immature"]),
    Case("a cohort seen earlier", "mql_to_sal", [[0.25]], facts={"lead": LEADS}, as_of=date(2026, 1, 31)),
    Case("a chance beside lost and open deals", "win_chance", [[0.5]], as_of=date(2026, 12, 31)),
    Case("durations that still run", "days_open", [[36]], as_of=date(2026, 2, 28)),
    Case("durations by a reference", "days_open", [["AMER", None], ["EMEA", 36], ["unmapped: xavier", None],
         [None, None]], by=["region"],
         as_of=date(2026, 2, 28)),
    Case("amounts in another currency, at the closing day's rate", "bookings", [[335]], facts={
         "opportunity": EURO, "fx_rate": RATES}, notes=["1 rows stand in a currency without a rate"]),
    Case("days of the zone", "bookings", [["2026-01", 4], ["2026-02", 2], ["2026-04", 1]], by=["month"],
         facts={"opportunity": NEAR_MIDNIGHT}, calendar=BERLIN),
    Case("months of the zone in a window", "bookings", [["2026-01", 4], ["2026-02", 2], ["2026-04", 1]], by=["month"],
         ask={"since": date(2026, 1, 1), "until": date(2027, 1, 1)},
         facts={"opportunity": NEAR_MIDNIGHT}, calendar=BERLIN),
    Case("a window in the zone", "bookings", [[2]], facts={"opportunity": NEAR_MIDNIGHT}, calendar=BERLIN,
         ask={"since": date(2026, 2, 1), "until": date(2026, 4, 1)}),
    Case("the waterfall of a quarter", "waterfall", [
        ["opening", 180], ["new", 136], ["pulled_in", 55], ["reopened", 0], ["transferred_in", 0], ["up", 10],
        ["down", -2], ["won", -84], ["lost", -30], ["slipped_out", -40], ["transferred_out", 0], ["removed", 0],
        ["closing", 225]], facts={"deal_state": STATES}, ask=Q1),
    Case("a deal changes hands", "waterfall", [
        ["ann", "opening", 80], ["ann", "new", 0], ["ann", "pulled_in", 0], ["ann", "reopened", 0],
        ["ann", "transferred_in", 0], ["ann", "up", 0], ["ann", "down", 0], ["ann", "won", 0], ["ann", "lost", 0],
        ["ann", "slipped_out", 0], ["ann", "transferred_out", -80], ["ann", "removed", 0], ["ann", "closing", 0],
        ["cleo", "opening", 0], ["cleo", "new", 0], ["cleo", "pulled_in", 0], ["cleo", "reopened", 0],
        ["cleo", "transferred_in", 80], ["cleo", "up", 5], ["cleo", "down", 0], ["cleo", "won", 0], ["cleo", "lost", 0],
        ["cleo", "slipped_out", 0], ["cleo", "transferred_out", 0], ["cleo", "removed", 0], ["cleo", "closing", 85],
    ], by=["owner"], facts={"deal_state": STATES[-2:], "user": PEOPLE}, ask=Q1),
)  # fmt: skip


def run_case(case: Case, make_source: SourceFactory) -> None:
    """Ask one case of the source a factory makes.

    The source must know `TYPES` and `CUTS`; its tables come with the columns of the type and `extra`.
    """
    tables = {name: arrow_rows(TYPES[name], rows, case.calendar) for name, rows in case.facts.items()}
    source = make_source(tables, as_of=case.as_of, calendar=case.calendar, currency="USD")
    answer = query(source, METRICS, keys=case.keys.split(), by=case.by, **case.ask)
    assert same_rows(answer.rows, case.rows), f"{case.name}: {[[str(v) for v in row] for row in answer.rows]}"
    for note in case.notes:
        assert any(note in said for said in answer.notes), f"{case.name}: {answer.notes}"


def run_cases(make_source: SourceFactory) -> None:
    """Ask every case."""
    for case in CASES:
        run_case(case, make_source)


__all__ = ["CASES", "CUTS", "METRICS", "TYPES", "run_case", "run_cases"]
