"""Who was in touch in time: clocks of leads in their owners' business time, and speed to lead apart from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from geartrain.kernel.clock import BusinessCalendar, sla_clocks
from geartrain.process.lead_policy import Sla

HOUR = np.timedelta64(3_600_000_000, "us")


@dataclass(frozen=True)
class Answered:
    """What became of the clocks.

    Args:
        met, breached, open: Open ones are not yet due, and left out of attainment.
        untouched: Of the breached, those nobody has touched yet.
        unassigned: Leads without an owner or an instant of assignment: no clock runs.
        speed_p50, speed_p90: Hours on the wall clock from creation to the first human touch by which half, and nine in
            ten, were touched; untouched leads count as running (Kaplan-Meier); None where so many never were.
        latency_p50: Median hours from creation to assignment.
        passed: Handed on to another owner before they were due: no clock of the first owner.
    """

    met: int
    breached: int
    open: int
    untouched: int
    unassigned: int
    speed_p50: Decimal | None
    speed_p90: Decimal | None
    latency_p50: Decimal | None
    passed: int = 0

    @property
    def attainment(self) -> Decimal | None:
        """Met / (met + breached, those untouched past due included); None where nothing was due."""
        due = self.met + self.breached
        return Decimal(self.met) / Decimal(due) if due else None

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        names = (
            "met",
            "breached",
            "open",
            "passed",
            "untouched",
            "unassigned",
            "speed_p50",
            "speed_p90",
            "latency_p50",
        )
        return {"attainment": self.attainment} | {n: getattr(self, n) for n in names}


@dataclass(frozen=True)
class Clocked:
    """Every lead's clock, rows as given."""

    state: npt.NDArray[np.str_]
    due: Any
    elapsed_hours: npt.NDArray[np.float64]
    speed_hours: npt.NDArray[np.float64]


def run_clocks(sla: Sla, leads: pa.Table, *, zones: Mapping[str, str], as_of: datetime) -> tuple[Clocked, Answered]:
    """The clocks of leads up to an instant.

    Args:
        leads: One row per assignment: `owner_id`, `created_at`, `assigned_at`, `touched_at` (first human touch from
            then on; null: none). Where leads were handed on also `passed_at` (when the next owner got it; null:
            nobody), `spoken_at` (first human touch whoever owned it), `first` and `last` (whether it is the lead's
            first assignment, its last).
        zones: User to time zone; others are in the policy's.

    A lead that is handed on has a new clock. The one before it stays breached where it was past due by then, and does
    not count where it was not. Speed to lead never starts again: it is counted once a lead.

    Example: assigned Friday 16:30, touched Monday 9:30, 9 to 17: one hour; on the wall clock 65.
    Source: the process specification, 3.1: breach = (touch or as_of) > due, attainment = met / (met + breached).
    """
    own = sla.calendar.zone
    calendars: dict[str, BusinessCalendar] = {own: sla.calendar}
    for zone in sorted(set(zones.values()) - {own}):
        calendars[zone] = sla.calendar.in_zone(zone)
    owners = leads["owner_id"].combine_chunks().dictionary_encode()
    names = pa.array([zones.get(u, own) for u in owners.dictionary.to_pylist()], pa.string())
    whose = names.take(owners.indices) if len(names) else pa.nulls(len(leads), pa.string())
    created, touched, assigned = (_instants(leads[c]) for c in ("created_at", "touched_at", "assigned_at"))
    passed, spoken, first, last = _handed_on(leads, touched)
    now = np.datetime64(as_of, "us")
    ended = np.fmin(touched, passed)
    clocks = sla_clocks(calendars, whose, leads["assigned_at"], ended, term=sla.first_touch, as_of=as_of)
    untouched = ~(touched <= now) | (passed < touched)
    away = untouched & (passed <= now)
    state = np.where(away & (clocks.state == "met"), "passed", clocks.state)
    seen = spoken <= now
    speed = (np.where(seen, spoken, now) - created) / HOUR
    clocked = Clocked(state, clocks.due, clocks.elapsed / HOUR, np.where(seen, speed, np.nan))
    latency = (assigned - created)[first & (assigned <= now)] / HOUR
    began = last & (created <= now)
    return clocked, Answered(
        met=int((state == "met").sum()),
        breached=int((state == "breached").sum()),
        open=int((state == "open").sum()),
        untouched=int(((state == "breached") & untouched).sum()),
        unassigned=int((state == "").sum()),
        speed_p50=survived(speed[began], seen[began], 0.5),
        speed_p90=survived(speed[began], seen[began], 0.9),
        latency_p50=_hours(float(np.median(latency))) if len(latency) else None,
        passed=int((state == "passed").sum()),
    )


def _handed_on(leads: pa.Table, touched: Any) -> tuple[Any, Any, Any, Any]:
    """When each was handed on, when its lead was first spoken to, and which row is its lead's first and last."""
    none = np.full(len(leads), np.datetime64("NaT"), dtype="datetime64[us]")
    has = leads.column_names
    passed = _instants(leads["passed_at"]) if "passed_at" in has else none
    spoken = _instants(leads["spoken_at"]) if "spoken_at" in has else touched
    ends = (leads[n].to_pylist() if n in has else [True] * len(leads) for n in ("first", "last"))
    first, last = (np.asarray(e, bool) for e in ends)
    return passed, spoken, first, last


def survived(durations: Sequence[float] | npt.NDArray[np.float64], ended: Any, share: float) -> Decimal | None:
    """The first duration by which that share has ended, by Kaplan-Meier; None where it never does.

    Example: ended after 1, 2 and 3, one still running at 2.5: half have ended by 2.
    """
    times, events = np.asarray(durations, float), np.asarray(ended, bool)
    if not len(times):
        return None
    order = np.argsort(times, kind="stable")
    times, events = times[order], events[order]
    unique, first = np.unique(times, return_index=True)
    deaths = np.add.reduceat(events.astype(float), first)
    at_risk = len(times) - first
    left = np.cumprod(1 - deaths / at_risk)
    hit = np.flatnonzero((left <= 1 - share + 1e-12) & (deaths > 0))
    return _hours(float(unique[hit[0]])) if len(hit) else None


def _hours(value: float) -> Decimal:
    return Decimal(str(round(value, 4)))


def _instants(column: pa.ChunkedArray) -> Any:
    return np.asarray(column.cast(pa.timestamp("us")).to_numpy(), dtype="datetime64[us]")
