"""Quotas of a company: people as the hierarchy, their books and bookings as measures, a goal as the target."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from geartrain.kernel.errors import Conflict, NotFound
from geartrain.kernel.periods import FiscalCalendar, Period, add_months
from geartrain.kernel.policy import Policy, PolicySet
from geartrain.planning.company import Company, Row, fte
from geartrain.planning.quotas.policy import QuotaPolicy
from geartrain.planning.quotas.table import Table

TOP = "company"
ATTRIBUTES = ("name", "email", "title", "role", "team", "region", "segment", "start_date", "fte", "is_active")
MEASURES = ("potential", "accounts", "prior_bookings", "open_pipeline", "capacity")
Measures = dict[str, dict[str, Decimal]]


def tables_of(company: Company, held: Policy) -> tuple[Table, Table, dict[str, str]]:
    """The hierarchy and the targets of a policy, and the names of its people.

    Raises:
        NotFound: nobody carries a quota, or there is no goal for the period.
    """
    spec: QuotaPolicy = held.spec
    period = period_of(spec, company)
    people = people_of(company, spec)
    measures = _measures(company, people, period)
    people = [*people, *_seated(people, spec, measures, held)]
    hierarchy = _hierarchy(people, measures)
    names = {p["user_id"]: p["name"] or p["user_id"] for p in people}
    return hierarchy, _targets(company.policies, company.source.calendar, spec, period, held), names


def period_of(spec: QuotaPolicy, company: Company) -> Period:
    """The period quotas are for: the policy's, else the fiscal year of the day."""
    calendar = company.source.calendar
    return calendar.parse(spec.period) if spec.period else calendar.year(calendar.year_of(company.as_of))


def people_of(company: Company, spec: QuotaPolicy) -> list[Row]:
    """Those who are with us and the policy means, and everyone above them.

    Raises:
        NotFound: nobody is.
    """
    known = {u["user_id"]: u for u in company.users}
    chosen = {u["user_id"] for u in company.chosen(spec.people) if u["is_active"]}
    if not chosen:
        raise NotFound("Nobody carries a quota.", hint="Load user records, or widen `people` in the policy.")
    held = chosen | {a for person in chosen for a in company.hierarchy.chain(person) if a in known}
    return [known[person] for person in sorted(held)]


def _measures(company: Company, people: Sequence[Row], period: Period) -> Measures:
    """Each measure by person: what they own, what they won in the year before, what is open."""
    since, until = add_months(period.start, -12), add_months(period.end, -12)
    metrics = {
        "prior_bookings": company.by_owner("bookings", since=since, until=until),
        "open_pipeline": company.by_owner("open_pipeline"),
    }
    return {
        "potential": dict(company.potential),
        "accounts": {owner: Decimal(count) for owner, count in company.accounts.items()},
        **{name: {o: max(v, Decimal(0)) for o, v in held.items()} for name, held in metrics.items()},
        "capacity": {p["user_id"]: fte(p) for p in people},
    }


def _seated(people: Sequence[Row], spec: QuotaPolicy, measures: Measures, held: Policy) -> list[Row]:
    """The seats to be filled as rows of people; each has the mean of what its colleagues own and won.

    Raises:
        NotFound: a manager is nobody of the hierarchy. Conflict: a seat has the id of a person.
    """
    known = {p["user_id"] for p in people}
    leads = {p["manager_id"] for p in people}
    found = []
    for seat in spec.seats:
        if seat.manager not in known:
            said = f"The seat '{seat.key}' is led by '{seat.manager}', who is not in the hierarchy."
            raise NotFound(said, hint=f"Name a manager's user_id in seats of {held.where or held.key}.")
        if seat.key in known:
            raise Conflict(f"The seat '{seat.key}' has the id of a person.", hint="Name it otherwise.")
        mates = [p["user_id"] for p in people if p["manager_id"] == seat.manager and p["user_id"] not in leads]
        for name, values in measures.items():
            mean = sum((values.get(m, Decimal(0)) for m in mates), Decimal(0)) / len(mates) if mates else Decimal(0)
            values[seat.key] = Decimal(1) if name == "capacity" else mean.quantize(Decimal("0.0001"))
        row: Row = dict.fromkeys(ATTRIBUTES) | {"user_id": seat.key, "manager_id": seat.manager, "is_active": True}
        own = {"name": f"To be hired: {seat.key}", "role": seat.role, "segment": seat.segment, "region": seat.region}
        found.append(row | own | {"start_date": seat.start, "fte": Decimal(1)})
    return found


def _hierarchy(people: Sequence[Row], measures: Measures) -> Table:
    """People below their managers, below the company."""
    held = {p["user_id"] for p in people}
    columns = ("node_id", "parent_id", *ATTRIBUTES, *MEASURES)
    rows = [(TOP, "", *[""] * (len(columns) - 2))]
    for p in people:
        parent = p["manager_id"] if p["manager_id"] in held else TOP
        own = (_text(measures[m].get(p["user_id"], Decimal(0))) for m in MEASURES)
        rows.append((p["user_id"], parent, *(_text(p[a]) for a in ATTRIBUTES), *own))
    return Table("user", columns, tuple(rows))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return format(value.normalize(), "f") if isinstance(value, Decimal) else str(value)


def _targets(policies: PolicySet, calendar: FiscalCalendar, spec: QuotaPolicy, period: Period, held: Policy) -> Table:
    """The targets a policy states, else the values of its goal within its period."""
    if spec.targets:
        columns = tuple(dict.fromkeys(c for row in spec.targets for c in row))
        return Table(
            held.where or "quota_policy", columns, tuple(tuple(r.get(c, "") for c in columns) for r in spec.targets)
        )
    found = policies.of("corporate_goals").get(spec.goals)
    stated = found.spec.goals if found else ()
    goals = [g for g in stated if g.key == spec.goal or (not spec.goal and g.metric == spec.measure)]
    if not goals or found is None:
        said = f"The corporate goals '{spec.goals}' have no goal '{spec.goal or spec.measure}'."
        raise NotFound(said, hint="Name one in `goal`, or state `targets` in the quota policy.")
    rows = [
        (calendar.parse(key).key, format(amount, "f"))
        for key, amount in goals[0].values.items()
        if (at := calendar.parse(key)).start >= period.start and at.end <= period.end
    ]
    if not rows:
        said = f"The goal '{goals[0].key}' says nothing for {period.key}."
        raise NotFound(said, hint="State it in the corporate goals, or another `period` in the quota policy.")
    return Table(found.where or "corporate_goals", ("period", "amount"), tuple(sorted(rows)))
