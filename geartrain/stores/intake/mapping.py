"""The mapping file: which file becomes which record type, column by column."""

from __future__ import annotations

import codecs
import difflib
from collections.abc import Mapping as Values
from hashlib import sha256
from typing import Any, Literal
from zoneinfo import ZoneInfo

import duckdb
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from geartrain.facts import record_types
from geartrain.kernel.errors import Invalid
from geartrain.kernel.rules import parse


def known_zone(value: str | None) -> str | None:
    """The zone, if there is one of that name."""
    if value is not None:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"there is no time zone '{value}'; write one like Europe/Berlin") from None
    return value


class BadMapping(Invalid):
    """The mapping file cannot be used; the message says where."""

    code = "bad_mapping"


class Strict(BaseModel):
    """A key that is not known is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class ColumnMapping(Strict):
    """Where a column's value comes from: a header (`from`), an expression over headers, or a constant.

    `values` translates what is found (compared without case and outer spaces); what it does not name becomes `default`,
    or stays as it is without one. `may_be_empty` says openly that this source does not know a required column.
    """

    from_: str | None = Field(default=None, alias="from")
    expr: str | None = None
    constant: str | int | float | bool | None = None
    values: dict[str, str | int | float | bool | None] | None = None
    default: str | int | float | bool | None = None
    date_format: str | None = None
    may_be_empty: bool = False

    @model_validator(mode="after")
    def _one_origin(self) -> ColumnMapping:
        origins = [
            n for n, v in (("from", self.from_), ("expr", self.expr), ("constant", self.constant)) if v is not None
        ]
        if len(origins) != 1:
            raise ValueError("a column has exactly one of from, expr and constant")
        if self.expr is not None:
            parse(self.expr, where="expr")
        return self

    @field_validator("date_format")
    @classmethod
    def _known_format(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                duckdb.execute("SELECT try_strptime('', ?)", [value])
            except duckdb.Error:
                raise ValueError(f"'{value}' is no date format; write one like %d.%m.%Y %H:%M") from None
        return value

    @field_validator("values", mode="before")
    @classmethod
    def _text_keys(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                {True: "true", False: "false", None: ""}.get(k, str(k)) if not isinstance(k, str) else k: v
                for k, v in value.items()
            }
        return value


class TypeMapping(Strict):
    """One file (or table, or query) that becomes records of one type."""

    type: str
    file: str | None = Field(default=None, description="name or glob, below the folder that is loaded")
    sheet: str | None = None
    table: str | None = Field(default=None, description="with --source sql")
    query: str | None = Field(default=None, description="with --source sql")
    header: bool | None = None
    header_columns: tuple[str, ...] = Field(default=(), description="names of the columns of a file without headers")
    delimiter: str = ""
    encoding: str = ""
    date_order: Literal["day_first", "month_first"] | None = None
    decimal: Literal["point", "comma"] | None = None
    zone: str | None = None
    where: str | None = None
    distinct: bool = False
    columns: dict[str, ColumnMapping]
    aliases: dict[str, dict[str, str]] = {}

    @field_validator("delimiter", mode="before")
    @classmethod
    def _one_character(cls, value: Any) -> Any:
        value = {"tab": "\t", "\\t": "\t"}.get(value, value) if isinstance(value, str) else value
        if isinstance(value, str) and value and (len(value) != 1 or value in '"\n\r\0'):
            raise ValueError(f"'{value}' is no delimiter; write one character, or tab")
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            return value and codecs.lookup(value).name
        except LookupError:
            raise ValueError(f"there is no encoding '{value}'; write utf-8, cp1252 or latin-1") from None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return known_zone(value)

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: {"from": v} if isinstance(v, str) else v for k, v in value.items()}
        return value

    @field_validator("aliases", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {k: {str(a): str(b) for a, b in v.items()} if isinstance(v, dict) else v for k, v in value.items()}
        return value

    @model_validator(mode="after")
    def _known(self) -> TypeMapping:
        types = record_types()
        if self.type not in types:
            raise ValueError(f"there is no record type '{self.type}'{_closest(self.type, types)}")
        for name in (*self.columns, *self.aliases):
            if name not in types[self.type]:
                known = [c.name for c in types[self.type].columns]
                raise ValueError(f"{self.type} has no column '{name}'{_closest(name, known)}")
        if self.where is not None:
            parse(self.where, where="where")
        if sum(v is not None for v in (self.file, self.table, self.query)) != 1:
            raise ValueError("an entry has exactly one of file, table and query")
        return self


class Mapping(Strict):
    """A whole mapping file."""

    name: str = ""
    zone: str | None = Field(default=None, description="whose midnight a bare date is; the workspace's where empty")
    load: tuple[TypeMapping, ...]
    sha256: str = ""

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        return known_zone(value)


def read_mapping(text: str, *, where: str) -> Mapping:
    """A mapping from YAML.

    Raises:
        BadMapping: not YAML, or something in it is not known; with file and line, and the closest match.
    """
    try:
        raw = YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise BadMapping(f"{where}:{line} is not valid YAML: {error.problem}.", hint="Mend that line.") from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise BadMapping(f"{where} is not valid YAML: {str(error)[:200]}.", hint="Mend it.") from None
    if not isinstance(raw, dict):
        raise BadMapping(f"{where} is no mapping.", hint="It begins with `load:`, a list of files; see docs/how-to.")
    try:
        found = Mapping.model_validate(_plain(raw))
    except ValidationError as error:
        first = error.errors()[0]
        line = _line(raw, first["loc"])
        path = ".".join(str(p) for p in first["loc"] if not isinstance(p, int))
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = f"there is no key '{first['loc'][-1]}'{_closest(str(first['loc'][-1]), _keys(first['loc']))}"
        raise BadMapping(f"{where}:{line}: {path}: {message}.", hint="See docs/how-to/load-an-export.md.") from None
    return found.model_copy(update={"sha256": sha256(text.encode()).hexdigest()})


def _keys(loc: tuple[Any, ...]) -> list[str]:
    shape = Mapping if len(loc) == 1 else TypeMapping if len(loc) == 3 else ColumnMapping
    return [f.alias or n for n, f in shape.model_fields.items()]


def _closest(name: str, known: Any) -> str:
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean '{found[0]}'?" if found else ""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k if isinstance(k, bool) or k is None else str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value


def _line(raw: Any, loc: tuple[Any, ...]) -> int:
    """The line of the deepest part of a place that the document has."""
    line, at = 1, raw
    for part in loc:
        try:
            line = (at.lc.key(part) if isinstance(at, dict) else at.lc.item(part))[0] + 1
            at = at[part]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line


def aliases_of(entry: TypeMapping, more: Values[str, Values[str, str]]) -> dict[str, dict[str, str]]:
    """Aliases by column: those of the data-quality policy (by the type referred to), the mapping's own over them."""
    found: dict[str, dict[str, str]] = {}
    for column, ref in record_types()[entry.type].references.items():
        if ref in more:
            found[column] = dict(more[ref])
    for column, own in entry.aliases.items():
        found[column] = {**found.get(column, {}), **own}
    return found
