"""A manager's review of an assignment: a sheet goes out, comes back with accept or reject, and is worked in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from geartrain.kernel.errors import Invalid
from geartrain.planning.territories.report import Assignment

COLUMNS = ("account_id", "name", "from", "to", "reason", "decision", "comment")
YES = frozenset({"accept", "accepted", "yes", "y", "ok", "a"})
NO = frozenset({"reject", "rejected", "no", "n", "r"})


@dataclass(frozen=True)
class Review:
    """What a sheet says.

    Args:
        after: The assignment with every rejected move taken back. accepted, rejected, open: Accounts; open ones were
            left undecided and stay proposed. comments: By account.
    """

    after: Assignment
    accepted: tuple[str, ...]
    rejected: tuple[str, ...]
    open: tuple[str, ...]
    comments: Mapping[str, str]


def sheet(assignment: Assignment, told: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, str]]:
    """One row a move, to be decided by whoever leads the people concerned."""
    return [
        {
            "account_id": row["account_id"],
            "name": names.get(row["account_id"], ""),
            "from": row["from"] or "",
            "to": row["to"] or "",
            "reason": row["reason"],
            "decision": "",
            "comment": "",
        }
        for row in told
        if row["from"] != row["to"]
    ]


def review(assignment: Assignment, rows: Sequence[Mapping[str, str]], where: Sequence[str]) -> Review:
    """Work a sheet in: a rejected move goes back to the owner, a whole family at once.

    Raises:
        Invalid: an account that there is not or that stands twice, a decision that is none, a sheet that was made of
            another assignment, or one account of a family accepted and another rejected.
    """
    problem = assignment.problem
    at = {name: n for n, name in enumerate(problem.accounts)}
    verdicts: dict[str, bool | None] = {}
    for row, line in zip(rows, where, strict=True):
        account = (row.get("account_id") or "").strip()
        if account not in at:
            raise Invalid(f"{line}: There is no account '{account}'.", hint="Leave account_id as it was sent out.")
        if account in verdicts:
            raise Invalid(f"{line}: The account '{account}' stands twice.", hint="Keep one of the rows.")
        proposed, stated = assignment.name(at[account]) or "", (row.get("to") or "").strip()
        if stated and stated != proposed:
            message = f"{line}: The sheet proposes {account} for {stated}, the assignment for {proposed or 'nobody'}."
            raise Invalid(message, hint="Review the sheet of this assignment.")
        verdicts[account] = _verdict(row.get("decision") or "", line)
    _one_word_a_family(assignment, verdicts, at)
    seller = assignment.seller.copy()
    for account, said in verdicts.items():
        if said is False:
            members = problem.members(int(problem.unit_of[at[account]]))
            seller[members] = problem.owner[members]
    pick = {said: tuple(a for a, v in verdicts.items() if v is said) for said in (True, False, None)}
    comments = {r["account_id"].strip(): c for r in rows if (c := (r.get("comment") or "").strip())}
    after = replace(assignment, seller=np.asarray(seller), prices=None)
    return Review(after, pick[True], pick[False], pick[None], comments)


def _verdict(text: str, line: str) -> bool | None:
    word = text.strip().lower()
    if not word:
        return None
    if word in YES or word in NO:
        return word in YES
    raise Invalid(f"{line}: '{text.strip()}' is no decision.", hint="Write accept or reject, or leave it empty.")


def _one_word_a_family(assignment: Assignment, verdicts: Mapping[str, bool | None], at: Mapping[str, int]) -> None:
    said: dict[int, tuple[str, bool]] = {}
    for account, verdict in verdicts.items():
        unit = int(assignment.problem.unit_of[at[account]])
        if verdict is None:
            continue
        if unit in said and said[unit][1] is not verdict:
            message = f"{said[unit][0]} and {account} are one family: they are accepted or rejected together."
            raise Invalid(message, hint="Decide both alike.")
        said.setdefault(unit, (account, verdict))
