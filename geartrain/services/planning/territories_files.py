"""Territories from files, without a workspace: accounts, sellers and a policy in, an assignment out."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from geartrain import __version__
from geartrain.facts.types.account import RECORD as ACCOUNT
from geartrain.facts.types.user import RECORD as USER
from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.issues import Issue
from geartrain.kernel.policy.document import read_document
from geartrain.kernel.policy.policy import closest, complaints
from geartrain.kernel.records import RecordType
from geartrain.planning.territories.contiguity import Graph, Pair, graph_of
from geartrain.planning.territories.policy import TerritoryPolicy
from geartrain.planning.territories.problem import Problem, build
from geartrain.planning.territories.report import Assignment
from geartrain.planning.territories.solve import Left
from geartrain.planning.territories.tables import Table, kinds_of, refuse, typed, undeclared_numbers

DELIMITERS = ",;\t|"
LIMIT = 200_000_000  # bytes of one file


@dataclass(frozen=True)
class Inputs:
    """What territories are worked out from, with the hashes that a manifest names."""

    policy: TerritoryPolicy
    accounts: Table
    sellers: Table
    hashes: dict[str, str]
    issues: tuple[Issue, ...] = ()
    adjacency: tuple[Pair, ...] = ()

    @cached_property
    def graph(self) -> Graph | None:
        """Which places touch, by the policy and by the table beside it; None where nothing says so."""
        pairs = (*self.policy.adjacency, *self.adjacency)
        return graph_of(self.problem, self.policy, self.accounts.rows, pairs) if pairs else None

    @cached_property
    def built(self) -> tuple[Problem, list[Issue]]:
        """The problem they pose, and what is doubtful about it."""
        problem, issues = build(self.policy, self.accounts, self.sellers)
        return problem, [*self.issues, *issues]

    @property
    def problem(self) -> Problem:
        """The problem they pose."""
        return self.built[0]

    @cached_property
    def owners(self) -> tuple[str | None, ...]:
        """Who owns each account today."""
        return tuple(None if (o := r.get("owner_id")) is None else str(o) for r in self.accounts.rows)

    def manifest(self, **results: Any) -> dict[str, Any]:
        """What the answer rests on."""
        return {"inputs": dict(self.hashes), "engine": f"geartrain {__version__}", **results}


def budget(seconds: float, stopped: Callable[[], bool] = lambda: False) -> Left:
    """What is left of a time budget, 0 once it was stopped."""
    until = time.monotonic() + seconds
    return lambda: 0.0 if stopped() else until - time.monotonic()


def read_inputs(accounts: Path, sellers: Path, policy: Path, adjacency: Path | None = None) -> Inputs:
    """The three files of a solve, and the table of places that touch: its first two columns.

    Raises:
        NotFound: a file is not there. Invalid: it cannot be read, with file and line.
    """
    files = {"accounts": accounts, "sellers": sellers, "policy": policy}
    hashes = {name: sha256(file_bytes(file)).hexdigest() for name, file in files.items()}
    spec = read_spec(policy)
    pairs: tuple[Pair, ...] = ()
    if adjacency is not None:
        hashes["adjacency"] = sha256(file_bytes(adjacency)).hexdigest()
        pairs = _pairs(adjacency, spec)
    one, other = read_rows(accounts), read_rows(sellers)
    # A column of both is a number in both or in neither, so that rules may compare them.
    shared = frozenset(one[0]) & frozenset(other[0])
    text = frozenset(c for c in shared if (c in _undeclared(ACCOUNT, one)) != (c in _undeclared(USER, other)))
    found, wrong = typed(ACCOUNT, str(accounts), *one, text=text)
    people, bad = typed(USER, str(sellers), *other, text=text)
    need(ACCOUNT.key[0], found)
    need(USER.key[0], people)
    refuse([*wrong, *bad])
    return Inputs(spec, found, people, hashes, adjacency=pairs)


def _pairs(file: Path, spec: TerritoryPolicy) -> tuple[Pair, ...]:
    if spec.units != "geography":
        raise Invalid(f"{file} says which places touch.", hint="Write `units: geography` into the policy.")
    columns, rows, lines = read_rows(file)
    if len(columns) < 2:
        raise Invalid(f"{file}:1: There is one column.", hint="Name a place and the place beside it.")
    found = [(r[columns[0]].strip(), r[columns[1]].strip()) for r in rows]
    if wrong := next((n for n, pair in zip(lines, found, strict=True) if not all(pair)), None):
        raise Invalid(f"{file}:{wrong}: A place is missing.", hint="Name both, or leave the line out.")
    return tuple(found)


Rows = tuple[tuple[str, ...], list[dict[str, str]], list[int]]


def _undeclared(record: RecordType, read: Rows) -> set[str]:
    return undeclared_numbers(read[0], read[1], kinds_of(record, read[0]))


def need(name: str, table: Table) -> None:
    """Refuse a table without a column.

    Raises:
        Invalid: it is not there.
    """
    if name not in table.columns:
        near = closest(name, table.columns)
        hint = f"Is it '{near}'? Rename it." if near else f"There are: {', '.join(table.columns)}."
        raise Invalid(f"{table.where}:1: The column {name} is missing.", hint=hint)


def read_rows(file: Path) -> Rows:
    """Columns, rows and their lines of a CSV file: comma, semicolon, tab or bar, a byte-order mark or none.

    Raises:
        NotFound: it is not there. Invalid: it is empty, not UTF-8, or a row is longer than the header.
    """
    try:
        text = file_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8: {error.reason} at byte {error.start}.", hint="Save it as UTF-8.") from None
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(DELIMITERS, key=head.count), strict=True)
    columns: tuple[str, ...] = ()
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    for row in _whole(reader, file):
        if not any(cell.strip() for cell in row):
            continue
        if not columns:
            columns = tuple(c.strip() for c in row)
            if twice := next((c for c in columns if columns.count(c) > 1), None):
                raise Invalid(f"{file}:1: The column '{twice}' is there twice.", hint="Rename or remove one.")
            continue
        if len(row) > len(columns):
            hint = "Put quotation marks around values that hold the separator."
            raise Invalid(f"{file}:{reader.line_num}: {len(row)} values for {len(columns)} columns.", hint=hint)
        rows.append(dict(zip(columns, [*row, *[""] * (len(columns) - len(row))], strict=True)))
        lines.append(reader.line_num)
    if not columns:
        raise Invalid(f"{file} is empty.", hint="Its first line names the columns.")
    return columns, rows, lines


def _whole(reader: Any, file: Path) -> Iterator[list[str]]:
    """Rows as long as they can be read; an open quotation mark is told by the line it stands on."""
    line = 1
    try:
        for row in reader:
            yield row
            line = reader.line_num + 1
    except csv.Error as error:
        hint = "Close the quotation mark, and double one within a value."
        raise Invalid(f"{file}:{line}: The row cannot be read: {error}.", hint=hint) from None


def read_spec(file: Path) -> TerritoryPolicy:
    """The `spec` of a territory policy's file; what a policy says besides it may be left out here.

    Raises:
        NotFound: it is not there. Invalid: it is no such policy, with the line of the first thing wrong.
    """
    from geartrain.planning.kinds.territory_policy import KIND

    try:
        text = file_bytes(file).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8: {error.reason} at byte {error.start}.", hint="Save it as UTF-8.") from None
    document, issues = read_document(text, str(file))
    if document is None:
        refuse(issues)
        raise AssertionError
    if (stated := document.values.get("kind", KIND.name)) != KIND.name:
        at = f"{file}:{document.line(['kind'])}"
        raise Invalid(f"{at}: This is a policy of the kind '{stated}'.", hint=f"A {KIND.name} is needed here.")
    plain = {"kind": KIND.name, "key": "policy", "name": "policy", "owner": "nobody", "definition": "policy"}
    try:
        return KIND.envelope.model_validate({**plain, **document.values}).spec  # type: ignore[attr-defined, no-any-return]
    except ValidationError as error:
        refuse(list(complaints(error, document, KIND.envelope)))
        raise AssertionError from None


def read_assignment(inputs: Inputs, file: Path) -> Assignment:
    """An assignment from a spreadsheet: account_id and the seller (to, seller, user_id, owner_id or OwnerId).

    Accounts that it does not name stay with their owner; an empty seller is none.

    Raises:
        NotFound: it is not there. Invalid: it names an account or a seller that there is not, with the line.
    """
    columns, rows, lines = read_rows(file)
    key = next((c for c in columns if c.lower() in ("account_id", "id")), None)
    to = next(
        (c for name in ("to", "seller", "user_id", "ownerid", "owner_id") for c in columns if c.lower() == name), None
    )
    if key is None or to is None:
        missing = "account_id" if key is None else "to"
        raise Invalid(f"{file}:1: The column {missing} is missing.", hint="Name the columns account_id and to.")
    problem = inputs.problem
    at = {name: n for n, name in enumerate(problem.accounts)}
    who = {name: n for n, name in enumerate(problem.sellers)}
    seller = problem.owner.copy()
    seen: dict[int, int] = {}
    for row, line in zip(rows, lines, strict=True):
        account, name = row[key].strip(), row[to].strip()
        _known(account, at, "account", f"{file}:{line}")
        if (n := at[account]) in seen:
            raise Invalid(f"{file}:{line}: The account '{account}' stands on line {seen[n]} already.", hint="Keep one.")
        seen[n] = line
        if name:
            _known(name, who, "seller", f"{file}:{line}")
        seller[n] = who[name] if name else -1
    return Assignment(problem, seller, inputs.owners)


def _known(name: str, among: dict[str, int], what: str, where: str) -> None:
    if name not in among:
        near = closest(name, among)
        hint = f"Did you mean '{near}'?" if near else f"There are {len(among)} {what}s in the file of {what}s."
        raise Invalid(f"{where}: There is no {what} '{name}'.", hint=hint)


def owned(inputs: Inputs) -> Assignment:
    """The assignment as it is today."""
    return Assignment(inputs.problem, np.array(inputs.problem.owner), inputs.owners)


def file_bytes(file: Path) -> bytes:
    """What a file holds.

    Raises:
        NotFound: it cannot be read.
    """
    try:
        if file.stat().st_size > LIMIT:
            raise Invalid(f"{file} is longer than {LIMIT:,} bytes.", hint="Is it the right file?")
        return file.read_bytes()
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}.", hint="Name a file that is there.") from None
