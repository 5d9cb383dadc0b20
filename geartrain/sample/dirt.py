"""Dirty data in known places: what a check must find, planted and listed.

Each kind of dirt hits records of its own, so that the counts of a check are those of the list.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from geartrain.sample.company import MISSPELT
from geartrain.sample.history import day_text, money_text
from geartrain.sample.people import EVE, GRACE, Staff, user_id
from geartrain.sample.tables import Columns, Table, append, order, take, texts
from geartrain.sample.world import DAY, MISSING, Array, World

GHOST = "U9417"  # nobody's id


@dataclass(frozen=True, slots=True)
class KnownIssue:
    """One kind of dirt that was planted.

    Args:
        code: What it is: the key of the data-quality rule where there is one, else unknown_reference, unreadable_value,
            duplicate_row, placeholder or leaver_owns_open.
        type, field: Where.
        count: Records it is in.
        keys: Of each of them, the key's values joined by a slash; for unreadable values the id of the row.
        value: What stands there, empty where it differs by record.
        expected: The closest correct value, empty where there is none.
        quarantined: Whether a load keeps the row out.
        note: The story.
    """

    code: str
    type: str
    field: str
    count: int
    keys: tuple[str, ...]
    value: str = ""
    expected: str = ""
    quarantined: bool = False
    note: str = ""

    def as_json(self) -> dict[str, object]:
        """As it stands in KNOWN_ISSUES.json."""
        return asdict(self)


class _Planter:
    """Plants into tables and remembers what and where; never twice into one record."""

    def __init__(self, world: World, tables: dict[str, Table], staff: Staff) -> None:
        self.world, self.tables, self.staff = world, tables, staff
        self.rng = world.stream("dirt")
        self.issues: list[KnownIssue] = []
        self.used: dict[str, set[int]] = {}

    def choose(self, name: str, where: Array, share: float, *, least: int = 3) -> Array:
        """So many rows of a table, none of which was chosen before, in order."""
        used = self.used.setdefault(name, set())
        free = np.array([n for n in np.flatnonzero(where).tolist() if n not in used], dtype=np.int64)
        count = min(len(free), max(least, round(share * len(free))))
        rows = np.sort(self.rng.permutation(free)[:count])
        used.update(rows.tolist())
        return rows

    def note(self, code: str, name: str, field: str, rows: Array, **more: object) -> None:
        """List what was planted, if it was planted anywhere."""
        if len(rows):
            keys = self.keys(name, rows)
            self.issues.append(KnownIssue(code, name, field, len(keys), keys, **more))  # type: ignore[arg-type]

    def keys(self, name: str, rows: Array) -> tuple[str, ...]:
        """The keys of rows, as text."""
        from geartrain.facts import record_type

        kind, table = record_type(name), self.tables[name]
        parts = []
        for column in kind.key:
            cells = table[column][rows]
            parts.append(cells.tolist() if cells.dtype == object else _shown(kind[column].kind.value, cells))
        return tuple("/".join(str(c) for c in row) for row in zip(*parts, strict=True))


def plant(world: World, tables: dict[str, Table], staff: Staff) -> tuple[KnownIssue, ...]:
    """Dirty the tables in place; returns the list of it."""
    to = _Planter(world, tables, staff)
    _simulated(to)
    _deal_references(to)
    _deal_values(to)
    _elsewhere(to)
    _placeholders(to)
    order(tables["opportunity_change"], "changed_at", "opportunity_id", "field")
    _unreadable(to)
    _duplicates(to)
    return tuple(to.issues)


def _shown(kind: str, cells: Array) -> list[str]:
    if kind == "instant":
        return [f"{t}Z" for t in np.datetime_as_string(cells.astype("datetime64[s]")).tolist()]
    return day_text(cells).tolist() if kind == "day" else [str(c) for c in cells.tolist()]


def _simulated(to: _Planter) -> None:
    """What the simulation itself left behind: deals nobody closed, and Eve's."""
    deals = to.tables["opportunity"]
    open_ = ~deals["is_closed"]
    rows = np.flatnonzero(open_ & (deals["close_date"] < to.world.today))
    to.note("close_date_past", "opportunity", "close_date", rows, note="Lost in truth; nobody closed them.")
    gone = texts(user_id(n) for n, row in enumerate(to.staff.rows) if not row["is_active"])
    rows = np.flatnonzero(open_ & np.isin(deals["owner_id"].astype(str), gone.astype(str)))
    note = "Eve left in March; these were never given to somebody else."
    to.note("leaver_owns_open", "opportunity", "owner_id", rows, value=user_id(EVE), note=note)
    to.used["opportunity"] = set(rows.tolist())
    past = np.flatnonzero(open_ & (deals["close_date"] < to.world.today))
    to.used["opportunity"].update(past.tolist())


def _deal_references(to: _Planter) -> None:
    deals, world = to.tables["opportunity"], to.world
    open_ = ~deals["is_closed"]
    right, wrong = MISSPELT
    rows = to.choose("opportunity", deals["product_id"] == right, 0.09)
    deals["product_id"][rows] = wrong
    note = "Typed by hand before the field became a list."
    to.note("unknown_reference", "opportunity", "product_id", rows, value=wrong, expected=right, note=note)
    early = np.isin(deals["stage"].astype(str), ["Discovery", "Qualification"])
    rows = to.choose("opportunity", open_ & early & (deals["type"] == "new"), 0.12)
    deals["account_id"][rows] = None
    to.note("open_without_account", "opportunity", "account_id", rows, note="Opened from a phone, account to follow.")
    calm = deals["created_at"] < (world.today - 30) * DAY
    rows = to.choose("opportunity", calm, 0.001, least=6)
    _hand_over(to, rows)
    note = "A bulk import on the last day gave them to a user that was deleted."
    to.note("unknown_reference", "opportunity", "owner_id", rows, value=GHOST, note=note)
    leads = to.tables["lead"]
    rows = to.choose("lead", leads["mql_at"] != MISSING, 0.002)
    leads["owner_id"][rows] = None
    to.note("lead_without_owner", "lead", "owner_id", rows, note="The routing rule had no match.")


def _hand_over(to: _Planter, rows: Array) -> None:
    deals = to.tables["opportunity"]
    count = len(rows)
    _changed(
        to, rows, "owner_id", to.world.now + 60 + np.arange(count), deals["owner_id"][rows], texts([GHOST] * count)
    )
    deals["owner_id"][rows] = GHOST


def _changed(to: _Planter, rows: Array, field: str, at: Array, old: Array, new: Array) -> None:
    """A change of a field of deals, so that the history still ends where the deals stand."""
    count = len(rows)
    made: Columns = {
        "opportunity_id": to.tables["opportunity"]["opportunity_id"][rows], "changed_at": at,
        "field": texts([field] * count), "old_value": old, "new_value": new,
        "changed_by": texts([user_id(GRACE)] * count),
    }  # fmt: skip
    append(to.tables["opportunity_change"], made)


def _deal_values(to: _Planter) -> None:
    deals, lines = to.tables["opportunity"], to.tables["opportunity_line"]
    closed, won = deals["is_closed"], deals["is_won"]
    rows = to.choose("opportunity", won, 0.0035, least=4)
    after = deals["closed_at"][rows] + 61
    _changed(to, rows, "amount", after, money_text(deals["amount"][rows]), money_text(np.zeros(len(rows), np.int64)))
    deals["amount"][rows] = 0
    lines.columns = take(lines.columns, ~np.isin(lines["opportunity_id"], deals["opportunity_id"][rows]))
    note = "The amount was moved to another system on signing; their contracts still know it."
    to.note("won_amount_zero", "opportunity", "amount", rows, value="0.00", note=note)
    rows = to.choose("opportunity", closed & (deals["type"] == "new"), 0.002, least=4)
    deals["created_at"][rows] = deals["closed_at"][rows] + (1 + np.arange(len(rows)) % 9) * DAY
    to.note("negative_cycle", "opportunity", "created_at", rows, note="Entered after the fact, with the day of entry.")
    early = ~closed & (deals["stage"] == "Discovery")
    rows = to.choose("opportunity", early, 0.05)
    _changed(to, rows, "amount", np.full(len(rows), to.world.now + 60), money_text(deals["amount"][rows]),
             texts([None] * len(rows)))  # fmt: skip
    deals["amount"][rows] = MISSING
    lines.columns = take(lines.columns, ~np.isin(lines["opportunity_id"], deals["opportunity_id"][rows]))
    to.note("missing_amount", "opportunity", "amount", rows, note="No offer yet, and nobody estimated.")


def _elsewhere(to: _Planter) -> None:
    accounts, leads, times = to.tables["account"], to.tables["lead"], to.tables["time_entry"]
    rows = to.choose("account", accounts["type"] == "prospect", 0.012)
    accounts["segment"][rows] = None
    to.note("account_without_segment", "account", "segment", rows)
    rows = to.choose("lead", (leads["sal_at"] != MISSING) & (leads["converted_at"] == MISSING), 0.003)
    leads["sal_at"][rows] = leads["mql_at"][rows] - 3 * DAY
    note = "Accepted three days before it was qualified by marketing."
    to.note("lead_dates_out_of_order", "lead", "sal_at", rows, note=note)
    rows = to.choose("time_entry", times["category"] == "Training", 0.0004, least=5)
    times["hours"][rows] = 0
    to.note("negative_hours", "time_entry", "hours", rows, value="0.00", note="Saved empty.")
    bills = to.tables["invoice"]
    rows = to.choose("invoice", bills["paid_at"] != MISSING, 0.001)
    bills["due_at"][rows] = bills["issued_at"][rows] - 30 * DAY
    to.note("invoice_due_before_issue", "invoice", "due_at", rows)


def _placeholders(to: _Planter) -> None:
    deals, accounts, leads = to.tables["opportunity"], to.tables["account"], to.tables["lead"]
    for text in ("n/a", "test", "tbd"):
        rows = to.choose("opportunity", ~deals["is_closed"] & (deals["next_step"] != None), 0.012)  # noqa: E711
        deals["next_step"][rows] = text
        to.note("placeholder", "opportunity", "next_step", rows, value=text, note="A required field, satisfied.")
    rows = to.choose("account", accounts["first_won_at"] == MISSING, 0.0008, least=2)
    accounts["name"][rows] = "test"
    to.note("account_name_placeholder", "account", "name", rows, value="test", note="Left over from a training.")
    rows = to.choose("lead", leads["mql_at"] == MISSING, 0.001, least=5)
    leads["company"][rows] = "n/a"
    to.note("placeholder", "lead", "company", rows, value="n/a")


def _unreadable(to: _Planter) -> None:
    """Rows of their own, copied under new ids, with one cell that cannot be read: nothing refers to them."""
    plans = (
        ("opportunity", "amount", ("12,5k", "8,2k", "approx 40000"), "O9"),
        ("opportunity", "close_date", ("2026-02-31", "2025-06-31"), "O8"),
        ("invoice", "amount", ("1.2.3", "twelve hundred"), "I9"),
        ("campaign", "start_date", ("2026-13-01",), "C9"),
    )
    for name, field, values, prefix in plans:
        table = to.tables[name]
        key = next(iter(table.columns))
        rows = to.choose(name, np.ones(len(table), dtype=bool), 0, least=len(values))[: len(values)]
        copies = take(table.columns, rows)
        start, width = len(table), len(table[key][0]) - 2
        copies[key] = texts(f"{prefix}{n:0{width}d}" for n in range(1, len(rows) + 1))
        append(table, copies)
        for n, value in enumerate(values[: len(rows)]):
            table.broken.setdefault(field, {})[start + n] = value
            to.note("unreadable_value", name, field, np.array([start + n]), value=value, quarantined=True)


def _duplicates(to: _Planter) -> None:
    """Rows that a file holds twice, byte for byte, the second time at its end."""
    for name, count in (("lead", 12), ("touch", 20), ("opportunity_line", 6)):
        table = to.tables[name]
        rows = to.choose(name, np.ones(len(table), dtype=bool), 0, least=count)
        table.repeated = tuple(rows.tolist())
        key = next(iter(table.columns))
        to.note("duplicate_row", name, key, rows, note="Exported twice.")
