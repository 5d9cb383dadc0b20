"""Conformance: where the history of deals left the process, by move and by deal, over millions of changes at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import ibis

from geartrain.facts.transforms import day_of, end_of, instant
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.measure.frame import open_frame
from geartrain.kernel.measure.source import Source
from geartrain.kernel.measure.when import Window
from geartrain.process import exits, habits
from geartrain.process.expressions import Reading, read_rule
from geartrain.process.sales_process import OF_A_MOVE, Deviation, SalesProcess
from geartrain.process.stage_log import mapped_visits, moves, names_of, pipeline_of, visits

Keep = Callable[[str, ibis.Table], ibis.Table]
JUDGED = ("unmet", "unknown", "waived", "late")


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
        deviations: All of them, by deal and time.
        unknown_exits: Exits whose gate could not be told: no deviation, but no pass either.
        waived_exits: Exits that a waiver let pass.
        flow: Moves by (from, to).
        unmapped: Stages the process does not know, with how many deals came into them.
        unassessed: Checks that the facts do not allow, and why.
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
    unknown: tuple[tuple[str, datetime, str, str], ...] = ()

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

    def judged(self, found: ibis.Table) -> ibis.Table:
        """The gates of those moves that have one, where anything was missed."""
        rows = exits.judged(
            self.process,
            found,
            deals=self.deals,
            reading=self.reading,
            changes=self.changes,
            evidence=self.evidence,
            waivers=self.waivers,
            until=self.cut,
            day_of=lambda at: day_of(at, self.source.calendar),
        )
        return rows.filter(rows.unmet.concat(rows.unknown, rows.waived) != "")


def conformance(log: Log) -> Conformed:
    """Everything that deviates within the window.

    Example: S1, S2, S4, S3, S5, Won: `skip(S2->S4, [S3])` and `regress(S4->S3)`, conforming share 3/5.
    Source: the process specification, 2.1, worked case 2.
    """
    process, execute = log.process, log.source.execute
    walked = log.moves
    totals = execute(walked.group_by("from_stage", "to_stage").aggregate(n=walked.count())).to_pylist()
    cases = execute(walked.aggregate(n=walked.opportunity_id.nunique())).to_pylist()[0]["n"] or 0
    straying = walked.filter(walked.regress | (walked.skipped > 0))
    rows = execute(straying.order_by(["opportunity_id", "at", "to_rank"])).to_pylist()
    missed = execute(log.judged(walked)).to_pylist() if exits.required_bindings(process) else []
    missed.sort(key=lambda r: (r["opportunity_id"], r["at"], r["to_rank"]))
    found = [*_strayed(process, rows), *_missed(process, missed)]
    deals, unassessed = _of_deals(log)
    found = _accepted(process, [*found, *deals], as_of=log.source.as_of)
    found.sort(key=lambda f: (f.opportunity_id, f.at or datetime.min, f.kind, f.from_stage or ""))  # noqa: DTZ901
    counted = [f for f in found if not f.accepted]
    of_moves = {(f.opportunity_id, f.at, f.from_stage, f.to_stage) for f in counted if f.kind in OF_A_MOVE}
    total = sum(r["n"] for r in totals)
    strange = log.visits.filter(log.visits.stage.isnull() & log.visits.said.notnull())
    unmapped = execute(strange.group_by("said").aggregate(n=strange.opportunity_id.nunique())).to_pylist()
    return Conformed(
        cases=cases,
        moves=total,
        conforming=total - len(of_moves),
        counts=dict(sorted(Counter(f.kind for f in counted).items())),
        deviations=tuple(found),
        unknown_exits=sum(1 for r in missed if r["unknown"] and not r["late"]),
        waived_exits=sum(1 for r in missed if r["waived"]),
        flow={(r["from_stage"], r["to_stage"]): r["n"] for r in sorted(totals, key=_by_rank(process))},
        unmapped={r["said"]: r["n"] for r in sorted(unmapped, key=lambda r: (-r["n"], r["said"]))},
        unassessed=unassessed,
        unknown=tuple(
            (r["opportunity_id"], r["at"], r["from_stage"], r["unknown"].rstrip(","))
            for r in missed
            if r["unknown"] and not r["late"]
        ),
    )


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


def _strayed(process: SalesProcess, rows: Sequence[Mapping[str, Any]]) -> list[Found]:
    checks, found = process.conformance.checks, []
    for r in rows:
        step = (r["opportunity_id"], r["type"], r["owner_id"], r["at"], r["from_stage"], r["to_stage"])
        if r["regress"] and Deviation.regress in checks:
            found.append(Found("regress", *step))
        if r["skipped"] and Deviation.skip in checks:
            found.append(Found("skip", *step, stages=tuple(names_of(process, r["skipped"]))))
    return found


def _missed(process: SalesProcess, rows: Sequence[Mapping[str, Any]]) -> list[Found]:
    checks, found = process.conformance.checks, []
    for r in rows:
        step = (r["opportunity_id"], r["type"], r["owner_id"], r["at"], r["from_stage"], r["to_stage"])
        for kind, name in ((Deviation.unmet_exit, "unmet"), (Deviation.late_evidence, "late")):
            if r[name] and kind in checks:
                found.append(Found(kind.value, *step, attributes=tuple(r[name].rstrip(",").split(","))))
    return found


def _of_deals(log: Log) -> tuple[list[Found], dict[str, str]]:
    """Deviations of deals as a whole whose last sign falls into the window, and what cannot be assessed."""
    settings, source = log.process.conformance, log.source
    seen = log.changes.filter(log.changes.changed_at < instant(log.cut))
    closed_later = log.deals.closed_at >= instant(log.cut)
    deals = log.deals.mutate(is_won=log.deals.is_won & ~closed_later.fill_null(False))
    quotes = source.table("quote")
    quotes = quotes.filter(quotes.created_at < instant(log.cut))
    tables: dict[Deviation, Callable[[], ibis.Table]] = {
        Deviation.dwell: lambda: habits.dwell(log.process, log.visits, deals, until=log.cut),
        Deviation.close_date_push: lambda: habits.close_date_push(seen, least=settings.pushes),
        Deviation.amount_reduced: lambda: habits.amount_reduced(seen),
        Deviation.owner_changed: lambda: habits.owner_changed(seen, least=settings.owner_changes),
        Deviation.won_without_quote: lambda: habits.won_without_quote(deals, quotes),
        Deviation.approval_restarted: lambda: habits.approval_restarted(quotes),
    }
    unassessed: dict[str, str] = {}
    of_quotes = (Deviation.won_without_quote, Deviation.approval_restarted)
    if any(k in settings.checks for k in of_quotes) and not source.execute(quotes.count().as_table())[0][0].as_py():
        unassessed = {k.value: "There are no quotes in the facts." for k in of_quotes if k in settings.checks}
    found: list[Found] = []
    for kind, table in tables.items():
        if kind in settings.checks and kind.value not in unassessed:
            found += _read(log, kind, table())
    return found, unassessed


def _read(log: Log, kind: Deviation, table: ibis.Table) -> list[Found]:
    own = log.deals.select("type", "owner_id", deal="opportunity_id")
    rows = table.inner_join(own, table.opportunity_id == own.deal)
    if log.since:
        rows = rows.filter(rows["at"] >= instant(log.source.calendar.instant(log.since)))
    listed = log.source.execute(rows.order_by(["opportunity_id", "stage"])).to_pylist()
    return [
        Found(kind.value, r["opportunity_id"], r["type"], r["owner_id"], r["at"], r["stage"], value=r["value"])
        for r in listed
    ]


def _accepted(process: SalesProcess, found: Sequence[Found], *, as_of: date) -> list[Found]:
    """Those on the accept-list marked; an entry that has expired accepts nothing."""
    known = {(a.opportunity, a.kind.value, a.stage) for a in process.accepted if a.expires > as_of}
    if not known:
        return list(found)

    def accepted(f: Found) -> bool:
        return bool({(f.opportunity_id, f.kind, None), (f.opportunity_id, f.kind, f.from_stage)} & known)

    return [Found(**{**{n: getattr(f, n) for n in f.__slots__}, "accepted": accepted(f)}) for f in found]
