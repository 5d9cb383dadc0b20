"""Where the open deals stand: the stage they declare, the stage they have earned, and what they miss."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from geartrain.facts.transforms import instant
from geartrain.process.conformance import Log
from geartrain.process.exits import TRACKED
from geartrain.process.gates import Evidence, Gate, Standing, Waiver, stand

AS_OF_VIEW = "opportunity_as_of"


@dataclass(frozen=True, slots=True)
class Stood:
    """One open deal and where it stands."""

    opportunity_id: str
    name: str | None
    type: str | None
    owner_id: str | None
    amount: Decimal | None
    currency: str | None
    said: str | None
    stage: str | None
    earned_stage: str
    standing: Standing

    @property
    def gate(self) -> Gate | None:
        """The gate it stands before."""
        return next((g for g in self.standing.gates if g.stage == self.stage), None)

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        gate = self.gate
        return {
            "opportunity_id": self.opportunity_id,
            "name": self.name,
            "type": self.type,
            "owner_id": self.owner_id,
            "amount": self.amount,
            "currency": self.currency,
            "stage": self.stage,
            "crm_stage": self.said,
            "declared": self.standing.declared,
            "earned": self.standing.earned,
            "earned_stage": self.earned_stage,
            "inflation": self.standing.inflation,
            "can_exit": gate.can_exit if gate else None,
            "unmet": [m.as_json() for m in gate.unmet] if gate else [],
            "waived": [m.attribute for m in gate.waived] if gate else [],
            "recommended": [m.as_json() for m in gate.recommended] if gate else [],
            "gates": [g.as_json() for g in self.standing.gates],
        }


@dataclass(frozen=True)
class Inflated:
    """The sum a forecast call wants, in one currency.

    Args:
        pipeline: Amount of all open deals.
        inflated: Of those whose declared stage is ahead of the earned one.
        without_amount: Open deals that say no amount.
    """

    currency: str
    deals: int
    inflated_deals: int
    pipeline: Decimal
    inflated: Decimal
    without_amount: int

    @property
    def share(self) -> Decimal | None:
        """Inflated / pipeline; None for an empty one."""
        return self.inflated / self.pipeline if self.pipeline else None


def standings(
    log: Log, *, evidence: Sequence[Evidence], waivers: Sequence[Waiver], opportunity: str | None = None
) -> list[Stood]:
    """Every deal open at the end of the log, by id, or the one asked for.

    Columns with a history are read as of that day where the facts have the view of it.
    """
    of_deal: dict[str, list[Evidence]] = defaultdict(list)
    waived: dict[str, list[Waiver]] = defaultdict(list)
    for e in evidence:
        of_deal[e.opportunity].append(e)
    for w in waivers:
        waived[w.opportunity].append(w)
    process, at = log.process, log.cut
    found = []
    for row in _rows(log, opportunity):
        key, kind = row["opportunity_id"], row["type"]
        values = log.reading.values(row, as_of=log.source.as_of)
        known = of_deal[key], waived[key]
        standing = stand(
            process, row["spine"], values, opportunity_type=kind, at=at, evidence=known[0], waivers=known[1]
        )
        keys = [s.key for s in process.stages_of(kind)]
        earned = keys[min(standing.earned, len(keys)) - 1]
        money = row["amount"], row["currency"]
        found.append(
            Stood(key, row["name"], kind, row["owner_id"], *money, row["said"], row["spine"], earned, standing)
        )
    return found


def inflated_pipeline(found: Iterable[Stood], *, currency: str) -> list[Inflated]:
    """Pipeline and inflated pipeline by currency; unlike ones are not added.

    Args:
        currency: Of an amount that names none.
    """
    by: dict[str, list[Stood]] = defaultdict(list)
    for one in found:
        by[one.currency or currency].append(one)
    return [_inflated(key, by[key]) for key in sorted(by)]


def _inflated(currency: str, found: Sequence[Stood]) -> Inflated:
    ahead = [f for f in found if (f.standing.inflation or 0) > 0]
    total, most = (sum((f.amount for f in part if f.amount is not None), Decimal(0)) for part in (found, ahead))
    return Inflated(currency, len(found), len(ahead), total, most, sum(f.amount is None for f in found))


def _rows(log: Log, opportunity: str | None) -> list[dict[str, Any]]:
    """The open deals along the paths of the rules, with the stage they were last in."""
    seen = log.visits
    order = seen["at"].epoch_seconds().cast("int64") * 4 + seen.seq
    last = seen.group_by(of="opportunity_id").aggregate(spine=seen.stage.argmax(order), said=seen.said.argmax(order))
    told = log.source.table("opportunity").select("name", "amount", "currency", this="opportunity_id")
    told = told.rename(told_amount="amount", told_currency="currency", told_name="name")
    deals = log.deals
    is_open = ~(deals.is_closed & (deals.closed_at.isnull() | (deals.closed_at < instant(log.cut)))).fill_null(False)
    deals = deals.filter(is_open & (deals.created_at < instant(log.cut)).fill_null(True))
    if opportunity is not None:
        deals = deals.filter(deals.opportunity_id == opportunity)
    rows = deals.inner_join(told, deals.opportunity_id == told.this).left_join(last, deals.opportunity_id == last["of"])
    listed: list[dict[str, Any]] = log.source.execute(rows.order_by("opportunity_id")).to_pylist()
    then = _as_of(log) if AS_OF_VIEW in log.source.types else {}
    for row in listed:
        held = then.get(row["opportunity_id"], {})
        row |= {"amount": row["told_amount"], "currency": row["told_currency"], "name": row["told_name"]} | held
    return listed


def _as_of(log: Log) -> dict[str, dict[str, Any]]:
    view = log.source.table(AS_OF_VIEW)
    rows = log.source.execute(view.select("opportunity_id", *TRACKED)).to_pylist()
    return {r.pop("opportunity_id"): r for r in rows}
