"""A statement as a file to download, for the page and the API."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from geartrain.services.pay.paper import paper_of
from geartrain.services.pay.runs import get_statement


def statement_file(request: Any, payee: str, period: str) -> HttpResponse:
    """The PDF of a statement the caller may see.

    Raises:
        NotFound: there is none, or it is not theirs to see.
    """
    from geartrain.web.documents.statement import statement_pdf  # typst, which few requests need

    found = get_statement(request.workspace, request.actor, payee=payee, period=period)
    body = statement_pdf(found, **paper_of(request.workspace, found))
    headers = {"Content-Disposition": f'attachment; filename="statement-{found["period"]}.pdf"'}
    return HttpResponse(body, content_type="application/pdf", headers=headers)
