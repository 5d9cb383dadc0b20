"""Quotas that somebody hands in, checked; and what the field says from below beside what is handed down."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from geartrain.kernel.issues import Issue, Level
from geartrain.planning.quotas.cascade import allocate
from geartrain.planning.quotas.check import check_rows
from geartrain.planning.quotas.editing import decide, edit
from geartrain.planning.quotas.sheet import fingerprint
from geartrain.services.planning.quotas_edits import read_sheet
from geartrain.services.planning.quotas_files import Inputs


@dataclass(frozen=True)
class Checked:
    """What was checked and what does not hold."""

    nodes: int
    cells: int
    amounts: int
    issues: tuple[Issue, ...]

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        ok = not any(i.level is Level.error for i in self.issues)
        counts = {"nodes": self.nodes, "cells": self.cells, "quotas": self.amounts}
        return {"ok": ok, "checked": counts, "issues": [i.as_json() for i in self.issues]}


def check_sheet(inputs: Inputs, file: Path | None) -> Checked:
    """Check a file of quotas, or what the policy gives where none is named."""
    layout = inputs.layout
    sheet = decide(layout)
    issues = list(sheet.issues)
    if file is None:
        rows, left, manifest = list(sheet.rows()), sheet.unallocated(), None
    else:
        rows, left, manifest = read_sheet(file)
        if manifest is None and not left:
            left = sheet.unallocated()
    issues += check_rows(layout, rows, left, str(file or "quotas"))
    if manifest is not None:
        issues += _sealed(rows, left, manifest, inputs, str(file))
    return Checked(len(layout.tree.ids), len(layout.cells.keys), len(rows), tuple(issues))


def _sealed(
    rows: list[dict[str, Any]], left: list[dict[str, Any]], manifest: dict[str, Any], inputs: Inputs, where: str
) -> list[Issue]:
    """Whether a document is still what its manifest says it was."""
    issues = []
    if "outputs" in manifest and manifest["outputs"] != fingerprint(rows, left):
        message = "The quotas are not those that the manifest was written for: something was changed since."
        issues.append(
            Issue("quota_changed", Level.error, message, f"{where}: manifest.outputs", "Allocate or edit again.")
        )
    for name, was in sorted(dict(manifest.get("inputs") or {}).items()):
        if inputs.hashes.get(name) not in (None, was):
            message = f"The {name} is another than the one these quotas were worked out from."
            issues.append(Issue("quota_inputs_differ", Level.warning, message, where, "Allocate again."))
    return issues


def reconcile(
    inputs: Inputs,
    *,
    bottom_up: Path | None,
    capacity: str = "",
    productivity: str = "",
    history: str = "",
    drivers: tuple[str, ...] = (),
    tolerance: Decimal = Decimal("0.05"),
    keep: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What is handed down beside what comes from below: rows, the kept nodes' sheet, issues."""
    from geartrain.kernel.errors import Invalid
    from geartrain.planning.quotas.asked import Edit
    from geartrain.planning.quotas.reconcile import from_capacity, from_regression, from_table, reconciled
    from geartrain.services.planning.quotas_files import read_table

    layout = inputs.layout
    if bottom_up is not None:
        found = from_table(layout, read_table(bottom_up))
    elif capacity and productivity:
        found = from_capacity(layout, capacity, productivity)
    elif history and drivers:
        found = from_regression(layout, history, drivers)
    else:
        hint = "Name --bottom-up FILE, or --capacity and --productivity, or --history and --driver."
        raise Invalid("There is nothing from below to reconcile with.", hint=hint)
    sheet = allocate(layout)
    edits = list(inputs.policy.edits)
    for name in keep:
        node = layout.tree.find(name)
        for c in (c for c in range(len(layout.cells.keys)) if found.stated[node, c]):
            amount = layout.cells.money(int(found.amounts[node, c]))
            edits.append(Edit.model_validate({"pin": name, "base": amount, "cell": layout.cells.named(c)}))
    kept = edit(layout, sheet, edits).sheet
    rows = list(reconciled(layout, kept, found, tolerance))
    return {"rows": rows, "issues": (*kept.issues, *found.issues), "sheet": kept}
