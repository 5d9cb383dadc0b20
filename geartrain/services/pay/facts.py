"""The facts that pay rests on, read whole, whoever asks: what an actor may see of the result is decided beside it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any

from geartrain.incentives.crediting import Deal
from geartrain.incentives.lines import QuotaFact
from geartrain.kernel.hierarchy import Hierarchy
from geartrain.services.records.facts import Facts

Row = dict[str, Any]
META = ("load_source", "load_id", "recorded_at", "derived", "extra")
DUE = {
    "opportunity": "opportunity_id",
    "opportunity_line": "line_id",
    "invoice": "invoice_id",
    "contract": "contract_id",
}


@dataclass(frozen=True)
class PayFacts:
    """Users, deals with everything conditions may ask of them, quotas and rates."""

    facts: Facts

    def rows(self, name: str) -> list[Row]:
        """Every record of a type: its columns, and what else its source carried, both bare and under `extra`."""
        found = self.facts.execute(self.facts.raw(name)).to_pylist()
        return [_opened(row) for row in found]

    def columns(self, name: str, *columns: str) -> list[Row]:
        """These columns of every record of a type, for what conditions do not see."""
        return self.facts.execute(self.facts.raw(name).select(*columns)).to_pylist()

    @cached_property
    def users(self) -> dict[str, Row]:
        """By id."""
        return {u["user_id"]: u for u in sorted(self.rows("user"), key=lambda u: str(u["user_id"]))}

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """Who reports to whom."""
        return self.facts.hierarchy()

    @cached_property
    def quotas(self) -> dict[str, tuple[QuotaFact, ...]]:
        """By person, in order."""
        found: dict[str, list[QuotaFact]] = defaultdict(list)
        for q in self.columns("quota", "user_id", "measure", "period_start", "period_end", "amount", "currency"):
            if q["amount"] is not None and q["period_end"] > q["period_start"]:
                fact = QuotaFact(
                    q["measure"], q["period_start"], q["period_end"], Fraction(q["amount"]), q["currency"] or ""
                )
                found[q["user_id"]].append(fact)
        return {k: tuple(sorted(v, key=lambda q: (q.measure, q.start, q.end))) for k, v in found.items()}

    def deals(self, source: str) -> list[Deal]:
        """The records of a type as deals, in order of id: crediting goes by the deal each belongs to."""
        if source not in self._deals:
            self._deals[source] = self._read(source)
        return self._deals[source]

    @cached_property
    def _deals(self) -> dict[str, list[Deal]]:
        return {}

    def _read(self, source: str) -> list[Deal]:
        if source == "opportunity":
            held = sorted(self._opportunities.items())
            return [Deal(id, row.get("owner_id"), row, self._splits(row)) for id, row in held]
        found = []
        for row in self.rows(source):
            deal = self._opportunities.get(str(row.get("opportunity_id")), {})
            values = {**deal, **row}
            id = str(row[DUE[source]] if source in DUE else "/".join(str(row[k]) for k in self.facts.types[source].key))
            found.append(Deal(id, deal.get("owner_id") or row.get("owner_id"), values, self._splits(deal)))
        return sorted(found, key=lambda d: d.id)

    def owner_on(self, deal: Deal, at: datetime | None) -> str | None:
        """Whose a deal was at an instant: what its first later change of owner says it was before."""
        later = [c for c in self._owners.get(str(deal.values.get("opportunity_id")), ()) if at and c["changed_at"] > at]
        return later[0]["old_value"] if later else deal.owner

    def _splits(self, deal: Mapping[str, Any]) -> tuple[tuple[str, Fraction, str], ...]:
        return self._shared.get(str(deal.get("opportunity_id")), ())

    @cached_property
    def _shared(self) -> dict[str, tuple[tuple[str, Fraction, str], ...]]:
        found: dict[str, list[tuple[str, Fraction, str]]] = defaultdict(list)
        for s in self.columns("split", "opportunity_id", "user_id", "share", "credit_type"):
            kind = str(s["credit_type"]).strip().lower()
            found[s["opportunity_id"]].append((s["user_id"], Fraction(s["share"]), kind))
        return {k: tuple(sorted(v)) for k, v in found.items()}

    @cached_property
    def _owners(self) -> dict[str, list[Row]]:
        table = self.facts.raw("opportunity_change")
        rows = self.facts.execute(table.filter(table.field == "owner_id")).to_pylist()
        found: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(rows, key=lambda r: (r["changed_at"], str(r["old_value"]))):
            found[row["opportunity_id"]].append(row)
        return found

    @cached_property
    def _opportunities(self) -> dict[str, Row]:
        """By id, with their product's family, account, contract's term and invoices."""
        products = {p["product_id"]: p for p in self.rows("product")}
        accounts = {a["account_id"]: a for a in self.rows("account")}
        contracts, paid = self._contracts(), self._paid()
        found = {}
        for row in self.rows("opportunity"):
            account, owner = accounts.get(row["account_id"], {}), self.users.get(row["owner_id"], {})
            around = {
                "product_family": products.get(row["product_id"], {}).get("family"),
                "account": account,
                "product": products.get(row["product_id"], {}),
                "owner": owner,
                "region": account.get("region") or owner.get("region"),
                "segment": account.get("segment") or owner.get("segment"),
                "term_months": contracts.get(row["opportunity_id"]),
                "invoice_paid": paid.get(row["opportunity_id"]),
            }
            found[row["opportunity_id"]] = around | {k: v for k, v in row.items() if v is not None or k not in around}
        return found

    def _contracts(self) -> dict[str, int]:
        """Months of the longest contract of each deal."""
        found: dict[str, int] = {}
        for c in self.columns("contract", "opportunity_id", "start_date", "end_date"):
            start, end = c["start_date"], c["end_date"]
            if c["opportunity_id"] and start and end:
                months = round((end - start).days / Decimal("30.4375"))
                found[c["opportunity_id"]] = max(months, found.get(c["opportunity_id"], 0))
        return found

    def _paid(self) -> dict[str, datetime]:
        """When the last invoice of each deal was paid; not there while one is open."""
        found: dict[str, list[datetime | None]] = defaultdict(list)
        for i in self.columns("invoice", "opportunity_id", "paid_at"):
            if i["opportunity_id"]:
                found[i["opportunity_id"]].append(i["paid_at"])
        return {k: max(v) for k, v in found.items() if all(v)}  # type: ignore[type-var]

    @cached_property
    def rates(self) -> dict[tuple[str, str, str], list[tuple[date, Fraction]]]:
        """By pair of currencies and kind, in order of day."""
        found: dict[tuple[str, str, str], list[tuple[date, Fraction]]] = defaultdict(list)
        for r in self.columns("fx_rate", "from_currency", "to_currency", "kind", "date", "rate"):
            found[r["from_currency"], r["to_currency"], r["kind"]].append((r["date"], Fraction(r["rate"])))
        return {k: sorted(v) for k, v in found.items()}

    def rate(self, held: str, wanted: str, day: date, kinds: Iterable[str]) -> Fraction | None:
        """The rate of a day, of the first kind that has one by then; None where none has."""
        if held == wanted:
            return Fraction(1)
        for kind in kinds:
            known = [rate for since, rate in self.rates.get((held, wanted, kind), ()) if since <= day]
            if known:
                return known[-1]
        return None


def _opened(row: Row) -> Row:
    extra = _extra(row.get("extra"))
    own = {k: v for k, v in row.items() if k not in META}
    return {**{k: v for k, v in extra.items() if k not in own}, **own, "extra": {k: str(v) for k, v in extra.items()}}


def _extra(text: str | None) -> dict[str, Any]:
    """What else a source carried: text, read as numbers, flags and days where it is written so."""
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return {str(k): _read(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _read(value: Any) -> Any:
    from geartrain.incentives.conditions import typed

    if not isinstance(value, str):
        return typed(value)
    text = value.strip()
    if not text:
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        number = Decimal(text)
        return number if number.is_finite() and not (len(text) > 1 and text[0] == "0" and text[1].isdigit()) else text
    except ArithmeticError:
        return typed(text)
