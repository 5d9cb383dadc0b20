"""A pay statement on paper, set by typst: same statement, same bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import typst

SETTING = Path(__file__).with_name("statement.typ")


def statement_pdf(said: Mapping[str, Any], *, name: str, company: str, day: date, status: str = "") -> bytes:
    """The statement as PDF.

    Args:
        said: The statement as JSON.
        day: What it is dated with: the last of its period.
    """
    told = _told(said) | {"name": name, "company": company, "status": status}
    told["date"] = {"year": day.year, "month": day.month, "day": day.day}
    found = typst.compile(
        SETTING,
        root=SETTING.parent,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"statement": json.dumps(told, ensure_ascii=False, sort_keys=True, default=str)},
        timestamp=int(datetime.combine(day, time(), UTC).timestamp()),
    )
    assert isinstance(found, bytes)
    return found


def _told(said: Mapping[str, Any]) -> dict[str, Any]:
    draws = said["draws"]
    summary = [("Earned", said["earned"]), ("Adjustments of earlier periods and by hand", said["adjusted"]),
               ("Held back", _minus(said["held"])), ("Released", said["released"]), ("Taken back", said["clawed_back"]),
               ("Advanced", draws["drawn"]), ("Advances paid back", draws["recovered"])]  # fmt: skip
    return {
        "payee": said["payee"],
        "period": said["period"],
        "plan": said["plan"],
        "currency": said["currency"],
        "manifest": said["manifest"],
        "paid": _money(said["paid"]),
        "summary": [[k, _money(v)] for k, v in summary if Decimal(str(v)) or k == "Earned"],
        "balances": [
            [k, _money(v)]
            for k, v in (("Held back until now", said["holding"]), ("Advanced, still owed", draws["owed"]))
            if Decimal(str(v))
        ],
        "parts": [_part(p) for p in said["components"]],
        "adjustments": [[a["origin"], a["cause"], _money(a["amount"])] for a in said["adjustments"]],
        "movements": [
            [str(m["date"]), str(m["kind"]).replace("_", " "), str(m["deal"]), str(m["why"]), _money(m["amount"])]
            for m in said["movements"]
        ],
    }


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    reached = [("attainment", part["attainment"]), ("team", part["team_attainment"])]
    return {
        "key": str(part["key"]).replace("_", " "),
        "earned": _money(part["earned"]),
        "reached": ", ".join(f"{k} {Decimal(str(v)):.1%}" for k, v in reached if v is not None),
        "lines": [
            [str(x["date"]), str(x["deal"]), _money(x["credit"]), str(x["says"]), _money(x["amount"])]
            for x in part["lines"]
        ],
    }


def _minus(value: Any) -> Decimal:
    return -Decimal(str(value))


def _money(value: Any) -> str:
    return f"{Decimal(str(value)):,.2f}".replace("-", "\N{MINUS SIGN}")
