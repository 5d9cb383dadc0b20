"""A sales process decides of every move of a deal whether it conforms.

The subject is a deal's move out of a stage as the CRM called it, `opportunity/O-1#2026-03-10T09:00:00`; the result is
`conforms` or what it deviates by; the money the deal's amount where the move does not conform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import ibis

from geartrain.kernel.issues import Issue
from geartrain.kernel.measure.money import foreign
from geartrain.kernel.policy import Policy
from geartrain.kernel.policy.backtest import DECISIONS, Counted, Figure, Step
from geartrain.kernel.policy.ground import Ground
from geartrain.kernel.rules.columns import json_text
from geartrain.process import exits
from geartrain.process.conformance import Log
from geartrain.process.given import evidence_rows, waiver_rows
from geartrain.process.stage_log import names_of

CONFORMS = "conforms"


class SalesProcessDecider:
    """The decider of sales processes."""

    kind = "sales_process"
    subject = "move of a deal out of a stage"
    money = "the deal's amount where the move does not conform"

    def check(self, policy: Policy, ground: Ground) -> list[Issue]:
        """Nothing: a column that is not there is unknown, and a stage that is not there is left out."""
        return []

    def decide(self, policy: Policy, ground: Ground, *, beside: Policy | None) -> ibis.Table:
        """The result of every move within the window."""
        log = log_of(policy, ground)
        moves = log.moves.mutate(subject=_subject(log.moves))
        told = moves.select(
            "subject",
            "opportunity_id",
            strayed=ibis.cases((moves.regress, "regress "), (moves.skipped > 0, "skip "), else_=""),
            extent=moves.skipped.cast("string"),
        )
        gates = ibis.literal("")
        if (judged := log.gates) is not None:
            judged = judged.select(gate=_subject(judged), said=_gate_words(judged), which=judged.unmet)
            told = told.left_join(judged, told.subject == judged.gate)
            gates = told.said.fill_null("")
        result = told.strayed.concat(gates).strip()
        result = ibis.ifelse(result == "", CONFORMS, result)
        amounts = ground.source.table("opportunity").select("amount", deal="opportunity_id")
        rows = told.mutate(result=result).left_join(amounts, told.opportunity_id == amounts.deal)
        zero = ibis.literal(Decimal(0), DECISIONS["amount"])
        amount = ibis.ifelse(rows.result == CONFORMS, zero, rows.amount.cast(DECISIONS["amount"]))
        return rows.select("subject", "result", value=ibis.null("string"), amount=amount)

    def alike(self, policy: Policy, beside: Policy, ground: Ground) -> Counted:
        """Nothing is left out."""
        return Counted()

    def trace(self, policy: Policy, ground: Ground, subjects: Sequence[str]) -> Mapping[str, tuple[Step, ...]]:
        """The move, what it left out, and what its gate missed."""
        log = log_of(policy, ground)
        moves = log.moves.mutate(subject=_subject(log.moves))
        rows = ground.source.execute(moves.filter(moves.subject.isin(list(subjects)))).to_pylist()
        missed: dict[str, Mapping[str, Any]] = {}
        if (judged := log.gates) is not None:
            judged = judged.mutate(subject=_subject(judged))
            told = ground.source.execute(judged.filter(judged.subject.isin(list(subjects)))).to_pylist()
            missed = {r["subject"]: r for r in told}
        return {r["subject"]: tuple(_steps(policy, r, missed.get(r["subject"]))) for r in rows}

    def figures(self, policy: Policy, ground: Ground) -> list[Figure]:
        """Moves and the share of them that conform."""
        table = self.decide(policy, ground, beside=None)
        row = ground.source.execute(
            table.aggregate(n=table.count(), good=table.count(where=table.result == CONFORMS))
        ).to_pylist()[0]
        share = Decimal(row["good"]) / Decimal(row["n"]) if row["n"] else None
        return [
            Figure("share", "Conforming share", "ratio", "whole window", share),
            Figure("moves", "Moves", "count", "whole window", Decimal(row["n"])),
        ]

    def notes(self, policy: Policy, ground: Ground) -> list[str]:
        """What a reader must know."""
        said = ["Columns with a history are read as they stood at the exit, the others as they stand now."]
        if foreign(ground.source, "opportunity"):
            said.append("Amounts of several currencies are added as they are written.")
        return said


def log_of(policy: Policy, ground: Ground) -> Log:
    """The history of the window under a process, with the evidence of the records."""
    source = ground.source
    evidence = source.table("evidence")
    evidence = evidence.mutate(said_recorded_at=json_text(evidence.extra, "recorded_at"))
    known = evidence_rows(source.execute(evidence).to_pylist(), source.calendar)
    waivers = waiver_rows(source.execute(source.table("waiver")).to_pylist())
    return Log(
        policy.spec, source, exits.evidence_table(known), exits.waiver_table(waivers), ground.since, ground.until
    )


def _subject(rows: ibis.Table) -> Any:
    return ibis.literal("opportunity/").concat(rows.opportunity_id, "#", rows["at"].strftime("%Y-%m-%dT%H:%M:%S"))


def _gate_words(rows: ibis.Table) -> Any:
    """What the gate came to, in a word or two."""
    return ibis.cases(
        (rows.unmet != "", "unmet_exit"),
        (rows.late != "", "late_evidence"),
        (rows.unknown != "", "unknown_exit"),
        (rows.waived != "", "waived"),
        else_="",
    )


def _steps(policy: Policy, row: Mapping[str, Any], missed: Mapping[str, Any] | None) -> list[Step]:
    step = f"{row['from_stage']} → {row['to_stage']}"
    steps = [Step("spine", step, not row["regress"], f"{step} goes {'back' if row['regress'] else 'on'}.")]
    if row["skipped"]:
        steps.append(Step("spine", step, False, f"It skips {', '.join(names_of(policy.spec, row['skipped']))}."))
    for name, holds, said in (
        ("unmet", False, "does not hold"),
        ("unknown", None, "cannot be told"),
        ("waived", None, "was waived"),
    ):
        for key in (missed[name] if missed else "").split(","):
            if key:
                attribute = policy.spec.attribute(key)
                steps.append(
                    Step("gate", attribute.expr or attribute.verifier.value, holds, f"{attribute.label} {said}.")
                )
    return steps


DECIDER = SalesProcessDecider()
