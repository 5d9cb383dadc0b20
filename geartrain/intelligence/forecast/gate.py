"""The gate of the ladder: which rung a forecast stands on, by what each would have said at past origins.

Every past origin is judged by what was known before it: a mean of rungs is weighed, and a rung is chosen, by the
origins before it, so that what is compared is what would have been published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from geartrain.intelligence.forecast.engine import AVERAGE, DEALS, DEFAULT, RANKED, RUNGS, Parts
from geartrain.intelligence.forecast.scores import wape

SETTLED = 2  # past periods that an origin must have had for its errors to count: before, the company was new to itself
PLAIN = "mean_of_all"
UNRANKED = ("last_period", "run_rate", DEFAULT, "hazard", "boosting")


def unranked(parts: Parts) -> list[str]:
    """The rungs whose plain mean it is where none can be ranked; stages stand in where no deal has a chance."""
    names = [r for r in UNRANKED if r in parts.totals]
    return names if parts.chance or "stage_weighted" not in parts.totals else [*names, "stage_weighted"]


def plain(parts: Parts) -> float | None:
    """The total by the plain mean of rungs, where none can be ranked; None without any."""
    told = [max(parts.totals[r], parts.closed) for r in unranked(parts)]
    return float(np.mean(told)) if told else None


@dataclass(frozen=True)
class Step:
    """A rung at the gate: its error on past origins beside that of the best below it."""

    rung: str
    wape: float | None
    below: float | None
    n: int
    used: bool

    def as_json(self) -> dict[str, object]:
        """Ready for a JSON writer."""
        return {"rung": self.rung, "wape": self.wape, "wape_below": self.below, "n": self.n, "used": self.used}


@dataclass(frozen=True)
class Past:
    """Origins at one lead whose period is over, oldest first, and what came of each."""

    parts: tuple[Parts, ...]
    actual: tuple[float, ...]
    _said: dict[str, dict[int, float]] = field(default_factory=dict, compare=False)

    def __len__(self) -> int:
        return len(self.parts)

    def before(self, n: int) -> Past:
        """The first `n` of them."""
        return Past(self.parts[:n], self.actual[:n])

    @property
    def counted(self) -> list[int]:
        """The origins whose errors count: those of a company that knew itself, or all while there are few of them."""
        settled = [n for n, p in enumerate(self.parts) if p.known >= SETTLED]
        return settled if len(settled) >= 2 else list(range(len(self.parts)))

    def said(self, rung: str) -> dict[int, float]:
        """By origin, what a rung said; the mean of rungs by what was known before each."""
        if rung not in self._said:
            if rung == AVERAGE:
                told = {n: blend(p, self.before(n)) for n, p in enumerate(self.parts)}
            elif rung == PLAIN:
                told = {n: plain(p) for n, p in enumerate(self.parts)}
            else:
                told = {n: max(p.totals[rung], p.closed) for n, p in enumerate(self.parts) if rung in p.totals}
            self._said[rung] = {n: t for n, t in told.items() if t is not None}
        return self._said[rung]

    def error(self, said: Mapping[int, float], at: Sequence[int]) -> float | None:
        """WAPE at some origins."""
        return wape([said[n] for n in at], [self.actual[n] for n in at]) if at else None


def weights(parts: Parts, past: Past) -> dict[str, float]:
    """How much each rung counts in the mean of rungs: by its inverse squared error, equally where it is unknown.

    Example: errors of 4 % and 8 % on past origins: 0.8 and 0.2.
    """
    found: dict[str, float] = {}
    for rung in RUNGS:
        if rung == AVERAGE or rung not in parts.totals:
            continue
        said = past.said(rung)
        missed = [_relative(past, n, said[n]) for n in past.counted if n in said]
        if len(missed) >= 2:
            found[rung] = max(float(np.mean(np.square(missed))), 1e-6)
    if not found:
        found = {r: 1.0 for r in DEALS if r in parts.chance and r != AVERAGE}
    if not found:
        return {}
    whole = sum(1 / e for e in found.values())
    return {r: 1 / e / whole for r, e in found.items()}


def blend(parts: Parts, past: Past) -> float | None:
    """The total by the mean of the rungs; None without any."""
    counts = weights(parts, past)
    return sum(w * max(parts.totals[r], parts.closed) for r, w in counts.items()) if counts else None


def _relative(past: Past, n: int, said: float) -> float:
    """The error of what was still to come, as a share of it, at most 10."""
    came = max(past.actual[n] - past.parts[n].closed, 0.02 * abs(past.actual[n]), 1.0)
    return float(np.clip((said - past.actual[n]) / came, -10, 10))


def single(past: Past, parts: Parts) -> tuple[str | None, list[Step]]:
    """Climb rung by rung: one is used where it beats the best below it on the origins that both have."""
    best, steps = None, []
    for rung in RUNGS:
        if rung == AVERAGE or rung not in parts.totals:
            continue
        said = past.said(rung)
        both = [n for n in past.counted if n in said]
        below = None
        if best is not None:
            theirs = past.said(best)
            both = [n for n in both if n in theirs]
            below = past.error(theirs, both)
        error = past.error(said, both)
        used = len(both) >= 2 and error is not None and (below is None or error < below)
        steps.append(Step(rung, error, below, len(both), used))
        best = rung if used else best
    return best, steps


def published(past: Past, n: int) -> float | None:
    """What the climb without the mean would have published at a past origin."""
    best, _ = single(past.before(n), past.parts[n])
    best = best or next((r for r in reversed(RUNGS) if r in past.parts[n].totals), None)
    return None if best is None else max(past.parts[n].totals[best], past.parts[n].closed)


def choose(parts: Parts, past: Past) -> tuple[tuple[Step, ...], str, str, bool]:
    """(what was seen at the gate, the rung, why in words, whether rungs could be ranked)."""
    if parts.known < RANKED or len(past) < RANKED:
        names = unranked(parts)
        why = f"insufficient history to rank: {parts.known} past periods, {RANKED} are needed"
        why += f"; the plain mean of {', '.join(names)}" if names else "; and nothing to go by"
        return (), PLAIN if names else "none", why, False
    best, steps = single(past, parts)
    if best is None:
        return tuple(steps), PLAIN, "no rung has enough past origins", False
    chosen = _mean_step(parts, past, best)
    if chosen is not None:
        steps.append(chosen)
        best = AVERAGE if chosen.used else best
    last = next(s for s in steps if s.rung == best)
    why = f"{best}: WAPE {last.wape:.3f} on {last.n} past origins at the same lead"
    why += f", {last.below:.3f} for the best below it" if last.below is not None else ""
    if best == AVERAGE:
        why += "; the mean of " + _told(weights(parts, past))
    elif best not in DEALS:
        why += "; no model of deals beats it, so the forecast falls back to it"
    return tuple(steps), best, why, True


def _told(counts: Mapping[str, float]) -> str:
    """Those that count most, in words."""
    rows = sorted(counts.items(), key=lambda c: -c[1])
    return ", ".join(f"{rung} {weight:.0%}" for rung, weight in rows if weight >= 0.05)


def _mean_step(parts: Parts, past: Past, best: str) -> Step | None:
    """The mean of the survivors beside what the climb without it would have published."""
    if blend(parts, past) is None:
        return None
    said = past.said(AVERAGE)
    alone = {n: p for n in said if (p := published(past, n)) is not None}
    both = [n for n in past.counted if n in said and n in alone]
    error, below = past.error(said, both), past.error(alone, both)
    worse = [abs(said[n] - past.actual[n]) - abs(alone[n] - past.actual[n]) for n in both]
    # A mean of several is the safer choice: it gives way where it is worse by more than chance explains.
    used = bool(worse) and float(np.mean(worse)) <= float(
        np.std(worse, ddof=min(1, len(worse) - 1)) / len(worse) ** 0.5
    )
    return Step(AVERAGE, error, below, len(both), used)
