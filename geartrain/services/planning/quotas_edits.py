"""Edits of quotas as files and as words of a command line; sheets that somebody hands in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from geartrain.kernel.errors import Invalid
from geartrain.kernel.policy.document import read_document
from geartrain.planning.quotas.asked import Edit
from geartrain.services.planning.quotas_files import read_text, refusal

SYNTAX = {
    "pin": "NODE=AMOUNT",
    "transfer": "FROM:TO=AMOUNT",
    "redistribute": "NODE or NODE=AMOUNT",
    "concentrate": "NODE or NODE=AMOUNT",
    "resplit": "NODE=MEASURE",
    "fit": "NODE=CHILD:AMOUNT,CHILD:AMOUNT",
    "freeze": "NODE",
}


def read_edits(file: Path) -> list[Edit]:
    """The edits of a YAML or JSON file: a list, or a mapping with the key `edits`.

    Raises:
        NotFound: it is not there. Invalid: an edit is not complete, with its line.
    """
    text = read_text(file)
    body = text if text.lstrip().startswith("{") or "edits:" in text else f"edits:\n{_indented(text)}"
    shift = 0 if body is text else -1
    document, issues = read_document(body, str(file))
    if document is None:
        raise refusal(issues)
    items = document.values.get("edits")
    if not isinstance(items, list) or set(document.values) != {"edits"}:
        raise Invalid(f"{file}:1: Edits are a list.", hint="Write `edits:` and below it `- {pin: NODE, base: 100}`.")
    found = []
    for n, item in enumerate(items):
        found.append(edit_of(item, where=f"{file}:{document.line(['edits', n]) + shift}"))
    return found


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())


def edit_of(values: Any, *, where: str) -> Edit:
    """One edit.

    Raises:
        Invalid: it is not complete.
    """
    hint = "Write one of pin, transfer, redistribute, concentrate, resplit, fit, freeze with what it needs."
    if not isinstance(values, dict):
        raise Invalid(f"{where}: An edit is a mapping, not '{values}'.", hint=hint)
    try:
        return Edit.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(p) for p in first["loc"])
        said = "is not a key of an edit" if first["type"] == "extra_forbidden" else first["msg"]
        said = said.removeprefix("Value error, ")
        raise Invalid(f"{where}: {f'{name}: ' if name else ''}{said}.", hint=hint) from None


def edit_in_words(verb: str, words: str, *, cell: dict[str, str], hedged: bool = False) -> Edit:
    """An edit of a command line, e.g. pin, `C=200000`.

    Raises:
        Invalid: it is not written so.
    """
    option = f"--{verb} {words}"
    head, equals, tail = words.partition("=")
    values: dict[str, Any] = {verb: head.strip(), "cell": cell}
    try:
        if verb == "pin":
            values["hedged" if hedged else "base"] = Decimal(tail)
        elif verb == "transfer":
            giver, _, taker = head.partition(":")
            values |= {"transfer": Decimal(tail), "from": giver.strip(), "to": taker.strip()}
        elif verb == "resplit":
            values["measure"] = tail.strip()
        elif verb == "fit":
            pairs = [p.rpartition(":") for p in tail.split(",")]
            values |= {"totals": {name.strip(): Decimal(amount) for name, _, amount in pairs}}
        elif equals:
            values["amount"] = Decimal(tail)
    except InvalidOperation:
        raise Invalid(f"{option} has no amount.", hint=f"Write --{verb} {SYNTAX[verb]}.") from None
    return edit_of(values, where=option)


def read_cell(pairs: Sequence[str]) -> dict[str, str]:
    """COLUMN=VALUE words as a cell.

    Raises:
        Invalid: one is not written so.
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Invalid(f"--cell {pair} names no cell.", hint="Write --cell product=legacy.")
        found[name.strip()] = value.strip()
    return found


def read_sheet(file: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]], dict[str, Any] | None]:
    """Quotas, what was left, and the manifest of a file that `quota allocate` wrote as JSON or CSV.

    A CSV has neither what was left nor a manifest.
    Raises:
        NotFound: it is not there. Invalid: it is neither.
    """
    text = read_text(file)
    if not text.lstrip().startswith(("{", "[")):
        reader = csv.DictReader(io.StringIO(text))
        rows = [{**row, "#": reader.line_num} for row in reader]
        for name in ("node_id", "base", "hedged"):
            if name not in (reader.fieldnames or ()):
                raise Invalid(f"{file}:1: The quotas have no column {name}.", hint="Take what quota allocate wrote.")
        return rows, [], None
    try:
        held = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise Invalid(f"{file}:{error.lineno}: This is not JSON: {error.msg}.", hint="Take it as written.") from None
    document = {"quotas": held} if isinstance(held, list) else held
    rows, left = document.get("quotas"), document.get("unallocated", [])
    if not isinstance(rows, list) or not isinstance(left, list) or not all(isinstance(r, dict) for r in (*rows, *left)):
        raise Invalid(
            f"{file}: There is no list of quotas in it.", hint="Take what quota allocate --format json wrote."
        )
    manifest = document.get("manifest")
    return rows, left, manifest if isinstance(manifest, dict) else None
