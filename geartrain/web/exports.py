"""Any table as CSV or XLSX, by `?format=csv` or `?format=xlsx`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from geartrain.kernel.errors import Invalid
from geartrain.services.access import Permission, require
from geartrain.web.tables import Table

# A spreadsheet takes text that begins so for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 100_000


def exported(request: Any, table: Table) -> HttpResponse | None:
    """The table as the file the address asks for; None where it asks for a page.

    On a page with several tables `&table=NAME` says which; the call for another one answers None.

    Raises:
        Invalid: neither csv nor xlsx. Forbidden: the actor may not export.
    """
    kind = request.GET.get("format", "")
    if not kind or (request.GET.get("table", table.name) != table.name):
        return None
    require(request.actor, Permission.export)
    if kind not in ("csv", "xlsx"):
        raise Invalid(f"There is no export as '{kind[:20]}'.", hint="Ask for csv or xlsx.")
    titles = [c.title for c in table.columns]
    rows = [[row.get(c.key) for c in table.columns] for row in table.all_rows()[:MOST_ROWS]]
    return _answer(titles, rows, kind=kind, name=table.name or request.resolver_match.url_name or "export")


def as_csv(titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """UTF-8 with a mark, which spreadsheets need to read accents."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe(t) for t in titles])
    writer.writerows([["" if v is None else _csv_cell(v) for v in row] for row in rows])
    return "\ufeff".encode() + out.getvalue().encode()


def as_xlsx(titles: Sequence[str], rows: Iterable[Sequence[Any]], *, sheet: str) -> bytes:
    """A workbook with one sheet; numbers and dates are numbers and dates, text is never a formula."""
    book = Workbook(write_only=True)
    page = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", sheet)[:31] or "Export")
    page.freeze_panes = "A2"
    for n, title in enumerate(titles, 1):
        page.column_dimensions[get_column_letter(n)].width = min(40, max(12, len(title) + 4))
    page.append([_heading(page, safe(t)) for t in titles])
    for row in rows:
        page.append([_xlsx_cell(v) for v in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def safe(text: str) -> str:
    """Text that no spreadsheet runs: an apostrophe goes before what looks like a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) or text.startswith(FORMULA_STARTS) else text


def _answer(titles: Sequence[str], rows: Sequence[Sequence[Any]], *, kind: str, name: str) -> HttpResponse:
    file = f"{re.sub(r'[^a-z0-9_-]+', '-', name.lower())}.{kind}"
    if kind == "csv":
        response = HttpResponse(as_csv(titles, rows), content_type="text/csv; charset=utf-8")
    else:
        response = HttpResponse(as_xlsx(titles, rows, sheet=name), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


def _csv_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, int | float) else safe(str(value))


def _xlsx_cell(value: Any) -> Any:
    if isinstance(value, str):
        return safe(ILLEGAL_CHARACTERS_RE.sub(" ", value))[:32_000]
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if value is None or isinstance(value, bool | int | float | Decimal | date):
        return value
    return safe(str(value))


def _heading(page: Any, text: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(page, value=text)
    cell.font = Font(bold=True)
    return cell
