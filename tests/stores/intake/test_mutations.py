"""A thousand damaged files: never a traceback, and every physical line is accounted for."""

import random
from pathlib import Path

import pytest

from geartrain.stores.intake.pipeline import open_duckdb, stage
from geartrain.stores.intake.readers import Reader
from geartrain.stores.intake.sources import Asked, connector

DATA = Path(__file__).parents[4] / "shared" / "data"
CRM, SALES, HUB = DATA / "crm-opportunities", DATA / "salesforce-seeds", DATA / "hubspot-seeds"
MAPPING = """
load:
  - {type: user, file: sales_teams.csv, columns: {user_id: sales_agent, name: sales_agent, team: manager,
     is_active: {constant: true}}}
  - {type: account, file: accounts.csv, columns: {account_id: account, name: account, employees: employees,
     annual_revenue: revenue}}
  - {type: product, file: products.csv, columns: {product_id: product, name: product, list_price: sales_price}}
  - type: opportunity
    file: sales_pipeline.csv
    columns: {opportunity_id: opportunity_id, stage: deal_stage, amount: close_value, close_date: close_date,
      created_at: {from: engage_date, may_be_empty: true},
      is_closed: {from: deal_stage, values: {Won: 1, Lost: 1}, default: 0},
      is_won: {expr: "deal_stage = 'Won'"}}
"""
# File, source, mapping, lines of it that are taken.
VICTIMS = [
    (CRM / "sales_pipeline.csv", "folder", MAPPING, 25),
    (CRM / "accounts.csv", "folder", MAPPING, 25),
    (CRM / "sales_teams.csv", "folder", MAPPING, 40),
    (CRM / "products.csv", "folder", MAPPING, 40),
    (SALES / "sf_opportunity_data.csv", "salesforce", "", 40),
    (SALES / "sf_opportunity_history_data.csv", "salesforce", "", 40),
    (SALES / "sf_task_data.csv", "salesforce", "", 40),
    (HUB / "deal_data.csv", "hubspot", "", 40),
    (HUB / "deal_stage_data.csv", "hubspot", "", 40),
    (HUB / "engagement_meeting_data.csv", "hubspot", "", 20),
]
# Where each row of the file is one row of one type, physical lines can be counted exactly.
ONE_TO_ONE = {
    "accounts.csv",
    "sales_pipeline.csv",
    "sales_teams.csv",
    "products.csv",
    "sf_opportunity_data.csv",
    "deal_data.csv",
}


def truncated(data, dice):
    return data[: dice.randrange(len(data))]


def recoded(data, dice):
    text = data.decode("utf-8", "replace").replace("e", "é")
    return text.encode(dice.choice(["cp1252", "utf-16", "utf-16-le", "utf-8-sig", "cp1250", "shift_jis"]), "replace")


def shifted(data, dice):
    lines = data.split(b"\n")
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(lines))
        lines[at] = b"," + lines[at] if dice.random() < 0.5 else lines[at].partition(b",")[2]
    return b"\n".join(lines)


def cells(data, dice):
    """Some cells replaced."""
    odd = [
        b"",
        b"NULL",
        b"1e300",
        b"-1e309",
        b"=1+1",
        b"@SUM(A1)",
        b"\0",
        b"n/a",
        b"31/31/2024",
        b'"',
        b'""',
        b"\xff\xfe",
        b"'; --",
        "ﷺ".encode(),
    ]
    lines = data.split(b"\n")
    for _ in range(dice.randint(1, 8)):
        at = dice.randrange(len(lines))
        row = lines[at].split(b",")
        row[dice.randrange(len(row))] = dice.choice(odd)
        lines[at] = b",".join(row)
    return b"\n".join(lines)


def delimited(data, dice):
    whole = dice.random() < 0.5
    lines = [
        line.replace(b",", dice.choice([b";", b"\t", b"|", b"^"])) if not whole and dice.random() < 0.3 else line
        for line in data.split(b"\n")
    ]
    data = b"\n".join(lines)
    return data.replace(b",", dice.choice([b";", b"\t", b"|", b"^", b" "])) if whole else data


def scattered(data, dice):
    """Random bytes in random places."""
    content = bytearray(data)
    for _ in range(dice.randint(1, 20)):
        at = dice.randrange(len(content))
        content[at : at + dice.randint(0, 3)] = dice.randbytes(dice.randint(0, 3))
    return bytes(content)


def beheaded(data, dice):
    lines = data.split(b"\n")
    if dice.random() < 0.5:
        return b"\n".join(lines[1:])
    names = lines[0].split(b",")
    names[dice.randrange(len(names))] = dice.choice([b"", b"?", names[0], b'"x'])
    return b"\n".join([b",".join(names), *lines[1:]])


def quoted(data, dice):
    content = bytearray(data)
    for _ in range(dice.randint(1, 5)):
        content.insert(dice.randrange(len(content)), ord('"'))
    return bytes(content)


def ended(data, dice):
    return data.replace(b"\n", dice.choice([b"\r\n", b"\r", b"\n\n", b"\r\r\n", b"\x0b"]))


def doubled(data, dice):
    lines = data.split(b"\n")
    dice.shuffle(lines)
    return b"\n".join(lines + lines[: len(lines) // 2])


MUTATORS = [truncated, recoded, shifted, cells, delimited, scattered, beheaded, quoted, ended, doubled]
EACH = 1_000 // len(MUTATORS) // len(VICTIMS)


@pytest.mark.parametrize("mutate", MUTATORS)
def test_a_damaged_file_never_fails_and_loses_no_row(tmp_path, mutate):
    for place, (victim, source, mapping, most) in enumerate(VICTIMS):
        data = b"\n".join(victim.read_bytes().split(b"\n")[:most])
        for seed in range(EACH):
            dice = random.Random(f"{mutate.__name__}-{place}-{seed}")
            content = mutate(data, dice)
            folder = tmp_path / f"{place}-{seed}"
            folder.mkdir()
            (folder / victim.name).write_bytes(content)
            account_for(folder, victim.name, content, source, mapping)


def account_for(folder, name, content, source, mapping):
    from geartrain.stores.intake.mapping import read_mapping

    scratch = folder / "scratch"
    scratch.mkdir()
    given = read_mapping(mapping, where="m") if mapping else None
    with open_duckdb(scratch) as con:
        asked = Asked(folder / name, "", given, "UTC")
        feeds, issues = connector(source)(Reader(con, scratch), asked)
        staged, more = stage(con, feeds, scratch, aliases={}, progress=lambda *_: None)
        for one in staged:
            assert one.read == one.good + one.quarantined + one.duplicates
            held = con.execute(f"SELECT count(*) FROM '{one.file}'").fetchone()[0] if one.good else 0
            thrown = sum(con.execute(f"SELECT count(*) FROM '{f}'").fetchone()[0] for f in one.rejects)
            assert (held, thrown) == (one.good, one.quarantined)
        codes = {i.code for i in (*issues, *more)}
        if not staged:
            assert codes & {"unreadable_file", "unknown_file"}
        elif name in ONE_TO_ONE and not content.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" not in content[:200]:
            rows(feeds[0].raw, staged, content)


def rows(raw, staged, content):
    """Physical lines: titles and header, rows, lines told, blank ones, and the rest of rows that go on."""
    lines = (
        content.removeprefix(b"\xef\xbb\xbf")
        .replace(b"\r\n", b"\n")
        .replace(b"\r", b"\n")
        .removesuffix(b"\n")
        .split(b"\n")
    )
    assert raw.skipped + raw.blank + raw.continued + sum(s.read for s in staged) == len(lines)
