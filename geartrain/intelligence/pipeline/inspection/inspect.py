"""The rules, gone through for every deal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from geartrain.intelligence.pipeline.inspection import rules as folder
from geartrain.intelligence.pipeline.inspection.rule import Deal, Norms, Rule


@dataclass(frozen=True)
class Inspected:
    """A deal with the rules that fired, each with why, and the keys of those that could not judge it."""

    deal: Deal
    fired: Mapping[str, str]
    unknown: tuple[str, ...]


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by key, in their order: each module of the folder that declares `RULE`."""
    found = [import_module(f"{folder.__name__}.{m.name}").RULE for m in iter_modules(folder.__path__)]
    return {r.key: r for r in sorted(found, key=lambda r: (r.order, r.key))}


def inspect(deals: Iterable[Deal], norms: Norms) -> list[Inspected]:
    """Every deal, those that most rules fired on first, then the largest."""
    found = [_one(deal, norms) for deal in deals]
    return sorted(found, key=lambda i: (-len(i.fired), -(i.deal.amount or Decimal(0)), i.deal.opportunity_id))


def _one(deal: Deal, norms: Norms) -> Inspected:
    said = {rule.key: rule.says(deal, norms) for rule in rules().values()}
    fired = {key: verdict for key, verdict in said.items() if isinstance(verdict, str)}
    return Inspected(deal, fired, tuple(key for key, verdict in said.items() if verdict is None))
