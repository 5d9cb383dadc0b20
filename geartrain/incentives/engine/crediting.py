"""Transaction → credit, in sets: by the assignment in force, by splits, to overlays, and up the chain of managers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import ibis

SHARE_PLACES = 4
PLACES = 2 + SHARE_PLACES  # of an amount: cents × a share's
FINEST = 9  # places of a share that facts hold
LOOSE = Decimal("0.000001")  # by which direct shares may miss 1, as for a single deal
KEPT = ("id", "day", "booked")
Keep = Callable[[str, ibis.Table], ibis.Table]


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
        share_places: Decimals that hold every share exactly; `share_places_of` finds them.
        dedupe: A manager has the largest part of a deal that somebody below has; otherwise their sum, at most 1.
    """

    assignments: ibis.Table | None = None
    splits: ibis.Table | None = None
    eligible: frozenset[str] | None = None
    overlays: tuple[Overlay, ...] = ()
    chains: Iterable[tuple[str, str]] = ()
    dedupe: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)
    share_places: int = SHARE_PLACES

    @property
    def share(self) -> str:
        """The type that holds a share."""
        return f"decimal({self.share_places + 1}, {self.share_places})"

    @property
    def places(self) -> int:
        """Decimals of the amounts, which are whole parts: cents × a share's."""
        return 2 + self.share_places


def share_places_of(splits: ibis.Table) -> Any:
    """The fewest of 4, 6 and 9 places that hold every share exactly: one number; null where there are no splits.

    Example: thirds as 0.333333, 0.333333 and 0.333334 need 6.
    """
    share = splits.share.cast(f"decimal({FINEST + 1}, {FINEST})")
    fits = [(share == share.cast(f"decimal({n + 1}, {n})"), n) for n in (SHARE_PLACES, 6)]
    return ibis.cases(*fits, else_=FINEST).max()


def credits_of_deals(deals: ibis.Table, by: Crediting, keep: Keep = lambda name, table: table) -> ibis.Table:
    """Grain: deal, payee and type. Columns: payee, id, day, type, booked, amount, and `by.columns`.

    `amount` is booked × share in whole parts of a money unit, 10 ** by.places of them: exact, and quick to add up.

    Args:
        deals: id, day, booked (to the cent), `owner` or `key`, and the columns of `by.columns`.
        keep: Writes a relation down and gives it back. Each kind of credit is asked for by itself: engines would hold
            what several parts of one question share in memory.
    """
    counted = deals.mutate(cents=(deals.booked * 100).cast("int64"))
    whole, split = _whole(_owned(counted, by), by), _split(counted, by)
    parts = [whole] if split is None else [whole, split]
    led = [p if by.eligible is None else p.filter(p.payee.isin(sorted(by.eligible))) for p in parts]
    chain = list(by.chains)
    for n, direct in enumerate(led):
        alone = n == 0  # one row a deal: nothing to take once only
        parts += [_overlaid(direct, overlay, by, alone=alone) for overlay in by.overlays]
        parts += [_rolled(direct, chain, by, alone=alone)] if chain else []
    # Whole numbers from here on: they multiply faster than decimals do.
    number = "int64" if by.share_places <= 6 else "decimal(38, 0)"
    counted = [p.mutate(amount=p.cents.cast(number) * p.part.cast(number)).drop("cents", "part") for p in parts]
    kept = [keep(f"credit_{n}", part) for n, part in enumerate(counted)]
    return ibis.union(*kept) if len(kept) > 1 else kept[0]


def _columns(by: Crediting) -> tuple[str, ...]:
    return (*KEPT, "cents", *by.columns)


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
    return alone.select(*_columns(by), payee=alone.owner, part=_part(by, Decimal(1)), type=ibis.literal("direct"))


def _part(by: Crediting, share: Decimal) -> Any:
    """A share in whole parts."""
    return ibis.literal(int(share * 10**by.share_places), "int64")


def _split(deals: ibis.Table, by: Crediting) -> ibis.Table | None:
    """Deals that are shared, a row a person; none where the shares do not sum to 1 (within `LOOSE`)."""
    if by.splits is None:
        return None
    whole = 10**by.share_places
    shares = by.splits.select("id", "payee", part=(by.splits.share.cast(by.share) * whole).cast("int64"))
    sums = shares.group_by("id").agg(whole=shares.part.sum())
    fair = sums.filter((sums.whole - whole).abs() <= int(LOOSE * whole))
    met = deals.join(shares.semi_join(fair, "id"), "id")
    return met.select(*_columns(by), "payee", "part", type=ibis.literal("direct"))


def _overlaid(direct: ibis.Table, overlay: Overlay, by: Crediting, *, alone: bool) -> ibis.Table:
    """The people of an overlay, once a deal."""
    schema = {column: by.columns[column] for column in overlay.columns} | {"over": "string"}
    rows = {name: [row[n] for row in overlay.rows] for n, name in enumerate(schema)}
    deals = direct.select(*_columns(by))
    met = (deals if alone else deals.distinct()).join(ibis.memtable(rows, schema=ibis.schema(schema)), overlay.columns)
    return met.select(*_columns(by), payee="over", part=_part(by, overlay.share), type=ibis.literal("overlay"))


def _rolled(direct: ibis.Table, chain: list[tuple[str, str]], by: Crediting, *, alone: bool) -> ibis.Table:
    """Managers, once a deal however many of their people share it."""
    rows = {"payee": [p for p, _ in chain], "manager": [m for _, m in chain]}
    met = direct.join(ibis.memtable(rows, schema=ibis.schema({"payee": "string", "manager": "string"})), "payee")
    if not alone:
        part = met.part.max() if by.dedupe else ibis.least(met.part.sum(), _part(by, Decimal(1)))
        met = met.group_by(*_columns(by), "manager").agg(part=part)
    return met.select(*_columns(by), payee="manager", part=met.part, type=ibis.literal("rollup"))
