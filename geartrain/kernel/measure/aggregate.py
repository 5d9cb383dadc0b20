"""What every primitive is: the model of an aggregate, how it compiles, and how its parts become a number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from geartrain.kernel.measure.frame import Frame
from geartrain.kernel.periods import Grain
from geartrain.kernel.rules import parse

Number = int | Decimal | str | bool | date | datetime | None


def _text(value: object) -> object:
    """YAML reads `where: true` and `of: 1` as values; as expressions they are text again."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Expression = Annotated[str, BeforeValidator(_text)]
"""A rule, as text (geartrain.kernel.rules)."""


@dataclass(frozen=True)
class Rows:
    """The rows one aggregate is taken over.

    Args:
        frame: The rows.
        condition: Those that count; None for all.
        past: Event columns these rows are known to have before the cut.
    """

    frame: Frame
    condition: Any | None = None
    past: frozenset[str] = frozenset()

    def value(self, rule: str) -> Any:
        """An expression over these rows."""
        worked_out = self.frame.values.get((rule, self.past))
        if worked_out is not None:
            return self.frame.table[worked_out]
        return parse(rule).column(lambda name: self.frame.read(name, self.past))

    def also(self, *conditions: Any) -> Any | None:
        """The rows' condition and these."""
        found = self.condition
        for condition in conditions:
            found = condition if found is None else found & condition
        return found


@dataclass(frozen=True, slots=True)
class Part:
    """One aggregated column; parts with equal `key` over the same rows are computed once."""

    key: tuple[object, ...]
    column: Callable[[Rows], Any]


@dataclass(frozen=True, slots=True)
class Value:
    """A number with what a reader must know about it.

    Args:
        value: The number, None where it is not defined.
        n: Rows it rests on.
        detail: What else stands beside it: n_null, interval, maturity, ….
        reason: Why it is None.
    """

    value: Number
    n: int
    detail: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""


class Aggregate(BaseModel):
    """One number out of many rows.

    A subclass per file of `primitives/`, with `agg` a literal that names it and its own parameters as fields.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    agg: str
    where: Expression | None = None

    @property
    def alone(self) -> bool:
        """True where it makes rows of its own and so cannot be part of a ratio."""
        return False

    @property
    def additive(self) -> bool:
        """True where the parts of any cut sum to the whole."""
        return False

    @property
    def dated(self) -> str | None:
        """The column that puts a row into a period where the metric's `at` does not say."""
        return None

    @property
    def basis(self) -> tuple[str, ...]:
        """What rows it is taken over, besides the type's own: aggregates of one basis share a scan."""
        return ()

    def rules(self) -> tuple[str, ...]:
        """The expressions it reads."""
        return ()

    def columns(self) -> tuple[str, ...]:
        """The own columns it reads by name."""
        return ()

    def spread(self, frame: Frame, grain: Grain | None) -> tuple[Frame, Any | None]:
        """The rows laid out as it needs them, and the period of each (None: by `at`)."""
        return frame, None

    def gives(self, rows: Rows) -> Any | None:
        """What each row that counts brings into it, as a column; None where being counted is all."""
        of = getattr(self, "of", None)
        return None if of is None else rows.value(of)

    def parts(self) -> Mapping[str, Part]:
        """The columns that one pass over the rows gives."""
        raise NotImplementedError

    def own(self, rows: Rows, keys: Mapping[str, Any]) -> Any | None:
        """A table of the keys and the parts, where one pass does not do; None where it does."""
        return None

    def expand(self, parts: Mapping[str, Any]) -> Iterable[tuple[tuple[str, ...], Mapping[str, Any]]]:
        """The cells that one row of parts makes: what follows the dimension values, and its own parts."""
        return [((), parts)]

    def finish(self, parts: Mapping[str, Any], *, scale: int) -> Value:
        """The number the parts make.

        Args:
            parts: By name; empty where there were no rows.
            scale: Decimals to round to where there is a division.
        """
        raise NotImplementedError


def count_part() -> Part:
    """How many rows there are."""
    return Part(("count",), lambda rows: rows.frame.table.count(where=rows.condition))


def known_part(of: str) -> Part:
    """How many rows have a value."""
    return Part(("known", of), lambda rows: rows.value(of).count(where=rows.condition))


def exact(value: Any) -> Any:
    """A number as engines give it, as an exact one: int or Decimal; other values as they are."""
    if isinstance(value, float):
        return None if value != value else Decimal(repr(value))
    return value


def divide(above: Any, below: Any, scale: int) -> Decimal | None:
    """The quotient by one exact division, half to even at `scale` decimals; None where below is 0 or unknown."""
    if above is None or below is None or not below:
        return None
    return rounded(Fraction(exact(above)) / Fraction(exact(below)), scale)


def rounded(value: Any, scale: int) -> Decimal:
    """A number at so many decimals, half to even."""
    return Decimal(round(Fraction(value) * 10**scale)).scaleb(-scale)
