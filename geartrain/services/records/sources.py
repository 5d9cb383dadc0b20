"""Facts and the views over them, as metrics are measured from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date

import ibis
import pyarrow as pa

from geartrain.facts import record_types, view_modules, view_types
from geartrain.facts.transforms import CUTS, ViewPolicies
from geartrain.kernel.errors import NotFound
from geartrain.kernel.measure import Cut
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.policy import PolicySet
from geartrain.kernel.records import RecordType
from geartrain.services.access import Permission
from geartrain.services.records.facts import Facts
from geartrain.stores.warehouse.base import Params

# The record type whose `currency` a view hands on; the others hand on that of the opportunity.
CURRENCY_OF: Mapping[str, str] = {"cost_month": "cost", "recurring_contract": "contract", "seller_quota": "quota"}
# Views that show a type only some may see.
COST_VIEWS = frozenset({"cost_month"})


@dataclass
class FactSource:
    """A `kernel.measure.Source` over tables of records.

    Args:
        records: A record type's rows as the asker may see them.
        whole: Its rows whoever asks: what views are worked out from. A customer is new to the company, not to a seller.
        mine: Cuts a view to what the asker may see.
        run: Runs an expression.
        policies: What views need to know.
        keep: Keeps the rows of a view under a key: views are deep, and a page asks many of them.
    """

    records: Callable[[str], ibis.Table]
    whole: Callable[[str], ibis.Table]
    mine: Callable[[RecordType, ibis.Table], ibis.Table]
    run: Callable[..., pa.Table]
    calendar: FiscalCalendar
    currency: str
    as_of: date
    snapshot: str
    policies: ViewPolicies = field(default_factory=ViewPolicies)
    keep: Callable[[str, ibis.Table], ibis.Table] = lambda key, table: table
    cuts: Mapping[str, Cut] = field(default_factory=lambda: CUTS)
    _built: dict[str, ibis.Table] = field(default_factory=dict)

    @property
    def types(self) -> Mapping[str, RecordType]:
        """Record types and views."""
        return all_types()

    def table(self, name: str) -> ibis.Table:
        """The rows of a record type or view.

        Raises:
            NotFound: there is neither.
        """
        if name not in self.types:
            raise NotFound(f"There is no record type or view '{name}'.", hint=f"One of: {', '.join(self.types)}.")
        if name not in self._built:
            self._built[name] = self._view(name) if name in view_types() else self.records(name)
        return self._built[name]

    def _view(self, name: str) -> ibis.Table:
        module = view_modules()[name]
        # Worked out over everybody's records, so one copy serves all who ask, each cut to what they may see.
        key = repr((name, self.snapshot, self.as_of, self.calendar, self.policies))
        # The table stands for the state as it is opened now: equal facts may lie elsewhere when opened again.
        known = key, self.whole("user").op()
        built = _BUILT.get(known)
        if built is None:
            built = module.build(self.whole, as_of=self.as_of, calendar=self.calendar, policies=self.policies)
            if len(_BUILT) >= MOST_BUILT:
                _BUILT.clear()
            _BUILT[known] = built
        return self.mine(module.VIEW, self.keep(key, built))

    def currencies(self, name: str) -> frozenset[str]:
        """The currencies of a type, over all rows, remembered with the facts."""
        base = CURRENCY_OF.get(name, "opportunity") if name in view_types() else name

        if (self.snapshot, base) not in _CURRENCIES:
            column = self.whole(base).currency
            known = self.run(column.as_table().filter(column.notnull()).distinct())
            if len(_CURRENCIES) >= MOST_CURRENCIES:
                _CURRENCIES.clear()
            _CURRENCIES[self.snapshot, base] = frozenset(known["currency"].to_pylist())
        return _CURRENCIES[self.snapshot, base]

    def execute(self, expr: ibis.Expr, params: Params | None = None) -> pa.Table:
        """Run an expression built from these tables, with these values of its parameters."""
        return self.run(expr, params=params) if params else self.run(expr)


# By the hash of the facts and the type: not an answer but what the facts are, so no answer pushes it out.
_CURRENCIES: dict[tuple[str, str], frozenset[str]] = {}
MOST_CURRENCIES = 1_000
# The expressions of views, by what they depend on and the state: building a deep one takes longer than reading it.
_BUILT: dict[tuple[str, object], ibis.Table] = {}
MOST_BUILT = 300

_TYPES: dict[str, RecordType] = {}


def all_types() -> Mapping[str, RecordType]:
    """Record types and views by name: everything that a metric can be measured from."""
    if not _TYPES:
        _TYPES.update({**record_types(), **view_types()})
    return _TYPES


def source_of(facts: Facts, policies: PolicySet) -> FactSource:
    """The facts one person may see, with the views over all of them cut to the same person."""
    return FactSource(
        records=facts.table,
        whole=facts.raw,
        mine=lambda view, table: _mine(facts, view, table),
        run=facts.execute,
        calendar=facts.calendar,
        currency=facts.currency,
        as_of=facts.as_of,
        snapshot=facts.id if facts.known_as_of is None else f"{facts.id}@{facts.known_as_of.isoformat()}",
        policies=view_policies(policies, facts.calendar, facts.currency),
        keep=facts.snapshot.keep,
    )


def view_policies(policies: PolicySet, calendar: FiscalCalendar, currency: str) -> ViewPolicies:
    """What the settings and the policies in force say that views need."""
    classes = policies.get("time_classes", "default").spec.by_category()
    goals = policies.get("corporate_goals", "default").spec.by_period(calendar)
    return ViewPolicies(time_classes=classes, goals=goals, currency=currency)


def _mine(facts: Facts, view: RecordType, table: ibis.Table) -> ibis.Table:
    """The rows of a view that belong to the people the actor sees; those of deals they see; or everybody's."""
    if view.name in COST_VIEWS and not facts.actor.may(Permission.view_costs):
        return table.filter(ibis.literal(False))
    people = facts.visible()
    if people is None:
        return table
    if view.owner:
        return table.filter(table[view.owner].isin(sorted(people)).fill_null(False) if people else ibis.literal(False))
    if "opportunity_id" in view:
        return table.filter(table.opportunity_id.isin(facts.table("opportunity").opportunity_id))
    return table
