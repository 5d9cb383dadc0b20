"""Data quality: what is wrong in the records, worst first, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from geartrain.facts import record_type as find_type
from geartrain.kernel.errors import NotFound
from geartrain.kernel.issues import Level
from geartrain.services.access import Permission
from geartrain.services.records.quality import check_records, list_failing, list_unmatched
from geartrain.web.cards import Kpi
from geartrain.web.exports import exported
from geartrain.web.records import described, record_columns
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, make_table

BADGES = {"error": "bad", "warning": "warn", "info": "info"}
HEADINGS = {
    Level.error: "Numbers are wrong until these are mended",
    Level.warning: "Numbers may mislead because of these",
    Level.info: "Worth knowing",
}
# A share of good records below these is shown as a warning or as bad.
WARN, BAD = 0.95, 0.85


def quality(request: Any) -> HttpResponse:
    """The score, its parts and every finding."""
    checked = check_records(request.workspace, request.actor)
    rows = [_row(f) for f in checked.findings]
    table = make_table(request, columns=COLUMNS, rows=rows, size=1_000, caption="Findings", name="findings")
    if (answer := exported(request, table)) is not None:
        return answer
    groups = [(HEADINGS[Level(k)], list(found)) for k, found in groupby(rows, key=lambda r: r["level"])]
    context = {"cards": _cards(checked.score), "groups": groups, "table": table, "score": checked.score}
    return render(request, "pages/quality.html", context | {"issues": checked.issues})


def affected(request: Any) -> HttpResponse:
    """The records behind one finding."""
    asked = {name: request.GET.get(name, "")[:500] for name in ("rule", "type", "field", "value")}
    found = find_type(asked["type"])
    if "value" in request.GET:
        rows = list_unmatched(
            request.workspace, request.actor, type=found.name, field=asked["field"], value=asked["value"]
        )
        title, hint = f"{asked['field'].replace('_', ' ')}: {asked['value']}", ""
    else:
        rule, rows = list_failing(request.workspace, request.actor, rule=asked["rule"])
        if rule.type != found.name:
            raise NotFound(f"There is no rule '{asked['rule']}' for {found.name}.")
        title, hint = rule.key.replace("_", " ").capitalize(), rule.hint
    columns = record_columns(found, rows, sortable=True)
    table = make_table(request, columns=columns, rows=rows, name=found.name, caption=title)
    context = {"table": table, "title": title, "hint": hint, "type": described(found)}
    return exported(request, table) or render(request, "pages/quality_records.html", context)


COLUMNS = (
    Col("level", "Level", badge=BADGES),
    Col("message", "What", wide=True),
    Col("count", "Records", unit="count"),
    Col("share", "Of those looked at", unit="ratio"),
    Col("closest", "Closest match"),
    Col("hint", "How to mend it", wide=True),
    Col("rule", "Rule"),
    Col("type", "Type"),
    Col("field", "Column"),
    Col("value", "Value"),
)


def _row(finding: Any) -> Mapping[str, Any]:
    share = finding.count / finding.applicable if finding.applicable else None
    row = finding.as_json() | {"level": str(finding.level), "share": share, "badge": BADGES[str(finding.level)]}
    return row | {"href": f"{reverse('affected')}?{urlencode(_drill(finding))}" if _drillable(finding) else ""}


def _drill(finding: Any) -> dict[str, str]:
    asked = {"rule": finding.rule, "type": finding.type, "field": finding.field}
    return asked if finding.value is None else asked | {"value": finding.value}


def _drillable(finding: Any) -> bool:
    """Whether the records behind it can be listed: those of a rule, or those that hold one value."""
    built_in = finding.rule in ("unmatched_reference", "unknown_choice", "reference_not_loaded")
    return finding.value is not None or not built_in


def _cards(score: Any) -> Sequence[Kpi]:
    why = "No rule applies to the records there are."
    cards = [Kpi("Data quality", score.overall, "ratio", why=why, progress=score.overall, trust=_trust(score.overall))]
    for part in score.dimensions:
        cards.append(
            Kpi(
                str(part.dimension).capitalize(),
                part.value,
                "ratio",
                why="Nothing assesses this yet.",
                progress=part.value,
                note=f"{int(part.applicable - part.passing):,} of {int(part.applicable):,} checks fail"
                if part.applicable
                else "",
            )
        )
    return cards


def _trust(value: Any) -> str:
    if value is None:
        return ""
    return "bad" if value < BAD else "warn" if value < WARN else "good"


PAGE = Page(
    key="quality",
    title="Data quality",
    from_facts=True,
    path="quality/",
    group=Group.data,
    icon="quality",
    order=10,
    permission=Permission.view_quality,
    view=quality,
    routes=(Route("quality/records/", affected, "affected"),),
)
