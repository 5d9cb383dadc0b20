"""Transaction → credit, in sets: by the assignment in force, by splits, to overlays, and up the chain of managers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import ibis

SHARE_PLACES = 4
PLACES = 2 + SHARE_PLACES  # of an amount: cents × a share's
SHARE = f"decimal(5, {SHARE_PLACES})"
KEPT = ("id", "day", "booked")


@dataclass(frozen=True)
class Overlay:
    """Who is credited on top: rows of the deal's values and the payee they lead to, with the share each has.

    Args:
        columns: Of the deal, that decide.
        rows: Their values and the payee.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    share: Decimal


@dataclass(frozen=True)
class Crediting:
    """What credits rest on besides the deals.

    Args:
        assignments: key, payee, start, end (half-open): whose a deal's `key` is on a day. None: the deal's `owner`.
        splits: id, payee, share: of deals that are shared. A deal whose shares do not sum to 1 credits nobody.
        eligible: Whose direct credit lets overlays and roll-ups follow; None: everybody's.
        chains: payee and manager, as far up as credit rolls.
        dedupe: A manager has the largest part of a deal that somebody below has; otherwise their sum, at most 1.
    """

    assignments: ibis.Table | None = None
    splits: ibis.Table | None = None
    eligible: frozenset[str] | None = None
    overlays: tuple[Overlay, ...] = ()
    chains: Iterable[tuple[str, str]] = ()
    dedupe: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)


def credits_of_deals(deals: ibis.Table, by: Crediting) -> ibis.Table:
    """Grain: deal, payee and type. Columns: payee, id, day, type, booked, amount, and `by.columns`.

    `amount` is booked × share in whole parts of a money unit, 10 ** PLACES of them: exact, and quick to add up.

    Args:
        deals: id, day, booked (to the cent), `owner` or `key`, and the columns of `by.columns`.
    """
    owned = _owned(deals, by)
    whole, split = _whole(owned, by), _split(owned, by)
    parts = [whole] if split is None else [whole, split]
    led = [p if by.eligible is None else p.filter(p.payee.isin(sorted(by.eligible))) for p in parts]
    chain = list(by.chains)
    for n, direct in enumerate(led):
        alone = n == 0  # one row a deal: nothing to take once only
        parts += [_overlaid(direct, overlay, by, alone=alone) for overlay in by.overlays]
        parts += [_rolled(direct, chain, by, alone=alone)] if chain else []
    every = ibis.union(*parts) if len(parts) > 1 else parts[0]
    cents, part = (every.booked * 100).cast("int64"), (every.share * 10**SHARE_PLACES).cast("int64")
    return every.mutate(amount=cents * part).drop("share")


def _columns(by: Crediting) -> tuple[str, ...]:
    return (*KEPT, *by.columns)


def _owned(deals: ibis.Table, by: Crediting) -> ibis.Table:
    """Deals with their owner on their day."""
    if by.assignments is None:
        return deals
    held = by.assignments
    met = deals.join(held, [deals.key == held.key, deals.day >= held.start, deals.day < held.end])
    return met.select(*_columns(by), owner=met.payee)


def _whole(owned: ibis.Table, by: Crediting) -> ibis.Table:
    """Deals that nobody shares, each its owner's."""
    alone = owned if by.splits is None else owned.anti_join(by.splits, "id")
    return alone.select(
        *_columns(by), payee=alone.owner, share=ibis.literal(1).cast(SHARE), type=ibis.literal("direct")
    )


def _split(owned: ibis.Table, by: Crediting) -> ibis.Table | None:
    """Deals that are shared, a row a person; none where the shares do not sum to 1."""
    if by.splits is None:
        return None
    shares = by.splits.select("id", "payee", share=by.splits.share.cast(SHARE))
    sums = shares.group_by("id").agg(whole=shares.share.sum())
    met = owned.join(shares.semi_join(sums.filter(sums.whole == 1), "id"), "id")
    return met.select(*_columns(by), "payee", "share", type=ibis.literal("direct"))


def _overlaid(direct: ibis.Table, overlay: Overlay, by: Crediting, *, alone: bool) -> ibis.Table:
    """The people of an overlay, once a deal."""
    schema = {column: by.columns[column] for column in overlay.columns} | {"over": "string"}
    rows = {name: [row[n] for row in overlay.rows] for n, name in enumerate(schema)}
    deals = direct.select(*_columns(by))
    met = (deals if alone else deals.distinct()).join(ibis.memtable(rows, schema=ibis.schema(schema)), overlay.columns)
    share = ibis.literal(overlay.share).cast(SHARE)
    return met.select(*_columns(by), payee="over", share=share, type=ibis.literal("overlay"))


def _rolled(direct: ibis.Table, chain: list[tuple[str, str]], by: Crediting, *, alone: bool) -> ibis.Table:
    """Managers, once a deal however many of their people share it."""
    rows = {"payee": [p for p, _ in chain], "manager": [m for _, m in chain]}
    met = direct.join(ibis.memtable(rows, schema=ibis.schema({"payee": "string", "manager": "string"})), "payee")
    if not alone:
        part = met.share.max() if by.dedupe else ibis.least(met.share.sum(), ibis.literal(1).cast(SHARE))
        met = met.group_by(*_columns(by), "manager").agg(share=part.cast(SHARE))
    return met.select(*_columns(by), payee="manager", share=met.share, type=ibis.literal("rollup"))
