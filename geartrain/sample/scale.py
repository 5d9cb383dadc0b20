"""Facts in any number, for benchmarks: plain and quick, written in pieces that fit in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq

from geartrain.kernel.errors import Invalid
from geartrain.sample.company import FUNCTIONS, LOSS_REASONS, LOST, PRODUCTS, SOURCES, STAGES, TYPES, WON
from geartrain.sample.history import CATEGORIES, FIELDS
from geartrain.sample.world import DAY, Array, number
from geartrain.sample.writer import decimal_texts

PIECE = 500_000
PER_DEAL = 10  # changes of each opportunity
USERS, ACCOUNTS = 60, 50_000
FIRST_DAY, DAYS = number(date(2022, 1, 1)), 1_400  # deals are created on these days; their last change is 99 days later

# What the ten changes of a deal change, in order: indices into FIELDS (stage, amount, close_date, owner_id, category).
SCRIPT = np.array([0, 4, 1, 2, 0, 4, 2, 1, 3, 0])
DISCOVERY, IS_WON, IS_LOST = 0, 5, 6  # where the last change leaves a deal, as indices into the stages


def write_changes(folder: Path, *, rows: int = 10_000_000, seed: int = 1, format: str = "parquet") -> Path:
    """Write opportunity_change rows: ten for each of a tenth as many opportunities, O00000000 and up. Returns the file.

    Every value continues where the one before it of the same deal and field ended.
    """
    return _write(folder / f"opportunity_change.{format}", rows, seed, _changes)


def write_opportunities(folder: Path, *, rows: int = 10_000_000, seed: int = 1, format: str = "parquet") -> Path:
    """Write opportunity rows of 60 sellers and 50,000 accounts: a quarter open, three tenths won. Returns the file.

    They stand where the changes that `write_changes` writes with the same seed leave them.
    """
    return _write(folder / f"opportunity.{format}", rows, seed, _opportunities)


def _write(to: Path, rows: int, seed: int, make: Callable[[np.random.Generator, Array, int], pa.Table]) -> Path:
    if to.suffix not in (".csv", ".parquet"):
        raise Invalid(f"There is no format '{to.suffix[1:]}'.", hint="One of: csv, parquet.")
    to.parent.mkdir(parents=True, exist_ok=True)
    partial = to.with_name(f".{to.name}.part")
    writer: pq.ParquetWriter | pcsv.CSVWriter | None = None
    try:
        for start in range(0, rows, PIECE):
            rng = np.random.default_rng([seed, start // PIECE])
            piece = make(rng, np.arange(start, min(start + PIECE, rows)), seed)
            if writer is None:
                writer = _open(partial, piece.schema, csv=to.suffix == ".csv")
            writer.write_table(piece)
    finally:
        if writer is not None:
            writer.close()
    partial.rename(to)
    return to


def _open(to: Path, schema: pa.Schema, *, csv: bool) -> pq.ParquetWriter | pcsv.CSVWriter:
    if csv:
        return pcsv.CSVWriter(to, schema, write_options=pcsv.WriteOptions(quoting_style="none", quoting_header="none"))
    return pq.ParquetWriter(to, schema, compression="zstd")


def _id(prefix: str, numbers: Array, width: int) -> pa.Array:
    text = pc.utf8_lpad(pa.array(numbers, pa.int64()).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, text, "")


def _one_of(names: tuple[str | None, ...], index: Array) -> pa.Array:
    return pa.array(names, pa.string()).take(pa.array(index, pa.int64()))


def _instant(seconds: Array, *, empty: Array | None = None) -> pa.Array:
    return pa.array(seconds, pa.int64(), mask=empty).cast(pa.timestamp("s", "UTC"))


def _born(deal: Array, seed: int) -> Array:
    """The day each deal was created, from its number alone, so that both files agree."""
    return np.asarray(FIRST_DAY + (deal * 7919 + seed * 104_729) % DAYS)


def _ending(deal: Array) -> Array:
    """Index of the last stage: three in ten are won, nine in twenty lost, the others back where they began."""
    place = deal * 17 % 20
    return np.select([place < 6, place < 15], [IS_WON, IS_LOST], DISCOVERY)


def _at(deal: Array, nth: Array, seed: int) -> Array:
    """The instant of a deal's nth change."""
    return np.asarray((_born(deal, seed) + nth * 11) * DAY + (deal * 31 + nth * 977) % 80_000)


def _changes(rng: np.random.Generator, row: Array, seed: int) -> pa.Table:
    deal, nth = row // PER_DEAL, row % PER_DEAL
    which = SCRIPT[nth]
    seen = np.array([np.count_nonzero(SCRIPT[:n] == SCRIPT[n]) for n in range(PER_DEAL)])[nth]  # changes of it before
    users = _id("U", (deal + rng.integers(0, 3, len(deal))) % USERS, 4)
    return pa.table(
        {
            "opportunity_id": _id("O", deal, 8),
            "changed_at": _instant(_at(deal, nth, seed)),
            "field": _one_of(FIELDS, which),
            "old_value": _values(deal, which, seen, seed),
            "new_value": _values(deal, which, seen + 1, seed),
            "changed_by": users,
        }
    )


def _cents(deal: Array, step: Array) -> Array:
    return np.asarray((deal * 7907 % 9_000_000 + 100_000) * (10 - step) // 10)


def _due(deal: Array, step: Array, seed: int) -> pa.Array:
    days = _born(deal, seed) + 60 + step * 30
    return pa.array(days, pa.int64()).cast(pa.int32()).cast(pa.date32())


def _values(deal: Array, which: Array, step: Array, seed: int) -> pa.Array:
    """What a field of a deal holds after so many changes of it, as text."""
    stage = _one_of((*STAGES, WON, LOST), np.where(step >= 3, _ending(deal), np.minimum(step * 2, 4)))
    amount = decimal_texts(pa.array(_cents(deal, step), pa.int64()), 2)
    owner, category = _id("U", (deal + step) % USERS, 4), _one_of(CATEGORIES, np.minimum(step, 2))
    return pc.choose(
        pa.array(which, pa.int64()), stage, amount, _due(deal, step, seed).cast(pa.string()), owner, category
    )


def _opportunities(rng: np.random.Generator, row: Array, seed: int) -> pa.Table:
    count, stage, two = len(row), _ending(row), np.full(len(row), 2)
    closed = stage != DISCOVERY
    source = rng.integers(0, len(SOURCES), count)
    reason = np.where(stage == IS_LOST, rng.integers(0, len(LOSS_REASONS), count), len(LOSS_REASONS))
    amount = decimal_texts(pa.array(_cents(row, two), pa.int64()), 2)
    return pa.table(
        {
            "opportunity_id": _id("O", row, 8),
            "name": _id("Deal ", row, 8),
            "account_id": _id("A", rng.integers(0, ACCOUNTS, count), 5),
            "owner_id": _id("U", (row + 1) % USERS, 4),
            "type": _one_of(TYPES, rng.integers(0, 3, count)),
            "product_id": _one_of(tuple(p[0] for p in PRODUCTS), rng.integers(0, len(PRODUCTS), count)),
            "stage": _one_of((*STAGES, WON, LOST), stage),
            "forecast_category": _one_of(CATEGORIES, two),
            "amount": amount.cast(pa.decimal128(18, 2)),
            "currency": _one_of(("USD",), np.zeros(count, dtype=np.int64)),
            "created_at": _instant(_born(row, seed) * DAY),
            "close_date": _due(row, two, seed),
            "closed_at": _instant(_at(row, np.full(count, PER_DEAL - 1), seed), empty=~closed),
            "is_closed": pa.array(closed),
            "is_won": pa.array(stage == IS_WON),
            "lead_source": _one_of(tuple(s[0] for s in SOURCES), source),
            "source_function": _one_of(FUNCTIONS, np.array([s[1] for s in SOURCES])[source]),
            "campaign_id": pa.nulls(count, pa.string()),
            "next_step": pa.nulls(count, pa.string()),
            "loss_reason": _one_of((*LOSS_REASONS, None), reason),
        }
    )
