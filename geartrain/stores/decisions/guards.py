"""What the database itself refuses, whoever writes: one rule, said to SQLite and to PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# The words in which the two differ.
WORDS = {
    "sqlite": {"differs": "IS NOT", "has": "EXISTS (SELECT 1 FROM json_each({list}) WHERE value = {one})"},
    "postgresql": {"differs": "IS DISTINCT FROM", "has": "({list} @> to_jsonb({one}::text))"},
}


@dataclass(frozen=True)
class Guard:
    """A row that is refused.

    Args:
        name: Of the trigger; unique in the store.
        table: The table it guards.
        event: INSERT, UPDATE or DELETE.
        refused: SQL over OLD and NEW; what is true of a refused row. `{differs}` compares with NULLs,
            `{has(list, one)}` looks into a JSON list.
        says: The message.
    """

    name: str
    table: str
    event: str
    refused: str
    says: str


def has(list: str, one: str) -> str:
    """A JSON list of texts holds one, in words that are filled in for each engine."""
    return f"{{has:{list}:{one}}}"


def append_only(table: str, what: str) -> list[Guard]:
    """Rows are added, never changed or taken out; nor replaced, which SQLite does without a word to other triggers."""
    short, says = table.removeprefix("decisions_"), f"{what} are append-only"
    replaced = Guard(
        f"{short}_no_replace", table, "INSERT", f"EXISTS (SELECT 1 FROM {table} o WHERE o.id = NEW.id)", says
    )
    return [replaced, *(Guard(f"{short}_no_{e.lower()}", table, e, "1 = 1", says) for e in ("UPDATE", "DELETE"))]


def install(schema_editor: Any, guards: list[Guard]) -> None:
    """Put the guards up; those of the same name are replaced."""
    vendor = schema_editor.connection.vendor
    for guard in guards:
        for statement in _sqlite(guard) if vendor == "sqlite" else _postgres(guard):
            schema_editor.execute(statement)


def _sqlite(guard: Guard) -> Iterator[str]:
    yield f"DROP TRIGGER IF EXISTS {guard.name}"
    yield f"""CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table}
        WHEN {_condition(guard, "sqlite")} BEGIN SELECT RAISE(ABORT, '{guard.says}'); END"""


def _postgres(guard: Guard) -> Iterator[str]:
    given_back = "OLD" if guard.event == "DELETE" else "NEW"
    yield f"""CREATE OR REPLACE FUNCTION {guard.name}() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN IF {_condition(guard, "postgresql")} THEN RAISE EXCEPTION '{guard.says}'; END IF;
        RETURN {given_back}; END $$"""
    yield f"DROP TRIGGER IF EXISTS {guard.name} ON {guard.table}"
    yield f"""CREATE TRIGGER {guard.name} BEFORE {guard.event} ON {guard.table}
        FOR EACH ROW EXECUTE FUNCTION {guard.name}()"""
    if guard.event == "DELETE":
        # Emptying a table fires no trigger of its rows.
        yield f"""CREATE OR REPLACE FUNCTION {guard.name}_all() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{guard.says}'; END $$"""
        yield f"DROP TRIGGER IF EXISTS {guard.name}_all ON {guard.table}"
        yield f"""CREATE TRIGGER {guard.name}_all BEFORE TRUNCATE ON {guard.table}
            FOR EACH STATEMENT EXECUTE FUNCTION {guard.name}_all()"""


def _condition(guard: Guard, vendor: str) -> str:
    def found(match: re.Match[str]) -> str:
        return WORDS[vendor]["has"].format(list=match[1], one=match[2])

    text = guard.refused.replace("{differs}", WORDS[vendor]["differs"])
    return re.sub(r"\{has:([^:}]+):([^:}]+)\}", found, text)
