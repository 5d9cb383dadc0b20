"""Salesforce: its data export (`StageName`) and warehouse tables in snake case (`stage_name`), by their own columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from geartrain.facts import record_types
from geartrain.kernel.issues import Issue
from geartrain.stores.intake.cast import Origin, Ways
from geartrain.stores.intake.feed import Feed, Raw, filled, with_absent
from geartrain.stores.intake.readers import Reader
from geartrain.stores.intake.sniff import normal
from geartrain.stores.intake.sources import Asked, labelled
from geartrain.stores.intake.tables import Tables, built, names_in, read_tables, unused
from geartrain.stores.intake.words import identifier

DEAL_TYPE = (
    "CASE WHEN lower({type}) LIKE '%renew%' THEN 'renewal' WHEN lower({type}) LIKE '%expan%' OR lower({type}) LIKE '%exist%'"
    " OR lower({type}) LIKE '%up%sell%' OR lower({type}) LIKE '%add-on%' THEN 'expansion' WHEN lower({type}) LIKE 'new%'"
    " THEN 'new' ELSE {type} END"
)
ACCOUNT_TYPE = (
    "CASE WHEN lower({type}) LIKE '%partner%' THEN 'partner' WHEN lower({type}) LIKE '%customer%' THEN 'customer'"
    " WHEN lower({type}) LIKE '%prospect%' THEN 'prospect' ELSE {type} END"
)
TASK_KIND = (
    "CASE WHEN lower(coalesce({task_subtype}, {type}, {subject})) LIKE '%mail%' THEN 'email'"
    " WHEN lower(coalesce({task_subtype}, {type}, {subject})) LIKE '%call%' OR {call_type} IS NOT NULL THEN 'call'"
    " WHEN lower(coalesce({type}, {subject})) LIKE '%meet%' OR lower(coalesce({type}, {subject})) LIKE '%demo%' THEN 'meeting'"
    " ELSE lower(coalesce({type}, {task_subtype}, 'task')) END"
)
NAME = "coalesce({name}, nullif(concat_ws(' ', {first_name}, {last_name}), ''), {username}, {email}, {id})"

LEAD = "coalesce({linked_lead}, CASE WHEN {who_id} LIKE '00Q%' THEN {who_id} END)"
DEAL = "coalesce({linked_deal}, CASE WHEN {what_id} LIKE '006%' THEN {what_id} END)"
COMPANY = (
    "coalesce({account_id}, {linked_company}, {linked_contact}, CASE WHEN {what_id} LIKE '001%' THEN {what_id} END)"
)

# Table to record type, and each column's text as SQL over the table's columns; {x} is NULL where there is no x.
TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "account": (
        "account",
        {
            "account_id": "{id}",
            "name": "coalesce({name}, {id})",
            "parent_account_id": "{parent_id}",
            "type": ACCOUNT_TYPE,
            "industry": "{industry}",
            "segment": "{segment}",
            "country": "coalesce({billing_country}, {shipping_country})",
            "state": "coalesce({billing_state}, {shipping_state})",
            "postal_code": "coalesce({billing_postal_code}, {shipping_postal_code})",
            "latitude": "{billing_latitude}",
            "longitude": "{billing_longitude}",
            "employees": "{number_of_employees}",
            "annual_revenue": "{annual_revenue}",
            "owner_id": "{owner_id}",
            "created_at": "{created_date}",
        },
    ),
    "user": (
        "user",
        {
            "user_id": "{id}",
            "name": NAME,
            "email": "{email}",
            "title": "{title}",
            "manager_id": "{manager_id}",
            "team": "coalesce({department}, {division})",
            "region": "{region}",
            "time_zone": "{time_zone_sid_key}",
            "is_active": "coalesce({is_active}, 'true')",
        },
    ),
    "product_2": (
        "product",
        {
            "product_id": "{id}",
            "name": "coalesce({name}, {product_code}, {id})",
            "family": "{family}",
            "currency": "{currency_iso_code}",
        },
    ),
    "opportunity": (
        "opportunity",
        {
            "opportunity_id": "{id}",
            "name": "{name}",
            "account_id": "{account_id}",
            "owner_id": "{owner_id}",
            "type": DEAL_TYPE,
            "stage": "{stage_name}",
            "forecast_category": "coalesce({forecast_category_name}, {forecast_category})",
            "amount": "{amount}",
            "currency": "{currency_iso_code}",
            "created_at": "{created_date}",
            "close_date": "{close_date}",
            "closed_at": "CASE WHEN lower({is_closed}) IN ('true', '1') THEN {close_date} END",
            "is_closed": "{is_closed}",
            "is_won": "{is_won}",
            "lead_source": "{lead_source}",
            "campaign_id": "{campaign_id}",
            "next_step": "{next_step}",
            "loss_reason": "coalesce({loss_reason_c}, {loss_reason}, {closed_lost_reason_c})",
        },
    ),
    "opportunity_line_item": (
        "opportunity_line",
        {
            "line_id": "{id}",
            "opportunity_id": "{opportunity_id}",
            "product_id": "coalesce({product_2_id}, {product2_id})",
            "quantity": "{quantity}",
            "unit_price": "{unit_price}",
            "amount": "{total_price}",
            "discount": "CAST(TRY_CAST({discount} AS DECIMAL(18,6)) / 100 AS VARCHAR)",
        },
    ),
    "opportunity_split": (
        "split",
        {
            "opportunity_id": "{opportunity_id}",
            "user_id": "{split_owner_id}",
            "share": "CAST(TRY_CAST({split_percentage} AS DECIMAL(18,6)) / 100 AS VARCHAR)",
            "credit_type": "coalesce({split_type}, 'direct')",
        },
    ),
    "lead": (
        "lead",
        {
            "lead_id": "{id}",
            "email": "{email}",
            "company": "{company}",
            "country": "{country}",
            "source": "{lead_source}",
            "created_at": "{created_date}",
            "converted_at": "{converted_date}",
            "account_id": "{converted_account_id}",
            "opportunity_id": "{converted_opportunity_id}",
            "owner_id": "{owner_id}",
        },
    ),
    "campaign": (
        "campaign",
        {
            "campaign_id": "{id}",
            "name": "coalesce({name}, {id})",
            "channel": "{type}",
            "start_date": "{start_date}",
            "end_date": "{end_date}",
            "cost": "{actual_cost}",
            "currency": "{currency_iso_code}",
        },
    ),
    "task": (
        "touch",
        {
            "touch_id": "{id}",
            "occurred_at": "coalesce({completed_date_time}, {activity_date}, {created_date})",
            "kind": TASK_KIND,
            "function": "'sales'",
            "lead_id": LEAD,
            "account_id": COMPANY,
            "opportunity_id": DEAL,
            "user_id": "{owner_id}",
            "duration_minutes": "CAST(TRY_CAST({call_duration_in_seconds} AS DECIMAL(18,6)) / 60 AS VARCHAR)",
            "inbound": "CASE lower({call_type}) WHEN 'inbound' THEN 'true' WHEN 'outbound' THEN 'false' END",
        },
    ),
    "event": (
        "touch",
        {
            "touch_id": "{id}",
            "occurred_at": "coalesce({activity_date_time}, {start_date_time}, {activity_date}, {created_date})",
            "kind": "'meeting'",
            "function": "'sales'",
            "lead_id": LEAD,
            "account_id": COMPANY,
            "opportunity_id": DEAL,
            "user_id": "{owner_id}",
            "duration_minutes": "{duration_in_minutes}",
        },
    ),
}
TABLES["product"] = TABLES["product2"] = TABLES["product_2"]
# What the history tables track, and the field of opportunity_change each becomes.
TRACKED = {
    "stage_name": "stage",
    "amount": "amount",
    "close_date": "close_date",
    "owner_id": "owner_id",
    "forecast_category": "forecast_category",
}
FIELD_NAMES = {
    "stagename": "stage",
    "stage_name": "stage",
    "amount": "amount",
    "closedate": "close_date",
    "close_date": "close_date",
    "ownerid": "owner_id",
    "owner_id": "owner_id",
    "owner": "owner_id",
    "forecastcategory": "forecast_category",
    "forecast_category": "forecast_category",
    "forecastcategoryname": "forecast_category",
}
KNOWN = names_in(t for _, t in TABLES.values()) | frozenset(
    (*FIELD_NAMES, *TRACKED, "parent_role_id", "system_modstamp")
)
DELETED = "lower(coalesce({is_deleted}, {_fivetran_deleted}, {fivetran_deleted}, 'false')) IN ('true', '1')"


def feeds(read: Reader, asked: Asked) -> tuple[Sequence[Feed], Sequence[Issue]]:
    """Feeds of the tables that are known; the others are named."""
    assert asked.location is not None
    tables, issues = read_tables(read, labelled(asked.location), table_named, KNOWN)
    ways, found = Ways(asked.zone), list[Feed]()
    for name, raw in tables.files:
        if name in TABLES:
            found += built(partial(_feed, raw, name, tables, ways), issues, raw.label)
        elif name in ("opportunity_history", "opportunity_field_history"):
            found += built(partial(history_feed, raw, ways), issues, raw.label)
        elif name == "contact":
            issues.append(unused(raw, "contacts are used to find the account of calls and meetings"))
        elif name != "user_role":
            issues.append(unused(raw))
    return found, issues


def _feed(raw: Raw, name: str, tables: Tables, ways: Ways) -> Feed:
    roles = tables.get("user_role") if name == "user" else None
    if name in ("task", "event"):
        raw = _linked(raw, tables)
    return table_feed(raw, *TABLES[name], ways, roles)


def _linked(raw: Raw, tables: Tables) -> Raw:
    """Activities beside what they point at: `who` is a lead or a contact (and so an account), `what` a deal or an account.

    Ids tell by their first letters; where they do not (an anonymised export), by standing in the table.
    """
    named, sql, joins, headers = raw.named(), "(SELECT a.*", "", [*raw.headers]
    links = (("who_id", "lead", "lead"), ("what_id", "opportunity", "deal"), ("what_id", "account", "company"))
    for column, table, short in links:
        other = tables.get(table)
        if other is not None and column in named and "id" in other.named():
            key = identifier(other.named()["id"])
            sql += f", CASE WHEN {short}.k IS NOT NULL THEN a.{identifier(named[column])} END AS linked_{short}"
            joins += f" LEFT JOIN (SELECT DISTINCT {key} AS k FROM {other.sql}) {short} ON a.{identifier(named[column])} = {short}.k"
            headers.append(f"linked_{short}")
    contacts = tables.get("contact")
    if contacts is not None and "who_id" in named and {"id", "account_id"} <= contacts.named().keys():
        c = contacts.named()
        one = f"(SELECT {identifier(c['id'])} AS k, any_value({identifier(c['account_id'])}) AS v FROM {contacts.sql} GROUP BY 1)"
        sql += ", contact.v AS linked_contact"
        joins += f" LEFT JOIN {one} contact ON a.{identifier(named['who_id'])} = contact.k"
        headers.append("linked_contact")
    if not joins:
        return raw
    return replace(raw, sql=f"{sql} FROM {raw.sql} a{joins})", headers=tuple(headers))


def table_named(stem: str) -> str:
    """`sf_opportunity_data` and `Opportunity` are the table opportunity."""
    return normal(stem).removeprefix("sf_").removeprefix("salesforce_").removesuffix("_data")


def table_feed(
    raw: Raw,
    type_name: str,
    columns: dict[str, str],
    ways: Ways,
    roles: Raw | None = None,
    deleted: str = DELETED,
    newest: str = "{system_modstamp}",
) -> Feed:
    """A table whose columns become those of a record type one by one."""
    record_type, named = record_types()[type_name], _named(raw)
    if roles is not None:
        raw, columns, named = _with_roles(raw, roles, columns, named)
    origins, used = [], set()
    for name, template in columns.items():
        sql, headers = filled(template, named)
        origins.append(Origin(record_type[name], sql))
        used |= headers
    excluded, deleting = filled(deleted, named)
    order, modified = filled(newest, named)
    return with_absent(
        Feed(
            record_type,
            raw,
            origins,
            frozenset(used | deleting),
            ways,
            excluded=excluded if deleting else "",
            newest=order if modified else "",
        )
    )


def _named(raw: Raw) -> dict[str, str]:
    """Normalised names; `product_2_id` and `Product2Id` are one."""
    named = raw.named()
    named.update({k.replace("product2", "product_2"): v for k, v in named.items() if "product2" in k})
    return named


def _with_roles(
    raw: Raw, roles: Raw, columns: dict[str, str], named: dict[str, str]
) -> tuple[Raw, dict[str, str], dict[str, str]]:
    """Users beside their role: without a manager of their own they report to the one person of the role above."""
    role = roles.named()
    if "user_role_id" not in named or "id" not in role or "parent_role_id" not in role:
        return raw, columns, named
    key, parent = identifier(role["id"]), identifier(role["parent_role_id"])
    label = identifier(role.get("name", role["id"]))
    user, held = identifier(named["id"]), identifier(named["user_role_id"])
    bosses = f"SELECT {held} AS r, min({user}) AS boss FROM {raw.sql} WHERE {held} IS NOT NULL GROUP BY 1 HAVING count(*) = 1"
    sql = (
        f"(SELECT u.*, b.boss AS __boss, o.{label} AS __role FROM {raw.sql} u LEFT JOIN {roles.sql} o ON u.{held} = o.{key} "
        f"LEFT JOIN ({bosses}) b ON o.{parent} = b.r)"
    )
    joined = replace(raw, sql=sql, headers=(*raw.headers, "__boss", "__role"))
    more = {**columns, "manager_id": "coalesce({manager_id}, {boss})", "role": "{role_name}"}
    return joined, more, {**named, "boss": "__boss", "role_name": "__role"}


def history_feed(raw: Raw, ways: Ways) -> Feed:
    """The history of opportunities as changes: a row per change, or a row per state that is compared with the one before."""
    named = raw.named()
    if "field" in named and ("new_value" in named or "old_value" in named):
        return _field_history(raw, named, ways)
    record_type = record_types()["opportunity_change"]
    ids, at = (
        named.get("opportunity_id") or named.get("id"),
        named.get("_fivetran_start") or named.get("fivetran_start") or named.get("created_date"),
    )
    if ids is None or at is None:
        return with_absent(Feed(record_type, raw, (), frozenset(), ways))
    key, when = identifier(ids), identifier(at)
    who = identifier(named["created_by_id"]) if "created_by_id" in named else "CAST(NULL AS VARCHAR)"
    parts = [
        f"SELECT {key} AS opportunity_id, {when} AS changed_at, '{field}' AS field, "
        f"lag(CAST({identifier(named[column])} AS VARCHAR)) OVER w AS old_value, CAST({identifier(named[column])} AS VARCHAR) AS new_value, "
        f"{who} AS changed_by, __line FROM {raw.sql} WINDOW w AS (PARTITION BY {key} ORDER BY {when}, __line)"
        for column, field in TRACKED.items()
        if column in named
    ]
    sql = f"(SELECT * FROM ({' UNION ALL '.join(parts)}) WHERE old_value IS DISTINCT FROM new_value)"
    columns = ("opportunity_id", "changed_at", "field", "old_value", "new_value", "changed_by")
    stated = (*raw.stated, "states compared with the ones before: one row per field that changed")
    told = replace(raw, sql=sql, headers=columns, stated=stated)
    return with_absent(
        Feed(record_type, told, [Origin(record_type[c], identifier(c)) for c in columns], frozenset(columns), ways)
    )


def _field_history(raw: Raw, named: dict[str, str], ways: Ways) -> Feed:
    record_type = record_types()["opportunity_change"]
    names = " ".join(f"WHEN '{k}' THEN '{v}'" for k, v in FIELD_NAMES.items())
    templates = {
        "opportunity_id": "{opportunity_id}",
        "changed_at": "{created_date}",
        "field": f"CASE lower({{field}}) {names} END",
        "old_value": "{old_value}",
        "new_value": "{new_value}",
        "changed_by": "{created_by_id}",
    }
    origins, used = [], set()
    for name, template in templates.items():
        sql, headers = filled(template, named)
        origins.append(Origin(record_type[name], sql))
        used |= headers
    known = ", ".join(f"'{k}'" for k in FIELD_NAMES)
    keep = f"lower({identifier(named['field'])}) IN ({known})"
    if "data_type" in named:
        # A reference is told twice, by its id and by its name.
        named_only = (
            f"lower({identifier(named['field'])}) LIKE 'owner%' AND lower({identifier(named['data_type'])}) = 'text'"
        )
        keep += f" AND NOT coalesce({named_only}, false)"
    return with_absent(Feed(record_type, raw, origins, frozenset(used), ways, keep=keep))
