"""Thin stand-in for geartrain.kernel.rules until it lands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

import ibis
import sqlglot
from sqlglot import exp


@dataclass(frozen=True)
class Rule:
    text: str
    tree: Any

    @cached_property
    def fields(self) -> frozenset[str]:
        return frozenset(".".join(p.name for p in c.parts) for c in self.tree.find_all(exp.Column))

    def column(self, resolve: Callable[[str], Any]) -> Any:
        return _col(self.tree, resolve)


@lru_cache(4096)
def parse(text: str) -> Rule:
    return Rule(text, sqlglot.parse_one(text, dialect="duckdb"))


OPS = {
    exp.EQ: lambda a, b: a == b, exp.NEQ: lambda a, b: a != b, exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b, exp.LT: lambda a, b: a < b, exp.LTE: lambda a, b: a <= b,
    exp.And: lambda a, b: a & b, exp.Or: lambda a, b: a | b, exp.Add: lambda a, b: a + b,
    exp.Sub: lambda a, b: a - b, exp.Mul: lambda a, b: a * b, exp.Div: lambda a, b: a / b,
}  # fmt: skip


def _col(n: Any, r: Callable[[str], Any]) -> Any:
    if isinstance(n, exp.Paren):
        return _col(n.this, r)
    if isinstance(n, exp.Column):
        return r(".".join(p.name for p in n.parts))
    if isinstance(n, exp.Literal):
        return ibis.literal(n.this if n.is_string else int(n.this) if n.is_int else Decimal(n.this))
    if isinstance(n, exp.Boolean):
        return ibis.literal(bool(n.this))
    if isinstance(n, exp.Not):
        return ~_col(n.this, r)
    if isinstance(n, exp.Is):
        return _col(n.this, r).isnull()
    if isinstance(n, exp.In):
        return _col(n.this, r).isin([_col(e, r) for e in n.expressions])
    if isinstance(n, exp.Anonymous) and n.name == "days_between":
        a, b = (_col(e, r) for e in n.expressions)
        return ((b.epoch_seconds() - a.epoch_seconds()) / 86400).cast("float64")
    return OPS[type(n)](_col(n.left, r), _col(n.right, r))


def evaluate(text: str, record: dict[str, Any]) -> Any:
    return _ev(parse(text).tree, record)


def _ev(n: Any, r: dict[str, Any]) -> Any:
    from fractions import Fraction

    if isinstance(n, exp.Paren):
        return _ev(n.this, r)
    if isinstance(n, exp.Neg):
        v = _ev(n.this, r)
        return None if v is None else -v
    if isinstance(n, exp.Column):
        v = r[n.name]
        return None if v is None else Fraction(v)
    if isinstance(n, exp.Literal):
        return Fraction(n.this)
    if isinstance(n, exp.Null):
        return None
    if isinstance(n, exp.Case):
        for i in n.args["ifs"]:
            if _ev(i.this, r):
                return _ev(i.args["true"], r)
        return _ev(n.args["default"], r) if n.args.get("default") else None
    a, b = _ev(n.left, r), _ev(n.right, r)
    if a is None or b is None or (isinstance(n, exp.Div) and not b):
        return None
    return OPS[type(n)](a, b)
