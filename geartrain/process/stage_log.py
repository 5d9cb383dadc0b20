"""The event log of deals along the spine: every move from one stage to the next, of millions of changes in one pass."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import ibis

from geartrain.facts.transforms import instant, small_table
from geartrain.process.expressions import Reading, over, read_rule
from geartrain.process.sales_process import SalesProcess

STAGE_MAP = {
    "pipeline": "int64",
    "said": "string",
    "stage": "string",
    "rank": "int64",
    "bit": "int64",
    "kind": "string",
}


def stage_map(process: SalesProcess) -> ibis.Table:
    """What each pipeline's stages (lower case) are on the spine; pipeline -1 is that of no table."""
    rows: list[tuple[int, str, str]] = []
    for n in range(-1, len(process.pipelines)):
        own = process.pipelines[n].stages if n >= 0 else {}
        names = {k.strip().lower(): v for k, v in process.mapped().items()}
        names |= {k.strip().lower(): v for k, v in own.items()}
        rows += [(n, said, stage) for said, stage in sorted(names.items())]
    rank = [process.rank[stage] for _, _, stage in rows]
    return small_table(
        STAGE_MAP,
        pipeline=[r[0] for r in rows],
        said=[r[1] for r in rows],
        stage=[r[2] for r in rows],
        rank=rank,
        bit=[1 << n for n in rank],
        kind=[process.stage(r[2]).kind.value for r in rows],
    )


def pipeline_of(process: SalesProcess, table: ibis.Table, reading: Reading, *, as_of: Any) -> Any:
    """The number of the first pipeline whose `when` holds of each opportunity, -1 for none."""
    if not process.pipelines:
        return ibis.literal(-1, "int64")
    columns = reading.columns(table, as_of=as_of)
    cases = []
    for n, pipeline in enumerate(process.pipelines):
        rule = read_rule(pipeline.when, f"{pipeline.name}.when")
        cases.append((over(table, rule, columns).fill_null(False), ibis.literal(n, "int64")))
    return ibis.cases(*cases, else_=ibis.literal(-1, "int64"))


def visits(deals: ibis.Table, changes: ibis.Table, *, until: datetime) -> ibis.Table:
    """Every stage a deal came into, as the CRM calls it: `opportunity_id`, `at`, `seq`, `said`.

    The stage before the first change counts from the deal's creation; the stage of a deal without any change is the
    one it is in; where a deal was closed in another stage than its last change says, it came into it when it closed.

    Args:
        deals: Opportunities with `created_at`, `closed_at`, `is_closed`, `stage`.
        changes: Their `opportunity_change` rows.
        until: First instant that is not seen.
    """
    moved = changes.filter((changes.field == "stage") & (changes.changed_at < instant(until)))
    ends = moved.group_by(of="opportunity_id").aggregate(
        first_old=moved.old_value.argmin(moved.changed_at),
        first_at=moved.changed_at.min(),
        last_new=moved.new_value.argmax(moved.changed_at),
        last_at=moved.changed_at.max(),
    )
    both = deals.left_join(ends, deals.opportunity_id == ends.of)
    began = ibis.ifelse(both["of"].isnull(), both.stage, both.first_old)
    start = ibis.least(both.created_at, ibis.coalesce(both.first_at, both.created_at))
    born = both.filter(began.notnull() & (both.created_at < instant(until))).select(
        "opportunity_id", at=start, seq=ibis.literal(0, "int64"), said=began
    )
    closed = both.is_closed & (both.closed_at >= both.last_at) & (both.closed_at < instant(until))
    ended = both.filter(closed & (both.last_new != both.stage)).select(
        "opportunity_id", at=both.closed_at, seq=ibis.literal(2, "int64"), said=both.stage
    )
    between = moved.filter(moved.new_value.notnull()).select(
        "opportunity_id", at=moved.changed_at, seq=ibis.literal(1, "int64"), said=moved.new_value
    )
    return ibis.union(between, born, ended, distinct=False)


def mapped_visits(process: SalesProcess, found: ibis.Table, deals: ibis.Table) -> ibis.Table:
    """The visits with what the deal is and the spine's stage; `stage` is null where no table knows it.

    Args:
        deals: Opportunities with `pipeline`.
    """
    of = deals.select("type", "owner_id", "pipeline", deal="opportunity_id")
    rows = found.inner_join(of, found.opportunity_id == of.deal)
    rows = rows.mutate(said_low=rows.said.strip().lower())
    known = stage_map(process)
    met = [rows.said_low == known.said, rows.pipeline == known.pipeline]
    return rows.left_join(known, met).select(
        "opportunity_id", "at", "seq", "type", "owner_id", "stage", "rank", "bit", "kind", said="said"
    )


def moves(process: SalesProcess, rows: ibis.Table) -> ibis.Table:
    """One row per move between two stages of the spine, with what it left out.

    Columns: opportunity_id, type, owner_id, from_stage, to_stage, at (exit), entered_at, from_rank, to_rank, from_kind,
    to_kind, `regress`, and `skipped`: the bits of the open stages of the type that lie strictly between and that the
    deal had not been in by then.

    Example: S1, S2, S4, S3, S5, Won: S2→S4 skips S3, S4→S3 is a regress, S3→S5 skips nothing: S4 was visited.
    """
    rows = rows.filter(rows.stage.notnull())
    so_far = ibis.window(group_by="opportunity_id", order_by=["at", "seq"], preceding=None, following=0)
    in_order = ibis.window(group_by="opportunity_id", order_by=["at", "seq"])
    before = {f"from_{c}": rows[c].lag().over(in_order) for c in ("stage", "rank", "bit", "kind")}
    walked = rows.mutate(visited=rows.bit.bit_or().over(so_far), entered_at=rows["at"].lag().over(in_order), **before)
    walked = walked.filter(walked.from_rank != walked.rank)
    forward = (walked.rank > walked.from_rank) & (walked.kind != "lost") & (walked.from_kind == "open")
    between = (walked.bit - walked.from_bit * 2) & _open_bits(process, walked)
    skipped = between - (between & walked.visited)
    return walked.select(
        "opportunity_id",
        "type",
        "owner_id",
        "from_stage",
        "at",
        "entered_at",
        "from_rank",
        "from_kind",
        to_stage="stage",
        to_rank="rank",
        to_kind="kind",
        is_forward=forward,
        regress=(walked.rank < walked.from_rank) & (walked.kind != "lost"),
        skipped=ibis.ifelse(forward, skipped, 0),
    )


def names_of(process: SalesProcess, bits: int) -> list[str]:
    """The stages of some bits, in order."""
    return [s.key for n, s in enumerate(process.spine) if bits >> n & 1]


def _open_bits(process: SalesProcess, rows: ibis.Table) -> Any:
    """Per row the bits of the open stages of its type."""

    def bits(kind: str | None) -> Any:
        return ibis.literal(sum(1 << process.rank[s.key] for s in process.open_stages(kind)), "int64")

    listed = [(rows.type == t.key, bits(t.key)) for t in process.opportunity_types]
    return ibis.cases(*listed, else_=bits(None)) if listed else bits(None)
