"""White space: accounts nobody owns, duplicates owned twice, segments that get less than their share of capacity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from geartrain.planning.territories.report import Assignment, tidy

Row = Mapping[str, Any]
FORMS = frozenset(("ag", "bv", "co", "corp", "corporation", "gmbh", "inc", "incorporated", "limited", "llc", "ltd",
                   "nv", "oy", "plc", "pty", "sa", "sarl", "srl"))  # fmt: skip
THIN = 0.85  # of the demand: a segment whose owned share of a measure is below it is under-covered


def white_space(assignment: Assignment, accounts: Sequence[Row], *, segment: str, same: str) -> dict[str, Any]:
    """What falls between the sellers.

    Args:
        segment: Column by which coverage is told; empty: none. same: Column that is the same for duplicates; empty:
            the name without its legal form, or the web address.
    Returns:
        `unowned` accounts with what they weigh; `duplicates` whose accounts are with several sellers; `segments`, each
        with its accounts, those that have a seller, the share of each measure that is covered, and whether it is thin.
    """
    return {
        "unowned": _unowned(assignment),
        "duplicates": _duplicates(assignment, accounts, same),
        "segments": _segments(assignment, accounts, segment) if segment else [],
    }


def _weights(assignment: Assignment, rows: Sequence[int]) -> dict[str, float]:
    sums = assignment.problem.account_weights[list(rows)].sum(axis=0)
    return {m: tidy(v) for m, v in zip(assignment.problem.measures, sums, strict=True)}


def _unowned(assignment: Assignment) -> list[dict[str, Any]]:
    return [
        {"account_id": assignment.problem.accounts[n], **_weights(assignment, [n])}
        for n in np.flatnonzero(assignment.seller < 0).tolist()
    ]


def _keys(row: Row, same: str) -> Iterable[tuple[str, str]]:
    if same:
        value = row.get(same)
        return [] if value is None else [(same, str(value).strip().lower())]
    words = re.findall(r"\w+", str(row.get("name") or "").lower())
    plain = " ".join(w for w in words if w not in FORMS)
    site = re.sub(r"^(https?://)?(www\.)?|/.*$", "", str(row.get("website") or row.get("domain") or "").lower())
    return [(what, value) for what, value in (("name", plain), ("website", site)) if value]


def _duplicates(assignment: Assignment, accounts: Sequence[Row], same: str) -> list[dict[str, Any]]:
    """Accounts that look like one, and are with more than one seller."""
    alike: dict[tuple[str, str], list[int]] = {}
    for n, row in enumerate(accounts):
        for key in _keys(row, same):
            alike.setdefault(key, []).append(n)
    found, told = [], set()
    for (what, value), rows in alike.items():
        sellers = sorted({name for n in rows if (name := assignment.name(n))})
        if len(sellers) > 1 and tuple(rows) not in told:
            told.add(tuple(rows))
            ids = [assignment.problem.accounts[n] for n in rows]
            found.append({"by": what, "value": value, "account_ids": ids, "sellers": sellers})
    return found


def _segments(assignment: Assignment, accounts: Sequence[Row], segment: str) -> list[dict[str, Any]]:
    groups: dict[str, list[int]] = {}
    for n, row in enumerate(accounts):
        groups.setdefault(str(row.get(segment) or "none"), []).append(n)
    found = []
    for name, rows in sorted(groups.items()):
        owned = [n for n in rows if assignment.seller[n] >= 0]
        every, have = _weights(assignment, rows), _weights(assignment, owned)
        covered = {m: tidy(have[m] / every[m]) if every[m] else None for m in every}
        shares = [*(c for c in covered.values() if c is not None), len(owned) / len(rows)]
        index = {m: tidy(v) for m, v in _index(assignment, owned).items()}
        found.append(
            {
                "segment": name,
                "accounts": len(rows),
                "owned": len(owned),
                "sellers": len({int(assignment.seller[n]) for n in owned}),
                "covered": covered,
                "index": index,
                "thin": min(shares) < THIN or any(v > 1 / THIN for v in index.values()),
            }
        )
    return found


def _index(assignment: Assignment, owned: Sequence[int]) -> dict[str, float]:
    """How full the sellers of a segment are: their loads over their targets, weighted by what they carry of it."""
    problem, after = assignment.problem, assignment.after
    found = {}
    for k, measure in enumerate(problem.measures):
        weight = np.zeros(len(problem.sellers))
        np.add.at(weight, assignment.seller[list(owned)], problem.account_weights[list(owned), k])
        have = (problem.targets[:, k] > 0) & (weight > 0)
        if have.any():
            share = after[have, k] / problem.targets[have, k]
            found[measure] = float((share * weight[have]).sum() / weight[have].sum())
    return found
