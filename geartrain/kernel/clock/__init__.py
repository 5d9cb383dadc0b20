"""Time that counts: business calendars, terms, commitments and cadences. Nothing here knows what time it is."""

from geartrain.kernel.clock.business import BusinessCalendar, Holiday, Week
from geartrain.kernel.clock.cadence import Cadence, Change, Occurrence, OnHoliday
from geartrain.kernel.clock.columns import Clocks, due_times, sla_clocks, working_times
from geartrain.kernel.clock.commitment import (
    Attainment,
    Commitment,
    Escalation,
    EscalationStep,
    State,
    attainment,
    commit,
)
from geartrain.kernel.clock.fiscal import FiscalYear, YearOfMonths, YearOfWeeks
from geartrain.kernel.clock.recurrence import Recurrence
from geartrain.kernel.clock.term import Term, due, due_before

__all__ = [
    "Attainment",
    "BusinessCalendar",
    "Cadence",
    "Change",
    "Clocks",
    "Commitment",
    "Escalation",
    "EscalationStep",
    "FiscalYear",
    "Holiday",
    "Occurrence",
    "OnHoliday",
    "Recurrence",
    "State",
    "Term",
    "Week",
    "YearOfMonths",
    "YearOfWeeks",
    "attainment",
    "commit",
    "due",
    "due_before",
    "due_times",
    "sla_clocks",
    "working_times",
]
