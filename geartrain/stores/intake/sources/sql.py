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
from geartrain.stores.intake.readers import Reader
from geartrain.stores.intake.sniff import unique
from geartrain.stores.intake.sources import Asked
from geartrain.stores.intake.sources.folder import mapped_feed
from geartrain.stores.intake.words import literal
from geartrain.stores.intake.workbook import text_of

BATCH = 50_000


def feeds(read: Reader, asked: Asked) -> tuple[Sequence[Feed], Sequence[Issue]]:
    """One feed for each entry of the mapping; a table that cannot be read is an issue.

    Raises:
        Invalid: no address or no mapping, or the database cannot be reached.
    """
    if asked.mapping is None or not asked.url:
        raise Invalid("A database needs an address and a mapping.", hint="Give --url and --mapping.")
    found, issues = list[Feed](), list[Issue]()
    engine = _engine(asked)
    try:
        with engine.connect() as connection:
            for entry in asked.mapping.load:
                label = entry.table or "query"
                try:
                    raw = _read(read, connection, entry, label)
                except (SQLAlchemyError, UnicodeError) as error:
                    issues.append(_unreadable(label, _said(error, asked)))
                    connection.rollback()
                    continue
                found.append(mapped_feed(raw, entry, zone=entry.zone or asked.mapping.zone or asked.zone))
    except (SQLAlchemyError, OSError) as error:
        said = f"The database cannot be reached: {_said(error, asked)}."
        raise Invalid(said, hint="Check the address, and that it runs.") from None
    finally:
        engine.dispose()
    return found, issues


def _engine(asked: Asked) -> sqlalchemy.Engine:
    try:
        url = sqlalchemy.make_url(asked.url)
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")  # the driver that comes with geartrain[postgres]
        return sqlalchemy.create_engine(url)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
        said = f"The address of the database cannot be used: {_said(error, asked)}."
        hint = "Write postgresql://user@host/db or sqlite:///file.db, and install the database's driver."
        raise Invalid(said, hint=hint) from None


def _read(read: Reader, connection: sqlalchemy.Connection, entry: TypeMapping, label: str) -> Raw:
    result = connection.execution_options(stream_results=True).execute(_statement(entry))
    names = unique(list(result.keys()))
    schema = pa.schema([*((n, pa.string()) for n in names), ("__line", pa.int64())])
    target, line = read.path(), 0
    with pq.ParquetWriter(target, schema) as writer:
        for rows in result.partitions(BATCH):
            columns = [pa.array([text_of(r[i]) for r in rows], pa.string()) for i in range(len(names))]
            lines = pa.array(range(line + 1, line + len(rows) + 1), pa.int64())
            writer.write_table(pa.table([*columns, lines], schema=schema))
            line += len(rows)
    return Raw(label, f"read_parquet({literal(str(target))})", names)


def _statement(entry: TypeMapping) -> sqlalchemy.Executable:
    if entry.query is not None:
        return sqlalchemy.text(entry.query)
    schema, _, name = (entry.table or "").rpartition(".")
    table = sqlalchemy.table(name, schema=schema or None)
    return sqlalchemy.select(sqlalchemy.text("*")).select_from(table)


def _unreadable(label: str, said: str) -> Issue:
    hint = "Correct `table` or `query` in the mapping."
    return Issue("unreadable_table", Level.error, f"{label} cannot be read: {said}.", label, hint)


def _said(error: Exception, asked: Asked) -> str:
    """The error's first line without the address, which may hold a password."""
    text = (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0][:300]
    try:
        password = sqlalchemy.make_url(asked.url).password
    except (ArgumentError, ValueError):
        password = None
    text = text.replace(asked.url, "the address")
    return text.replace(str(password), "…") if password else text
