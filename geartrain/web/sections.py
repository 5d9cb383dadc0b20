"""A page of cards above titled tables, or what is missing for it and how to mend that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.web.exports import exported
from geartrain.web.tables import Table

Section = tuple[str, str, Table]


def sections_page(request: Any, *, title: str, lead: str, work: Callable[[], Mapping[str, Any]]) -> HttpResponse:
    """The page that `work` gives `cards`, `sections` and `issues` of; without its policy it says so."""
    context: dict[str, Any] = {"title": title, "lead": lead, "issues": ()}
    try:
        context |= work()
    except (NotFound, Invalid) as error:
        if request.GET:
            raise
        return render(request, "pages/sections.html", context | {"missing": error.message, "hint": error.hint})
    sections: Sequence[Section] = context["sections"]
    for _, _, table in sections:
        if request.GET.get("table") in (None, table.name) and (answer := exported(request, table)) is not None:
            return answer
    return render(request, "pages/sections.html", context)


def deal_link(row: Mapping[str, Any]) -> str:
    """Where an opportunity's record is shown."""
    return _record("opportunity", row.get("opportunity_id"))


def case_link(row: Mapping[str, Any]) -> str:
    """Where a deal's history under the process is shown."""
    from urllib.parse import urlencode

    key = row.get("opportunity_id")
    return f"{reverse('case')}?{urlencode({'key': key})}" if key else ""


def lead_link(row: Mapping[str, Any]) -> str:
    """Where a lead's record is shown."""
    return _record("lead", row.get("lead_id"))


def _record(kind: str, key: Any) -> str:
    from urllib.parse import urlencode

    return f"{reverse('record', kwargs={'type': kind})}?{urlencode({'key': key})}" if key else ""
