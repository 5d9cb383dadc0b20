"""KPI cards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from geartrain.web.numbers import Shown, show


@dataclass(frozen=True)
class Kpi:
    """One number of a page, with what makes it readable.

    Args:
        value: The number; None is n/a, with `why`.
        change: Against what `versus` names; a ratio (0.12 = 12 % more) unless `change_unit` says otherwise.
        better: up, down or none: which way is good news.
        spark: The recent past, oldest first; None for a gap.
        href: Where it is explained.
        trust: good, warn or bad: whether the number can be relied on; `trust_note` says why, `trust_href` shows it.
        note: One line beneath, e.g. "goal $4.2M".
        progress: 0 to 1 and above, drawn as a bar; None for none.
        compact: False writes the amount in full, to the cent: what somebody holds against their bank account.
    """

    title: str
    value: Any
    unit: str = "count"
    why: str = ""
    change: Any = None
    change_unit: str = "ratio"
    versus: str = ""
    better: str = "up"
    spark: Sequence[Any] = field(default_factory=tuple)
    href: str = ""
    trust: str = ""
    trust_note: str = ""
    trust_href: str = ""
    note: str = ""
    progress: Any = None
    compact: bool = True

    def shown(self, currency: str) -> Shown:
        """The number."""
        return show(self.value, self.unit, currency=currency, why=self.why, compact=self.compact)

    def change_shown(self, currency: str) -> str:
        """The change with its sign."""
        if self.change is None:
            return ""
        text = show(abs(self.change), self.change_unit, currency=currency).text
        if self.change == 0:
            return "no change"
        return f"{'+' if self.change > 0 else '−'}{text}"

    @property
    def mood(self) -> str:
        """good, bad or flat: whether the change is good news."""
        if not self.change or self.better == "none":
            return "flat"
        return "good" if (self.change > 0) == (self.better == "up") else "bad"

    @property
    def spark_points(self) -> list[str]:
        """The spark line as runs of points in a box of 100 by 28; a gap ends a run."""
        values = [None if v is None else float(v) for v in self.spark]
        known = [v for v in values if v is not None]
        if len(known) < 2:
            return []
        low, high = min(known), max(known)
        span, step = (high - low) or 1.0, 100 / (len(values) - 1)
        runs: list[list[str]] = [[]]
        for n, value in enumerate(values):
            if value is None:
                runs.append([])
            else:
                runs[-1].append(f"{n * step:.1f},{26 - (value - low) / span * 24:.1f}")
        return [" ".join(run) for run in runs if len(run) > 1]

    @property
    def progress_width(self) -> str:
        """How much of the bar is filled, of 100."""
        return f"{float(min(max(Decimal(str(self.progress or 0)), Decimal(0)), Decimal(1))) * 100:.1f}"
