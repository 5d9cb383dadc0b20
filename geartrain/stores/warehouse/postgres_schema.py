"""The warehouse's tables in PostgreSQL: ordered steps, and the record types as they are declared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ibis
import psycopg
from ibis.backends.sql.datatypes import PostgresType

from geartrain.facts import record_types
from geartrain.kernel.errors import Invalid
from geartrain.kernel.records import RecordType
from geartrain.stores.warehouse.base import QUARANTINE, Unavailable
from geartrain.stores.warehouse.content import EMPTY_ID

SCHEMA = "geartrain"
OLDEST_SERVER = 13
# Of the one writer, and of whoever changes the tables; two numbers that nobody else in the database is likely to use.
WRITER_LOCK, SCHEMA_LOCK = 0x6765617274, 0x6765617275


def quoted(*names: str) -> str:
    """Names as SQL identifiers, parted by commas."""
    return ", ".join('"' + n.replace('"', '""') + '"' for n in names)


def table_of(name: str) -> str:
    """A table of the warehouse as SQL."""
    return f"{SCHEMA}.{quoted(name)}"


def sql_type(ibis_type: str) -> str:
    """PostgreSQL's name of an Ibis type. Text sorts by bytes, as it does in the other engines."""
    dtype = ibis.dtype(ibis_type)
    return 'TEXT COLLATE "C"' if dtype.is_string() else PostgresType.to_string(dtype)


def definitions(columns: dict[str, str]) -> str:
    """Column definitions."""
    return ", ".join(f"{quoted(name)} {sql_type(kind)}" for name, kind in columns.items())


def _first(cursor: psycopg.Cursor) -> None:
    cursor.execute(
        f"""
        CREATE TABLE {SCHEMA}._state (id text NOT NULL, recorded_at timestamp(6), loads integer NOT NULL);
        INSERT INTO {SCHEMA}._state VALUES ('{EMPTY_ID}', NULL, 0);
        CREATE TABLE {SCHEMA}._types (name text PRIMARY KEY, recorded_at timestamp(6) NOT NULL);
        CREATE TABLE {SCHEMA}._loads (number integer PRIMARY KEY, entry text NOT NULL);
        CREATE TABLE {SCHEMA}._quarantine ({definitions(QUARANTINE)});
        """
    )


# One function a version, in order; a version that was released is never changed.
STEPS: tuple[Callable[[psycopg.Cursor], None], ...] = (_first,)


def row_of(con: psycopg.Connection | psycopg.Cursor, query: str, values: Sequence[Any] = ()) -> Any:
    """The one row of a query that always has one."""
    found = con.execute(query, values).fetchone()
    assert found is not None
    return found


def check_server(con: psycopg.Connection) -> None:
    """See that the server is new enough.

    Raises:
        Unavailable: it is older.
    """
    version = con.info.server_version // 10_000
    if version < OLDEST_SERVER:
        raise Unavailable(f"PostgreSQL {version} is too old.", hint=f"Use version {OLDEST_SERVER} or later.")


def stored_version(cursor: psycopg.Cursor) -> int:
    """The version of the tables, 0 where there are none.

    Raises:
        Invalid: a newer Geartrain made them.
    """
    if row_of(cursor, "SELECT to_regclass(%s)", (f"{SCHEMA}._version",))[0] is None:
        return 0
    version = int(row_of(cursor, f"SELECT max(version) FROM {SCHEMA}._version")[0])
    if version > len(STEPS):
        message = f"The warehouse was made by a newer Geartrain (version {version}, this one knows {len(STEPS)})."
        raise Invalid(message, hint="Upgrade Geartrain, or point warehouse.url at another database.")
    return version


def is_ready(cursor: psycopg.Cursor) -> bool:
    """Whether the tables are those that this version declares. Raises: Invalid."""
    return stored_version(cursor) == len(STEPS) and not any(_lacking(cursor).values())


def upgrade(con: psycopg.Connection) -> None:
    """Make or upgrade the tables, all or nothing; harmless to repeat, also at the same time.

    Raises:
        Invalid: a newer Geartrain made them.
    """
    with con.transaction(), con.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (SCHEMA_LOCK,))
        done = stored_version(cursor)
        if not done:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            cursor.execute(f"CREATE TABLE {SCHEMA}._version (version integer PRIMARY KEY, made_at timestamptz)")
        for number, step in enumerate(STEPS[done:], start=done + 1):
            step(cursor)
            cursor.execute(f"INSERT INTO {SCHEMA}._version VALUES (%s, now())", (number,))
        for name, columns in _lacking(cursor).items():
            declared = record_types()[name.removesuffix("__versions")]
            if len(columns) == len(declared.schema):
                _create(cursor, name, declared)
            elif columns:
                added = ", ".join(f"ADD COLUMN {definitions({c: declared.schema[c]})}" for c in columns)
                cursor.execute(f"ALTER TABLE {table_of(name)} {added}")


def _lacking(cursor: psycopg.Cursor) -> dict[str, list[str]]:
    """Table to the declared columns it does not have; all of them where there is no such table."""
    held: dict[str, set[str]] = {}
    found = cursor.execute(
        "SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped",
        (SCHEMA,),
    )
    for table, column in found.fetchall():
        held.setdefault(table, set()).add(column)
    return {
        table: [c for c in declared.schema if c not in held.get(table, ())]
        for name, declared in record_types().items()
        for table in (name, f"{name}__versions")
    }


def _create(cursor: psycopg.Cursor, name: str, declared: RecordType) -> None:
    """`TYPE` holds the latest version of every record, `TYPE__versions` all of them."""
    key = quoted(*declared.key)
    columns = definitions(declared.schema)
    if name == declared.name:
        cursor.execute(f"CREATE TABLE {table_of(name)} ({columns}, PRIMARY KEY ({key}))")
    else:
        cursor.execute(f"CREATE TABLE {table_of(name)} ({columns})")
        cursor.execute(f"CREATE INDEX ON {table_of(name)} ({key})")
