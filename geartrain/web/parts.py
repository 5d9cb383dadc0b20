"""Pages made of cards, pictures and tables, from one template: what they hold is said once, here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from geartrain.web.exports import exported
from geartrain.web.tables import Table

Heading = tuple[str, str, Table]


def part_page(request: Any, *, title: str, lead: str, tables: Sequence[Heading] = (), **more: Any) -> HttpResponse:
    """The page, or the file of one of its tables where the address asks for that.

    Args:
        more: crumb (words, address), fields, cards, chips, pictures with their sizes, notes, lists, empty (words, why).
    """
    for _, _, table in tables:
        if (file := exported(request, table)) is not None:
            return file
    return render(request, "pages/forecast_part.html", {"title": title, "lead": lead, "tables": tables, **more})


def field(label: str, name: str, value: Any, options: Sequence[tuple[str, str]] = (), **more: Any) -> Mapping[str, Any]:
    """A field of the form above a page; a list to choose from where there are `options`."""
    return {"label": label, "name": name, "value": value, "options": options, **more}
