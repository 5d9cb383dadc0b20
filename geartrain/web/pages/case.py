"""A deal as a case of the process: its timeline with dated evidence, its gates, where it left the process."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from geartrain.services.access import Permission
from geartrain.services.selling.cases import Case, get_case
from geartrain.services.selling.process import Asked
from geartrain.web.registry import Page

TONES = {"stage": "info", "evidence": "good", "waiver": "warn"}


def case(request: Any) -> HttpResponse:
    """What happened, newest last."""
    asked = Asked(policy=request.GET.get("policy", ""))
    found = get_case(request.workspace, request.actor, opportunity=request.GET.get("key", ""), asked=asked)
    return render(request, "pages/case.html", {"case": found, "stages": list(_stages(found)), "tones": TONES})


def _stages(found: Case) -> Any:
    """Each gate with its misses in words."""
    for n, gate in enumerate(found.gates, 1):
        words = [f"{m.label} ({'no' if m.value is False else 'unknown'})" for m in gate.unmet]
        words += [f"{m.label} (waived)" for m in gate.waived]
        yield {"stage": gate.stage, "passes": gate.can_exit, "said": "; ".join(words), "declared": n == found.declared,
               "earned": n == found.earned}  # fmt: skip


PAGE = Page(key="case", title="Case", path="process/case/", icon="gear", permission=Permission.view_records, view=case)
