"""Generated facts in the sizes the specification names; made once and kept."""

from __future__ import annotations

from pathlib import Path

import duckdb

from bench.harness import DATA, ROWS


def changes(kind: str) -> Path:
    """A folder with opportunity_change.parquet or .csv: ten changes of each of a tenth as many opportunities."""
    sql = f"""
        select 'O' || (i // 10) as opportunity_id,
               timestamp '2022-01-01' + to_seconds(((i // 10) * 97 + (i % 10) * 864000) % 94608000) as changed_at,
               case i % 5 when 0 then 'stage' when 1 then 'amount' when 2 then 'close_date'
                    when 3 then 'forecast_category'
                    else 'owner_id' end as field,
               case i % 5 when 0 then 'Discovery' when 1 then (i % 9000)::varchar when 2 then '2024-03-31'
                    when 3 then 'Pipeline' else 'U' || (i % 60) end as old_value,
               case i % 5 when 0 then 'Proposal' when 1 then (i % 9500)::varchar when 2 then '2024-06-30'
                    when 3 then 'Commit' else 'U' || (i % 61) end as new_value,
               'U' || (i % 60) as changed_by
        from range({ROWS}) t(i)
    """
    return _written(f"changes-{kind}-{ROWS}", "opportunity_change", kind, sql)


def opportunities() -> Path:
    """A folder with opportunity.parquet and user.csv: one row per opportunity, of 60 sellers over four years."""
    sql = f"""
        select 'O' || i as opportunity_id, 'Deal ' || i as name, 'A' || (i % 50000) as account_id,
               'U' || (i % 60) as owner_id,
               case i % 3 when 0 then 'new' when 1 then 'expansion' else 'renewal' end as type,
               null::varchar as product_id, case when i % 4 = 0 then 'Discovery' when i % 4 = 1 then 'Closed Lost'
               else 'Closed Won' end as stage, null::varchar as forecast_category,
               ((i * 7919) % 100000)::decimal(38, 4) as amount, null::varchar as currency,
               timestamp '2021-06-01' + to_seconds((i * 13) % 126144000) as created_at,
               (date '2021-08-01' + ((i * 13) % 126144000 // 86400)::int + (i % 90)::int) as close_date,
               case when i % 4 = 0 then null else timestamp '2021-06-01' + to_seconds((i * 13) % 126144000)
               + to_days((i % 120)::int) end as closed_at,
               i % 4 <> 0 as is_closed, i % 4 > 1 as is_won, null::varchar as lead_source,
               case i % 3 when 0 then 'marketing' else 'sales' end as source_function, null::varchar as campaign_id,
               null::varchar as next_step, null::varchar as loss_reason
        from range({ROWS}) t(i)
    """
    folder = _written(f"opportunities-{ROWS}", "opportunity", "parquet", sql)
    users = folder / "user.csv"
    if not users.exists():
        lines = [f"U{n},Seller {n},Team {n % 6},{('East', 'West', 'Central')[n % 3]},true" for n in range(61)]
        users.write_text("\n".join(["user_id,name,team,region,is_active", *lines]) + "\n")
    return folder


def _written(name: str, stem: str, kind: str, sql: str) -> Path:
    folder = DATA / name
    file = folder / f"{stem}.{kind}"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".part")
        how = "format csv, header" if kind == "csv" else "format parquet"
        with duckdb.connect() as con:
            con.execute(f"copy ({sql}) to '{partial}' ({how})")
        partial.rename(file)
    return folder
