"""Comparisons of scenarios as pages show them: the table, what differs first, and a chart of what moved most."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.urls import reverse

from geartrain.kernel.policy.scenario import Row
from geartrain.services.changes.scenario_runs import Comparison
from geartrain.web.charts import Picture, ranked
from geartrain.web.numbers import show
from geartrain.web.tables import Col, Table, make_table

MOST_BARS = 12
# A value that is text already: to the right, as it stands.
TEXT = "text"
LEAST_POINTS = Decimal("0.05")
LEAST_BAR = Decimal("0.0005")
TITLES = {"metrics": "Metrics", "goals": "Corporate goals", "quality": "Data quality", "plan": "The plan"}


def shown_table(request: Any, found: Comparison, *, every: bool) -> Table:
    """The numbers for people, those that differ alone unless `every` is asked for."""
    rows = found.rows if every else found.changed
    columns = [Col("label", "Number", href=_href, sortable=False, wide=True), Col("engine", "From", sortable=False)]
    for n, (key, name) in enumerate(found.columns):
        columns.append(Col(f"v{n}", name, unit=TEXT, sortable=False))
        if n:
            columns.append(Col(f"d{n}", "Difference", unit=TEXT, sortable=False, help=f"{key} against today"))
    columns.append(Col("causes", "Because of", sortable=False, wide=True))
    lines = [_line(request, row) for row in rows]
    return make_table(
        request, name="numbers", columns=columns, rows=lines, size=500, caption="Numbers side by side",
        empty="No number differs.",
    )  # fmt: skip


def exact_table(request: Any, found: Comparison) -> Table:
    """Every number as exports hold it: exact, with its unit."""
    columns = [Col("key", "Key"), Col("label", "Number"), Col("unit", "Unit")]
    for n, (key, _) in enumerate(found.columns):
        columns.append(Col(f"v{n}", key))
        columns += [Col(f"d{n}", f"{key} difference")] if n else []
    rows = []
    for row in found.rows:
        values = {f"v{n}": v for n, v in enumerate(row.values)} | {f"d{n}": v for n, v in enumerate(row.differences)}
        rows.append({"key": row.key, "label": row.label, "unit": row.unit, **values, "causes": _because(row)})
    return make_table(request, name="numbers", columns=[*columns, Col("causes", "Because of")], rows=rows, size=10_000)


def moved(request: Any, found: Comparison) -> Picture | None:
    """What moved most, relative to today; None where nothing can be drawn."""
    if len(found.columns) != 2:
        return None
    shares = [(row.label, row.differences[1] / abs(row.values[0])) for row in found.changed if _relative(row)]
    top = sorted(shares, key=lambda s: -abs(s[1]))[:MOST_BARS]
    top = [(label, share) for label, share in top if abs(share) >= LEAST_BAR]
    if not top:
        return None
    rows = [{"x": label, "y": share.quantize(Decimal("0.0001"))} for label, share in top]
    return Picture(
        title="What moved most",
        unit=f"{found.columns[1][1]} against today, in percent of today's number",
        draw=ranked,
        rows=rows,
        options={"unit": "ratio"},
        alt=f"{rows[0]['x']} moves most, by {show(rows[0]['y'], 'ratio')}.",
        table=make_table(request, columns=(Col("x", "Number"), Col("y", "Change", unit="ratio")), rows=rows),
    )


def _relative(row: Row) -> bool:
    first, difference = row.values[0], row.differences[1]
    return bool(first) and bool(difference)


def _line(request: Any, row: Row) -> dict[str, Any]:
    currency = request.workspace.currency
    line: dict[str, Any] = {"key": row.key, "label": row.label, "engine": TITLES.get(row.engine, row.engine)}
    for n, (value, difference) in enumerate(zip(row.values, row.differences, strict=True)):
        line[f"v{n}"] = show(value, row.unit, currency=currency).text
        line[f"d{n}"] = _signed(difference, row.unit, currency)
    return line | {"causes": _because(row)}


def _signed(difference: Decimal | None, unit: str, currency: str) -> str:
    if difference is None:
        return "n/a"
    if not difference:
        return "none"
    # The difference of two shares is in points, never in percent.
    points = unit == "ratio"
    value = abs(difference) * 100 if points else abs(difference)
    if points and value < LEAST_POINTS:
        return f"{'+' if difference > 0 else '−'}<0.1 pp"
    return f"{'+' if difference > 0 else '−'}{show(value, 'points' if points else unit, currency=currency).text}"


def _because(row: Row) -> str | None:
    if not row.differs:
        return None
    causes = dict.fromkeys(f"{kind} {key}".replace("_", " ") for found in row.causes[1:] for kind, key in found)
    return ", ".join(causes) or None


def _href(row: Mapping[str, Any]) -> str:
    engine, _, key = str(row["key"]).partition("/")
    return reverse("metric", args=[key]) if engine == "metrics" else ""
