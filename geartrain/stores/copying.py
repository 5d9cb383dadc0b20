"""Copies of the stores as they stand at one instant, while others read and write, and stores made of such copies.

Embedded: the files of a pinned state of the warehouse; SQLite's own online backup. PostgreSQL: `pg_dump` and
`pg_restore`, which know every type and version better than we would.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from geartrain.kernel.errors import Conflict
from geartrain.stores.warehouse.base import Unavailable
from geartrain.stores.warehouse.embedded import EmbeddedWarehouse
from geartrain.stores.warehouse.manifest import POINTER, encode_pointer, read_pointer
from geartrain.stores.warehouse.postgres_schema import SCHEMA

LIBPQ = {
    "host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT",
}  # fmt: skip


@contextmanager
def embedded_files(folder: Path) -> Iterator[dict[str, Path | bytes]]:
    """The files of the latest state by their path under the warehouse's folder; they stay until the context ends."""
    warehouse = EmbeddedWarehouse(folder)
    if read_pointer(folder) is None:
        yield {}
        return
    state = warehouse.state()
    try:
        pointer = encode_pointer(state.manifest.name, state.digest)
        yield {POINTER: pointer, **{name: folder / name for name in sorted(state.manifest.paths())}}
    finally:
        warehouse.let_go(state)
        warehouse.close()


def copy_sqlite(source: Path, to: Path) -> None:
    """One database as it stands between two transactions."""
    with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as old, closing(sqlite3.connect(to)) as new:
        old.backup(new)
        # One file that anybody can move: what the log held is in it.
        new.execute("PRAGMA journal_mode=DELETE")


def dump_postgres(url: str, to: Path, *, facts: bool) -> None:
    """A dump of the facts' schema, or of everything but it.

    Raises:
        Unavailable: pg_dump is missing, or says why it cannot.
    """
    which = f"--schema={SCHEMA}" if facts else f"--exclude-schema={SCHEMA}"
    _run("pg_dump", url, ["--format=custom", "--no-owner", "--no-privileges", which, f"--file={to}"])


def restore_postgres(url: str, dump: Path, *, facts: bool) -> None:
    """Fill an empty store from a dump, all of it or nothing.

    Raises:
        Conflict: there is something in it. Unavailable: pg_restore is missing, or says why it cannot.
    """
    if not _empty(url, facts=facts):
        what = "warehouse" if facts else "decision store"
        raise Conflict(
            f"The database of the {what} is not empty.", hint=f"Name an empty one: --{what.split()[0]}-url …"
        )
    from psycopg.conninfo import conninfo_to_dict

    # Without --dbname it would only print.
    database = conninfo_to_dict(url).get("dbname") or ""
    _run("pg_restore", url, ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
                             f"--dbname={database}", str(dump)])  # fmt: skip


def _empty(url: str, *, facts: bool) -> bool:
    import psycopg

    try:
        with psycopg.connect(url) as con:
            where = "= %s" if facts else "NOT IN (%s, 'pg_catalog', 'information_schema')"
            found = con.execute(f"SELECT 1 FROM pg_tables WHERE schemaname {where} LIMIT 1", [SCHEMA]).fetchone()
            return found is None
    except psycopg.OperationalError as error:
        first = str(error).strip().splitlines()[0]
        raise Unavailable(f"PostgreSQL cannot be reached: {first}", hint="See the store's url.") from None


def _run(program: str, url: str, arguments: list[str]) -> None:
    found = shutil.which(program)
    if found is None:
        hint = "Install PostgreSQL's client programs, of the server's version or newer."
        raise Unavailable(f"{program} is not on this machine.", hint=hint)
    from psycopg.conninfo import conninfo_to_dict  # an extra: embedded stores do without it

    # In the environment, where other users of the machine do not see the password.
    said: dict[str, Any] = conninfo_to_dict(url)
    env = {**os.environ, **{LIBPQ[k]: str(v) for k, v in said.items() if k in LIBPQ}}
    done = subprocess.run([found, "--no-password", *arguments], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        message = (done.stderr.strip().splitlines() or ["no reason given"])[0]
        raise Unavailable(f"{program} could not do it: {message}", hint="The store is as it was.")
