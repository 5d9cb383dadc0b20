"""HubSpot: exports and warehouse tables in Fivetran's naming, by their own columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from geartrain.facts import record_types
from geartrain.kernel.issues import Issue
from geartrain.stores.intake.cast import Origin, Ways
from geartrain.stores.intake.feed import Feed, Raw, with_absent
from geartrain.stores.intake.readers import Reader
from geartrain.stores.intake.sniff import normal
from geartrain.stores.intake.sources import Asked, labelled
from geartrain.stores.intake.sources.salesforce import DEAL_TYPE, table_feed
from geartrain.stores.intake.tables import Tables, built, names_in, read_tables, unused
from geartrain.stores.intake.words import identifier

DELETED = "lower(coalesce({is_deleted}, {_fivetran_deleted}, {fivetran_deleted}, 'false')) IN ('true', '1')"
NEWEST = "coalesce({hs_lastmodifieddate}, {_fivetran_synced}, {fivetran_synced})"
PERSON = "coalesce(nullif(concat_ws(' ', {first_name}, {last_name}), ''), {email}, {id})"
AT = "coalesce({hs_timestamp}, {start_time}, {timestamp}, {hs_createdate}, {created_at}, {fivetran_synced})"

TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "deal": (
        "opportunity",
        {
            "opportunity_id": "coalesce({deal_id}, {id})",
            "name": "{dealname}",
            "owner_id": "coalesce({owner_id}, {hubspot_owner_id})",
            "account_id": "coalesce({company}, {hs_primary_associated_company})",
            "type": DEAL_TYPE.replace("{type}", "{dealtype}"),
            "stage": "coalesce({stage_label}, {deal_pipeline_stage_id}, {dealstage}, 'no stage')",
            "amount": "{amount}",
            "currency": "{deal_currency_code}",
            "created_at": "coalesce({createdate}, {hs_createdate}, {created_at})",
            "close_date": "{closedate}",
            "closed_at": "CASE WHEN {stage_closed} = 'true' THEN {closedate} END",
            "is_closed": "coalesce({stage_closed}, 'false')",
            "is_won": "coalesce({stage_won}, 'false')",
            "forecast_category": "{hs_manual_forecast_category}",
            "lead_source": "{hs_analytics_source}",
            "next_step": "{hs_next_step}",
            "loss_reason": "{closed_lost_reason}",
        },
    ),
    "company": (
        "account",
        {
            "account_id": "{id}",
            "name": "coalesce({name}, {domain}, {id})",
            "industry": "{industry}",
            "country": "{country}",
            "state": "{state}",
            "postal_code": "{zip}",
            "employees": "{numberofemployees}",
            "annual_revenue": "{annualrevenue}",
            "owner_id": "{hubspot_owner_id}",
            "parent_account_id": "{hs_parent_company_id}",
            "created_at": "{createdate}",
            "type": "lower({type})",
        },
    ),
    "contact": (
        "lead",
        {
            "lead_id": "{id}",
            "email": "{email}",
            "company": "{company}",
            "country": "{country}",
            "source": "{hs_analytics_source}",
            "created_at": "coalesce({createdate}, {created_at})",
            "mql_at": "{hs_lifecyclestage_marketingqualifiedlead_date}",
            "sql_at": "{hs_lifecyclestage_salesqualifiedlead_date}",
            "converted_at": "{hs_lifecyclestage_opportunity_date}",
            "owner_id": "{hubspot_owner_id}",
            "account_id": "{associatedcompanyid}",
        },
    ),
    "owner": (
        "user",
        {
            "user_id": "{owner_id}",
            "name": PERSON.replace("{id}", "{owner_id}"),
            "email": "{email}",
            "team": "{team_name}",
            "is_active": "CASE WHEN lower({is_active}) IN ('false', '0') THEN 'false' ELSE 'true' END",
        },
    ),
}
# Tables that others are joined with.
LOOKED_UP = {
    *("deal_pipeline", "deal_pipeline_stage", "merged_deal", "team", "owner_team", "deal_company", "engagement"),
    *("engagement_deal", "engagement_company", "engagement_contact"),
}
WHY = {
    "engagement_note": "a note is no contact with a buyer",
    "engagement_task": "a task is something to do, not a contact with a buyer",
}
ENGAGEMENTS = {"call": "call", "email": "email", "meeting": "meeting"}
FIELDS = {
    "dealstage": "stage",
    "amount": "amount",
    "closedate": "close_date",
    "hubspot_owner_id": "owner_id",
    "hs_manual_forecast_category": "forecast_category",
}


KNOWN = names_in(t for _, t in TABLES.values()) | {
    *("stage_id", "is_closed", "closed_won", "merged_deal_id", "engagement_id", "company_id", "contact_id", "team_id"),
    *("date_entered", "timestamp", "value", "source", "source_id", "is_deleted"),
}


def feeds(read: Reader, asked: Asked) -> tuple[Sequence[Feed], Sequence[Issue]]:
    """Feeds of the tables that are known; the others are named."""
    assert asked.location is not None
    tables, issues = read_tables(read, labelled(asked.location), _table_named, KNOWN)
    tables = Tables([(name, _plain(raw)) for name, raw in tables.files])
    ways, found = Ways(asked.zone), list[Feed]()
    for name, raw in tables.files:
        make = _maker(name)
        if make is not None:
            found += built(partial(make, raw, tables, ways), issues, raw.label)
        elif name not in LOOKED_UP:
            issues.append(unused(raw, WHY.get(name, "no record type takes what it holds")))
    return found, issues


def _table_named(stem: str) -> str:
    return normal(stem).removeprefix("hubspot_").removesuffix("_data")


def _maker(name: str) -> Callable[[Raw, Tables, Ways], Feed] | None:
    """What makes the feed of a table; None where there is none."""
    if name in TABLES:
        return partial(_record, name)
    kind = name.removeprefix("engagement_")
    if kind in ENGAGEMENTS and kind != name:
        return partial(_engagement, kind)
    return {"deal_stage": _stages, "deal_property_history": _properties}.get(name)


def _record(name: str, raw: Raw, tables: Tables, ways: Ways) -> Feed:
    whole = _deals(raw, tables) if name == "deal" else _owners(raw, tables) if name == "owner" else raw
    return table_feed(whole, *TABLES[name], ways, deleted=_deleted(name), newest=NEWEST)


def _plain(raw: Raw) -> Raw:
    """Columns without the `property_` that the warehouse puts before them."""
    taken = {h.casefold() for h in raw.headers}
    renamed = [h[9:] if h.lower().startswith("property_") and h[9:].casefold() not in taken else h for h in raw.headers]
    if tuple(renamed) == tuple(raw.headers):
        return raw
    columns = ", ".join(f"{identifier(h)} AS {identifier(r)}" for h, r in zip(raw.headers, renamed, strict=True))
    return replace(raw, sql=f"(SELECT {columns}, __line FROM {raw.sql})", headers=tuple(renamed))


def _deleted(name: str) -> str:
    return DELETED if name != "deal" else f"({DELETED}) OR {{__merged}} = 'true'"


def _deals(raw: Raw, tables: Tables) -> Raw:
    """Deals beside their stage's label and whether it is closed and won, their company, and whether they were merged."""
    named = raw.named()
    sql, headers = "(SELECT d.*", [*raw.headers]
    joins = ""
    key = identifier(named.get("deal_id") or named.get("id") or raw.headers[0])
    stage = named.get("deal_pipeline_stage_id") or named.get("dealstage")
    if (stages := tables.get("deal_pipeline_stage")) is not None and stage:
        s = stages.named()
        closed, won = (identifier(s[c]) if c in s else "'false'" for c in ("is_closed", "closed_won"))
        label = identifier(s["label"]) if "label" in s else "NULL"
        one = (
            f"(SELECT {identifier(s['stage_id'])} AS sid, any_value({label}) AS stage_label, "
            f"lower(any_value(CAST({closed} AS VARCHAR))) AS stage_closed, lower(any_value(CAST({won} AS VARCHAR))) AS stage_won "
            f"FROM {stages.sql} GROUP BY 1)"
        )
        sql += ", s.stage_label, s.stage_closed, s.stage_won"
        headers += ["stage_label", "stage_closed", "stage_won"]
        joins += f" LEFT JOIN {one} s ON d.{identifier(stage)} = s.sid"
    if (companies := tables.get("deal_company")) is not None:
        c = companies.named()
        one = f"(SELECT {identifier(c['deal_id'])} AS did, min({identifier(c['company_id'])}) AS company FROM {companies.sql} GROUP BY 1)"
        sql += ", c.company"
        headers += ["company"]
        joins += f" LEFT JOIN {one} c ON d.{key} = c.did"
    if (merged := tables.get("merged_deal")) is not None:
        m = merged.named()
        sql += f", CASE WHEN d.{key} IN (SELECT {identifier(m['merged_deal_id'])} FROM {merged.sql}) THEN 'true' END AS __merged"
        headers += ["__merged"]
    return replace(raw, sql=f"{sql} FROM {raw.sql} d{joins})", headers=tuple(headers))


def _owners(raw: Raw, tables: Tables) -> Raw:
    """Owners beside the name of their primary team."""
    links, teams = tables.get("owner_team"), tables.get("team")
    if links is None or teams is None:
        return raw
    link, team = links.named(), teams.named()
    one = (
        f"(SELECT l.{identifier(link['owner_id'])} AS oid, min(t.{identifier(team['name'])}) AS team_name FROM {links.sql} l "
        f"JOIN {teams.sql} t ON l.{identifier(link['team_id'])} = t.{identifier(team['id'])} GROUP BY 1)"
    )
    key = identifier(raw.named()["owner_id"])
    return replace(
        raw,
        sql=f"(SELECT o.*, t.team_name FROM {raw.sql} o LEFT JOIN {one} t ON o.{key} = t.oid)",
        headers=(*raw.headers, "team_name"),
    )


def _engagement(kind: str, raw: Raw, tables: Tables, ways: Ways) -> Feed:
    """Calls, mails and meetings beside the deal, company and contact they belong to."""
    sql, joins, headers = "(SELECT e.*", "", [*raw.headers]
    key = identifier(raw.named().get("engagement_id") or raw.headers[0])
    for other, column in (("deal", "deal_id"), ("company", "company_id"), ("contact", "contact_id")):
        if (links := tables.get(f"engagement_{other}")) is not None and column in links.named():
            n = links.named()
            one = f"(SELECT {identifier(n['engagement_id'])} AS eid, min({identifier(n[column])}) AS __{other} FROM {links.sql} GROUP BY 1)"
            sql += f", {other}.__{other}"
            headers.append(f"__{other}")
            joins += f" LEFT JOIN {one} {other} ON e.{key} = {other}.eid"
    whole = replace(raw, sql=f"{sql} FROM {raw.sql} e{joins})", headers=tuple(headers))
    columns = {
        "touch_id": "{engagement_id}",
        "occurred_at": AT,
        "kind": f"'{ENGAGEMENTS[kind]}'",
        "function": "'sales'",
        "user_id": "{hubspot_owner_id}",
        "opportunity_id": "{deal}",
        "account_id": "{company}",
        "lead_id": "{contact}",
        "inbound": "CASE WHEN upper({hs_email_direction}) LIKE 'INCOMING%' OR upper({hs_call_direction}) = 'INBOUND' THEN 'true' END",
    }
    return table_feed(whole, "touch", columns, ways, deleted=DELETED, newest=NEWEST)


def _stages(raw: Raw, tables: Tables, ways: Ways) -> Feed:
    """The stages a deal went through as changes of stage."""
    record_type, n = record_types()["opportunity_change"], raw.named()
    key = identifier(n["deal_id"])
    at = identifier(n.get("date_entered") or n.get("_fivetran_start") or n.get("fivetran_start") or n["deal_id"])
    value = f"CAST({identifier(n['value'])} AS VARCHAR)"
    label, join = value, ""
    if (stages := tables.get("deal_pipeline_stage")) is not None and {"stage_id", "label"} <= stages.named().keys():
        s = stages.named()
        join = f" LEFT JOIN (SELECT {identifier(s['stage_id'])} AS sid, any_value({identifier(s['label'])}) AS label FROM {stages.sql} GROUP BY 1) s ON {value} = s.sid"
        label = f"coalesce(s.label, {value})"
    sql = (
        f"(SELECT opportunity_id, changed_at, 'stage' AS field, lag(v) OVER (PARTITION BY opportunity_id ORDER BY changed_at, __line) AS old_value, "
        f"v AS new_value, __line FROM (SELECT {key} AS opportunity_id, {at} AS changed_at, {label} AS v, __line FROM {raw.sql} r{join}))"
    )
    columns = ("opportunity_id", "changed_at", "field", "old_value", "new_value")
    told = replace(raw, sql=sql, headers=columns)
    return with_absent(
        Feed(record_type, told, [Origin(record_type[c], identifier(c)) for c in columns], frozenset(columns), ways)
    )


def _labelled(changes: str, stages: Raw) -> str:
    """Changes whose stages are named as deals name them, by the label."""
    s = stages.named()
    one = f"(SELECT {identifier(s['stage_id'])} AS sid, any_value({identifier(s['label'])}) AS label FROM {stages.sql} GROUP BY 1)"
    return (
        f"(SELECT c.opportunity_id, c.changed_at, c.field, coalesce(o.label, c.old_value) AS old_value, "
        f"coalesce(n.label, c.new_value) AS new_value, c.__line FROM {changes} c "
        f"LEFT JOIN {one} o ON c.field = 'stage' AND c.old_value = o.sid "
        f"LEFT JOIN {one} n ON c.field = 'stage' AND c.new_value = n.sid)"
    )


def _properties(raw: Raw, tables: Tables, ways: Ways) -> Feed:
    """The history of the properties that opportunity_change tracks; others of the table are left out."""
    record_type, n = record_types()["opportunity_change"], raw.named()
    cases = " ".join(f"WHEN '{k}' THEN '{v}'" for k, v in FIELDS.items())
    key, at, name, value = (identifier(n[c]) for c in ("deal_id", "timestamp", "name", "value"))
    before = f"lag(CAST({value} AS VARCHAR)) OVER (PARTITION BY {key}, {name} ORDER BY {at}, __line)"
    if "old_value" in n:
        before = f"CAST({identifier(n['old_value'])} AS VARCHAR)"
    sql = (
        f"(SELECT {key} AS opportunity_id, {at} AS changed_at, CASE lower({name}) {cases} END AS field, "
        f"{before} AS old_value, CAST({value} AS VARCHAR) AS new_value, __line FROM {raw.sql})"
    )
    if (stages := tables.get("deal_pipeline_stage")) is not None and {"stage_id", "label"} <= stages.named().keys():
        sql = _labelled(sql, stages)
    columns = ("opportunity_id", "changed_at", "field", "old_value", "new_value")
    told = replace(raw, sql=sql, headers=columns)
    feed = Feed(
        record_type,
        told,
        [Origin(record_type[c], identifier(c)) for c in columns],
        frozenset(columns),
        ways,
        keep="field IS NOT NULL",
    )
    return with_absent(feed)
