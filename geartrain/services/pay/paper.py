"""What a statement on paper says besides itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TypedDict

from geartrain.services.pay.ledger import status_of
from geartrain.services.pay.runs import names_of, period_of
from geartrain.services.workspace import Workspace


class Paper(TypedDict):
    """Name of the payee and of the company, the day it is dated with, and whether it still may change."""

    name: str
    company: str
    day: date
    status: str


def paper_of(ws: Workspace, said: Mapping[str, object]) -> Paper:
    """Of a statement that its reader may see."""
    period = str(said["period"])
    locked = status_of(ws, period) == "locked"
    return {
        "name": names_of(ws, [str(said["payee"])])[str(said["payee"])],
        "company": ws.name,
        "day": period_of(ws.calendar, period).end - timedelta(days=1),
        "status": "locked" if locked else "not yet locked: it may still change",
    }
