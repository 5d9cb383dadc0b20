"""What a team has and is to carry: the `spec` of a capacity_plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from geartrain.kernel.periods import add_months
from geartrain.kernel.policy import Strict
from geartrain.kernel.rules import parse

Amount = Annotated[Decimal, Field(ge=0, le=Decimal("1e15"))]  # beyond it no money is counted to the cent
Heads = Annotated[Decimal, Field(ge=0, le=1_000_000)]
FIRST, LAST = 1900, 2200  # years
Share = Annotated[Decimal, Field(ge=0, le=1)]


class Grain(StrEnum):
    """How long a period of the plan is."""

    month = "month"
    quarter = "quarter"


class Close(StrEnum):
    """What hiring has to reach: the goal of every period, or of all of them together."""

    each = "each"
    total = "total"


class Join(Strict):
    """People who come at the beginning of a period; `period` is 2026-03, 2026Q1 or any day in it.

    `tenure` is how many periods of the ramp they have behind them (transfers), 0 for new hires.
    """

    period: str
    count: Heads
    tenure: int = Field(default=0, ge=0)

    @field_validator("period", mode="before")
    @classmethod
    def _text(cls, value: object) -> object:
        return value.isoformat() if isinstance(value, date) else str(value)


class Tier(Strict):
    """Accounts of one tier and the touches a year each of them needs."""

    accounts: Amount
    touches: Amount


class Role(Strict):
    """One role of one team. Money is per ramped head and period; a cost is per head and period, loaded.

    Args of the model: heads: those fully ramped when the plan begins. attrition: annual rate. backfill_lag: periods
    until a leaver is replaced; empty where nobody is. hiring_lag: periods from offer to the first day.

    Within a workspace `people` counts heads, hires, those still ramping and leavers from the records of users, and
    `history` takes the productivity from what they, or their `peers`, booked; what is stated besides is added to the
    heads, and holds in place of the productivity.
    """

    key: str = Field(min_length=1)
    team: str = ""
    segment: str = ""
    people: str = Field(default="", description="rule over user records: who is counted")
    peers: str = Field(default="", description="rule: whose history gives the productivity; empty: `people`")
    history: int | None = Field(default=None, ge=1, le=60, description="months of bookings that give the productivity")
    heads: Heads = Decimal(0)
    joins: tuple[Join, ...] = Field(default=(), alias="hires")
    transfers_in: tuple[Join, ...] = ()
    leavers: tuple[Join, ...] = Field(default=(), description="named leavers and transfers out")
    attrition: Annotated[Decimal, Field(ge=0, lt=1)] = Decimal(0)
    backfill_lag: int | None = Field(default=None, ge=0)
    ramp: tuple[Share, ...] = ()
    productive: Share | tuple[Share, ...] = Decimal(1)
    productivity: Amount = Decimal(0)
    deviation: Annotated[Decimal, Field(ge=0)] = Field(
        default=Decimal(0), description="standard deviation of productivity over heads, a share of it"
    )
    quota: Amount | None = Field(default=None, description="per head and period")
    participation: Share | None = Field(default=None, description="the part of heads expected to attain, or factor")
    workload: tuple[Tier, ...] = ()
    touches_per_head: Annotated[Decimal, Field(gt=0)] | None = None
    cost: Amount = Decimal(0)
    hiring_cost: Amount = Decimal(0)
    hiring_lag: int = Field(default=0, ge=0)
    most_hires: int | None = Field(default=None, ge=0, description="per period: what recruiting can do")
    hire: bool = Field(default=True, description="whether the hiring plan may hire it")
    deal_size: Annotated[Decimal, Field(gt=0)] | None = Field(
        default=None, description="for CAC: what one customer brings"
    )
    manages: str = Field(default="", description="key of the role it manages")
    span: Annotated[Decimal, Field(gt=0)] | None = Field(default=None, description="heads one of it manages at most")

    @field_validator("people", "peers")
    @classmethod
    def _readable(cls, value: str) -> str:
        if value:
            parse(value, where="roles")
        return value

    @property
    def name(self) -> str:
        """Role and team."""
        return f"{self.key} {self.team}".strip()

    def share(self, period: int) -> Decimal:
        """The productive share in a period; the last one stated holds from there on."""
        if isinstance(self.productive, tuple):
            return self.productive[min(period, len(self.productive) - 1)] if self.productive else Decimal(1)
        return self.productive

    def ramped(self, tenure: int) -> Decimal:
        """The share of full productivity in a period of tenure."""
        return self.ramp[tenure] if tenure < len(self.ramp) else Decimal(1)


class CapacityPlan(Strict):
    """The `spec` of a capacity_plan: who there is, who comes and goes, and what they are to carry.

    `goal` is one amount for every period, a list, or amounts by period.
    """

    start: date
    periods: int = Field(default=12, ge=1, le=60)
    grain: Grain = Grain.month
    roles: tuple[Role, ...] = Field(min_length=1)
    goal: Amount | tuple[Amount, ...] | dict[str, Amount] = Decimal(0)
    budget: Amount | None = Field(default=None, description="what hires may cost over the plan, hiring and pay")
    most_hires: int | None = Field(default=None, ge=0, description="per period over all roles")
    close: Close = Close.each
    settled: int = Field(
        default=0, ge=0, description="periods at the beginning in which nobody leaves but those named: they have passed"
    )
    goals_from: str = Field(
        default="", description="key of a corporate goal whose values are the goal, within a workspace"
    )

    @field_validator("start", mode="before")
    @classmethod
    def _month(cls, value: object) -> object:
        return f"{value}-01" if isinstance(value, str) and len(value) == 7 else value

    @field_validator("goal", mode="before")
    @classmethod
    def _text_keys(cls, value: object) -> object:
        return {str(k): v for k, v in value.items()} if isinstance(value, Mapping) else value

    @model_validator(mode="after")
    def _whole(self) -> CapacityPlan:
        if not FIRST <= self.start.year <= LAST:
            raise ValueError(f"a plan begins from {FIRST} to {LAST}")
        if self.start.day != 1:
            raise ValueError("a plan begins on the first of a month")
        names = [r.name for r in self.roles]
        if twice := next((n for n in names if names.count(n) > 1), None):
            raise ValueError(f"the role '{twice}' is there twice; give each a team of its own")
        for role in self.roles:
            for join in (*role.joins, *role.transfers_in, *role.leavers):
                self.number(join.period)
            if role.manages and role.manages not in {r.key for r in self.roles}:
                raise ValueError(f"'{role.name}' manages '{role.manages}', which is no role of the plan")
            if bool(role.manages) != (role.span is not None):
                raise ValueError(f"'{role.name}' needs manages and span together")
        if isinstance(self.goal, Mapping):
            for key in self.goal:
                self.number(key)
        elif isinstance(self.goal, tuple) and len(self.goal) != self.periods:
            raise ValueError(f"there are {len(self.goal)} goals for {self.periods} periods")
        return self

    @property
    def months(self) -> int:
        """Months of a period."""
        return 1 if self.grain is Grain.month else 3

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """Names of the periods: 2026-03, or 2026Q1 by the calendar."""
        return tuple(self._label(self.first(n)) for n in range(self.periods))

    def first(self, period: int) -> date:
        """The first day of a period."""
        return add_months(self.start, period * self.months)

    def _label(self, day: date) -> str:
        return f"{day:%Y-%m}" if self.months == 1 else f"{day.year}Q{(day.month + 2) // 3}"

    def number(self, period: str) -> int:
        """Number of a period named by its label or a day in it.

        Raises:
            ValueError: it is not one of the plan.
        """
        if period in self.labels:
            return self.labels.index(period)
        try:
            day = date.fromisoformat(period if len(period) > 7 else f"{period}-01")
        except ValueError:
            day = None
        for n in range(self.periods):
            if day and self.first(n) <= day < self.first(n + 1):
                return n
        raise ValueError(f"'{period}' is no period of the plan, {self.labels[0]} to {self.labels[-1]}")

    @cached_property
    def goals(self) -> tuple[Decimal, ...]:
        """The goal of each period."""
        if isinstance(self.goal, Mapping):
            by = {self.number(k): v for k, v in self.goal.items()}
            return tuple(by.get(n, Decimal(0)) for n in range(self.periods))
        if isinstance(self.goal, Sequence):
            return tuple(self.goal)
        return (self.goal,) * self.periods
