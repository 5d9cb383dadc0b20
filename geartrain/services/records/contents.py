"""What there is: how many records of each type."""

from __future__ import annotations

from functools import reduce

import ibis

from geartrain.services.access import Actor, Permission, require
from geartrain.services.answers import remembered
from geartrain.services.records.facts import Facts, open_facts
from geartrain.services.workspace import Workspace


def count_records(ws: Workspace, actor: Actor) -> dict[str, int]:
    """Record type to the number of its records that the actor may see, every type, in name order."""
    require(actor, Permission.view_records)
    with open_facts(ws, actor) as facts:
        return remembered(("contents", facts.scope()), lambda: _counted(facts))


def _counted(facts: Facts) -> dict[str, int]:
    counts = [
        facts.table(name).aggregate(n=lambda t: t.count()).mutate(type=ibis.literal(name))[["type", "n"]]
        for name in facts.types
    ]
    rows = facts.execute(reduce(ibis.union, counts).order_by("type")).to_pylist()
    return {row["type"]: int(row["n"]) for row in rows}
