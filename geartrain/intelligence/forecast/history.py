"""The history of every deal as columns, and the open ones as they stood at the end of any day."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
NEVER = 10**7  # a day after all others
NO_DAY = -(10**7)
STATES = ("at", "stage", "category", "owner", "worth", "due", "shut")
MONTH = 32  # days whose open states are looked for at once


@dataclass(frozen=True)
class History:
    """What is known of deals, day by day. Days are ordinals (`date.toordinal`), codes index `stages` and `owners`.

    State columns have one row per deal and change, by deal and then time; deal columns one row per deal.

    Args:
        first: Row of each deal's first state, one more at the end.
        at: Day from which a state holds; worth: native worth in the workspace's currency, NaN where not known; due: the
            expected closing day then, NO_DAY where none; shut: closed as its stage said.
        created, closed: Days; NEVER while open. booked: What it was booked at, 0 unless won.
        traits: Names of what is set when a deal is made and not changed after; `kind`: one column of codes for each;
            `refused`: why others are not learnt from.
    """

    ids: tuple[str, ...]
    stages: tuple[str, ...]
    categories: tuple[str, ...]
    owners: tuple[str, ...]
    first: Ints
    at: Ints
    stage: Ints
    category: Ints
    owner: Ints
    worth: Floats
    due: Ints
    shut: Flags
    created: Ints
    closed: Ints
    won: Flags
    booked: Floats
    traits: tuple[str, ...] = ()
    kind: Ints | None = None
    refused: tuple[str, ...] = ()
    _months: dict[int, Ints] = field(default_factory=dict, compare=False, repr=False)
    _ever: dict[str, tuple[Ints, Ints, Ints]] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def deal(self) -> Ints:
        """The deal of each state."""
        return np.repeat(np.arange(len(self.ids)), np.diff(self.first))

    @cached_property
    def since(self) -> Ints:
        """The day each state's stage was entered."""
        new = np.ones(len(self.at), dtype=bool)
        new[1:] = (self.deal[1:] != self.deal[:-1]) | (self.stage[1:] != self.stage[:-1])
        entered: Ints = self.at[np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))]
        return entered

    @cached_property
    def pushes(self) -> Ints:
        """How often the closing day had been moved later, up to each state."""
        if not len(self.at):
            return np.zeros(0, dtype=np.int64)
        later = np.zeros(len(self.at), dtype=np.int64)
        same = self.deal[1:] == self.deal[:-1]
        later[1:] = same & (self.due[1:] > self.due[:-1]) & (self.due[:-1] != NO_DAY)
        total = np.cumsum(later)
        before = total - later
        pushed: Ints = total - before[self.first[:-1]][self.deal]
        return pushed

    @cached_property
    def stands(self) -> tuple[Ints, Ints]:
        """The days `[from, until)` on which each state is that of an open deal."""
        until = np.full(len(self.at), NEVER)
        same = self.deal[1:] == self.deal[:-1]
        until[:-1][same] = self.at[1:][same]
        start = np.maximum(self.at, self.created[self.deal])
        return start, np.where(self.shut, start, np.minimum(until, self.closed[self.deal]))

    @cached_property
    def closer(self) -> Ints:
        """Who owned each deal when it closed, or owns it last; -1 for nobody."""
        kept = self.at <= self.closed[self.deal]
        kept[self.first[:-1]] = True
        found = np.full(len(self.ids), -1)
        found[self.deal[kept]] = self.owner[kept]  # states are by time: the last one stays
        return found

    @cached_property
    def begins(self) -> int:
        """The first day anything is known of."""
        return int(self.created.min()) if len(self.created) else NEVER

    def thinned(self, step: int) -> History:
        """Every so-manieth deal with all its states."""
        if step <= 1:
            return self
        deals, rows = np.arange(0, len(self.ids), step), self.deal % step == 0
        states = {n: getattr(self, n)[rows] for n in STATES}
        ends = {n: getattr(self, n)[deals] for n in ("created", "closed", "won", "booked")}
        first = np.concatenate([[0], np.cumsum(np.diff(self.first)[deals])])
        kind = None if self.kind is None else self.kind[deals]
        return replace(
            self, ids=self.ids[::step], first=first, kind=kind, _months={}, _ever={}, **states, **ends
        )  # fmt: skip

    def won_in(self, start: int, end: int, *, known: int) -> Flags:
        """Deals won in `[start, end)`, as known at the end of the day `known`."""
        flags: Flags = self.won & (self.closed >= start) & (self.closed < min(end, known + 1))
        return flags

    def bookings(self, start: int, end: int, *, known: int) -> float:
        """What was booked in `[start, end)`, as known at the end of the day `known`."""
        return float(self.booked[self.won_in(start, end, known=known)].sum())

    def _month(self, number: int) -> Ints:
        """Rows of the states that stood on any day of a month, looked for once."""
        if number not in self._months:
            start, stop = self.stands
            self._months[number] = np.flatnonzero((start < (number + 1) * MONTH) & (stop > number * MONTH))
        return self._months[number]

    def ever(self, codes: str) -> tuple[Ints, Ints, Ints]:
        """(deal, code, first day) of every stage or category that a deal was ever in while it was open."""
        if codes not in self._ever:
            held = getattr(self, codes)[~self.shut]
            key = self.deal[~self.shut] * 4096 + held + 1
            distinct, first = np.unique(key, return_index=True)  # states are by time: the first of equal ones
            self._ever[codes] = (distinct // 4096, distinct % 4096 - 1, self.at[~self.shut][first])
        return self._ever[codes]

    def open_at(self, day: int) -> Snapshot:
        """The deals open at the end of a day; nothing that happened later is read."""
        start, stop = self.stands
        near = self._month(day // MONTH)
        rows = near[(start[near] <= day) & (stop[near] > day)]
        deal = self.deal[rows]
        kind = np.zeros((len(deal), 0), dtype=np.int64) if self.kind is None else self.kind[deal]
        return Snapshot(
            day, deal, self.stage[rows], self.category[rows], self.owner[rows], self.worth[rows], self.due[rows],
            day - self.created[deal], day - self.since[rows], self.pushes[rows], kind,
        )  # fmt: skip


@dataclass(frozen=True)
class Snapshot:
    """Open deals at the end of a day. `age` and `stayed` (in the stage) are days."""

    day: int
    deal: Ints
    stage: Ints
    category: Ints
    owner: Ints
    worth: Floats
    due: Ints
    age: Ints
    stayed: Ints
    pushes: Ints
    kind: Ints

    def __len__(self) -> int:
        return len(self.deal)

    def take(self, at: Ints) -> Snapshot:
        """Some of the deals, by their place."""
        return Snapshot(self.day, *(getattr(self, f.name)[at] for f in fields(self) if f.name != "day"))

    def thinned(self, step: int) -> Snapshot:
        """Every so-manieth deal."""
        return self if step <= 1 else self.take(np.arange(self.day % step, len(self), step))

    def placed(self, start: int, end: int) -> Ints:
        """How the closing day lies to a period: 0 none, 1 overdue, 2 in it, 3 within 45 days after, 4 later."""
        found: Ints = np.select(
            [self.due == NO_DAY, self.due <= self.day, self.due < end, self.due < end + 45], [0, 1, 2, 3], 4
        ).astype(np.int64)
        return found
