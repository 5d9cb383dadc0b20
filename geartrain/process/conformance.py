"""Conformance: where the history of deals left the process, by move and by deal, over millions of changes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import ibis

from geartrain.facts.transforms import day_of, end_of, instant, small_table
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.measure.frame import open_frame
from geartrain.kernel.measure.source import Source
from geartrain.kernel.measure.when import Window
from geartrain.process import exits, habits
from geartrain.process.expressions import Reading, read_rule
from geartrain.process.sales_process import OF_A_MOVE, Deviation, SalesProcess
from geartrain.process.stage_log import mapped_visits, moves, names_of, pipeline_of, visits

Keep = Callable[[str, ibis.Table], ibis.Table]
MOST_LISTED = 10_000
Untold = tuple[str, datetime, str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """One deviation.

    Args:
        kind: See `Deviation`.
        at: The exit, for a deviation of a move; else when it was so at last.
        stages: What was skipped.
        attributes: What the gate missed.
        value: Days of a dwell, or how often.
        accepted: It is on the accept-list and that has not run out.
    """

    kind: str
    opportunity_id: str
    type: str | None
    owner_id: str | None
    at: datetime | None
    from_stage: str | None = None
    to_stage: str | None = None
    stages: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    value: float | None = None
    accepted: bool = False

    @property
    def text(self) -> str:
        """As people write it: `skip(S2->S4, [S3])`."""
        step = f"{self.from_stage}->{self.to_stage}" if self.to_stage else self.from_stage or ""
        inside = [step] if step else []
        inside += [f"[{', '.join(self.stages or self.attributes)}]"] if self.stages or self.attributes else []
        inside += [f"{self.value:g}"] if self.value is not None else []
        return f"{self.kind}({', '.join(inside)})" if inside else self.kind

    @property
    def words(self) -> str:
        """For people who do not read the notation: `skipped S3`."""
        named, left = ", ".join(self.stages or self.attributes), self.from_stage or "the stage"
        days, times = f"{self.value or 0:.0f} days", f"{self.value or 0:.0f} times"
        told = {
            "regress": f"went back from {left} to {self.to_stage}",
            "skip": f"skipped {named}",
            "unmet_exit": f"left {left} without: {named}",
            "late_evidence": f"left {left} before it was known: {named}",
            "dwell": f"stood {days} in {left}, longer than most that were won",
            "close_date_push": f"its close date was put off {times}",
            "amount_reduced": "its amount was reduced",
            "won_without_quote": "won without a quote",
            "owner_changed": f"changed hands {times}",
            "approval_restarted": "its approval was started again",
        }
        return told.get(self.kind, self.text)

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {
            "kind": self.kind,
            "opportunity_id": self.opportunity_id,
            "type": self.type,
            "owner_id": self.owner_id,
            "at": self.at,
            "from": self.from_stage,
            "to": self.to_stage,
            "skipped": list(self.stages),
            "attributes": list(self.attributes),
            "value": self.value,
            "accepted": self.accepted,
            "text": self.text,
        }


@dataclass(frozen=True)
class Conformed:
    """What a window looks like.

    Args:
        cases: Deals that moved.
        moves: Moves from one stage to another.
        conforming: Those without a deviation that is not accepted.
        counts: Deviations by kind, accepted ones left out.
        deviations: The first of them, by deal and time; `total` is how many there are, accepted ones among them.
        unknown_exits: Exits whose gate could not be told: no deviation, but no pass either.
        waived_exits: Exits that a waiver let pass.
        flow: Moves by (from, to).
        unmapped: Stages the process does not know, with how many deals came into them.
        unassessed: Checks that the facts do not allow, and why.
        unknown: The first exits that could not be told: deal, when, stage, attributes.
    """

    cases: int
    moves: int
    conforming: int
    counts: Mapping[str, int]
    deviations: tuple[Found, ...]
    unknown_exits: int
    waived_exits: int
    flow: Mapping[tuple[str, str], int]
    unmapped: Mapping[str, int]
    unassessed: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[Untold, ...] = ()
    total: int = 0

    @property
    def share(self) -> Decimal | None:
        """Conforming moves / moves; None without moves."""
        return None if not self.moves else Decimal(self.conforming) / Decimal(self.moves)


@dataclass
class Log:
    """The history of deals as one process reads it.

    Args:
        source: The facts, cut to what the asker may see.
        since, until: Days, `[since, until)`; None: from the beginning, to the end of `source.as_of`.
        evidence, waivers: See `exits.EVIDENCE` and `exits.WAIVERS`.
        keep: Keeps rows that are read several times.
        key: What the rows depend on besides the facts: policy, evidence, who asks.
    """

    process: SalesProcess
    source: Source
    evidence: ibis.Table
    waivers: ibis.Table
    since: date | None = None
    until: date | None = None
    keep: Keep = lambda key, table: table
    key: str = ""

    def __post_init__(self) -> None:
        process = self.process
        last = end_of(self.source.as_of, self.source.calendar)
        self.cut = min(last, self.source.calendar.instant(self.until)) if self.until else last
        rules = exits.process_rules(process)
        rules += [read_rule(p.when, f"{p.name}.when") for p in process.pipelines]
        self.reading = Reading(self.source.types, rules)
        paths = [*self.reading.paths.values()]
        own = ("opportunity_id", "type", "owner_id", "stage", "created_at", "closed_at", "is_closed", "is_won", "extra")
        window = Window(date(1970, 1, 1), self.cut.date(), self.source.as_of, self.source.calendar)
        self.deals = open_frame(self.source, "opportunity", window, paths, own=own).table
        self.changes = self.source.table("opportunity_change")

    @cached_property
    def visits(self) -> ibis.Table:
        """Every stage a deal came into, with the spine's."""
        today = ibis.literal(self.source.as_of, "date")
        deals = self.deals.mutate(pipeline=pipeline_of(self.process, self.deals, self.reading, as_of=today))
        found = visits(deals, self.changes, until=self.cut)
        return self.keep(f"visits {self.key} {self.cut}", mapped_visits(self.process, found, deals))

    @cached_property
    def moves(self) -> ibis.Table:
        """Moves within the window."""
        found = moves(self.process, self.visits)
        if self.since:
            found = found.filter(found["at"] >= instant(self.source.calendar.instant(self.since)))
        return self.keep(f"moves {self.key} {self.since} {self.cut}", found)

    @cached_property
    def gates(self) -> ibis.Table | None:
        """The gates of those moves that have one, where anything was missed; None where nothing is required."""
        if not exits.required_bindings(self.process):
            return None
        rows = self.judged
        found = rows.filter(rows.unmet.concat(rows.unknown, rows.waived) != "")
        return self.keep(f"gates {self.key} {self.since} {self.cut}", found)

    @property
    def judged(self) -> ibis.Table:
        """The gates of those moves that have one."""
        return exits.judged(
            self.process,
            self.moves,
            deals=self.deals,
            reading=self.reading,
            changes=self.changes,
            evidence=self.evidence,
            waivers=self.waivers,
            until=self.cut,
            day_of=lambda at: day_of(at, self.source.calendar),
        )


def conformance(log: Log, *, kinds: Sequence[str] = (), limit: int = MOST_LISTED, newest: bool = False) -> Conformed:
    """Everything that deviates within the window; counted in the engine, and so many of them listed.

    Args:
        newest: List the latest rather than the first by deal.

    Example: S1, S2, S4, S3, S5, Won: `skip(S2->S4, [S3])` and `regress(S4->S3)`, conforming share 3/5.
    Source: the process specification, 2.1, worked case 2.
    """
    process, execute = log.process, log.source.execute
    walked, gates = log.moves, log.gates
    totals = execute(walked.group_by("from_stage", "to_stage").aggregate(n=walked.count())).to_pylist()
    cases = execute(walked.aggregate(n=walked.opportunity_id.nunique())).to_pylist()[0]["n"] or 0
    unassessed = _unassessed(log)
    found = _kept(log, unassessed)
    counts = execute(found.filter(~found.accepted).group_by("kind").aggregate(n=lambda t: t.count())).to_pylist()
    strays = found.filter(~found.accepted & found.kind.isin([k.value for k in OF_A_MOVE]))
    bad = execute(strays.select("opportunity_id", "at", "to_rank").distinct().count().as_table())[0][0].as_py()
    by = ["opportunity_id", "at", "kind", "from_stage"]
    listed = found.filter(found.kind.isin(list(kinds))) if kinds else found
    order = [listed["at"].desc(), "opportunity_id", "kind", "from_stage"] if newest else by
    rows = execute(listed.order_by(order).limit(limit)).to_pylist() if limit else []
    unknown, waived, untold = _untold(execute, gates, limit)
    total = sum(r["n"] for r in totals)
    return Conformed(
        cases=cases,
        moves=total,
        conforming=total - bad,
        counts={r["kind"]: r["n"] for r in sorted(counts, key=lambda r: str(r["kind"]))},
        total=execute(found.count().as_table())[0][0].as_py(),
        deviations=tuple(_found(process, r) for r in rows),
        unknown_exits=unknown,
        waived_exits=waived,
        flow={(r["from_stage"], r["to_stage"]): r["n"] for r in sorted(totals, key=_by_rank(process))},
        unmapped=unmapped_stages(log),
        unassessed=unassessed,
        unknown=untold,
    )


def deviations_of(log: Log, opportunity: str) -> list[Found]:
    """Everything one deal deviates by within the window, by time."""
    found = _kept(log, _unassessed(log))
    rows = log.source.execute(found.filter(found.opportunity_id == opportunity)).to_pylist()
    return sorted((_found(log.process, r) for r in rows), key=lambda d: (str(d.at or ""), d.kind, d.text))


def _kept(log: Log, unassessed: Mapping[str, str]) -> ibis.Table:
    return log.keep(f"deviations {log.key} {log.since} {log.cut}", _deviations(log, unassessed))


def unmapped_stages(log: Log) -> dict[str, int]:
    """Stages as the CRM calls them that the process does not know, with how many deals came into them."""
    strange = log.visits.filter(log.visits.stage.isnull() & log.visits.said.notnull())
    rows = log.source.execute(strange.group_by("said").aggregate(n=lambda t: t.opportunity_id.nunique())).to_pylist()
    return {r["said"]: r["n"] for r in sorted(rows, key=lambda r: (-r["n"], r["said"]))}


def _untold(execute: Any, gates: ibis.Table | None, limit: int) -> tuple[int, int, tuple[Untold, ...]]:
    """How many gates could not be told, how many were waived, and the first of the former."""
    if gates is None:
        return 0, 0, ()
    blank = (gates.unknown != "") & (gates.late == "")
    row = execute(
        gates.aggregate(unknown=gates.count(where=blank), waived=gates.count(where=gates.waived != ""))
    ).to_pylist()
    listed = gates.filter(blank).order_by(["opportunity_id", "at", "to_rank"]).limit(limit)
    rows = execute(listed.select("opportunity_id", "at", "from_stage", "unknown")).to_pylist()
    untold = tuple((r["opportunity_id"], r["at"], r["from_stage"], r["unknown"].rstrip(",")) for r in rows)
    return row[0]["unknown"], row[0]["waived"], untold


def issues_of(process: SalesProcess, found: Conformed, where: str) -> list[Issue]:
    """What keeps part of the history from being looked at."""
    spine = ", ".join(s.key for s in process.spine)
    return [
        Issue(
            "stage_unmapped",
            Level.warning,
            f"{n:,} deal{'s' if n != 1 else ''} came into the stage '{said}', which the process does not know; "
            "those visits are left out.",
            where,
            f"Map it under `pipelines`, or name it in the spine ({spine}).",
        )
        for said, n in found.unmapped.items()
    ]


def _by_rank(process: SalesProcess) -> Callable[[Mapping[str, Any]], tuple[int, int]]:
    return lambda r: (process.rank[r["from_stage"]], process.rank[r["to_stage"]])


def _found(process: SalesProcess, r: Mapping[str, Any]) -> Found:
    keys = ("kind", "opportunity_id", "type", "owner_id", "at", "from_stage", "to_stage")
    attributes = tuple(k for k in (r["attributes"] or "").split(",") if k)
    stages = tuple(names_of(process, r["skipped"] or 0))
    more = {"stages": stages, "attributes": attributes, "value": r["value"], "accepted": bool(r["accepted"])}
    return Found(**{k: r[k] for k in keys}, **more)


COLUMNS = {
    "kind": "string",
    "opportunity_id": "string",
    "type": "string",
    "owner_id": "string",
    "at": "timestamp(6)",
    "from_stage": "string",
    "to_stage": "string",
    "to_rank": "int64",
    "skipped": "int64",
    "attributes": "string",
    "value": "float64",
}


def _deviations(log: Log, unassessed: Mapping[str, str]) -> ibis.Table:
    """Every deviation, with whether it is on the accept-list."""
    checks = [k for k in log.process.conformance.checks if k.value not in unassessed]
    walked, gates = log.moves, log.gates
    parts = [_row("", walked.filter(ibis.literal(False)))]
    if Deviation.regress in checks:
        parts.append(_row("regress", walked.filter(walked.regress)))
    if Deviation.skip in checks:
        skips = walked.filter(walked.skipped > 0)
        parts.append(_row("skip", skips, skipped=skips.skipped))
    for kind, name in ((Deviation.unmet_exit, "unmet"), (Deviation.late_evidence, "late")):
        if kind in checks and gates is not None:
            missed = gates.filter(gates[name] != "")
            parts.append(_row(kind.value, missed, attributes=missed[name]))
    parts += [_row_of_deal(log, kind, table) for kind, table in _of_deals(log, checks)]
    return _accepted(log, ibis.union(*parts, distinct=False))


def _row(kind: str, rows: ibis.Table, **more: Any) -> ibis.Table:
    told = {"kind": ibis.literal(kind), **more}
    return rows.select(
        **{
            c: (told[c] if c in told else rows[c] if c in rows.columns and c != "skipped" else ibis.null(t)).cast(t)
            for c, t in COLUMNS.items()
        }
    )


def _row_of_deal(log: Log, kind: Deviation, table: ibis.Table) -> ibis.Table:
    """Deviations of deals whose last sign falls into the window."""
    own = log.deals.select("type", "owner_id", deal="opportunity_id")
    rows = table.inner_join(own, table.opportunity_id == own.deal)
    if log.since:
        rows = rows.filter(rows["at"] >= instant(log.source.calendar.instant(log.since)))
    return _row(kind.value, rows.rename(from_stage="stage"))


def _unassessed(log: Log) -> dict[str, str]:
    """Checks that the facts do not allow, and why."""
    of_quotes = (Deviation.won_without_quote, Deviation.approval_restarted)
    asked = [k.value for k in of_quotes if k in log.process.conformance.checks]
    if not asked or log.source.execute(log.source.table("quote").count().as_table())[0][0].as_py():
        return {}
    return dict.fromkeys(asked, "There are no quotes in the facts.")


def _of_deals(log: Log, checks: Sequence[Deviation]) -> list[tuple[Deviation, ibis.Table]]:
    """The deviations of deals as a whole that are looked for."""
    settings = log.process.conformance
    seen = log.changes.filter(log.changes.changed_at < instant(log.cut))
    later = (log.deals.closed_at >= instant(log.cut)).fill_null(False)
    deals = log.deals.mutate(is_won=log.deals.is_won & ~later)
    quotes = log.source.table("quote")
    quotes = quotes.filter(quotes.created_at < instant(log.cut))
    tables: dict[Deviation, Callable[[], ibis.Table]] = {
        Deviation.dwell: lambda: habits.dwell(log.process, log.visits, deals, until=log.cut),
        Deviation.close_date_push: lambda: habits.close_date_push(seen, least=settings.pushes),
        Deviation.amount_reduced: lambda: habits.amount_reduced(seen),
        Deviation.owner_changed: lambda: habits.owner_changed(seen, least=settings.owner_changes),
        Deviation.won_without_quote: lambda: habits.won_without_quote(deals, quotes),
        Deviation.approval_restarted: lambda: habits.approval_restarted(quotes),
    }
    return [(kind, table()) for kind, table in tables.items() if kind in checks]


def _accepted(log: Log, found: ibis.Table) -> ibis.Table:
    """Those on the accept-list marked; an entry that has expired accepts nothing."""
    held = [a for a in log.process.accepted if a.expires > log.source.as_of]
    if not held:
        return found.mutate(accepted=ibis.literal(False))
    entries = sorted({(a.opportunity, a.kind.value, a.stage or "") for a in held})
    names = ("deal", "what", "where")
    table = small_table(dict.fromkeys(names, "string"), **{n: [e[i] for e in entries] for i, n in enumerate(names)})
    anywhere = table.filter(table["where"] == "").select(deal_any="deal", what_any="what")
    there = table.filter(table["where"] != "")
    both = found.left_join(anywhere, [found.opportunity_id == anywhere.deal_any, found.kind == anywhere.what_any])
    met = [both.opportunity_id == there.deal, both.kind == there.what, both.from_stage == there["where"]]
    both = both.left_join(there, met)
    return both.select(*COLUMNS, accepted=both.deal_any.notnull() | both.deal.notnull())
