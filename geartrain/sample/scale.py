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
FIRST_DAY, DAYS = number(date(2022, 1, 1)), 1_400  # deals are created on these days and live up to 120 more

# What the ten changes of a deal change, in order: indices into FIELDS (stage, amount, close_date, owner_id, category).
SCRIPT = np.array([0, 4, 1, 2, 0, 4, 2, 1, 3, 0])


def write_changes(folder: Path, *, rows: int = 10_000_000, seed: int = 1, format: str = "parquet") -> Path:
    """Write opportunity_change rows: ten for each of a tenth as many opportunities, O00000000 and up. Returns the file.

    Every value continues where the one before it of the same deal and field ended.
    """
    return _write(folder / f"opportunity_change.{format}", rows, seed, _changes)


def write_opportunities(folder: Path, *, rows: int = 10_000_000, seed: int = 1, format: str = "parquet") -> Path:
    """Write opportunity rows of 60 sellers and 50,000 accounts: a quarter open, three tenths won. Returns the file.

    Ids and days of creation are those of the deals whose changes `write_changes` writes with the same seed.
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
    return FIRST_DAY + (deal * 7919 + seed * 104_729) % DAYS


def _changes(rng: np.random.Generator, row: Array, seed: int) -> pa.Table:
    deal, nth = row // PER_DEAL, row % PER_DEAL
    at = (_born(deal, seed) + nth * 11) * DAY + (deal * 31 + nth * 977) % 80_000
    which = SCRIPT[nth]
    seen = np.array([np.count_nonzero(SCRIPT[:n] == SCRIPT[n]) for n in range(PER_DEAL)])[nth]  # changes of it before
    old, new = _values(deal, which, seen, seed), _values(deal, which, seen + 1, seed)
    return pa.table(
        {
            "opportunity_id": _id("O", deal, 8), "changed_at": _instant(at), "field": _one_of(FIELDS, which),
            "old_value": old, "new_value": new,
            "changed_by": _id("U", (deal + rng.integers(0, 3, len(deal))) % USERS, 4),
        }
    )  # fmt: skip


def _values(deal: Array, which: Array, step: Array, seed: int) -> pa.Array:
    """What a field of a deal holds after so many changes of it."""
    last = ((deal * 17) % 3 != 0) * 5 + ((deal * 17) % 3 == 0) * 6  # won or lost in the end
    stage = _one_of((*STAGES, WON, LOST), np.where(step >= 3, last, np.minimum(step * 2, 4)))
    cents = ((deal * 7907) % 9_000_000 + 100_000) * (10 - step) // 10
    amount = decimal_texts(pa.array(cents, pa.int64()), 2)
    days = pa.array(_born(deal, seed) + 60 + step * 30, pa.int64()).cast(pa.int32()).cast(pa.date32()).cast(pa.string())
    owner = _id("U", (deal + step) % USERS, 4)
    category = _one_of(CATEGORIES, np.minimum(step, 2))
    return pc.choose(pa.array(which, pa.int64()), stage, amount, days, owner, category)


def _opportunities(rng: np.random.Generator, row: Array, seed: int) -> pa.Table:
    count = len(row)
    born = _born(row, seed)
    created = born * DAY + rng.integers(0, DAY, count)
    luck = rng.random(count)
    closed, won = luck > 0.25, luck > 0.7
    ended = created + (rng.gamma(2.0, 18.0, count) * DAY).astype(np.int64)
    due = pa.array(np.where(closed, ended // DAY, born + 90), pa.int64()).cast(pa.int32()).cast(pa.date32())
    stage = np.select([won, closed], [5, 6], rng.integers(0, 5, count))
    source = rng.integers(0, len(SOURCES), count)
    amount = decimal_texts(pa.array((np.exp(rng.normal(9.6, 0.9, count)) * 100).astype(np.int64), pa.int64()), 2)
    return pa.table(
        {
            "opportunity_id": _id("O", row, 8),
            "name": _id("Deal ", row, 8),
            "account_id": _id("A", rng.integers(0, ACCOUNTS, count), 5),
            "owner_id": _id("U", rng.integers(0, USERS, count), 4),
            "type": _one_of(TYPES, rng.integers(0, 3, count)),
            "product_id": _one_of(tuple(p[0] for p in PRODUCTS), rng.integers(0, len(PRODUCTS), count)),
            "stage": _one_of((*STAGES, WON, LOST), stage),
            "forecast_category": _one_of(CATEGORIES, np.select([won, closed], [3, 4], np.minimum(stage, 2))),
            "amount": amount.cast(pa.decimal128(18, 2)),
            "currency": _one_of(("USD",), np.zeros(count, dtype=np.int64)),
            "created_at": _instant(created),
            "close_date": due,
            "closed_at": _instant(ended, empty=~closed),
            "is_closed": pa.array(closed),
            "is_won": pa.array(won),
            "lead_source": _one_of(tuple(s[0] for s in SOURCES), source),
            "source_function": _one_of(FUNCTIONS, np.array([s[1] for s in SOURCES])[source]),
            "campaign_id": pa.nulls(count, pa.string()),
            "next_step": pa.nulls(count, pa.string()),
            "loss_reason": _one_of(
                (*LOSS_REASONS, None), np.where(closed & ~won, rng.integers(0, len(LOSS_REASONS), count), -1) % 7
            ),
        }
    )
