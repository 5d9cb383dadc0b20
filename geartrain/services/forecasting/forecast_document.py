"""The document of a forecast: cut to what somebody may see, with how it was come to and what it was made of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from geartrain import __version__
from geartrain.intelligence.forecast.backtest import Tested
from geartrain.intelligence.forecast.history import History
from geartrain.intelligence.forecast.lacking import lacking
from geartrain.intelligence.forecast.ladder import Forecast
from geartrain.intelligence.forecast.nodes import Node, money
from geartrain.kernel.periods import Period


@dataclass(frozen=True)
class Run:
    """A forecast cut to what the actor may see; `total` is the company's, or their own node's."""

    period: Period
    as_of: date
    told: Forecast
    history: History
    nodes: tuple[Node, ...]
    top: Node | None
    tested: Tested
    names: dict[str, str]
    people: frozenset[str] | None
    currency: str
    facts: str

    @property
    def total(self) -> dict[str, Decimal]:
        """Mean and quantiles."""
        if self.top is None:
            return {"mean": Decimal(0), "p10": Decimal(0), "p50": Decimal(0), "p90": Decimal(0)}
        if self.people is None:
            mean = sum(n.mean for n in self.nodes if n.parent is None)
            told = {k: money(round(getattr(self.told, k) * 100)) for k in ("p10", "p50", "p90")}
            return {"mean": money(mean), **told}
        return {k: v for k, v in self.top.as_json(self.names).items() if k in ("mean", "p10", "p50", "p90")}

    def part(self, name: str) -> Decimal:
        """closed, open or intake of what is seen."""
        tops = [n for n in self.nodes if n.parent is None] if self.people is None else [self.top] if self.top else []
        return money(sum(getattr(n, name) for n in tops))

    def open_ids(self) -> frozenset[str]:
        """Open deals that are the actor's to see, whether or not they are given a chance."""
        h, rows = self.history, self.told.parts.rows
        owners = [h.owners[o] if o >= 0 else None for o in rows.owner]
        return frozenset(
            h.ids[d] for d, o in zip(rows.deal, owners, strict=True) if self.people is None or o in self.people
        )

    def deals(self) -> list[dict[str, Any]]:
        """Open deals with their chance and how it comes about, the largest expected first."""
        parts, chance, reasons = self.told.parts, self.told.chance, self.told.reasons()
        if not len(chance):
            return []
        found = []
        for n, deal in enumerate(parts.rows.deal):
            owner = self.history.owners[parts.rows.owner[n]] if parts.rows.owner[n] >= 0 else None
            if self.people is not None and owner not in self.people:
                continue
            found.append(
                {
                    "opportunity_id": self.history.ids[deal],
                    "owner_id": owner,
                    "value_if_won": money(round(float(parts.value[n]) * 100)),
                    "p_win_in_period": round(float(chance[n]), 6),
                    "contributions": {k: round(v, 6) for k, v in reasons[n].items()},
                }
            )
        return sorted(found, key=lambda d: (-float(d["value_if_won"]) * d["p_win_in_period"], d["opportunity_id"]))

    def _model(self) -> str:
        """The version of what was fitted: another one for other facts, another engine, day, period or weights."""
        told = self.told
        fitted = [self.facts, __version__, self.period.key, self.as_of.isoformat(), told.rung, told.basis,
                  told.scale, told.shock, told.widen, sorted(told.weights.items())]  # fmt: skip
        chances = told.chance.round(9).tobytes()
        return sha256(json.dumps(fitted, default=str).encode() + chances).hexdigest()

    def method(self) -> dict[str, Any]:
        """How it was come to, what was seen at the gate, how wide it is and why, and what is lacking."""
        told = self.told
        return {
            "rung": told.rung, "deals_by": told.basis, "why": told.why, "ranked": told.ranked,
            "lacking": lacking(self.history, told.parts), "past_periods": told.parts.known,
            "gate": [s.as_json() for s in told.gate], "weights": {r: round(w, 6) for r, w in told.weights.items()},
            "refused": list(self.history.refused),
            "intake_by": told.parts.way, "shock": round(told.shock, 6), "widened": round(told.widen, 6),
            "calibration": round(told.scale, 6),
            "conformal": {"level": round(told.level, 6), "past_origins": told.scored},
        }  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """The document of `forecast run`."""
        told, deals = self.told, self.deals()
        value = sum((d["value_if_won"] for d in deals), Decimal(0))
        body = {
            "period": self.period.key,
            "as_of": self.as_of.isoformat(),
            "currency": self.currency,
            "closed": self.part("closed"),
            "open": {"mean": self.part("open"), "deals": len(deals), "value": value},
            "uncreated": {"mean": self.part("intake"), "past_windows": len(told.parts.intakes)},
            "total": self.total,
            "nodes": [n.as_json(self.names) for n in self.nodes],
            "deals": deals,
            "method": self.method(),
            "backtest": self.tested.as_json(),
        }  # fmt: skip
        text = json.dumps(body, default=str, sort_keys=True)
        manifest = {
            "facts": self.facts, "engine": __version__, "seed": 0, "trained_until": self.as_of.isoformat(),
            "model": self._model(), "learnt_from": ["stage", *self.history.traits, "close_date", "time in stage", "age",
                                                    "amount", "owner_id", "forecast_category", "pushes"],
            "deals_in_history": len(self.history.ids), "outputs": sha256(text.encode()).hexdigest(),
        }  # fmt: skip
        return body | {"manifest": manifest}
