"""What a forecast lacks, in plain sentences: too little of something, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from geartrain.intelligence.forecast.engine import FLOOR, RANKED, Parts
from geartrain.intelligence.forecast.history import History


def lacking(history: History, parts: Parts) -> list[str]:
    """Sentences, the gravest first; none where nothing is lacking."""
    return list(_sentences(history, parts)) if parts.span[1] - 1 > parts.day else []


def _sentences(history: History, parts: Parts) -> Iterator[str]:
    day = date.fromordinal(parts.day)
    known = history.created <= parts.day
    if not known.any():
        yield f"There are no deals by {day}: nothing is known to forecast from."
        return
    won = int((history.won & (history.closed <= parts.day)).sum())
    if not won:
        yield f"No deal has been won by {day}, so no open deal is given a chance and nothing is expected of it."
    elif won < FLOOR:
        yield f"Only {won} deals have been won by {day}; below {FLOOR} no open deal is given a chance of its own."
    if not len(parts.rows):
        yield f"No deal is open on {day}: all that is still to come must be created first."
    if parts.known < RANKED:
        n = f"{parts.known} whole period" + ("" if parts.known == 1 else "s")
        yield f"History has {n} before this one; {RANKED} are needed to rank methods and to say how wrong they were."
    unknown = int(np.isnan(parts.rows.worth).sum())
    if unknown:
        verb = "has" if unknown == 1 else "have"
        yield (
            f"Of {len(parts.rows)} open deals {unknown} {verb} no amount in the workspace's currency; "
            "the mean of the others stands in."
        )
