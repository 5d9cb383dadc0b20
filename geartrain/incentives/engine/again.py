"""After some deals changed: only the payees they touch are priced again, everybody else's pay stands as it was."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from geartrain.incentives.engine.price import Priced, Work, price_component
from geartrain.incentives.engine.settle import Due


def price_again(work: Work, before: Priced, changed: Collection[str], *, was: Iterable[str] = ()) -> Priced:
    """What pricing everybody anew would give, at the cost of those whom a change touches.

    A payee's component rests on their own credits, quota and days; splits, overlays and roll-ups are credits already.
    So a deal reaches exactly the payees who are credited for it now, and those who were before.

    Args:
        work: On the credits as they are now, whoever they belong to.
        before: What was paid before the change.
        changed: The deals (credit ids) that changed, came or went.
        was: Payees who were credited for them before and may not be now, or whose quota or days changed.

    Raises:
        Invalid: sets cannot price the component.
    """
    credits = work.credits
    named = work.execute(credits.filter(credits.id.isin(sorted(changed))).select("payee").distinct())
    touched = {*named["payee"].to_pylist(), *was}
    few = [p for p in work.payees if p.id in touched]
    if not few:
        return before
    mine = credits.filter(credits.payee.isin(sorted(touched)))
    # What is kept belongs to the whole run: a few payees' relations would overwrite it.
    found = price_component(replace(work, credits=mine, payees=few, keep=lambda name, table: table))
    return Priced(
        tuple(_merged(before.dues, found.dues, touched)),
        (before.one_by_one - touched) | found.one_by_one,
    )


def _merged(before: Iterable[Due], now: Iterable[Due], touched: Collection[str]) -> list[Due]:
    """In order of payee; within one the order of windows and periods is kept."""
    return sorted([*(d for d in before if d.payee not in touched), *now], key=lambda d: d.payee)
