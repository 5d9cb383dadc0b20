"""Any SQL database that SQLAlchemy reaches, through a mapping with a table or a query for each type."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.stores.intake.feed import Feed, Raw
from geartrain.stores.intake.mapping import TypeMapping
from geartrain.stores.intake.readers import Reader, _cell
from geartrain.stores.intake.sources import Asked
from geartrain.stores.intake.sources.folder import mapped_feed
from geartrain.stores.intake.text import literal, unique

BATCH = 50_000


def feeds(read: Reader, asked: Asked) -> tuple[Sequence[Feed], Sequence[Issue]]:
    """One feed for each entry of the mapping; a table that cannot be read is an issue."""
    if asked.mapping is None or not asked.url:
        raise Invalid("A database needs an address and a mapping.", hint="Give --url and --mapping.")
    try:
        engine = sqlalchemy.create_engine(asked.url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise Invalid(
            f"The address of the database cannot be used: {_said(error, asked)}.",
            hint="Write postgresql+psycopg://user@host/db.",
        ) from None
    found: list[Feed] = []
    issues: list[Issue] = []
    try:
        with engine.connect() as connection:
            for entry in asked.mapping.load:
                label = entry.table or "query"
                try:
                    raw = _read(read, connection, entry, label)
                except SQLAlchemyError as error:
                    issues.append(
                        Issue(
                            "unreadable_table",
                            Level.error,
                            f"{label} cannot be read: {_said(error, asked)}.",
                            label,
                            "Correct `table` or `query` in the mapping.",
                        )
                    )
                    connection.rollback()
                    continue
                found.append(mapped_feed(raw, entry, zone=entry.zone or asked.mapping.zone or asked.zone))
    except SQLAlchemyError as error:
        raise Invalid(
            f"The database cannot be reached: {_said(error, asked)}.", hint="Check the address, and that it runs."
        ) from None
    finally:
        engine.dispose()
    return found, issues


def _read(read: Reader, connection: sqlalchemy.Connection, entry: TypeMapping, label: str) -> Raw:
    statement = (
        sqlalchemy.text(entry.query)
        if entry.query
        else sqlalchemy.select(sqlalchemy.text("*")).select_from(
            sqlalchemy.table(
                *reversed(entry.table.split(".")[-1:]), schema=".".join(entry.table.split(".")[:-1]) or None
            )
        )
    )  # type: ignore[union-attr]
    result = connection.execution_options(stream_results=True).execute(statement)
    names = unique(list(result.keys()))
    schema = pa.schema([*((n, pa.string()) for n in names), ("__line", pa.int64())])
    target, line = read.path(), 0
    with pq.ParquetWriter(target, schema) as writer:
        for rows in result.partitions(BATCH):
            columns = [[_cell(r[i]) for r in rows] for i in range(len(names))]
            lines = list(range(line + 1, line + len(rows) + 1))
            writer.write_table(pa.table([*columns, lines], schema=schema))
            line += len(rows)
    return Raw(label, f"read_parquet({literal(str(target))})", names)


def _said(error: Exception, asked: Asked) -> str:
    """The error's first line without the address, which may hold a password."""
    text = str(getattr(error, "orig", None) or error).splitlines()[0][:300]
    return text.replace(asked.url, "the address")
