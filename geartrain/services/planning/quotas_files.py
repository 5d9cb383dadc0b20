"""Quotas from files, without a workspace: a hierarchy, targets and a policy in, a sheet out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy.document import read_document
from geartrain.kernel.policy.policy import complaints
from geartrain.planning.quotas.cascade import Layout, lay_out
from geartrain.planning.quotas.table import Table
from geartrain.services.policies import known_kind

DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Inputs:
    """What a sheet of quotas is worked out from, with the hashes that its manifest names."""

    hierarchy: Table
    targets: Table
    policy: Any
    hashes: Mapping[str, str]
    policy_file: Path | None = field(default=None, kw_only=True)

    @cached_property
    def layout(self) -> Layout:
        """The three laid over each other.

        Raises:
            Invalid: they do not fit; what a rule of the policy reads is said with its line.
        """
        try:
            return lay_out(self.hierarchy, self.targets, self.policy)
        except Invalid as error:
            if self.policy_file is None or not error.message.startswith("The gate '"):
                raise
            rule = error.message.split("'")[1]
            line = next((n for n, text in enumerate(read_text(self.policy_file).splitlines(), 1) if rule in text), 1)
            raise Invalid(f"{self.policy_file}:{line}: {error.message}", hint=error.hint) from None

    @property
    def manifest(self) -> dict[str, Any]:
        """What the numbers rest on."""
        return {"inputs": dict(self.hashes)}


def read_inputs(hierarchy: Path, targets: Path, policy: Path) -> Inputs:
    """The three files of a cascade.

    Raises:
        NotFound: a file is not there. Invalid: it cannot be read, with file and line.
    """
    files = {"hierarchy": hierarchy, "targets": targets, "policy": policy}
    hashes = {name: sha256(_bytes(file)).hexdigest() for name, file in files.items()}
    spec = read_spec(policy, "quota_policy")
    return Inputs(read_table(hierarchy), read_table(targets), spec, hashes, policy_file=policy)


def read_table(file: Path) -> Table:
    """A CSV file as it stands: comma, semicolon, tab or bar between columns, a byte-order mark or none.

    Raises:
        NotFound: it is not there. Invalid: it is empty, not UTF-8, or a row has more columns than the header.
    """
    text = read_text(file)
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=max(DELIMITERS, key=head.count), strict=True)
    columns: tuple[str, ...] = ()
    rows: list[tuple[str, ...]] = []
    lines: list[int] = []
    short: list[Issue] = []
    for row in _read(reader, file):
        if not any(cell.strip() for cell in row):
            continue
        if not columns:
            columns = tuple(c.strip() for c in row)
            continue
        if len(row) > len(columns):
            hint = "Put quotation marks around values that hold the separator."
            said = f"{len(row)} values for {len(columns)} columns."
            raise Invalid(f"{file}:{reader.line_num}: {said}", hint=hint)
        if len(row) < len(columns):
            short.append(_short(f"{file}:{reader.line_num}", len(row), len(columns)))
        rows.append((*row, *[""] * (len(columns) - len(row))))
        lines.append(reader.line_num)
    if not columns:
        raise Invalid(f"{file} is empty.", hint="Its first line names the columns.")
    if twice := next((c for c in columns if columns.count(c) > 1), None):
        raise Invalid(f"{file}:1: The column '{twice}' is there twice.", hint="Rename or remove one of them.")
    return Table(str(file), columns, tuple(rows), tuple(lines), tuple(short))


def _read(reader: Any, file: Path) -> Iterator[list[str]]:
    """The rows of a CSV file.

    Raises:
        Invalid: a quotation mark is never closed, or stands within a value; with the line it begins in.
    """
    begun = 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            hint = "Close the quotation mark that is opened there; the file may have been cut off."
            raise Invalid(f"{file}:{begun}: This row cannot be read: {error}.", hint=hint) from None
        if row is None:
            return
        yield row
        begun = reader.line_num + 1


def _short(where: str, has: int, wants: int) -> Issue:
    message = f"This row has {has} values for {wants} columns; those that are missing count as empty."
    return Issue("quota_row_short", Level.warning, message, where, "Complete it; the file may have been cut off.")


def read_text(file: Path) -> str:
    """The text of a file.

    Raises:
        NotFound: it is not there. Invalid: it is not UTF-8.
    """
    held = _bytes(file)
    try:
        return held.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = held.count(b"\n", 0, error.start) + 1
        said = f"{file}:{line}: The file is not UTF-8: {error.reason} at byte {error.start}."
        raise Invalid(said, hint="Save it as UTF-8.") from None


def read_spec(file: Path, kind: str) -> Any:
    """The `spec` of a policy's file; what a policy says besides it may be left out here.

    Raises:
        NotFound: it is not there. Invalid: it is no policy of that kind, with the line of the first thing wrong.
    """
    text = read_text(file)
    document, issues = read_document(text, str(file))
    if document is None:
        raise refusal(issues)
    stated = document.values.get("kind", kind)
    if stated != kind:
        at = f"{file}:{document.line(['kind'])}"
        raise Invalid(f"{at}: This is a policy of the kind '{stated}'.", hint=f"A {kind} is needed here.")
    plain = {"kind": kind, "key": kind, "name": kind, "owner": "nobody", "definition": kind}
    envelope = known_kind(kind).envelope
    try:
        return envelope.model_validate({**plain, **document.values}).spec  # type: ignore[attr-defined]
    except ValidationError as error:
        raise refusal(list(complaints(error, document, envelope))) from None
    except Invalid as error:  # a rule inside it: its message begins with the key of the spec it stands in
        line = document.line(["spec", error.message.partition(":")[0]])
        raise Invalid(f"{file}:{line}: {error.message}", hint=error.hint or "Correct the rule.") from None


def refusal(issues: list[Issue]) -> Invalid:
    """The first of some issues as an error, the others counted."""
    more = f" ({len(issues) - 1} more)" if len(issues) > 1 else ""
    return Invalid(f"{issues[0].where}: {issues[0].message}{more}", hint=issues[0].hint)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}.", hint="Name a file that is there.") from None
