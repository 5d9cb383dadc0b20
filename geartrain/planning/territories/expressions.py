"""Rules over a pair of account and seller, worked out once for every pair of alike accounts and alike sellers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geartrain.kernel.errors import Invalid
from geartrain.kernel.rules import Rule, WrongValue, parse

Row = Mapping[str, Any]
Floats = NDArray[np.float64]
_IN = re.compile(
    r"('(?:[^']|'')*'|[A-Za-z_][\w.]*)\s+(not\s+)?in\s+([A-Za-z_]\w*\.[A-Za-z_]\w*)(?!\s*[\w.(])", re.IGNORECASE
)


def with_lists(text: str) -> str:
    """`x in seller.languages`, which the language has no word for, as a search of the list `a;b`."""

    def search(found: re.Match[str]) -> str:
        value, negated, path = found.groups()
        inside = f"contains(concat(';', {path}, ';'), concat(';', {value}, ';'))"
        return f"(not {inside})" if negated else inside

    return _IN.sub(search, text)


@dataclass(frozen=True)
class PairRule:
    """A rule that reads `account.…` and `seller.…`; a bare column is the account's.

    Raises:
        Invalid: it cannot be read.
    """

    text: str
    where: str = ""
    rule: Rule = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rule", parse(with_lists(self.text), where=self.where))

    def names(self, side: str) -> list[str]:
        """The columns it reads of `account` or `seller`, sorted."""
        prefix = f"{side}."
        bare = [f for f in self.rule.fields if side == "account" and not f.startswith(("account.", "seller."))]
        return sorted([f[len(prefix) :] for f in self.rule.fields if f.startswith(prefix)] + bare)

    def one(self, account: Row, seller: Row) -> Any:
        """Its value for one pair."""
        return self._evaluated({**account, "account": account, "seller": seller})

    def table(self, accounts: Sequence[Row], sellers: Sequence[Row]) -> tuple[NDArray[Any], NDArray[Any], list[Any]]:
        """Class of each account, class of each seller, and the value of each pair of classes, row by row."""
        one, alike_accounts = _classes(accounts, self.names("account"))
        other, alike_sellers = _classes(sellers, self.names("seller"))
        values = [self.one(a, s) for a in alike_accounts for s in alike_sellers]
        return one, other, values

    def _evaluated(self, record: dict[str, Any]) -> Any:
        try:
            return self.rule.evaluate(record)
        except WrongValue as error:
            at = f" in '{self.text}'" if self.text else ""
            raise Invalid(f"{error.message}{at}", hint=error.hint or "Compare values of one kind.") from None


def holds(rule: PairRule, accounts: Sequence[Row], sellers: Sequence[Row]) -> NDArray[np.bool_]:
    """Where it is true, accounts by sellers; unknown does not hold."""
    rows, columns, values = rule.table(accounts, sellers)
    return _spread(rows, columns, np.array([v is True for v in values], dtype=np.bool_))


def amounts(rule: PairRule, accounts: Sequence[Row], sellers: Sequence[Row]) -> Floats:
    """Its number for every pair, accounts by sellers.

    Raises:
        Invalid: it gives no number for a pair.
    """
    rows, columns, values = rule.table(accounts, sellers)
    for value in values:
        if value is None or isinstance(value, bool) or not isinstance(value, Decimal):
            said = "is unknown" if value is None else f"gives '{value}', not a number,"
            raise Invalid(f"'{rule.text}' {said} for some account and seller.", hint="Use coalesce, or case … else.")
    return _spread(rows, columns, np.array([float(v) for v in values], dtype=np.float64))


def _spread(rows: NDArray[Any], columns: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    if not len(rows) or not len(columns):
        return np.zeros((len(rows), len(columns)), dtype=values.dtype)
    spread: NDArray[Any] = values.reshape(-1, int(columns.max()) + 1)[rows][:, columns]
    return spread


def _classes(records: Sequence[Row], names: Sequence[str]) -> tuple[NDArray[Any], list[Row]]:
    seen: dict[tuple[Any, ...], int] = {}
    alike: list[Row] = []
    number = np.zeros(len(records), dtype=np.int64)
    for n, record in enumerate(records):
        key = tuple(record.get(name) for name in names)
        if key not in seen:
            seen[key] = len(alike)
            alike.append(record)
        number[n] = seen[key]
    return number, alike
