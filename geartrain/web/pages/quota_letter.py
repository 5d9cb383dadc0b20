"""Quota letter: what one is held to, on paper, and the word that one has read it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from geartrain.kernel.errors import GeartrainError, Invalid, NotFound
from geartrain.services.access import Permission
from geartrain.services.planning import quotas_issue as use
from geartrain.web.registry import Page, Route


def quota_letter(request: Any) -> HttpResponse:
    """One's own letter."""
    try:
        letter = use.my_letter(request.workspace, request.actor)
    except (NotFound, Invalid) as error:
        return render(request, "pages/quota_letter.html", {"problem": error})
    seal = use.seal_of(letter)
    signed = use.signed_at(request.workspace, letter.node, seal)
    return render(request, "pages/quota_letter.html", {"letter": letter, "seal": seal, "signed": signed})


def pdf(request: Any) -> HttpResponse:
    """The letter as PDF: one's own, or of somebody below."""
    from geartrain.web.documents.quota_letter import letter_pdf

    letter = use.my_letter(request.workspace, request.actor, node=request.GET.get("node", "")[:200])
    found = HttpResponse(letter_pdf(letter), content_type="application/pdf")
    found["Content-Disposition"] = 'attachment; filename="quota-letter.pdf"'
    return found


def sign(request: Any) -> HttpResponse:
    """Say that one has read it."""
    try:
        use.acknowledge_quota(request.workspace, request.actor, seal=request.POST.get("seal", "")[:200])
        messages.success(request, "You have signed your quota letter.")
    except GeartrainError as error:
        messages.error(request, f"{error.message} {error.hint}")
    return HttpResponseRedirect(reverse("quota-letter"))


PAGE = Page(
    key="quota-letter",
    title="Quota letter",
    path="quota-letter/",
    permission=Permission.view_policies,
    view=quota_letter,
    routes=(
        Route("quota-letter/pdf/", pdf, "quota-letter-pdf"),
        Route("quota-letter/sign/", sign, "sign-quota-letter", methods=("POST",)),
    ),
)
