"""What is wrong or doubtful in the rows of accounts and sellers, with file and line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.planning.territories.tables import Table

RANGES = {"latitude": (-90, 90), "longitude": (-180, 180), "visits": (0, 1e9)}
LARGEST = 1e18  # beyond it loads cannot be told apart any more
PARENT = "parent_account_id"


def out_of_range(*tables: Table) -> None:
    """Refuse places that are nowhere on earth, visits below zero, and numbers beyond all measure.

    Raises:
        Invalid: there is one, with file and line.
    """
    for table in tables:
        for n, row in enumerate(table.rows):
            for column, value in row.items():
                if isinstance(value, bool | str) or not _numeric(value):
                    continue
                low, high = RANGES.get(column, (-LARGEST, LARGEST))
                if not low <= value <= high:
                    raise Invalid(f"{table.at(n)}: {column} {value} is not {low:g} to {high:g}.", hint="Correct it.")


def _numeric(value: Any) -> bool:
    return isinstance(value, int | float) or (value is not None and hasattr(value, "as_tuple"))


def doubts(accounts: Table, sellers: Table, names: frozenset[str], keep_together: str) -> list[Issue]:
    """What a person should look at although it can be worked with."""
    found = [*_owners(accounts, names), *_below_zero(accounts), *_ramps(sellers)]
    return found + list(_cycles(accounts)) if keep_together == PARENT else found


def _said(code: str, table: Table, rows: list[int], message: str, hint: str) -> Iterator[Issue]:
    if rows:
        yield Issue(code, Level.warning, message.format(n=len(rows)), table.at(rows[0]), hint)


def _owners(accounts: Table, names: frozenset[str]) -> Iterator[Issue]:
    rows = [n for n, r in enumerate(accounts.rows) if r.get("owner_id") and str(r["owner_id"]) not in names]
    who = sorted({str(accounts.rows[n]["owner_id"]) for n in rows})
    shown = ", ".join(who[:5]).replace("{", "{{").replace("}", "}}")
    message = f"{{n}} accounts are owned by somebody who is not among the sellers ({shown}): they change hands."
    yield from _said("territory_owner_unknown", accounts, rows, message, "Add the seller, or correct the owner.")


def _below_zero(accounts: Table) -> Iterator[Issue]:
    for column in ("current_revenue", "open_pipeline"):
        rows = [n for n, r in enumerate(accounts.rows) if (r.get(column) or 0) < 0]
        message = f"{{n}} accounts have a {column} below zero."
        yield from _said("territory_below_zero", accounts, rows, message, "Right for credit notes; else correct it.")


def _ramps(sellers: Table) -> Iterator[Issue]:
    rows = [n for n, r in enumerate(sellers.rows) if _numeric(r.get("ramp")) and not 0 <= r["ramp"] <= 1]
    message = "{n} sellers have a ramp that is not 0 to 1."
    yield from _said("territory_ramp", sellers, rows, message, "1 is fully ramped; write 50 % as 0.5.")


def _cycles(accounts: Table) -> Iterator[Issue]:
    """Accounts that are their own parents, over however many others; the family stays together all the same."""
    line = {r["account_id"]: n for n, r in enumerate(accounts.rows)}
    parent = {r["account_id"]: r.get(PARENT) for r in accounts.rows}
    done: set[Any] = set()
    for start in parent:
        path: dict[Any, None] = {}
        at = start
        while at in parent and at not in done and at not in path:
            path[at] = None
            at = parent[at]
        if at in path:
            ring = list(path)[list(path).index(at) :]
            message = f"{' → '.join(str(a) for a in [*ring, at][:12])} is a cycle of parents; it is kept as one family."
            hint = "Clear the parent of one of them."
            yield Issue("territory_parent_cycle", Level.warning, message, accounts.at(line[ring[0]]), hint)
        done.update(path)
