"""The event log for other tools: XES (IEEE 1849) and CSV, one event per stage a deal came into."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import Any
from xml.sax.saxutils import quoteattr

COLUMNS = ("case_id", "activity", "timestamp", "resource", "type", "crm_stage")
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1849.2016" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>
  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>
  <classifier name="Activity" keys="concept:name"/>
"""


def as_xes(rows: Iterable[Mapping[str, Any]], *, name: str) -> Iterator[str]:
    """The text of an XES log, piece by piece.

    Args:
        rows: With the keys of `COLUMNS`, by case and time.
    """
    yield HEAD + _string("concept:name", name, 2)
    case = None
    for row in rows:
        if row["case_id"] != case:
            yield "" if case is None else "  </trace>\n"
            case = row["case_id"]
            yield "  <trace>\n" + _string("concept:name", case, 4)
            yield _string("type", row["type"], 4)
        at = row["timestamp"].isoformat(timespec="milliseconds") + "+00:00"
        yield "    <event>\n" + _string("concept:name", row["activity"], 6)
        yield f'      <date key="time:timestamp" value="{at}"/>\n'
        yield _string("org:resource", row["resource"], 6) + _string("crm_stage", row["crm_stage"], 6) + "    </event>\n"
    yield ("" if case is None else "  </trace>\n") + "</log>\n"


def as_csv(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The text of a CSV file with a header, piece by piece."""
    yield ",".join(COLUMNS) + "\n"
    for row in rows:
        out = StringIO()
        cells = [row[c] for c in COLUMNS]
        cells[2] = f"{row['timestamp'].isoformat()}Z"
        csv.writer(out, lineterminator="\n").writerow(["" if c is None else c for c in cells])
        yield out.getvalue()


def _string(key: str, value: Any, indent: int) -> str:
    """A string attribute; nothing for what is not known. What XML cannot hold is left out."""
    if value is None:
        return ""
    text = "".join(c for c in str(value) if c >= " " or c in "\t\n")
    return f"{' ' * indent}<string key={quoteattr(key)} value={quoteattr(text)}/>\n"
