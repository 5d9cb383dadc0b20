"""What a page declares about itself. The folder `pages/` is the register: a page is one module there and a template.

    PAGE = Page(
        key="loads", title="Loads", path="loads/", group=Group.data, icon="upload", order=30,
        permission=Permission.view_loads, view=loads,
        routes=(Route("loads/<str:load_id>/", one_load, name="load"),),
    )

`view(request)` parses `request.GET`, calls one use case with `request.workspace, request.actor` and returns
`render(request, "pages/loads.html", {...})`. Sign-in, the permission, errors and the menu are taken care of. In
templates `{% url "loads" %}` is the page and `{% url "load" load_id=… %}` a route beneath it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from geartrain.services.access import Actor, Permission

if TYPE_CHECKING:
    from django.http import HttpResponse

    View = Callable[..., HttpResponse]


class Group(StrEnum):
    """The headings of the menu, in order. `hidden` pages are reached from elsewhere."""

    performance = "Performance"
    forecast = "Forecast"
    planning = "Planning"
    pay = "Pay"
    process = "Process"
    definitions = "Definitions"
    data = "Data"
    administration = "Administration"
    hidden = ""


@dataclass(frozen=True)
class Route:
    """An address beneath a page, under the page's permission unless it names its own.

    Args:
        methods: What it answers to; everything else is 405. Only POST may change anything.
    """

    path: str
    view: View
    name: str
    permission: Permission | None = None
    methods: tuple[str, ...] = ("GET", "HEAD")


@dataclass(frozen=True)
class Page:
    """A page of the site.

    Args:
        key: Also the name of its address for `{% url %}`.
        path: Beneath the root, ending in a slash; empty for the root itself.
        icon: Name of a symbol in static/icons.svg.
        permission: Who may open it; None for everyone who is signed in.
        order: Place within its group, small first.
        from_facts: It shows nothing but the facts and the policies, so that it is kept until one of them changes.
    """

    key: str
    title: str
    path: str
    view: View
    group: Group = Group.hidden
    icon: str = "dot"
    permission: Permission | None = None
    order: int = 50
    from_facts: bool = False
    methods: tuple[str, ...] = ("GET", "HEAD")
    routes: tuple[Route, ...] = ()

    def open_to(self, actor: Actor) -> bool:
        """Whether the actor finds it in the menu."""
        return self.permission is None or actor.may(self.permission)


@cache
def pages() -> dict[str, Page]:
    """Every page by key: each module of `pages/` that declares one as `PAGE`."""
    from geartrain.web import pages as folder

    modules = [import_module(f"{folder.__name__}.{m.name}") for m in iter_modules(folder.__path__)]
    found = [m.PAGE for m in modules if hasattr(m, "PAGE")]
    order = list(Group)
    return {p.key: p for p in sorted(found, key=lambda p: (order.index(p.group), p.order, p.title))}


def menu(actor: Actor) -> list[tuple[str, list[Page]]]:
    """Headings with the pages the actor may open, empty headings left out."""
    shown = [p for p in pages().values() if p.group is not Group.hidden and p.open_to(actor)]
    grouped = [(group.value, [p for p in shown if p.group is group]) for group in Group]
    return [(heading, found) for heading, found in grouped if found]
