"""Rules of engagement from files, without a workspace: linted, and held against records."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.policy import Policy, read_policy
from geartrain.planning.engagement.enforcement import Enforcement, enforce
from geartrain.planning.engagement.lint import lint, told
from geartrain.planning.engagement.methods import measured
from geartrain.planning.kinds.rules_of_engagement import KIND, RulesOfEngagement
from geartrain.services.policies import policy_kinds


def read_rules(file: Path) -> tuple[RulesOfEngagement, Policy]:
    """The rules of engagement of a file; what a policy says besides its spec may be left out.

    Raises:
        NotFound: it is not there. Invalid: it is no such policy, with the line of the first thing wrong.
    """
    text = _text(file)
    policy, issues = read_policy(text, str(file), policy_kinds())
    missing = {"'key' is missing.", "'name' is missing.", "'owner' is missing.", "'definition' is missing."}
    if policy is None and issues and all(i.message in missing for i in issues):
        plain = {"key": "engagement", "name": "Rules of engagement", "owner": "nobody", "definition": "engagement"}
        absent = [n for n in plain if f"'{n}' is missing." in {i.message for i in issues}]
        added = "".join(f"{name}: {plain[name]}\n" for name in absent)
        policy, issues = read_policy(text + ("" if text.endswith("\n") else "\n") + added, str(file), policy_kinds())
    if policy is None:
        more = f" ({len(issues) - 1} more)" if len(issues) > 1 else ""
        raise Invalid(f"{issues[0].where}: {issues[0].message}{more}", hint=issues[0].hint)
    if policy.kind != KIND.name:
        raise Invalid(f"{file}:1: This is a policy of the kind '{policy.kind}'.", hint=f"A {KIND.name} is needed here.")
    return policy.spec, policy


def check_rules(file: Path) -> dict[str, Any]:
    """Every scenario of the axes: how many there are, the gaps, the overlaps, and clauses that never decide."""
    rules, policy = read_rules(file)
    issues = [i.as_json() for i in lint(rules, str(file))]
    return {**told(rules), "axes": rules.axes, "issues": issues, "sha256": policy.sha256}


def enforce_rules(file: Path, records: Path, *, key: str, owner: str, as_of: date) -> dict[str, Any]:
    """Every record of a CSV file whose owner is not the one that the clauses name, with the update that mends it.

    Raises:
        Invalid: a column of the axes, the key or the owner is not there.
    """
    rules, policy = read_rules(file)
    reader = csv.DictReader(io.StringIO(_text(records)))
    columns = reader.fieldnames or []
    if absent := [c for c in (key, owner, *rules.axes) if c not in columns]:
        hint = f"There are: {', '.join(columns)}." if columns else "Its first line names the columns."
        raise Invalid(f"{records}:1: The column {absent[0]} is missing.", hint=hint)
    rows = [typed_row(rules, row) for row in reader]
    found = enforce(rules, rows, key=key, owner=owner, as_of=as_of)
    return {
        "records": found.records,
        "agreed": found.agreed,
        "findings": [f.as_json() for f in found.findings],
        "write_back": [w for f in found.findings if (w := f.write_back)],
        "measures": measures(found),
        "sha256": policy.sha256,
    }


def measures(found: Enforcement) -> dict[str, float | None]:
    """Findings per 100 records: owned by somebody else, decided by no clause, on holdover, to be shared."""
    kinds = {
        "misowned": sum(f.clause is not None for f in found.findings),
        "undecided": sum(f.clause is None for f in found.findings),
        "holdover": sum(f.until is not None for f in found.findings),
        "split": sum(bool(f.split) for f in found.findings),
    }
    return measured(kinds, found.records)


def typed_row(rules: RulesOfEngagement, row: dict[str, Any]) -> dict[str, Any]:
    """A row with its axes as the policy writes their values, and its days as dates."""
    found: dict[str, Any] = {
        c: (v or "").strip() or None for c, v in row.items() if c is not None and isinstance(v, str)
    }
    for axis, values in rules.axes.items():
        told_as = {str(v).lower(): v for v in values}
        text = found.get(axis)
        found[axis] = told_as.get(text.lower(), text) if text else None
    for column in ("owner_since",):
        if text := found.get(column):
            try:
                found[column] = date.fromisoformat(text)
            except ValueError:
                raise Invalid(f"{column} '{text}' is not a date.", hint="Write it as 2026-12-31.") from None
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{file} is not UTF-8: {error.reason} at byte {error.start}.", hint="Save it as UTF-8.") from None
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}.", hint="Name a file that is there.") from None
