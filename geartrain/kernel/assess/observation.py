"""What was seen of a criterion: units of a rule, the value of a metric, the ratings of people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import ibis

from geartrain.kernel.assess.criteria import Group, Ruled, Unknown
from geartrain.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Units:
    """How many units a rule applies to, and how many of them pass.

    Args:
        passing: Units for which the check is true.
        applicable: Units the rule applies to and tells something about.
        unknown: Units left out beside these, as it is unknown whether the rule applies or what it says.
    """

    passing: int
    applicable: int
    unknown: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.passing <= self.applicable or self.unknown < 0:
            raise Invalid(f"{self.passing} of {self.applicable} units cannot pass, with {self.unknown} unknown.")


@dataclass(frozen=True, slots=True)
class Ratings:
    """The ratings that count, one of each rater, on the criterion's own scale."""

    values: tuple[Decimal, ...]


Observation = Units | Ratings | Decimal | int | bool | None


def units(criterion: Ruled, records: Iterable[Mapping[str, object]]) -> Units:
    """Count the units of a rule over records, one by one; for many, see `unit_columns`.

    Raises:
        WrongValue: a record holds another kind of value than the rule needs.
    """
    applies, check = criterion.rules()
    passing = applicable = unknown = 0
    for record in records:
        if (meant := applies.evaluate(record)) is False:
            continue
        verdict = check.evaluate(record)
        counts = meant is True and (verdict is not None or criterion.unknown is Unknown.fails)
        passing += counts and verdict is True
        applicable += counts
        unknown += not counts
    return Units(passing, applicable, unknown)


def unit_columns(criteria: Group, table: ibis.Table, *, of: str = "") -> dict[str, ibis.Value]:
    """The same counts as aggregates of a table, for every rule of a tree that reads it.

    Args:
        criteria: The tree.
        table: One row per record.
        of: The record type; rules that read another are left out.
    Returns:
        `key.passing`, `key.applicable` and `key.unknown` by criterion, for one `table.aggregate`.
    Raises:
        InvalidRule: a column is not there, or does not fit.
    """
    found: dict[str, ibis.Value] = {}
    for leaf in criteria.leaves.values():
        if isinstance(leaf, Ruled) and leaf.of == of:
            applies, check = (rule.on(table) for rule in leaf.rules())
            # Not `check.notnull()`: that is written NOT x IS NULL IS NOT NULL, which engines read in their own ways.
            counted = applies if leaf.unknown is Unknown.fails else applies & (check | ~check)
            found[f"{leaf.key}.passing"] = table.count(where=applies & check)
            found[f"{leaf.key}.applicable"] = table.count(where=counted)
            found[f"{leaf.key}.unknown"] = table.count() - table.count(where=~applies) - table.count(where=counted)
    return found


def read_units(row: Mapping[str, int]) -> dict[str, Units]:
    """The observations that a row of `unit_columns` holds."""
    keys = [name.removesuffix(".passing") for name in row if name.endswith(".passing")]
    return {key: Units(*(int(row[f"{key}.{part}"]) for part in ("passing", "applicable", "unknown"))) for key in keys}
