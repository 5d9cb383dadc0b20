"""HubSpot, by its CRM v3 API: batch reads and updates, search by modification date.

An update knows no precondition there, so the record is read, compared and written; whoever changes it in the moment
between is overwritten. After a lost reply the write waits until the first one must have ended.
Environment: GEARTRAIN_HUBSPOT_TOKEN (of a private app), or GEARTRAIN_HUBSPOT_CLIENT_ID, _CLIENT_SECRET and
_REFRESH_TOKEN; GEARTRAIN_HUBSPOT_URL where it is not https://api.hubapi.com.
Source: HubSpot's API reference, CRM objects, search, owners, pipelines; the limits it states.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from geartrain.stores.crm import Crm, Outcome, Page, Row, Told, Update, needed
from geartrain.stores.crm.client import Client, Lost
from geartrain.stores.crm.tokens import fixed_token, refreshed
from geartrain.stores.intake.sources import hubspot

PREFIX = "GEARTRAIN_HUBSPOT_"
BASE = "https://api.hubapi.com"
BATCH = 100  # records of one batch
PAGE = 100  # rows of a page; a search gives no more than 10,000 rows, so none here asks for a second page
LAST = "9" * 18  # an id after every other
HISTORY = "deal_property_history"
TOLD = 20  # values of a property that are told at most
HISTORIES = 50  # records of one batch read with their histories
TABLES = {"company": "companies", "contact": "contacts", "deal": "deals", HISTORY: "deals"}
MODIFIED = {"contacts": "lastmodifieddate"}
PROPERTIES: dict[str, tuple[str, ...]] = {
    "companies": (
        "name", "domain", "industry", "country", "state", "zip", "numberofemployees", "annualrevenue",
        "hubspot_owner_id", "hs_parent_company_id", "type", "createdate", "lifecyclestage",
    ),
    "contacts": (
        "email", "firstname", "lastname", "company", "country", "phone", "hs_analytics_source", "hubspot_owner_id",
        "createdate", "lifecyclestage", "associatedcompanyid",
        "hs_lifecyclestage_marketingqualifiedlead_date", "hs_lifecyclestage_salesqualifiedlead_date",
    ),
    "deals": (
        "dealname", "dealstage", "pipeline", "amount", "deal_currency_code", "closedate", "createdate", "dealtype",
        "hubspot_owner_id", "hs_is_closed", "hs_is_closed_won", "hs_manual_forecast_category", "closed_lost_reason",
        "hs_analytics_source", "hs_next_step", "hs_primary_associated_company",
    ),
}  # fmt: skip


def connect(environment: Mapping[str, str], *, pause: Callable[[float], None] = time.sleep) -> Crm:
    """The account that the environment names."""
    base = environment.get(f"{PREFIX}URL") or BASE
    if environment.get(f"{PREFIX}REFRESH_TOKEN"):
        why = "the app's credentials, beside the refresh token"
        told = [needed(environment, f"{PREFIX}{n}", what=why) for n in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")]
        token = refreshed("HubSpot", f"{base.rstrip('/')}/oauth/v1/token", *told)
    else:
        token = fixed_token("HubSpot", needed(environment, f"{PREFIX}TOKEN", what="the token of a private app"))
    return HubSpot(Client("HubSpot", base, token, explain, pause=pause))


def explain(body: Any) -> tuple[str, str]:
    """Category and message of an error."""
    if not isinstance(body, dict):
        return "", ""
    return str(body.get("category") or ""), str(body.get("message") or "")


@dataclass
class HubSpot:
    """See `Crm`."""

    client: Client
    name: str = "hubspot"
    batch: int = BATCH
    key: str = "id"
    stamps: frozenset[str] = frozenset({"hs_lastmodifieddate", "lastmodifieddate"})

    def read(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Row]:
        """Records by id."""
        found: dict[str, Row] = {}
        for n in range(0, len(ids), BATCH):
            asked = {"properties": list(fields), "inputs": [{"id": i} for i in ids[n : n + BATCH]]}
            body = self.client.read("POST", f"crm/v3/objects/{object}/batch/read", json=asked).body
            for row in body.get("results", ()):
                values = row.get("properties", {})
                found[str(row["id"])] = Row({f: values.get(f) for f in fields}, str(row.get("updatedAt") or ""))
        return found

    def write(self, object: str, updates: Sequence[Update]) -> list[Outcome]:
        """One batch: results of those written, errors of those refused (status 207)."""
        asked = [{"id": u.id, "properties": dict(u.values), "objectWriteTraceId": u.key} for u in updates]
        try:
            body = self.client.write("POST", f"crm/v3/objects/{object}/batch/update", json={"inputs": asked}).body or {}
        except Lost as lost:
            return [Outcome(Told.lost, lost.message)] * len(updates)
        written = {str(r["id"]) for r in body.get("results", ())}
        errors = {i: e for e in body.get("errors", ()) for i in _named(e)}
        return [self._outcome(u, written, errors) for u in updates]

    def _outcome(self, update: Update, written: set[str], errors: Mapping[str, Mapping[str, Any]]) -> Outcome:
        if update.id in written:
            return Outcome(Told.written)
        error = errors.get(update.id) or errors.get(update.key)
        if error is None:
            return Outcome(Told.lost, "HubSpot said nothing of this record.")
        return Outcome(Told.refused, f"HubSpot refused: {error.get('message') or error.get('category')}"[:300])

    def tables(self) -> Mapping[str, str]:
        """Tables to objects."""
        return TABLES

    def record_type(self, table: str) -> str:
        """The record type of a table's rows."""
        return "opportunity_change" if table == HISTORY else hubspot.TABLES[table][0]

    def tracked(self, table: str, row: Mapping[str, Any]) -> Iterable[str]:
        """HubSpot keeps the history of every property."""
        return hubspot.FIELDS.values() if table == HISTORY else ()

    def marked(self, table: str, row: Mapping[str, Any]) -> tuple[datetime, bool]:
        """By the modification date, and whether it came from the archive."""
        said = row.get(self._stamp(TABLES[table])) or row["archived_at"]
        return _instant(said), row.get("is_deleted") == "true"

    def changed(self, table: str, *, since: datetime | None, position: Mapping[str, Any]) -> Iterator[Page]:
        """By modification date, then what was archived since: a search gives 10,000 rows, then another begins."""
        object = TABLES[table]
        if not position.get("archived"):
            at, after_id = position.get("at") or (_millis(since) if since else 0), position.get("id", "0")
            pages = self._modified(object, int(at), str(after_id))
            yield from map(self._histories, pages) if table == HISTORY else pages
        if table != HISTORY:
            yield from self._archived(object, since)

    def _histories(self, page: Page) -> Page:
        """What the properties of these deals were, in place of the deals."""
        stamps, found = {str(r["id"]): r[self._stamp("deals")] for r in page.rows}, list[dict[str, Any]]()
        ids = list(stamps)
        for n in range(0, len(ids), HISTORIES):
            asked = {"propertiesWithHistory": list(hubspot.FIELDS), "properties": []}
            inputs = [{"id": i} for i in ids[n : n + HISTORIES]]
            body = self.client.read("POST", "crm/v3/objects/deals/batch/read", json={**asked, "inputs": inputs}).body
            for row in body.get("results", ()):
                for name, values in (row.get("propertiesWithHistory") or {}).items():
                    found += _changes(str(row["id"]), name, values, stamps[str(row["id"])])
        return Page(found, page.position)

    def _modified(self, object: str, at: int, after_id: str) -> Iterator[Page]:
        """Rows at an instant are taken in the order of their ids, then those after it: no search need be longer."""
        while True:
            for rows in self._search(object, [("EQ", at)], after_id, by="hs_object_id") if at else ():
                after_id = rows[-1]["id"]
                yield Page(rows, {"at": at, "id": after_id})
            later = next(self._search(object, [("GT", at)], "", by=self._stamp(object)), None)
            if later is None:
                return
            last = _millis_of(later[-1][self._stamp(object)])
            if len(later) < PAGE:
                yield Page(later, {"at": last, "id": LAST})
                return
            # A page may end in the middle of an instant: its last instant is taken whole, by ids.
            whole = [r for r in later if _millis_of(r[self._stamp(object)]) < last]
            if whole:
                yield Page(whole, {"at": _millis_of(whole[-1][self._stamp(object)]), "id": LAST})
            at, after_id = last, "0"

    def _search(self, object: str, filters: Sequence[tuple[str, int]], after_id: str, *, by: str) -> Iterator[Any]:
        stamp = self._stamp(object)
        while True:
            asked: list[dict[str, Any]] = [
                {"propertyName": stamp, "operator": op, "value": str(v)} for op, v in filters
            ]
            if after_id:
                asked.append({"propertyName": "hs_object_id", "operator": "GT", "value": after_id})
            body = self.client.read(
                "POST",
                f"crm/v3/objects/{object}/search",
                json={
                    "filterGroups": [{"filters": asked}],
                    "sorts": [{"propertyName": by, "direction": "ASCENDING"}],
                    "properties": [stamp, *PROPERTIES[object]],
                    "limit": PAGE,
                },
            ).body
            rows = [_flat(r) for r in body.get("results", ())]
            if not rows:
                return
            yield rows
            if not after_id or len(rows) < PAGE:
                return
            after_id = rows[-1]["id"]

    def _archived(self, object: str, since: datetime | None) -> Iterator[Page]:
        """Archived records since an instant; the list has no filter, and archives end after 90 days."""
        after = ""
        while since is not None:
            params = {"archived": "true", "limit": PAGE} | ({"after": after} if after else {})
            body = self.client.read("GET", f"crm/v3/objects/{object}", params=params).body
            rows = [
                {"id": str(r["id"]), "is_deleted": "true", "archived_at": r.get("archivedAt") or r["updatedAt"]}
                for r in body.get("results", ())
                if _instant(r.get("archivedAt") or r["updatedAt"]) >= since
            ]
            if rows:
                yield Page(rows, {"archived": True})
            after = ((body.get("paging") or {}).get("next") or {}).get("after", "")
            if not after:
                return

    def fixed(self) -> Iterable[tuple[str, Sequence[Mapping[str, Any]]]]:
        """Owners, pipelines and their stages."""
        owners, after = [], ""
        while True:
            params = {"limit": PAGE} | ({"after": after} if after else {})
            body = self.client.read("GET", "crm/v3/owners", params=params).body
            owners += [_owner(o) for o in body["results"]]
            after = ((body.get("paging") or {}).get("next") or {}).get("after", "")
            if not after:
                break
        yield "owner", owners
        pipelines = self.client.read("GET", "crm/v3/pipelines/deals").body["results"]
        yield "deal_pipeline_stage", [_stage(p, s) for p in pipelines for s in p.get("stages", ())]

    def _stamp(self, object: str) -> str:
        return MODIFIED.get(object, "hs_lastmodifieddate")


def _owner(owner: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "owner_id": owner["id"],
        "email": owner.get("email"),
        "first_name": owner.get("firstName"),
        "last_name": owner.get("lastName"),
        "is_active": str(not owner.get("archived")).lower(),
    }


def _stage(pipeline: Mapping[str, Any], stage: Mapping[str, Any]) -> dict[str, Any]:
    told = stage.get("metadata") or {}
    closed = str(told.get("isClosed")).lower() == "true"
    return {
        "stage_id": stage["id"],
        "pipeline_id": pipeline["id"],
        "label": stage.get("label"),
        "probability": told.get("probability"),
        "is_closed": str(closed).lower(),
        "closed_won": str(closed and str(told.get("probability")) == "1.0").lower(),
        "display_order": stage.get("displayOrder"),
    }


def _changes(deal: str, name: str, values: Sequence[Mapping[str, Any]], stamp: str) -> Iterator[dict[str, Any]]:
    """The values a property had, each beside the one before.

    HubSpot tells the newest, and of a long history no more: what was before the first of these is not known, and an
    earlier load may have known it, so that one is left out."""
    ordered = sorted(values, key=lambda v: _instant(str(v["timestamp"])))
    for n, value in enumerate(ordered):
        at = _instant(str(value["timestamp"]))
        if n or len(ordered) < TOLD:
            yield {
                "id": f"{deal}/{name}/{at.isoformat()}",
                "deal_id": deal,
                "name": name,
                "timestamp": str(value["timestamp"]),
                "old_value": ordered[n - 1].get("value") if n else None,
                "value": value.get("value"),
                "hs_lastmodifieddate": stamp,
            }


def _named(error: Mapping[str, Any]) -> list[str]:
    context = error.get("context") or {}
    ids = context.get("ids") or context.get("objectWriteTraceId") or ([error["id"]] if error.get("id") else [])
    return [str(i) for i in (ids if isinstance(ids, list) else [ids])]


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": str(row["id"]), **(row.get("properties") or {})}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC).replace(tzinfo=None)


def _millis(at: datetime) -> int:
    return round(at.replace(tzinfo=UTC).timestamp() * 1000)


def _millis_of(text: str) -> int:
    return int(text) if text.isdigit() else _millis(_instant(text))
