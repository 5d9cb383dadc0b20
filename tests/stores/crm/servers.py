"""Salesforce and HubSpot on a local port: real HTTP, their documented shapes, and faults at will.

A fault is taken by the first request it fits: `Fault("write", "lost")` carries the write out and cuts the reply off.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass
class Fault:
    """`on`: read, write, token or any. `kind`: lost, limit, broken, unavailable, expired, cut, hang, before."""

    on: str
    kind: str
    times: int = 1
    retry_after: str = "0"
    after: object = None  # called once it happened


@dataclass
class World:
    """Records of a source, and everything that was ever written to them."""

    records: dict = field(default_factory=dict)  # (object, id) -> {field: value, "_modified": datetime}
    writes: list = field(default_factory=list)  # (object, id, {field: value})
    faults: list = field(default_factory=list)
    requests: list = field(default_factory=list)  # (method, path and query, headers)
    token: str = "token-1"
    minted: int = 1
    at: datetime = START
    types: dict = field(default_factory=lambda: {"Amount": float, "amount": float})
    locked: set = field(default_factory=set)  # ids whose update is refused
    guard: threading.RLock = field(default_factory=threading.RLock)
    page: int = 3
    history: bool = False  # whether it shows what the values of deals were
    log: list = field(default_factory=list)  # (object, id, field, old, new, instant)

    def put(self, object, id, **values):
        with self.guard:
            self.at += timedelta(seconds=1)
            known = self.records.setdefault((object, id), {"_created": self.at, "IsDeleted": False})
            self.log += [(object, id, f, known.get(f), v, self.at) for f, v in values.items() if known.get(f) != v]
            known.update(values, _modified=self.at)

    def get(self, object, id, field):
        return self.records[object, id].get(field)

    def write(self, object, id, values):
        with self.guard:
            self.writes.append((object, id, dict(values)))
            self.put(object, id, **values)

    def fault(self, on):
        with self.guard:
            for fault in self.faults:
                if fault.on in (on, "any") and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None


def iso(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.handle_one("GET")

    def do_POST(self):
        self.handle_one("POST")

    def do_PATCH(self):
        self.handle_one("PATCH")

    def handle_one(self, method):
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        self.world.requests.append((method, self.path, dict(self.headers)))
        parts = urlsplit(self.path)
        if parts.path.endswith("/token"):
            return self.mint(raw)
        fault = self.world.fault(self.kind_of(method, parts.path))
        if fault and fault.kind == "expired":
            self.world.token = "withdrawn"
        if self.headers.get("Authorization") != f"Bearer {self.world.token}":
            return self.say(401, self.expired())
        if fault and fault.kind in ("limit", "broken", "unavailable", "before", "daily"):
            return self.refuse(fault)
        body = json.loads(raw) if raw else None
        status, answer = self.answer(method, parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()}, body)
        if fault and fault.after:
            fault.after()
        if fault and fault.kind == "lost":
            return self.hang_up()
        if fault and fault.kind == "late":
            return self.say(503, [])
        self.say(status, answer, cut=bool(fault and fault.kind == "cut"))
        return None

    def refuse(self, fault):
        if fault.kind == "before":
            return self.hang_up()
        if fault.kind == "daily":
            return self.say(403, [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}])
        status = {"limit": 429, "broken": 500, "unavailable": 503}[fault.kind]
        self.say(status, {"message": "no"}, headers={"Retry-After": fault.retry_after} if status == 429 else {})
        return None

    def hang_up(self):
        self.close_connection = True
        self.connection.close()

    def mint(self, raw):
        form = parse_qs(raw.decode())
        if form.get("client_secret") != ["secret-of-the-app"]:
            return self.say(400, {"error": "invalid_client"})
        self.world.minted += 1
        self.world.token = f"token-{self.world.minted}"
        self.say(200, {"access_token": self.world.token, "token_type": "Bearer"})
        return None

    def say(self, status, answer, *, cut=False, headers=None):
        data = b"" if answer is None else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.wfile.flush()
            self.hang_up()


class SalesforceHandler(Handler):
    """sObject Collections, Composite with preconditions, queryAll with a locator, describe."""

    cursors: dict = {}

    def kind_of(self, method, path):
        return "write" if path.endswith("/composite") else "read"

    def expired(self):
        return [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]

    def answer(self, method, path, query, body):
        rest = re.sub(r"^/services/data/v[\d.]+/", "", path)
        if rest == "composite":
            return 200, {"compositeResponse": [self.sub(s) for s in body["compositeRequest"]]}
        if found := re.fullmatch(r"composite/sobjects/(\w+)", rest):
            return 200, [self.row(found[1], i, body["fields"]) for i in body["ids"]]
        if found := re.fullmatch(r"sobjects/(\w+)/describe", rest):
            if found[1] in HISTORIES:
                if not self.world.history:
                    return 404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
                return 200, {"fields": [{"name": n} for n in ("Id", *HISTORIES[found[1]])]}
            names = {f for (o, _), r in self.world.records.items() if o == found[1] for f in r if not f.startswith("_")}
            return 200, {"fields": [{"name": n} for n in sorted(names | {"Id", "SystemModstamp", "CreatedDate"})]}
        if rest == "queryAll":
            return 200, self.paged(self.query(query["q"]))
        if found := re.fullmatch(r"query/(\w+)", rest):
            return 200, self.paged(self.cursors.pop(found[1]))
        return 404, [{"errorCode": "NOT_FOUND", "message": rest}]

    def sub(self, asked):
        object, id = asked["url"].split("/")[-2:]
        with self.world.guard:
            status, body = self.patch(object, id, asked)
        return {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": asked["referenceId"]}

    def patch(self, object, id, asked):
        known = self.world.records.get((object, id))
        if known is None:
            return 404, [{"errorCode": "NOT_FOUND", "message": "The requested resource does not exist"}]
        said = asked.get("httpHeaders", {}).get("If-Unmodified-Since")
        if said and known["_modified"].replace(microsecond=0) > parsedate_to_datetime(said):
            return 412, [{"errorCode": "PRECONDITION_FAILED", "message": "modified"}]
        if id in self.world.locked:
            return 400, [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "No.", "fields": []}]
        for name, value in asked["body"].items():
            if name in self.world.types and not number(value):
                return 400, [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize", "fields": [name]}]
        self.world.write(object, id, asked["body"])
        return 204, None

    def row(self, object, id, fields):
        known = self.world.records.get((object, id))
        if known is None:
            return None
        return {"attributes": {"type": object}, **{f: self.value(known, id, f) for f in fields}}

    def value(self, known, id, name):
        if name == "Id":
            return id
        if name in ("SystemModstamp", "LastModifiedDate"):
            return iso(known["_modified"])
        if name == "CreatedDate":
            return iso(known["_created"])
        return known.get(name)

    def query(self, text):
        found = re.fullmatch(r"SELECT (.+) FROM (\w+)(?: WHERE (.+))? ORDER BY (SystemModstamp|CreatedDate), Id", text)
        fields, object, where = found[1].split(", "), found[2], found[3]
        if object in HISTORIES:
            rows = sorted(self.history(object), key=lambda r: (r[found[4]], r["Id"]))
            return [{"attributes": {"type": object}, **{f: r[f] for f in fields}} for r in self.held(rows, where)]
        rows = [
            self.row(object, i, fields)
            for (o, i), r in sorted(self.world.records.items(), key=lambda x: (x[1]["_modified"], x[0][1]))
            if o == object
        ]
        return self.held(rows, where)

    def held(self, rows, where):
        for part in re.findall(r"\(\(.+\) OR [^()]+\)|(?:(?!\sAND\s).)+", where or ""):
            rows = [r for r in rows if self.holds(r, part.strip().removeprefix("AND "))]
        return rows

    def holds(self, row, part):
        if found := re.fullmatch(r"(\w+) IN \((.+)\)", part):
            return row[found[1]] in [v.strip("'") for v in found[2].split(", ")]
        if both := re.fullmatch(r"\(\((\w+) = (\S+) AND Id > '(\w+)'\) OR \1 > \S+\)", part):
            return (datetime.fromisoformat(row[both[1]]), row["Id"]) > (datetime.fromisoformat(both[2]), both[3])
        found = re.fullmatch(r"(\w+) >= (\S+)", part)
        return datetime.fromisoformat(row[found[1]]) >= datetime.fromisoformat(found[2])

    def history(self, object):
        """OpportunityHistory: a row per state, stamped when it ended. OpportunityFieldHistory: of the owner, twice."""
        log = [e for e in self.world.log if e[0] == "Opportunity"]
        if object == "OpportunityFieldHistory":
            changed = [e for e in log if e[2] == "OwnerId" and e[3] is not None]
            both = (("EntityId", ""), ("Text", "Name of "))
            return [
                {"Id": f"017{n}{k}", "IsDeleted": False, "OpportunityId": e[1], "Field": "Owner", "DataType": k,
                 "OldValue": f"{w}{e[3]}", "NewValue": f"{w}{e[4]}", "CreatedById": None, "CreatedDate": iso(e[5])}
                for n, e in enumerate(changed) for k, w in both
            ]  # fmt: skip
        states, rows = {}, []
        for n, (_, id, name, _, new, at) in enumerate(e for e in log if e[2] in ("StageName", "Amount", "CloseDate")):
            before = states.get(id)
            if before is not None and before["CreatedDate"] != iso(at):
                before["SystemModstamp"] = iso(at)
            if before is None or before["CreatedDate"] != iso(at):
                was = before or dict.fromkeys(("StageName", "Amount", "CloseDate"))
                states[id] = {**was, "Id": f"008{n}", "IsDeleted": False, "OpportunityId": id, "CreatedById": None}
                states[id] |= {"CreatedDate": iso(at), "SystemModstamp": iso(at)}
                rows.append(states[id])
            states[id][name] = new
        return rows

    def paged(self, rows):
        page, rest = rows[: self.world.page], rows[self.world.page :]
        answer = {"totalSize": len(rows), "done": not rest, "records": page}
        if rest:
            key = f"c{len(self.cursors)}x{len(rest)}"
            self.cursors[key] = rest
            answer["nextRecordsUrl"] = f"/services/data/v62.0/query/{key}"
        return answer


class HubSpotHandler(Handler):
    """Batch read and update (207), search, archived lists, owners, pipelines."""

    def kind_of(self, method, path):
        return "write" if path.endswith("/batch/update") else "read"

    def expired(self):
        return {"status": "error", "category": "EXPIRED_AUTHENTICATION", "message": "The OAuth token expired"}

    def answer(self, method, path, query, body):
        if found := re.fullmatch(r"/crm/v3/objects/(\w+)/batch/(read|update)", path):
            with self.world.guard:
                return getattr(self, found[2])(found[1], body)
        if found := re.fullmatch(r"/crm/v3/objects/(\w+)/search", path):
            return 200, self.search(found[1], body)
        if found := re.fullmatch(r"/crm/v3/objects/(\w+)", path):
            rows = [r for r in self.rows(found[1]) if self.world.records[found[1], r["id"]]["IsDeleted"]]
            return 200, {"results": [{**r, "archived": True, "archivedAt": r["updatedAt"]} for r in rows]}
        if path == "/crm/v3/owners":
            owners = [{"id": i, "email": f"{i}@x", "firstName": i, "lastName": "X"} for i in ("ann", "bob")]
            return 200, {"results": owners}
        if path == "/crm/v3/pipelines/deals":
            told = [("open", "Open", "false", "0.2"), ("won", "Won", "true", "1.0"), ("lost", "Lost", "true", "0.0")]
            stages = [
                {"id": i, "label": n, "displayOrder": k, "metadata": {"isClosed": c, "probability": p}}
                for k, (i, n, c, p) in enumerate(told)
            ]
            return 200, {"results": [{"id": "default", "label": "Sales", "stages": stages}]}
        return 404, {"status": "error", "message": path}

    def shown(self, object, id, names=()):
        known = self.world.records[object, id]
        stamp = "lastmodifieddate" if object == "contacts" else "hs_lastmodifieddate"
        at, born = (known[k].strftime("%Y-%m-%dT%H:%M:%S.000Z") for k in ("_modified", "_created"))
        values = {n: None if known.get(n) is None else str(known[n]) for n in names}
        values |= {stamp: at, "createdate": born} if stamp in names else {}
        return {"id": id, "properties": values, "createdAt": born, "updatedAt": at, "archived": False}

    def rows(self, object, names=()):
        found = [i for (o, i) in self.world.records if o == object]
        return [self.shown(object, i, names) for i in sorted(found)]

    def read(self, object, body):
        ids = [i["id"] for i in body["inputs"]]
        have = [i for i in ids if (object, i) in self.world.records]
        answer = {"status": "COMPLETE", "results": [self.shown(object, i, body["properties"]) for i in have]}
        if asked := body.get("propertiesWithHistory"):
            if len(ids) > 50:
                return 400, {"status": "error", "category": "VALIDATION_ERROR", "message": "At most 50 with history"}
            for row in answer["results"] if self.world.history else ():
                row["propertiesWithHistory"] = {n: self.past(object, row["id"], n) for n in asked}
        lost = [i for i in ids if i not in have]
        if lost:
            answer |= {"numErrors": 1, "errors": [{"category": "OBJECT_NOT_FOUND", "context": {"ids": lost}}]}
        return (207 if lost else 200), answer

    def past(self, object, id, name):
        """The newest first, at most twenty."""
        log = [e for e in self.world.log if e[:3] == (object, id, name)]
        shown = [
            {"value": str(e[4]), "timestamp": e[5].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z", "sourceType": "CRM_UI"}
            for e in reversed(log)
        ]
        return shown[:20]

    def update(self, object, body):
        for one in body["inputs"]:
            for name, value in one["properties"].items():
                if name in self.world.types and not number(value):
                    return 400, {
                        "status": "error",
                        "category": "VALIDATION_ERROR",
                        "message": f"{value} was not a number",
                    }
        results, errors = [], []
        for one in body["inputs"]:
            if (object, one["id"]) not in self.world.records or one["id"] in self.world.locked:
                context = {"ids": [one["id"]]}
                errors.append({"status": "error", "category": "VALIDATION_ERROR", "message": "No.", "context": context})
            else:
                self.world.write(object, one["id"], one["properties"])
                results.append(self.shown(object, one["id"], one["properties"]))
        answer = {"status": "COMPLETE", "results": results}
        return (207, {**answer, "numErrors": len(errors), "errors": errors}) if errors else (200, answer)

    def search(self, object, body):
        stamp = "lastmodifieddate" if object == "contacts" else "hs_lastmodifieddate"
        rows = [
            r for r in self.rows(object, body["properties"]) if not self.world.records[object, r["id"]]["IsDeleted"]
        ]
        for f in body["filterGroups"][0]["filters"]:
            rows = [r for r in rows if self.holds(r, f, stamp)]
        by = body["sorts"][0]["propertyName"]
        rows.sort(key=lambda r: (millis(r["properties"][stamp]), int(r["id"])) if by == stamp else int(r["id"]))
        return {"total": len(rows), "results": rows[: body["limit"]]}

    def holds(self, row, f, stamp):
        value = int(row["id"]) if f["propertyName"] == "hs_object_id" else millis(row["properties"][stamp])
        return value == int(f["value"]) if f["operator"] == "EQ" else value > int(f["value"])


def number(value):
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def when(row):
    return datetime.fromisoformat(row["SystemModstamp"])


def millis(text):
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


class Served:
    """A source that is up until `close`."""

    def __init__(self, handler):
        self.world = World()
        kind = type("Bound", (handler,), {"world": self.world, "cursors": {}})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


HISTORIES = {
    "OpportunityHistory": (
        "IsDeleted", "OpportunityId", "StageName", "Amount", "CloseDate", "CreatedById", "CreatedDate",
        "SystemModstamp",
    ),
    "OpportunityFieldHistory": (
        "IsDeleted", "OpportunityId", "Field", "DataType", "OldValue", "NewValue", "CreatedById", "CreatedDate",
    ),
}  # fmt: skip
HANDLERS = {"salesforce": SalesforceHandler, "hubspot": HubSpotHandler}
OBJECTS = {"salesforce": ("Lead", "OwnerId"), "hubspot": ("contacts", "hubspot_owner_id")}


def environment(system, url):
    """The variables that name this source."""
    prefix = f"GEARTRAIN_{system.upper()}_"
    return {f"{prefix}URL": url, f"{prefix}TOKEN": "token-1"}
