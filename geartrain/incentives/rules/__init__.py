"""How rate tables are read: one kind a file, declaring `RULE`; a file in this folder is a kind plans may name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from geartrain.incentives.rules.base import Band, Slice, Table, TierRule


@cache
def tier_rules() -> dict[str, TierRule]:
    """Every kind of tiers by name."""
    modules = (import_module(f"{__name__}.{m.name}") for m in iter_modules(__path__))
    found: list[TierRule] = [m.RULE for m in modules if hasattr(m, "RULE")]
    return {rule.name: rule for rule in sorted(found, key=lambda r: r.name)}


def known_rules() -> tuple[str, ...]:
    """The names that `tiers: {kind: …}` may have."""
    return tuple(tier_rules())


__all__ = ["Band", "Slice", "Table", "TierRule", "known_rules", "tier_rules"]
