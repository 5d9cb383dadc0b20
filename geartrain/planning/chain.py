"""The chain of a year's plan: goal, capacity, quotas, pay, cost and CAC, each worked out of what stands before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property

from geartrain.kernel.issues import Issue
from geartrain.kernel.periods import add_months
from geartrain.kernel.policy import Policy
from geartrain.planning.capacity.company import from_records, with_goal
from geartrain.planning.capacity.heads import Outlook, cents, ratio, run
from geartrain.planning.capacity.hiring import HiringPlan, hire
from geartrain.planning.capacity.policy import CapacityPlan
from geartrain.planning.capacity.records import Evidence
from geartrain.planning.company import Company
from geartrain.planning.kinds.role_charter import RoleCharter
from geartrain.planning.quotas.cascade import lay_out
from geartrain.planning.quotas.company import tables_of
from geartrain.planning.quotas.editing import decide
from geartrain.planning.quotas.sheet import Sheet

SECONDS = 20.0  # that a hiring plan may take
NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the chain. unit and direction as metrics have them; reason: why there is no value."""

    key: str
    label: str
    unit: str
    direction: str
    value: Decimal | None
    reason: str = ""


@dataclass(frozen=True)
class CapacityLink:
    """A capacity plan over the company: what it carries, and the hires that close the gap."""

    capacity_plan: CapacityPlan
    evidence: tuple[Evidence, ...]
    outlook: Outlook
    hiring: HiringPlan
    issues: tuple[Issue, ...]

    @property
    def hired(self) -> int:
        """How many the hiring plan hires."""
        return sum(self.hiring.hires.values())

    @property
    def cost(self) -> Decimal:
        """Of everybody over the plan, with the hires of the hiring plan."""
        return self.outlook.cost + self.hiring.cost

    def figures(self) -> Iterator[Figure]:
        """Its numbers."""
        outlook, after = self.outlook, self.hiring.after
        totals = outlook.totals()
        last = self.capacity_plan.periods - 1
        heads, later = (sum((c.heads for c in o.carried if c.period == last), NONE) for o in (outlook, after))
        brought = after.totals()["customers"]
        no_size = "No role of the capacity plan states a deal_size."
        yield Figure("goal", "Goal", "money", "none", totals["goal"])
        yield Figure("heads", "Heads at the end", "count", "none", cents(heads))
        yield Figure("capacity", "Capacity", "money", "up", totals["capacity"])
        yield Figure("capacity_ratio", "Capacity ÷ goal", "ratio", "up", totals["ratio"], _unless(totals["ratio"]))
        yield Figure("gap", "Gap to the goal", "money", "down", totals["gap"])
        yield Figure("hires", "Hires that close it", "count", "none", Decimal(self.hired))
        yield Figure("heads_with_hires", "Heads with the hires", "count", "none", cents(later))
        yield Figure("capacity_with_hires", "Capacity with the hires", "money", "up", cents(after.total))
        yield Figure("gap_left", "Gap left after hiring", "money", "down", self.hiring.gap)
        yield Figure("hire_cost", "Cost of the hires", "money", "down", self.hiring.cost)
        yield Figure("cost", "Cost of the team", "money", "down", cents(self.cost))
        cac = cents(self.cost / brought) if brought else None
        yield Figure("cac", "CAC", "money", "down", cac, "" if cac is not None else no_size)


@dataclass(frozen=True)
class QuotaLink:
    """A quota policy over the company: what is handed out, to whom."""

    policy: Policy
    sheet: Sheet
    names: dict[str, str]
    potential: Decimal
    roles: dict[str, str]
    charters: dict[str, RoleCharter]

    @cached_property
    def leaves(self) -> tuple[int, ...]:
        """Those who carry a quota."""
        tree = self.sheet.tree
        return tuple(n for n in tree.depth_first if not tree.count[n] and self.sheet.hedged[n].any())

    def amount(self, nodes: tuple[int, ...], *, hedged: bool) -> Decimal:
        """Of some nodes over all cells."""
        held = self.sheet.hedged if hedged else self.sheet.base
        return self.sheet.cells.money(sum(int(held[n].sum()) for n in nodes))

    @property
    def target(self) -> Decimal:
        """What the tops are held to."""
        return self.amount(self.sheet.tree.tops, hedged=False)

    @property
    def street(self) -> Decimal:
        """Hedged, of everyone who carries a quota."""
        return self.amount(self.leaves, hedged=True)

    def pay(self) -> tuple[Decimal, Decimal] | None:
        """Base pay and target incentive a year of all who carry a quota, by the charter of their role; None where one
        has no OTE."""
        base = variable = NONE
        for n in self.leaves:
            charter = self.charters.get(self.roles.get(self.sheet.tree.ids[n], ""))
            if charter is None or charter.ote is None or charter.mix is None:
                return None
            base += charter.ote * charter.mix.base
            variable += charter.ote * charter.mix.variable
        return cents(base), cents(variable)

    def figures(self, capacity: CapacityLink | None) -> Iterator[Figure]:
        """Its numbers; attainment and pay are expected of the capacity, hires included."""
        sellers = len(self.leaves)
        handed = self.amount(self.leaves, hedged=False)
        each = cents(self.street / sellers) if sellers else None
        over = (self.street / self.target - 1).quantize(Decimal("0.0001"), ROUND_HALF_UP) if self.target else None
        yield Figure("potential", "Potential of the accounts", "money", "up", cents(self.potential))
        yield Figure("sellers", "Carry a quota", "count", "none", Decimal(sellers))
        yield Figure("quota", "Quota handed out, base", "money", "none", handed)
        yield Figure("not_handed_out", "Not handed out", "money", "down", self.target - handed)
        yield Figure("street", "Quota on the street", "money", "none", self.street)
        yield Figure("over_assignment", "Over-assignment", "ratio", "none", over, _unless(over))
        yield Figure("quota_per_seller", "Quota of a seller, mean", "money", "none", each, _unless(each))
        yield from self._pay_figures(capacity)

    def _pay_figures(self, capacity: CapacityLink | None) -> Iterator[Figure]:
        carried = capacity.hiring.after.total if capacity else None
        reached = ratio(carried, self.street) if carried is not None else None
        no_plan = "" if carried is not None else "There is no capacity plan."
        yield Figure("attainment", "Attainment to expect", "ratio", "up", reached, no_plan or _unless(reached))
        paid = self.pay()
        no_pay = "" if paid else "A role that carries quota has no charter with ote and mix."
        ote = paid[0] + paid[1] if paid else None
        yield Figure("pay_on_target", "Pay on target", "money", "none", ote, no_pay)
        expected = cents(paid[0] + paid[1] * reached) if paid and reached is not None else None
        yield Figure("pay", "Pay to expect", "money", "down", expected, no_pay or no_plan or _unless(expected))
        multiple = ratio(self.street, ote) if ote else None
        yield Figure("quota_to_ote", "Quota ÷ OTE", "×", "none", multiple, no_pay or _unless(multiple))


def capacity_link(capacity_plan: CapacityPlan, company: Company) -> CapacityLink:
    """A capacity plan run over the company's records, and hired for: no offer goes out before the records end."""
    whole = with_goal(capacity_plan, company.policies, company.source.calendar)
    found, evidence, issues = from_records(whole, company)
    outlook = run(found)
    solved = hire(found, as_of=offers_from(company.as_of), seconds=SECONDS)
    return CapacityLink(found, evidence, outlook, solved, (*issues, *outlook.issues, *solved.issues))


def offers_from(as_of: date) -> date:
    """The first of a month after a day: when offers can go out.

    Example: 9 September is 1 October; 30 September too.
    """
    after = as_of + timedelta(days=1)
    return after if after.day == 1 else add_months(after.replace(day=1), 1)


def quota_link(policy: Policy, company: Company) -> QuotaLink:
    """A quota policy cascaded over the company's records."""
    hierarchy, targets, names = tables_of(company, policy)
    sheet = decide(lay_out(hierarchy, targets, policy.spec))
    roles = dict(zip(hierarchy.texts("node_id"), hierarchy.texts("role"), strict=True))
    charters = {p.spec.role: p.spec for p in company.policies.of("role_charter").values()}
    potential = sum(company.potential.values(), NONE)
    return QuotaLink(policy, sheet, names, potential, roles, charters)


def _unless(value: Decimal | None) -> str:
    return "" if value is not None else "There is nothing to divide by."
