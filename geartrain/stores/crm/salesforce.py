"""Salesforce, by its REST API: reads by sObject Collections and queryAll, writes by Composite with a precondition.

A write carries If-Unmodified-Since with the LastModifiedDate that was read, so that the source itself refuses to write
over a change; it compares by the second, therefore the values are compared before as well.
Environment: GEARTRAIN_SALESFORCE_URL (https://….my.salesforce.com), and either GEARTRAIN_SALESFORCE_TOKEN or
GEARTRAIN_SALESFORCE_CLIENT_ID and GEARTRAIN_SALESFORCE_CLIENT_SECRET (OAuth 2.0 client credentials).
Source: REST API Developer Guide (Composite, sObject Collections, Conditional Request Headers, QueryAll).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from geartrain.stores.crm import Crm, Outcome, Page, Row, Told, Update, needed
from geartrain.stores.crm.client import Client, Lost
from geartrain.stores.crm.tokens import client_credentials, fixed_token
from geartrain.stores.intake.sources import salesforce

PREFIX = "GEARTRAIN_SALESFORCE_"
VERSION = "v62.0"
BATCH = 25  # subrequests of one composite
READ = 2_000  # records of one retrieval
LIMITS = frozenset({"REQUEST_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW"})
# What is loaded of each object; a field that the organisation does not have is left out.
FIELDS: dict[str, tuple[str, ...]] = {
    "Account": (
        "Name", "ParentId", "Type", "Industry", "BillingCountry", "BillingState", "BillingPostalCode",
        "NumberOfEmployees", "AnnualRevenue", "OwnerId", "Website", "CurrencyIsoCode", "CreatedDate",
    ),
    "User": ("Name", "Email", "Title", "ManagerId", "Department", "TimeZoneSidKey", "IsActive", "CreatedDate"),
    "Product2": ("Name", "ProductCode", "Family", "CurrencyIsoCode"),
    "Opportunity": (
        "Name", "AccountId", "OwnerId", "Type", "StageName", "ForecastCategoryName", "Amount", "CurrencyIsoCode",
        "CreatedDate", "CloseDate", "IsClosed", "IsWon", "LeadSource", "CampaignId", "NextStep",
    ),
    "Lead": (
        "FirstName", "LastName", "Email", "Company", "Country", "LeadSource", "Status", "OwnerId", "CreatedDate",
        "ConvertedDate", "ConvertedAccountId", "ConvertedOpportunityId", "Phone", "Website",
    ),
    "Campaign": ("Name", "Type", "StartDate", "EndDate", "ActualCost", "CurrencyIsoCode"),
    "Task": (
        "Subject", "TaskSubtype", "Type", "CallType", "ActivityDate", "CompletedDateTime", "WhoId", "WhatId",
        "AccountId", "OwnerId", "CallDurationInSeconds", "CreatedDate",
    ),
    "Event": (
        "Subject", "ActivityDateTime", "StartDateTime", "ActivityDate", "DurationInMinutes", "WhoId", "WhatId",
        "AccountId", "OwnerId", "CreatedDate",
    ),
    "OpportunityLineItem": (
        "OpportunityId", "Product2Id", "Quantity", "UnitPrice", "TotalPrice", "Discount", "CurrencyIsoCode",
    ),
    # Every organisation has the first, a row per state with the instant from which it held; the second has what an
    # administrator chose to track, of which only that is asked that the first does not tell.
    "OpportunityHistory": ("OpportunityId", "StageName", "Amount", "CloseDate", "CreatedById", "CreatedDate"),
    "OpportunityFieldHistory": (
        "OpportunityId", "Field", "DataType", "OldValue", "NewValue", "CreatedById", "CreatedDate",
    ),
}  # fmt: skip
TABLES = {re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "_", o).lower(): o for o in FIELDS}
HISTORY = frozenset({"opportunity_history", "opportunity_field_history"})
ONLY = {"OpportunityFieldHistory": "Field IN ('Owner', 'ForecastCategoryName')"}
STAMPED = {"OpportunityFieldHistory": "CreatedDate"}  # its rows are never changed, so they have no SystemModstamp
WHOLE = 200  # opportunities whose history one query asks for: an address has at most 16,384 characters
UNDELETED = frozenset({"User"})  # is never deleted: it has no IsDeleted


def connect(environment: Mapping[str, str], *, pause: Callable[[float], None] = time.sleep) -> Crm:
    """The organisation that the environment names."""
    base = needed(environment, f"{PREFIX}URL", what="the address of your organisation")
    if environment.get(f"{PREFIX}TOKEN"):
        token = fixed_token("Salesforce", needed(environment, f"{PREFIX}TOKEN", what="an access token"))
    else:
        why = "the connected app's credentials, where there is no token"
        told = [needed(environment, f"{PREFIX}{n}", what=why) for n in ("CLIENT_ID", "CLIENT_SECRET")]
        token = client_credentials("Salesforce", f"{base.rstrip('/')}/services/oauth2/token", *told)
    client = Client("Salesforce", base, token, explain, limited, pause)
    return Salesforce(client, f"services/data/{VERSION}")


def explain(body: Any) -> tuple[str, str]:
    """Code and message of an error: a list of them, of which the first is told."""
    first = body[0] if isinstance(body, list) and body else body
    if not isinstance(first, dict):
        return "", ""
    code, said = str(first.get("errorCode") or first.get("statusCode") or ""), str(first.get("message") or "")
    fields = ", ".join(map(str, first.get("fields") or ()))
    return code, " ".join(w for w in (code, said, fields and f"({fields})") if w)


def limited(status: int, code: str) -> bool:
    """Whether an answer says that a limit is reached."""
    return status == 429 or code == "REQUEST_LIMIT_EXCEEDED"


@dataclass
class Salesforce:
    """See `Crm`."""

    client: Client
    root: str
    name: str = "salesforce"
    batch: int = BATCH
    key: str = "Id"
    stamps: frozenset[str] = frozenset({"SystemModstamp"})

    def read(self, object: str, ids: Sequence[str], fields: Sequence[str]) -> dict[str, Row]:
        """Records by id."""
        found: dict[str, Row] = {}
        wanted = ["Id", "LastModifiedDate", "SystemModstamp", *fields]
        for n in range(0, len(ids), READ):
            asked = {"ids": list(ids[n : n + READ]), "fields": wanted}
            body = self.client.read("POST", f"{self.root}/composite/sobjects/{object}", json=asked).body
            for id, row in zip(asked["ids"], body or [], strict=True):
                if row is not None:
                    stamp = f"{row.get('LastModifiedDate') or ''}|{row.get('SystemModstamp') or ''}"
                    found[id] = Row({f: row.get(f) for f in fields}, stamp)
        return found

    def write(self, object: str, updates: Sequence[Update]) -> list[Outcome]:
        """One composite request: each update stands or falls by itself."""
        asked = [self._subrequest(object, n, update) for n, update in enumerate(updates)]
        whole = {"allOrNone": False, "collateSubrequests": False, "compositeRequest": asked}
        try:
            body = self.client.write("POST", f"{self.root}/composite", json=whole).body
        except Lost as lost:
            return [Outcome(Told.lost, lost.message)] * len(updates)
        answers = {a.get("referenceId"): a for a in (body or {}).get("compositeResponse", ())}
        return [self._outcome(answers.get(f"r{n}")) for n in range(len(updates))]

    def _subrequest(self, object: str, n: int, update: Update) -> dict[str, Any]:
        return {
            "method": "PATCH",
            "url": f"/{self.root}/sobjects/{object}/{update.id}",
            "referenceId": f"r{n}",
            "httpHeaders": {"If-Unmodified-Since": http_date(update.stamp)},
            "body": dict(update.values),
        }

    def _outcome(self, answer: Mapping[str, Any] | None) -> Outcome:
        if answer is None:
            return Outcome(Told.lost, "Salesforce said nothing of this record.")
        status = int(answer.get("httpStatusCode") or 0)
        code, said = explain(answer.get("body"))
        if 200 <= status < 300:
            return Outcome(Told.written)
        if status == 412:
            return Outcome(Told.raced, "It was changed since it was read.")
        if status >= 500 or code in LIMITS:
            return Outcome(Told.lost, f"Salesforce answered {status} {code}".strip())
        return Outcome(Told.refused, f"Salesforce refused: {said or status}"[:300])

    def tables(self) -> Mapping[str, str]:
        """Tables to objects."""
        return TABLES

    def record_type(self, table: str) -> str:
        """The record type of a table's rows."""
        return "opportunity_change" if table in HISTORY else salesforce.TABLES[table][0]

    def tracked(self, table: str, row: Mapping[str, Any]) -> Iterable[str]:
        """Of OpportunityHistory stage, amount and close date; of OpportunityFieldHistory the field of the row."""
        if table == "opportunity_history":
            return ("stage", "amount", "close_date")
        field = salesforce.FIELD_NAMES.get(str(row.get("Field") or "").lower())
        return (field,) if table == "opportunity_field_history" and field else ()

    def marked(self, table: str, row: Mapping[str, Any]) -> tuple[datetime, bool]:
        """By SystemModstamp, and IsDeleted."""
        at = _instant(row[STAMPED.get(TABLES[table], "SystemModstamp")])
        return at.replace(tzinfo=None), row.get("IsDeleted") is True

    def changed(self, table: str, *, since: datetime | None, position: Mapping[str, Any]) -> Iterator[Page]:
        """By SystemModstamp and Id, deleted rows included: a page that is lost is asked for again from the last row."""
        object = TABLES[table]
        stamp = STAMPED.get(object, "SystemModstamp")
        columns = ", ".join(dict.fromkeys(("Id", stamp, *self._columns(object))))
        at, last = position.get("stamp") or (_soql(since) if since else ""), position.get("id", "")
        where = f"(({stamp} = {at} AND Id > '{last}') OR {stamp} > {at})" if at and last else ""
        where = where or (f"{stamp} >= {at}" if at else "")
        where = " AND ".join(w for w in (ONLY.get(object, ""), where) if w)
        for rows in self._query(columns, object, where, stamp):
            more = self._histories(columns, object, rows) if table == "opportunity_history" and since else []
            yield Page([*rows, *more], {"stamp": _stamp(rows[-1][stamp]), "id": rows[-1]["Id"]})

    def _query(self, columns: str, object: str, where: str, stamp: str) -> Iterator[list[dict[str, Any]]]:
        query = f"SELECT {columns} FROM {object}{where and f' WHERE {where}'} ORDER BY {stamp}, Id"
        reply = self.client.read("GET", f"{self.root}/queryAll", params={"q": query})
        while True:
            rows = [{k: v for k, v in r.items() if k != "attributes"} for r in reply.body.get("records", ())]
            if rows:
                yield rows
            if reply.body.get("done", True):
                return
            reply = self.client.read("GET", f"{self.client.base}{reply.body['nextRecordsUrl']}")

    def _histories(self, columns: str, object: str, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The whole history of these opportunities: a state tells what changed beside the one before it only."""
        ids = sorted({str(r["OpportunityId"]) for r in rows})
        found: list[dict[str, Any]] = []
        for n in range(0, len(ids), WHOLE):
            wanted = ", ".join(f"'{i}'" for i in ids[n : n + WHOLE])
            for page in self._query(columns, object, f"OpportunityId IN ({wanted})", "SystemModstamp"):
                found += page
        return found

    def fixed(self) -> Iterable[tuple[str, Sequence[Mapping[str, Any]]]]:
        """None: everything has a modification stamp."""
        return ()

    def _columns(self, object: str) -> list[str]:
        """The fields of an object that this organisation has."""
        told = self.client.read("GET", f"{self.root}/sobjects/{object}/describe").body
        has = {f["name"] for f in told["fields"]}
        more = () if object in UNDELETED else ("IsDeleted",)
        return [f for f in (*more, *FIELDS[object]) if f in has]


def http_date(stamp: str) -> str:
    """The LastModifiedDate of a stamp as HTTP writes it: `Mon, 23 Nov 2026 10:00:00 GMT`."""
    return format_datetime(_instant(stamp.partition("|")[0]), usegmt=True)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


def _soql(at: datetime) -> str:
    return f"{at.isoformat(timespec='milliseconds')}Z"


def _stamp(text: str) -> str:
    return _soql(_instant(text).replace(tzinfo=None))
