"""A workspace: one folder with its settings, policies and stores."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from geartrain.kernel.errors import Conflict, Invalid, NotFound
from geartrain.kernel.periods import FiscalCalendar
from geartrain.stores.warehouse import open_warehouse
from geartrain.stores.warehouse.base import Warehouse

SETTINGS = "geartrain.toml"


class Section(BaseModel):
    """A table of geartrain.toml; a key that is not known is refused by name."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Company(Section):
    """Who the workspace is for, and the calendar and currency its numbers stand in."""

    name: str = "My company"
    currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$", description="ISO 4217 code")
    fiscal_year_start: int = Field(default=1, ge=1, le=12, description="month the fiscal year begins in")
    time_zone: str = Field(default="UTC", description="IANA name; whose midnight a bare date is")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"'{value}' is no time zone; write one like Europe/Berlin or UTC") from None
        return value


class Store(Section):
    """Where a store lives. Empty is the embedded one under data/."""

    url: str = ""


class Web(Section):
    """How the site is served."""

    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    requests_per_minute: int = Field(default=3000, ge=0, description="of the API, by person; 0: no limit")


class SignIn(Section):
    """How people prove who they are. Without an issuer: with the password that an administrator gave them."""

    password: bool = Field(default=True, description="whether a password lets people in")
    oidc_issuer: str = Field(default="", description="address of an OpenID Connect provider, https://…")
    oidc_client_id: str = Field(default="", description="as the provider knows this site")
    oidc_client_secret: str = Field(default="", description="best ${NAME}, from the environment")
    oidc_name: str = Field(default="your company account", description="what the button says")
    two_factor: tuple[str, ...] = Field(default=(), description="roles that need a second factor with a password")

    @field_validator("oidc_issuer")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("the provider is reached by https")
        return value.rstrip("/")

    @field_validator("two_factor")
    @classmethod
    def _roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from geartrain.services.access import Role

        if unknown := [r for r in value if r not in Role.__members__]:
            raise ValueError(f"there is no role '{unknown[0]}'; one of {', '.join(Role)}")
        return value

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("oidc_issuer needs oidc_client_id")
        if not self.password and not self.oidc_issuer:
            raise ValueError("nobody could sign in: allow passwords, or name an oidc_issuer")
        return self


class Pay(Section):
    """How pay is run."""

    adjustment_limits: dict[str, Decimal] = Field(
        default={"finance": Decimal(10_000), "head_of_sales": Decimal(25_000), "admin": Decimal(25_000)},
        description="the most that one adjustment by hand may be where somebody of this role approves it",
    )
    dispute_days: int = Field(default=5, ge=1, le=365, description="business days until a dispute is answered")
    hold_unsigned: bool = Field(default=False, description="whether nobody is paid on a plan they have not accepted")

    @field_validator("adjustment_limits", mode="before")
    @classmethod
    def _exact(cls, value: object) -> object:
        return {k: str(v) for k, v in value.items()} if isinstance(value, dict) else value


class Settings(Section):
    """geartrain.toml."""

    company: Company = Company()
    warehouse: Store = Store()
    decisions: Store = Store()
    web: Web = Web()
    sign_in: SignIn = SignIn()
    pay: Pay = Pay()


TEMPLATE = """\
# Settings of this workspace. Amounts are shown in `currency`; a bare date is midnight in `time_zone`.
[company]
name = {name}
currency = {currency}
fiscal_year_start = {fiscal_year_start}   # month, 1 to 12
time_zone = {time_zone}

# Facts and computed results. Empty: embedded, under data/. Or postgresql://user@host/db,
# or spark://host:7077 to compute with Spark over the embedded files.
# ${{NAME}} is replaced by the environment variable NAME: keep passwords there.
[warehouse]
url = ""

# People, policies, approvals. Empty: embedded SQLite, under data/. Or postgresql://user@host/db.
[decisions]
url = ""
"""


@dataclass(frozen=True)
class Workspace:
    """An open workspace; cheap to make, stores open on first use."""

    path: Path
    settings: Settings

    @property
    def name(self) -> str:
        """The company's name."""
        return self.settings.company.name

    @property
    def currency(self) -> str:
        """ISO 4217 code amounts are converted into."""
        return self.settings.company.currency

    @cached_property
    def calendar(self) -> FiscalCalendar:
        """The fiscal calendar in the workspace's time zone."""
        return FiscalCalendar(self.settings.company.fiscal_year_start, self.settings.company.time_zone)

    @property
    def data(self) -> Path:
        """Folder of the embedded stores."""
        return self.path / "data"

    @property
    def policies(self) -> Path:
        """Folder of the policy drafts."""
        return self.path / "policies"

    @cached_property
    def warehouse(self) -> Warehouse:
        """The facts."""
        return open_warehouse(expand(self.settings.warehouse.url), folder=self.data / "warehouse")

    @property
    def decisions_url(self) -> str:
        """Where the decision store is, embedded SQLite where nothing is set."""
        return expand(self.settings.decisions.url) or f"sqlite:///{self.data / 'decisions.sqlite3'}"

    def now(self) -> datetime:
        """The present instant, naive UTC. Only services ask for it; engines are told."""
        return datetime.now(UTC).replace(tzinfo=None)


def expand(url: str) -> str:
    """The URL with ${NAME} replaced from the environment.

    Raises:
        Invalid: a variable is named that is not set.
    """
    expanded = os.path.expandvars(url)
    if "${" in expanded:
        missing = expanded.split("${", 1)[1].split("}", 1)[0]
        raise Invalid(f"{SETTINGS} needs the environment variable {missing}.", hint=f"Set it: export {missing}=…")
    return expanded


def init_workspace(
    path: Path,
    *,
    name: str = "My company",
    currency: str = "USD",
    fiscal_year_start: int = 1,
    time_zone: str = "UTC",
) -> Workspace:
    """Make a workspace in a folder that is new, or empty.

    Raises:
        Conflict: the folder holds a workspace already.
        Invalid: a setting is out of its range, or the path is a file.
    """
    path = path.expanduser().resolve()
    if (path / SETTINGS).exists():
        raise Conflict(f"{path} is a workspace already.", hint="Open it as it is, or choose another folder.")
    if path.exists() and not path.is_dir():
        raise Invalid(f"{path} is a file.", hint="Name a folder.")
    text = TEMPLATE.format(
        name=_toml(name),
        currency=_toml(currency),
        fiscal_year_start=fiscal_year_start,
        time_zone=_toml(time_zone),
    )
    settings = parse_settings(text, where=SETTINGS)
    for folder in (path / "policies", path / "data"):
        folder.mkdir(parents=True, exist_ok=True)
    (path / ".gitignore").write_text("data/\n")
    workspace = Workspace(path, settings)
    workspace.warehouse.migrate()
    # Last, so that a folder with settings is a whole workspace.
    (path / SETTINGS).write_text(text, encoding="utf-8")
    return workspace


def open_workspace(path: Path | None = None) -> Workspace:
    """Open the workspace at a path, or the one around the current folder.

    The folder is `path`, else the environment's GEARTRAIN_WORKSPACE, else the nearest one above the current.

    Raises:
        NotFound: there is none.
        Invalid: its settings cannot be read; the message says where.
    """
    start = (path or Path(os.environ.get("GEARTRAIN_WORKSPACE") or Path.cwd())).expanduser().resolve()
    for folder in [start] if path else [start, *start.parents]:
        if (folder / SETTINGS).is_file():
            text = (folder / SETTINGS).read_text(encoding="utf-8")
            return Workspace(folder, parse_settings(text, where=str(folder / SETTINGS)))
    raise NotFound(f"{start} is no workspace.", hint="Make one with: geartrain init DIR")


def parse_settings(text: str, *, where: str) -> Settings:
    """Settings from the text of a geartrain.toml.

    Raises:
        Invalid: not TOML, an unknown key or a value out of range.
    """
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{where} is not valid TOML: {error}.", hint="Mend that line.") from None
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise Invalid(f"{where}: {key}: {first['msg']}.", hint="See docs/reference/settings.md.") from None


def _toml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
