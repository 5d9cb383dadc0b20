"""A compensation plan as it is written: every key, its meaning and what it may hold."""

from __future__ import annotations

import itertools
import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from geartrain.incentives.rules import known_rules
from geartrain.kernel.errors import GeartrainError
from geartrain.kernel.policy import Strict
from geartrain.kernel.rules import Kind as Gives
from geartrain.kernel.rules import parse

DIGITS = 30  # of a number in a plan, before and after the point


def exact_number(value: object) -> Decimal:
    """A number as it is written, as a number or as text; a number of YAML is what it reads as, never its binary form.

    Raises:
        ValueError: not a finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError("write a number")
    try:
        number = Decimal(str(value).strip().replace("_", ""))
    except InvalidOperation:
        raise ValueError("write a number, such as 0.8 or '0.8'") from None
    if not number.is_finite() or abs(number.adjusted()) > DIGITS or len(number.as_tuple().digits) > 2 * DIGITS:
        raise ValueError("write a finite number of ordinary size")
    return number


def _day(value: object) -> object:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        return date.fromisoformat(value)
    return value


def _condition(text: str) -> str:
    try:
        rule = parse(text)
    except GeartrainError as error:
        raise ValueError(f"{error.message.rstrip('.')}{'. ' + error.hint.rstrip('.') if error.hint else ''}") from None
    if rule.kind not in (Gives.flag, Gives.unknown):
        raise ValueError(f"this gives a {rule.kind}, not a condition; write a comparison")
    return text


def _expression(text: str) -> str:
    try:
        parse(text)
    except GeartrainError as error:
        raise ValueError(f"{error.message.rstrip('.')}{'. ' + error.hint.rstrip('.') if error.hint else ''}") from None
    return text


Number = Annotated[Decimal, BeforeValidator(exact_number)]
Share = Annotated[Number, Field(ge=0, le=1)]
Amount = Annotated[Number, Field(ge=0)]
Day = Annotated[date, BeforeValidator(_day)]
Condition = Annotated[str, AfterValidator(_condition)]
Expression = Annotated[str, AfterValidator(_expression)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=100)]
Proration = Literal["days", "none"]
Window = Literal["per_deal", "month", "quarter", "year", "quarter_to_date", "year_to_date"]


class Rate(Strict):
    """What a tier pays: `0.05` of what is credited, or `1.5x`, a multiple of the par rate."""

    value: Number
    multiple: bool = False

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: object) -> object:
        if isinstance(value, dict):
            return value
        text = str(value).strip()
        if match := re.fullmatch(r"(.+?)\s*[xX]", text):
            return {"value": match[1], "multiple": True}
        if text.endswith("%"):
            raise ValueError("write a percentage as a share: 5 % is 0.05")
        return {"value": value}

    def __str__(self) -> str:
        return f"{self.value.normalize():f}{'x' if self.multiple else ''}"


class Tier(Strict):
    """One row of a rate table, `[from, to, rate]`; `to` null: without end."""

    low: Number
    high: Number | None
    rate: Rate

    @model_validator(mode="before")
    @classmethod
    def _row(cls, value: object) -> object:
        if isinstance(value, list | tuple):
            if len(value) != 3:
                raise ValueError("a tier is written [from, to, rate]")
            return dict(zip(("low", "high", "rate"), value, strict=True))
        return value


class TargetIncentive(Strict):
    """What a year at 100 % pays."""

    annual: Amount
    prorate: Proration = "none"


class Rounding(Strict):
    """How money is rounded, cumulatively inside the window."""

    scale: int = Field(default=2, ge=0, le=12)
    mode: Literal["half_up", "half_even", "up", "down"] = "half_up"


class Pay(Strict):
    """When it is paid."""

    frequency: Literal["month", "quarter", "half_year", "year"] = "month"
    lag_days: int = Field(default=0, ge=0, le=366)


class Measure(Strict):
    """What is counted, of which records, on which day, for whom."""

    source: str = Field(alias="from", min_length=1)
    where: Condition | None = None
    amount: Expression = "amount"
    date: Expression
    credit: Key = "direct"
    team: Literal["pooled", "mean"] = "pooled"


class Quota(Strict):
    """Which quota facts a component is held against."""

    measure: Key
    prorate: Proration = "none"


class Tiers(Strict):
    """How the rate table is read."""

    kind: str
    basis: Literal["quota_share", "amount"] = "quota_share"
    boundary: Literal["lower_inclusive", "upper_inclusive"] | None = None

    @model_validator(mode="after")
    def _known(self) -> Self:
        if self.kind not in known_rules():
            raise ValueError(f"there is no kind of tiers '{self.kind}'; one of {', '.join(known_rules())}")
        return self


class Threshold(Strict):
    """From where a component pays, in units of the tiers' basis."""

    at: Amount
    kind: Literal["first_dollar", "deductible"]


class Caps(Strict):
    """The most that one deal and one pay period pay."""

    per_deal: Amount | None = None
    per_period: Amount | None = None
    excess: Literal["forfeit", "carry"] = "forfeit"


class Gate(Strict):
    """A condition under which the pay of a line is multiplied, mostly by 0."""

    when: Condition
    multiply: Amount


class Multiplier(Strict):
    """A condition under which a line counts more or less: `credit` for attainment and pay, `pay` for pay alone."""

    when: Condition
    pay: Amount | None = None
    credit: Amount | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.pay is None and self.credit is None:
            raise ValueError("a multiplier says `pay:` or `credit:`")
        return self


class Windfall(Strict):
    """Deals too big for accelerators: what lies above quota is paid at the base rate."""

    when: Condition
    treat: Literal["base_rate"]


class Curve(Strict):
    """Pay as a share of target over attainment, linear between points."""

    points: tuple[tuple[Number, Number], ...] = Field(min_length=1)
    below: Number | Literal["hold"] = Decimal(0)
    above: Literal["hold", "extend"] = "hold"

    @model_validator(mode="after")
    def _rising(self) -> Self:
        at = [x for x, _ in self.points]
        if any(b <= a for a, b in itertools.pairwise(at)):
            raise ValueError("the points of a curve rise from left to right")
        if self.above == "extend" and len(at) < 2:
            raise ValueError("extending a curve takes two points")
        return self


class Component(Strict):
    """One part of the pay: a measure under a rate table or a curve, or a score under a curve."""

    key: Key
    weight: Share = Decimal(1)
    measure: Key | None = None
    score: Key | None = None
    quota: Quota | None = None
    window: Window = "year_to_date"
    grouping: Literal["line", "period"] = "line"
    settle: Literal["with_deductions", "period_lines"] = "with_deductions"
    tiers: Tiers | None = None
    rates: tuple[Tier, ...] = ()
    curve: Curve | None = None
    threshold: Threshold | None = None
    caps: Caps = Caps()
    gates: tuple[Gate, ...] = ()
    multipliers: tuple[Multiplier, ...] = ()
    windfall: Windfall | None = None
    non_par: bool = False
    may_fall: bool = False

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.measure is None) == (self.score is None):
            raise ValueError("a component has either a `measure` or a `score`")
        if self.score is not None:
            beyond = [n for n in ("quota", "tiers", "threshold", "windfall") if getattr(self, n) is not None]
            if beyond or self.rates:
                raise ValueError(f"a scored component is paid by its curve alone; leave out {(*beyond, 'rates')[0]}")
            if self.curve is None:
                raise ValueError("a scored component needs a `curve`")
            return self
        if self.tiers is None:
            raise ValueError("a component with a measure needs `tiers`")
        curved = self.tiers.kind == "interpolated"
        if curved and (self.curve is None or self.rates):
            raise ValueError("interpolated tiers are written as a `curve` of points, without `rates`")
        if not curved and (not self.rates or self.curve is not None):
            raise ValueError(f"{self.tiers.kind} tiers need `rates`, a list of [from, to, rate], and no `curve`")
        return self


class Crediting(Strict):
    """Who is credited for a deal besides, or as, its owner."""

    type: Literal["direct", "overlay", "rollup"]
    to: str
    share: Share | Literal["split_or_all"] | None = None
    levels: int | None = Field(default=None, ge=1, le=16)
    dedupe: str | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.type == "direct" and self.to != "owner":
            raise ValueError("direct credit goes `to: owner`; its splits say who shares it")
        if self.type == "overlay":
            _condition(self.to)
            if not isinstance(self.share, Decimal):
                raise ValueError("an overlay says its `share`, 0 to 1")
        if self.type == "rollup" and self.to != "managers":
            raise ValueError("a roll-up goes `to: managers`")
        return self


class Recovery(Strict):
    """How an advance is paid back: from which pay period, and what part of what is earned above the floor."""

    start_period: int = Field(default=1, ge=1)
    percent: Share = Decimal(1)
    floor: Literal["draw", 0] = "draw"


class Draw(Strict):
    """What is paid at least, for so many months."""

    amount: Amount
    per: Literal["month", "quarter", "half_year", "year"] = "month"
    months: int | None = Field(default=None, ge=1)
    recoverable: bool = True
    recovery: Recovery = Recovery()


class Clawback(Strict):
    """When pay comes back."""

    when: Condition
    within_days: int | None = Field(default=None, ge=0)
    amount: Literal["full", "pro_rata"] = "full"
    affects_attainment: bool = False


class Holdback(Strict):
    """What is withheld until something has happened."""

    percent: Share
    release: Expression


class Spif(Strict):
    """A sum per deal for a while, on top."""

    key: Key
    since: Day = Field(alias="from")
    until: Day = Field(alias="to")
    when: Condition | None = None
    per_unit: Amount
    budget: Amount | None = None

    @model_validator(mode="after")
    def _span(self) -> Self:
        if self.until <= self.since:
            raise ValueError("`to` is the day after the last one and lies after `from`")
        return self


class WorkedExample(Strict):
    """Inputs and what each component pays of them."""

    given: dict[str, Any]
    expect: dict[str, Number]


class CompPlan(Strict):
    """A compensation plan."""

    kind: Literal["comp_plan"] = "comp_plan"
    key: Key
    version: int = Field(default=1, ge=1, description="counted when it is saved in the register; best left out")
    name: str = Field(min_length=1)
    owner: str = Field(default="revops", min_length=1)
    definition: str = ""
    notes: str = ""
    review_by: date | None = None
    audience: tuple[str, ...] = ()
    effective: tuple[Day, Day] = Field(description="first day, and the day after the last")
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    eligible: dict[str, tuple[str, ...]] | Condition
    target_incentive: TargetIncentive | None = None
    rounding: Rounding = Rounding()
    pay: Pay = Pay()
    measures: dict[Key, Measure] = Field(default_factory=dict)
    components: tuple[Component, ...] = Field(min_length=1)
    crediting: tuple[Crediting, ...] = (Crediting(type="direct", to="owner", share="split_or_all"),)
    draw: Draw | None = None
    clawback: Clawback | None = None
    holdback: Holdback | None = None
    spifs: tuple[Spif, ...] = ()
    tests: tuple[WorkedExample, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _one_value(cls, value: object) -> object:
        if isinstance(value, dict) and isinstance(value.get("eligible"), dict):
            lists = {k: v if isinstance(v, list | tuple) else [v] for k, v in value["eligible"].items()}
            return value | {"eligible": lists}
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.effective[1] <= self.effective[0]:
            raise ValueError("effective: the second day is the one after the last and lies after the first")
        keys = [*(c.key for c in self.components), *(s.key for s in self.spifs)]
        if twice := sorted({k for k in keys if keys.count(k) > 1}):
            raise ValueError(f"two components or SPIFs are named '{twice[0]}'")
        for component in self.components:
            if component.measure is not None and component.measure not in self.measures:
                raise ValueError(f"component '{component.key}' names the measure '{component.measure}', which is not "
                                 f"among {', '.join(self.measures) or 'the measures: there are none'}")  # fmt: skip
        return self

    @property
    def effective_from(self) -> date:
        """The first day."""
        return self.effective[0]

    @property
    def spec(self) -> CompPlan:
        """What it decides: the plan has no envelope around it."""
        return self

    @property
    def annual_target(self) -> Fraction:
        """Target incentive of a year; 0 where the plan states none."""
        return Fraction(self.target_incentive.annual) if self.target_incentive else Fraction(0)
