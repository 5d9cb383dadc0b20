"""Quota letters: what each seller is to sign, bound to the text of the policy and to the figures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from geartrain.planning.quotas.editing import decide
from geartrain.planning.quotas.sheet import Sheet
from geartrain.services.planning.quotas_files import Inputs

BODY = "Your quota, as it was handed down to you. It is what your attainment is measured against."
CLOSING = "Please sign to acknowledge that you have read and understood it."


@dataclass(frozen=True)
class Letter:
    """One letter. `stamp` names the version it is bound to: another figure or another policy has another stamp."""

    node: str
    title: str
    company: str
    person: str
    manager: str
    greeting: str
    body: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: str
    amount: str
    closing: str
    stamp: str
    day: date


def letters(
    inputs: Inputs, *, day: date, company: str = "", currency: str = "", only: frozenset[str] = frozenset()
) -> Iterator[Letter]:
    """A letter for every leaf with a quota, in the order of the tree; `only` these, where some are named.

    The amounts are hedged: what the seller is held to.
    """
    sheet = decide(inputs.layout)
    tree = inputs.layout.tree
    for name in only:
        tree.find(name)
    names = getattr(inputs, "names", {})
    visible = getattr(inputs, "visible", None)
    for n in tree.depth_first:
        node = tree.ids[n]
        if tree.count[n] or (only and node not in only) or (visible is not None and node not in visible):
            continue
        rows = _rows(sheet, n)
        if rows:
            yield _letter(inputs, sheet, n, rows, names, day=day, company=company, currency=currency)


def _rows(sheet: Sheet, n: int) -> list[tuple[tuple[str, ...], Decimal]]:
    amounts = sheet.hedged[n].tolist()
    return [(key, sheet.cells.money(a)) for key, a in zip(sheet.cells.keys, amounts, strict=True) if a]


def _letter(
    inputs: Inputs,
    sheet: Sheet,
    n: int,
    rows: list[tuple[tuple[str, ...], Decimal]],
    names: dict[str, str],
    *,
    day: date,
    company: str,
    currency: str,
) -> Letter:
    tree = sheet.tree
    node, above = tree.ids[n], tree.parent[n]
    person = _name(sheet, n, names)
    manager = _name(sheet, above, names) if above >= 0 else ""
    unit = f" {currency}" if currency else ""
    told = tuple((*key, f"{amount:,}{unit}") for key, amount in rows)
    total = sum((amount for _, amount in rows), Decimal(0))
    version = inputs.hashes["policy"][:12]
    stamp = f"Policy {version} · figures {_seal(node, told)} · {day.isoformat()}"
    headings = (*(c.replace("_", " ").capitalize() for c in sheet.cells.columns), "Quota")
    return Letter(
        node,
        f"Quota of {person}",
        company,
        person,
        manager or "Manager",
        f"Dear {person},",
        BODY,
        headings,
        told,
        f"In all {total:,}{unit}",
        format(total, "f"),
        inputs.policy.letter or CLOSING,
        stamp,
        day,
    )


def _seal(node: str, rows: tuple[tuple[str, ...], ...]) -> str:
    from hashlib import sha256

    return sha256(repr((node, rows)).encode()).hexdigest()[:12]


def _name(sheet: Sheet, n: int, names: dict[str, str]) -> str:
    node = sheet.tree.ids[n]
    if node in names:
        return names[node]
    table = sheet.tree.table
    stated = table.texts("name")[sheet.tree.row[n]] if "name" in table.columns else ""
    return stated or node
