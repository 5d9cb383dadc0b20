"""The people: sellers on their seats, who comes and goes, and everyone around them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from geartrain.sample.company import DOMAIN, REGIONS, SEGMENT, SEGMENT_NAMES, SEGMENTS, SELLERS_PER_TEAM, TEAM_ORDER
from geartrain.sample.names import FIRST, LAST
from geartrain.sample.tables import Table, texts
from geartrain.sample.world import MISSING, Array, World, number, weekday

ZONES = ("America/New_York", "America/Los_Angeles", "Europe/London")
RAMP_DAYS = 180


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who signs in to the demo.

    Args:
        role: The permission role, one of seller, manager, head_of_sales, revops, finance, auditor, admin.
        user_id: Their record.
    """

    email: str
    name: str
    role: str
    user_id: str


PEOPLE = (
    Person(f"frank@{DOMAIN}", "Frank Okafor", "head_of_sales", "U0001"),
    Person(f"bob@{DOMAIN}", "Bob Keller", "manager", "U0002"),
    Person(f"ann@{DOMAIN}", "Ann Lindqvist", "seller", "U0003"),
    Person(f"cleo@{DOMAIN}", "Cleo Moreau", "seller", "U0004"),
    Person(f"grace@{DOMAIN}", "Grace Tran", "revops", "U0006"),
    Person(f"hal@{DOMAIN}", "Hal Becker", "finance", "U0007"),
    Person(f"dee@{DOMAIN}", "Dee Nair", "auditor", "U0008"),
    Person(f"iris@{DOMAIN}", "Iris Silva", "admin", "U0009"),
)
FRANK, BOB, ANN, CLEO, EVE, GRACE = range(6)


@dataclass
class Seats:
    """Sellers' seats: a patch of accounts that people hold one after the other.

    Args:
        team, region, segment: Of each seat.
        holder: The user on each seat (rows) and day (columns, from the opening); who covers it while it is vacant.
    """

    team: Array
    region: Array
    segment: Array
    holder: Array
    opening: int

    def __len__(self) -> int:
        return len(self.team)

    def holding(self, seats: Array, days: Array) -> Array:
        """The user who looks after each seat on each day; days outside the simulation count as its ends."""
        return np.asarray(self.holder[seats, np.clip(days - self.opening, 0, self.holder.shape[1] - 1)])


@dataclass
class Staff:
    """Everyone, by their number, which is the row of the `user` table.

    Args:
        rows: One dict of the user columns each.
        ability: How much better than the average seller each sells.
        job: Job role of each, e.g. account_executive.
        region: Index of the region of each.
    """

    seats: Seats
    teams: tuple[tuple[str, str, str], ...]  # (name, region, segment)
    rows: list[dict[str, object]]
    ability: Array
    eve_left: int

    def column(self, name: str) -> Array:
        """One column of everyone: whole numbers for days, text otherwise."""
        values = [row[name] for row in self.rows]
        if name in ("start_date", "end_date", "base_salary", "target_incentive", "fte"):
            return np.array(values, dtype=np.int64)
        return texts(None if v is None else str(v) for v in values)

    def working(self, job: str) -> list[int]:
        """Everyone who ever had the job, by number."""
        return [n for n, row in enumerate(self.rows) if row["role"] == job]

    def ramp(self, users: Array, days: Array) -> Array:
        """How far each is ramped on a day, 0.35 to 1."""
        return np.asarray(np.clip(0.35 + 0.65 * (days - self.column("start_date")[users]) / RAMP_DAYS, 0.35, 1.0))

    def table(self) -> Table:
        """The `user` records."""
        names = self.rows[0]
        columns = {c: self.column(c) for c in names if c != "is_active"}
        columns["is_active"] = np.array([row["is_active"] for row in self.rows])
        return Table("user", columns, digits={"fte": 2})


def user_id(n: int) -> str:
    """The id of a user's number."""
    return f"U{n + 1:04d}"


def hire(world: World) -> Staff:
    """Everybody who works, or worked, at the company."""
    desk = _Desk(world)
    teams = _teams(world.sellers)
    desk.cast(teams)
    managers = [BOB, *(desk.manager(team) for team in teams[1:])]
    eve_left = _eve_left(world)
    seats = _fill_seats(desk, teams, managers, eve_left)
    desk.around(teams, managers)
    ability = np.exp(world.stream("ability").normal(0, 0.2, len(desk.rows)))
    return Staff(seats, teams, desk.rows, ability, eve_left)


def _teams(sellers: int) -> tuple[tuple[str, str, str], ...]:
    count = max(3, round(sellers / SELLERS_PER_TEAM))
    found = []
    for n in range(count):
        region, segment = TEAM_ORDER[n % len(TEAM_ORDER)]
        again = n // len(TEAM_ORDER)
        found.append((f"{region} {SEGMENT_NAMES[segment]}" + (f" {again + 1}" if again else ""), region, segment))
    return tuple(found)


def _eve_left(world: World) -> int:
    """The last 13 March that is at least two months past."""
    day = date(world.last.year, 3, 13)
    return number(day if world.today - number(day) >= 60 else day.replace(year=day.year - 1))


class _Desk:
    """Hands out people: their names, addresses and numbers, in order."""

    def __init__(self, world: World) -> None:
        self.world, self.rng = world, world.stream("people")
        self.rows: list[dict[str, object]] = []
        combos = self.rng.permutation(len(FIRST) * len(LAST))
        self.free = iter(f"{FIRST[c % len(FIRST)]} {LAST[c // len(FIRST)]}" for c in combos.tolist())

    def add(
        self, title: str, role: str, *, boss: int | None = 0, region: str | None = None, team: str | None = None,
        segment: str | None = None, start: int | None = None, end: int = MISSING, pay: tuple[int, int] = (80_000, 0),
        name: str | None = None,
    ) -> int:  # fmt: skip
        """One more person; their number."""
        known = name is not None
        name = name or self._name()
        local = name.split()[0] if known else name.replace(" ", ".")
        if start is None:
            start = self.world.opening - int(self.rng.integers(60, 2200))
        raised = [round(p * (1 + self.rng.normal(0, 0.04)) / 100) * 100 * 100 for p in pay]
        self.rows.append(
            {
                "user_id": user_id(len(self.rows)),
                "name": name,
                "email": f"{local.lower()}@{DOMAIN}",
                "title": title,
                "role": role,
                "manager_id": None if boss is None else user_id(boss),
                "team": team,
                "region": region,
                "segment": segment,
                "time_zone": ZONES[REGIONS.index(region)] if region else ZONES[0],
                "is_active": end == MISSING,
                "start_date": start,
                "end_date": end,
                "fte": 80 if not known and self.rng.random() < 0.04 else 100,
                "base_salary": raised[0],
                "target_incentive": raised[1] if pay[1] else MISSING,
            }
        )
        return len(self.rows) - 1

    def _name(self) -> str:
        return next(self.free)

    def cast(self, teams: tuple[tuple[str, str, str], ...]) -> None:
        """The people a visitor meets, always with the same numbers."""
        home, away = teams[0], teams[2]
        self.add("Chief Revenue Officer", "head_of_sales", boss=None, name="Frank Okafor", pay=(240_000, 160_000))
        self.manager(home, name="Bob Keller")
        self.seller(home, BOB, name="Ann Lindqvist")
        self.seller(away, 0, name="Cleo Moreau")
        self.seller(home, BOB, name="Eve Hart", end=_eve_left(self.world))
        self.add("Head of Revenue Operations", "revops", name="Grace Tran", pay=(150_000, 20_000))
        self.add("Finance Business Partner", "finance", name="Hal Becker", pay=(120_000, 0))
        self.add("Internal Auditor", "auditor", boss=None, name="Dee Nair", pay=(110_000, 0))
        self.add("Systems Administrator", "admin", boss=5, name="Iris Silva", pay=(105_000, 0))

    def manager(self, team: tuple[str, str, str], *, name: str | None = None) -> int:
        """The manager of a team."""
        title = f"Sales Manager, {team[0]}"
        return self.add(title, "sales_manager", team=team[0], region=team[1], segment=team[2], name=name,
                        pay=(135_000, 90_000))  # fmt: skip

    def seller(self, team: tuple[str, str, str], boss: int, *, start: int | None = None, end: int = MISSING,
               name: str | None = None) -> int:  # fmt: skip
        """A seller of a team."""
        kind = SEGMENT[team[2]]
        if start is None:
            start = self.world.opening - int(self.rng.integers(120, 1900))
        return self.add(f"Account Executive, {SEGMENT_NAMES[team[2]]}", "account_executive", boss=boss, team=team[0],
                        region=team[1], segment=team[2], start=start, end=end, name=name,
                        pay=(kind.base, kind.incentive))  # fmt: skip

    def around(self, teams: tuple[tuple[str, str, str], ...], managers: list[int]) -> None:
        """Everyone who does not carry a seat."""
        leads = {team[1]: manager for team, manager in zip(reversed(teams), reversed(managers), strict=True)}
        sellers = self.world.sellers
        for n, region in enumerate(REGIONS):
            for _ in range(max(1, round(sellers * (0.055, 0.045, 0.035)[n]))):
                self.add("Sales Development Representative", "sdr", boss=leads[region], region=region,
                         team=f"{region} Development", pay=(52_000, 24_000))  # fmt: skip
            for _ in range(max(1, round(sellers * 0.028))):
                self.add("Solution Engineer", "solution_engineer", boss=leads[region], region=region,
                         team=f"{region} Solutions", pay=(118_000, 26_000))  # fmt: skip
            for _ in range(max(1, round(sellers * 0.03))):
                self.add("Customer Success Manager", "customer_success", region=region,
                         team=f"{region} Success", pay=(84_000, 14_000))  # fmt: skip
        head = self.add("Head of Marketing", "marketing", pay=(165_000, 30_000), team="Marketing")
        for _ in range(max(2, round(sellers * 0.07))):
            self.add("Marketing Manager", "marketing", boss=head, pay=(88_000, 0), team="Marketing")
        for _ in range(max(1, round(sellers * 0.03))):
            self.add("Revenue Operations Analyst", "revops", boss=5, pay=(86_000, 0), team="Revenue Operations")


def _fill_seats(desk: _Desk, teams: tuple[tuple[str, str, str], ...], managers: list[int], eve_left: int) -> Seats:
    world, rng = desk.world, desk.world.stream("seats")
    team = np.sort(np.arange(world.sellers) % len(teams))
    region = np.array([REGIONS.index(t[1]) for t in teams])[team]
    segment = np.array([SEGMENTS.index(t[2]) for t in teams])[team]
    holder = np.full((world.sellers, world.today - world.opening + 1), -1, dtype=np.int64)
    nth = np.arange(world.sellers) - np.searchsorted(team, team)
    for seat in range(world.sellers):
        first = _founder(int(team[seat]), int(nth[seat]))
        for user, begin, end in _careers(desk, rng, teams[team[seat]], managers[team[seat]], first, eve_left):
            holder[seat, max(begin - world.opening, 0) : max(end - world.opening, 0)] = user
    _cover(holder, team, managers)
    return Seats(team, region, segment, holder, world.opening)


def _founder(team: int, nth: int) -> int | None:
    """Who of the cast holds the seat when the simulation opens."""
    return {(0, 0): ANN, (0, 1): EVE, (2, 0): CLEO}.get((team, nth))


def _careers(
    desk: _Desk, rng: np.random.Generator, team: tuple[str, str, str], boss: int, first: int | None, eve_left: int
) -> list[tuple[int, int, int]]:
    """(user, first day, day after the last) of the people on one seat, in order."""
    world, found = desk.world, []
    begin = world.opening
    if first is not None:
        desk.rows[first]["manager_id"] = user_id(boss)
        end = eve_left + 1 if first == EVE else world.today + 1
        found.append((first, begin, end))
        begin = end + 48
        hired = begin - (weekday(np.array([begin]))[0])
    else:
        opened_later = rng.random() < 0.24
        hired = world.opening + int(rng.uniform(0.15, 0.85) * (world.today - world.opening)) if opened_later else None
        begin = hired if hired is not None else begin
    while begin <= world.today:
        start = None if hired is None else int(hired - weekday(np.array([hired]))[0])
        stays = int(rng.exponential(5.2 * 365)) + 200
        last = begin + stays
        gone = last < world.today - 20
        user = desk.seller(team, boss, start=start, end=last if gone else MISSING)
        found.append((user, start if start is not None else begin, last + 1 if gone else world.today + 1))
        hired = begin = last + int(rng.integers(25, 85)) if gone else world.today + 1
    return found


def _cover(holder: Array, team: Array, managers: list[int]) -> None:
    """A vacant seat is looked after by the next colleague of the team, else by the manager."""
    held = holder.copy()
    for seat in range(len(team)):
        days = np.flatnonzero(held[seat] < 0)
        first, after = np.searchsorted(team, team[seat]), np.searchsorted(team, team[seat], side="right")
        mates = np.roll(held[first:after, days], first - seat, axis=0)
        nearest = mates[np.argmax(mates >= 0, axis=0), np.arange(len(days))]
        holder[seat, days] = np.where(nearest >= 0, nearest, managers[team[seat]])
