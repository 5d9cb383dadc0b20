"""Template tags: the components of the site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from geartrain.services.access import Permission
from geartrain.web import assets, charts
from geartrain.web.cards import Kpi
from geartrain.web.charts import Picture
from geartrain.web.numbers import show
from geartrain.web.tables import Table

register = template.Library()


@register.simple_tag
def asset(name: str) -> str:
    """Address of a static file."""
    return assets.url(name)


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of static/icons.svg, for the eye only."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        assets.url("icons.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def number(context: Any, value: Any, unit: str = "", why: str = "", compact: bool = True) -> SafeString:
    """A number as the site writes it, the exact one on hover."""
    shown = show(value, unit, currency=context.get("currency", "USD"), compact=compact, why=why)
    kind = "num unknown" if shown.unknown else "num"
    if shown.exact:
        return format_html('<span class="{}" title="{}">{}</span>', kind, shown.exact, shown.text)
    return format_html('<span class="{}">{}</span>', kind, shown.text)


@register.simple_tag
def amounts(sums: Mapping[str, Any]) -> SafeString:
    """Sums by currency, the exact ones on hover; nothing is 0."""
    shown = [show(value, "money", currency=currency) for currency, value in sums.items()]
    return format_html(
        '<span class="num" title="{}">{}</span>',
        " + ".join(s.exact or s.text for s in shown),
        " + ".join(s.text for s in shown) or "no amount",
    )


@register.simple_tag(takes_context=True)
def kpi(context: Any, card: Kpi) -> str:
    """A KPI card."""
    currency = context.get("currency", "USD")
    values = {"card": card, "shown": card.shown(currency), "change": card.change_shown(currency)}
    return get_template("components/kpi.html").render(values)


@register.simple_tag(takes_context=True)
def chart(context: Any, picture: Picture, size: str = "half") -> str:
    """A chart in a card; `size` is full, half or third of the page's width."""
    values: dict[str, Any] = {"picture": picture, "size": size}
    if not picture.empty:
        values["wide"] = mark_safe(picture.svg(charts.WIDTHS[size]))
        values["phone"] = mark_safe(picture.svg(charts.PHONE))
    return get_template("components/chart.html").render(values, request=context["request"])


@register.simple_tag(takes_context=True)
def table(context: Any, held: Table, plain: bool = False) -> str:
    """A table; `plain` leaves out paging, sorting and export."""
    actor = context.get("actor")
    values = {
        "table": held,
        "plain": plain,
        "export": held.export and not plain and held.total and actor is not None and actor.may(Permission.export),
    }
    return get_template("components/table.html").render(values, request=context["request"])


@register.inclusion_tag("components/filters.html", takes_context=True)
def filters(context: Any, view: Any, choices: Any) -> dict[str, Any]:
    """The filter bar for a `services.view` View and Choices: a GET form whose state is the address."""
    fields = [
        {"name": name, "values": values, "chosen": view.filters.get(name, "")}
        for name, values in choices.values.items()
        if values or view.filters.get(name)
    ]
    request = context["request"]
    periods = choices.periods if view.period.key in choices.periods else (view.period.key, *choices.periods)
    return {
        "fields": fields,
        "periods": periods,
        "period": view.period.key,
        "view": view,
        "path": request.path,
        "active": bool(view.filters) or bool(request.GET.get("period")) or bool(request.GET.get("as_of")),
        "as_of": request.GET.get("as_of", ""),
    }


@register.simple_tag(takes_context=True)
def query(context: Any, *pairs: Any, **changes: Any) -> str:
    """This address' parameters with some changed: {% query page=2 %} or {% query name value %}; None takes one out."""
    asked = context["request"].GET.copy()
    for name, value in [*zip(pairs[::2], pairs[1::2], strict=True), *changes.items()]:
        if value is None or value == "":
            asked.pop(name, None)
        else:
            asked[name] = str(value)
    return f"?{asked.urlencode()}"


@register.filter
def words(name: Any) -> str:
    """A snake_case name as words."""
    return str(name).replace("_", " ")


@register.filter
def period_name(key: str) -> str:
    """A period's key for people: 2026Q3 as Q3 2026."""
    year, _, quarter = key.partition("Q")
    return f"Q{quarter} {year}" if quarter else f"Year {key}" if key.isdigit() else key


@register.filter
def may(actor: Any, permission: str) -> bool:
    """Whether the person has a permission, for links to what it opens."""
    return actor is not None and actor.may(Permission(permission))
