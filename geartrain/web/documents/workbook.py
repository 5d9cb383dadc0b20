"""Every number of a pack as a workbook, with what it rests on, and the metrics it is made of."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from geartrain.kernel.measure.pack import Pack, address
from geartrain.web.documents.settled import settled
from geartrain.web.exports import _xlsx_cell

NUMBERS = (
    "section", "question", "period", "cut", "metric", "unit", "value", "goal", "previous", "year_ago", "n", "numerator",
    "denominator", "low", "high", "maturity", "reason", "version", "number",
)  # fmt: skip
WIDE = {"definition": 60, "formula": 60, "value": 18, "number": 50}


def as_xlsx(pack: Pack) -> bytes:
    """Sheets: Pack, Numbers, Decisions, Metrics. Numbers are numbers, exact; text is never a formula."""
    book = Workbook()
    book.properties.creator = pack.company
    book.properties.title = pack.title
    sheets: dict[str, tuple[Sequence[str], Iterator[Sequence[Any]]]] = {
        "Pack": (("what", "value"), _about(pack)),
        "Numbers": (NUMBERS, _numbers(pack)),
        "Decisions": (("decision", "owner", "due", "pack"), ((d.text, d.owner, d.due, d.pack) for d in pack.decisions)),
        "Metrics": (("key", "name", "version", "sha256", "unit", "definition", "formula"), _metrics(pack)),
    }
    del book[book.sheetnames[0]]
    for name, (titles, rows) in sheets.items():
        page = book.create_sheet(name)
        page.append([*titles])
        for row in rows:
            page.append([_xlsx_cell(v) for v in row])
        for n, title in enumerate(titles, 1):
            page.cell(1, n).font = Font(bold=True)
            page.column_dimensions[get_column_letter(n)].width = WIDE.get(title, 16)
        page.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return settled(out.getvalue(), day=pack.as_of)


def _about(pack: Pack) -> Iterator[Sequence[Any]]:
    yield "title", pack.title
    yield "company", pack.company
    yield "scope", pack.scope.name
    yield "currency", pack.currency
    yield "as_of", pack.as_of
    yield "known_as_of", pack.known_as_of
    yield "template", f"{pack.template.key} v{pack.template.version} {pack.template.sha256}"
    yield "facts", pack.facts
    yield "data_quality_score", pack.quality.score if pack.quality else None
    yield "sha256", pack.sha256


def _numbers(pack: Pack) -> Iterator[Sequence[Any]]:
    for section in pack.sections:
        for q in section.questions:
            for row in q.rows:
                for key in dict.fromkeys(q.metrics):
                    m, n = pack.metrics[key], row.numbers[key]
                    low, high = n.interval or (None, None)
                    stood = (n.value, n.goal, n.previous, n.year_ago, n.n, n.numerator, n.denominator, low, high)
                    where = address(section.key, q.key, row.cut, key)
                    named = (section.title, q.title, q.period.name, " / ".join(row.labels), m.name, m.unit)
                    yield (*named, *stood, n.maturity, n.reason, m.version, where)


def _metrics(pack: Pack) -> Iterator[Sequence[Any]]:
    for m in sorted(pack.metrics.values(), key=lambda m: m.key):
        yield m.key, m.name, m.version, m.sha256, m.unit, m.definition, m.formula
