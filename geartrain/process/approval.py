"""Who must approve a quote, what an approval covers, and what was given away beyond one's authority.

Decimal only; `<=` and `<` mean what they say. The envelope is our own definition: an approval stores the values it saw
and holds as long as none of them gets worse.
Source: the process specification, 3.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from functools import cached_property
from typing import Any

from pydantic import Field, model_validator

from geartrain.kernel.clock import Term
from geartrain.kernel.policy import Strict
from geartrain.kernel.rules import Rule
from geartrain.process.expressions import evaluated, read_rule

FINE, WIDE = Decimal(1).scaleb(-12), Context(prec=60, rounding=ROUND_HALF_UP)


def ratio(top: Decimal, bottom: Decimal) -> Decimal:
    """The quotient, rounded once, half away from zero at 12 decimals: far beyond any bound that a row states."""
    return WIDE.divide(top, bottom).quantize(FINE, context=WIDE)


class Scope(StrEnum):
    """What a row looks at: the quote as a whole, or each of its lines."""

    quote = "quote"
    line = "line"


# What rules may read, by scope.
QUOTE_FIELDS = (
    "discount",
    "max_line_discount",
    "margin",
    "list_total",
    "net_total",
    "payment_days",
    "term_months",
    "currency",
)
LINE_FIELDS = ("sku", "quantity", "list_price", "net_price", "unit_cost", "discount", "margin", *QUOTE_FIELDS)
# Values an approval covers: the larger the worse (True), or the smaller (False).
GOVERNED = {"discount": True, "max_line_discount": True, "margin": False, "term_months": True, "payment_days": True}


class Row(Strict):
    """One row of the matrix: when it fires, its approver is asked."""

    key: str = Field(min_length=1)
    scope: Scope = Scope.quote
    when: str
    approver: str = Field(min_length=1, description="a role")
    sla: Term | None = None

    @cached_property
    def rule(self) -> Rule:
        """When it fires."""
        return read_rule(self.when, f"{self.key}.when")

    @model_validator(mode="after")
    def _reads_what_there_is(self) -> Row:
        known = QUOTE_FIELDS if self.scope is Scope.quote else LINE_FIELDS
        own = {f for f in self.rule.fields if not f.startswith("opportunity.")}
        if strange := sorted(own - set(known)):
            raise ValueError(f"{self.key}.when names '{strange[0]}'; a {self.scope} has {', '.join(known)}")
        return self


class ApprovalMatrix(Strict):
    """The `spec` of an approval_matrix: rows, and the discount that sellers may give of their own."""

    rows: tuple[Row, ...] = Field(min_length=1)
    authority: Decimal = Field(default=Decimal(0), ge=0, le=1, description="discount that needs nobody")

    @model_validator(mode="after")
    def _unique(self) -> ApprovalMatrix:
        keys = [r.key for r in self.rows]
        if twice := sorted({k for k in keys if keys.count(k) > 1}):
            raise ValueError(f"two rows have the key {twice[0]}")
        return self


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a quote; prices per unit."""

    sku: str
    quantity: Decimal
    list_price: Decimal
    net_price: Decimal
    unit_cost: Decimal | None = None

    @property
    def discount(self) -> Decimal | None:
        """1 - net / list; None without a list price."""
        return None if not self.list_price else 1 - ratio(self.net_price, self.list_price)

    @property
    def margin(self) -> Decimal | None:
        """1 - cost / net; None without either."""
        return None if self.unit_cost is None or not self.net_price else 1 - ratio(self.unit_cost, self.net_price)


@dataclass(frozen=True)
class Quote:
    """One revision of a quote.

    Args:
        more: What else rules may read, under dotted names: `opportunity.type`.
    """

    quote_id: str
    revision: int
    lines: tuple[Line, ...]
    payment_days: int | None = None
    term_months: int | None = None
    currency: str | None = None
    status: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def values(self) -> dict[str, Any]:
        """What rules of the scope quote read, and what an approval covers.

        Blended discount = 1 - sum(net x quantity) / sum(list x quantity); margin = 1 - cost / net over the lines, None
        where a line has no cost.
        """
        total = sum((ln.list_price * ln.quantity for ln in self.lines), Decimal(0))
        net = sum((ln.net_price * ln.quantity for ln in self.lines), Decimal(0))
        costs = [ln.unit_cost * ln.quantity if ln.unit_cost is not None else None for ln in self.lines]
        cost = None if None in costs or not costs else sum((c for c in costs if c is not None), Decimal(0))
        discounts = [d for d in (ln.discount for ln in self.lines) if d is not None]
        return {
            "discount": 1 - ratio(net, total) if total else None,
            "max_line_discount": max(discounts, default=None),
            "margin": 1 - ratio(cost, net) if cost is not None and net else None,
            "list_total": total,
            "net_total": net,
            "payment_days": None if self.payment_days is None else Decimal(self.payment_days),
            "term_months": None if self.term_months is None else Decimal(self.term_months),
            "currency": self.currency,
            **self.more,
        }


@dataclass(frozen=True, slots=True)
class Fired:
    """A row that fired, or that cannot be told, with why."""

    row: str
    approver: str
    holds: bool | None
    why: str
    line: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        said = "unknown" if self.holds is None else self.holds
        return {"row": self.row, "approver": self.approver, "holds": said, "line": self.line, "why": self.why}


def fired(matrix: ApprovalMatrix, quote: Quote) -> list[Fired]:
    """The rows that fire for a quote, a line row once for each line; one that cannot be told is asked all the same."""
    found = []
    for row in matrix.rows:
        if row.scope is Scope.quote:
            sights: list[tuple[str | None, Mapping[str, Any]]] = [(None, quote.values)]
        else:
            sights = [(ln.sku, {**quote.values, **_line_values(ln)}) for ln in quote.lines]
        for sku, values in sights:
            holds, why = evaluated(row.rule, values)
            if holds is not False:
                found.append(Fired(row.key, row.approver, True if holds is True else None, why, sku))
    return found


def _line_values(line: Line) -> dict[str, Any]:
    names = ("sku", "quantity", "list_price", "net_price", "unit_cost", "discount", "margin")
    return {n: getattr(line, n) for n in names}


def required(rows: Iterable[Fired]) -> list[str]:
    """The roles to ask: the union over the rows, in order of the matrix."""
    return list(dict.fromkeys(f.approver for f in rows))


@dataclass(frozen=True, slots=True)
class Worse:
    """A governed value that an edit made worse than what was approved."""

    value: str
    approved: Decimal | None
    now: Decimal | None

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {"value": self.value, "approved": self.approved, "now": self.now}


def breaches(approved: Mapping[str, Any], now: Mapping[str, Any]) -> list[Worse]:
    """Which governed values are worse than when the approval was given; one that became unknown is worse.

    Example: approved at 15 %, edited to 12 %: none; to 16 %: the discount.
    """
    found = []
    for name, larger_is_worse in GOVERNED.items():
        was, value = approved.get(name), now.get(name)
        if was is None and value is None:
            continue
        if was is None or value is None or (value > was if larger_is_worse else value < was):
            found.append(Worse(name, was, value))
    return found


@dataclass(frozen=True)
class Asked:
    """What one revision needs.

    Args:
        rows: Rows that fire.
        roles: Whom to ask now: of the rows that fire those that the envelope does not cover.
        envelope: Revision whose approval it was held against; None: there was none.
        worse: What got worse since.
    """

    quote: Quote
    rows: tuple[Fired, ...]
    roles: tuple[str, ...]
    envelope: int | None
    worse: tuple[Worse, ...]

    @property
    def holds(self) -> bool:
        """Whether nobody has to be asked."""
        return not self.roles

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        quote = self.quote
        names = ("discount", "max_line_discount", "margin", "list_total", "net_total")
        return {
            "quote_id": quote.quote_id,
            "revision": quote.revision,
            "status": quote.status,
            **{n: quote.values[n] for n in names},
            "roles": list(self.roles),
            "auto_approved": self.holds,
            "rows": [f.as_json() for f in self.rows],
            "envelope": self.envelope,
            "worse": [w.as_json() for w in self.worse],
        }


def asked(matrix: ApprovalMatrix, revisions: Sequence[Quote]) -> list[Asked]:
    """What each revision of a quote needs, in order, each against the last approved one before it.

    Only rows breached are asked again: those that read a value that got worse, or that did not fire for what was
    approved.
    """
    found: list[Asked] = []
    held: Quote | None = None
    for quote in sorted(revisions, key=lambda q: q.revision):
        rows = fired(matrix, quote)
        worse = breaches(held.values, quote.values) if held else []
        again = _again(matrix, held, rows, worse)
        found.append(Asked(quote, tuple(rows), tuple(required(again)), held.revision if held else None, tuple(worse)))
        if quote.status.lower() in ("approved", "accepted"):
            held = quote
    return found


def _again(matrix: ApprovalMatrix, held: Quote | None, rows: Sequence[Fired], worse: Sequence[Worse]) -> list[Fired]:
    if held is None:
        return list(rows)
    before = {(f.row, f.line) for f in fired(matrix, held)}
    reads = {r.key: r.rule.fields for r in matrix.rows}
    bad = {w.value for w in worse}
    lines = {ln.sku: ln for ln in held.lines}
    now_worse = {f.line for f in rows if f.line and f.line not in lines}
    return [
        f for f in rows
        if (f.row, f.line) not in before or f.line in now_worse or reads[f.row] & bad
        or ("max_line_discount" in bad and f.line is not None and "discount" in reads[f.row])
    ]  # fmt: skip


def leakage(matrix: ApprovalMatrix, quote: Quote) -> Decimal:
    """Sum of list x quantity x max(0, discount - authority): what was given away beyond one's own authority.

    Example: list 100, ten of them, 25 % off at an authority of 10 %: 150.
    """
    total = Decimal(0)
    for line in quote.lines:
        over = (line.discount or Decimal(0)) - matrix.authority
        total += line.list_price * line.quantity * max(Decimal(0), over)
    return total.quantize(Decimal("0.0001"))
