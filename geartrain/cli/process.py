"""geartrain process"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import Format, FormatOption, answer, console, print_csv, print_issues, print_json, print_rows
from geartrain.cli.policy.backtest import backtest, read_file
from geartrain.kernel.errors import Invalid

if TYPE_CHECKING:
    from geartrain.services.selling.process import Asked

PolicyOption = Annotated[
    str, typer.Option("--policy", help="Key of the sales process; needed where there are several.")
]
FileOption = Annotated[Path | None, typer.Option("--file", help="A draft's YAML instead of the process in force.")]
FromOption = Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.")]
ToOption = Annotated[str | None, typer.Option("--to", help="The day after the last, YYYY-MM-DD.")]
EvidenceOption = Annotated[
    Path | None,
    typer.Option(
        "--evidence", help="CSV beside the records: opportunity, attribute_key, value, occurred_at, recorded_at, by."
    ),
]
WaiverOption = Annotated[
    Path | None,
    typer.Option("--waivers", help="CSV beside the records: opportunity, attribute_key, by, reason, expires."),
]
LimitOption = Annotated[int, typer.Option(min=0, help="List at most so many; totals are over all.")]
DEVIATIONS = (
    "kind",
    "opportunity_id",
    "type",
    "owner_id",
    "at",
    "from",
    "to",
    "skipped",
    "attributes",
    "value",
    "accepted",
)
GATES = (
    "opportunity_id", "name", "type", "owner_id", "amount", "currency", "stage", "declared", "earned", "earned_stage",
    "inflation", "can_exit", "unmet", "waived",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="The sales process: is it followed, and where do deals stand.", no_args_is_help=True)
    app.add_typer(group, name="process")
    for command in (check, conformance, gates, case, attributes, export):
        group.command()(command)
    group.command(
        name="backtest", help="What a changed process would have found otherwise in a window. Writes nothing."
    )(backtest)


def asked_for(
    policy: str = "",
    file: Path | None = None,
    since: str | None = None,
    until: str | None = None,
    as_of: str | None = None,
    evidence: Path | None = None,
    waivers: Path | None = None,
) -> Asked:
    """What the options ask for."""
    from geartrain.services.selling.process import Asked

    return Asked(
        policy=policy,
        text=read_file(file) if file else None,
        where=str(file or "draft"),
        since=parse_day(since, option="--from"),
        until=parse_day(until, option="--to"),
        as_of=parse_day(as_of, option="--as-of"),
        evidence=(read_file(evidence), str(evidence)) if evidence else None,
        waivers=(read_file(waivers), str(waivers)) if waivers else None,
    )


def check(
    policy: PolicyOption = "",
    file: FileOption = None,
    evidence: EvidenceOption = None,
    waivers: WaiverOption = None,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Whether the process can be read over these facts: stages no table maps, columns that are not there."""
    from geartrain.services.selling.process import check_process, named

    ws, actor = acting(workspace, login)
    found = check_process(ws, actor, asked=asked_for(policy, file, as_of=as_of, evidence=evidence, waivers=waivers))
    spec = found.policy.spec
    rows = [
        (
            s.key,
            s.name,
            s.buyer_stage,
            s.kind.value,
            ", ".join(_asked(spec, s.key, "required")),
            ", ".join(_asked(spec, s.key, "recommended")),
        )
        for s in spec.spine
    ]
    columns = ("stage", "name", "buyer_stage", "kind", "required", "recommended")
    issues = [i.as_json() for i in found.issues]
    stages = [dict(zip(columns, row, strict=True)) for row in rows]
    whole = {"policy": named(found.policy), "ok": found.ok, "stages": stages, "issues": issues}
    if format is Format.csv:
        print_csv(("code", "level", "message", "where", "hint"), [list(i.values()) for i in issues])
        return
    answer(format, columns, rows, whole=whole, title=f"{found.policy.name} (version {found.policy.version})")
    if format is Format.table:
        print_issues(found.issues)
        if not found.issues:
            console.print("Nothing is doubtful.")


def _asked(spec: Any, stage: str, level: str) -> list[str]:
    return [b.attribute for b in spec.bindings if b.stage == stage and b.level.value == level]


def conformance(
    policy: PolicyOption = "",
    file: FileOption = None,
    since: FromOption = None,
    until: ToOption = None,
    as_of: AsOfOption = None,
    evidence: EvidenceOption = None,
    waivers: WaiverOption = None,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="List only this kind of deviation; may be repeated.")
    ] = None,
    limit: LimitOption = 10_000,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Where deals left the process: skips, regresses, unmet exits, late evidence, and habits of whole deals."""
    from geartrain.process.sales_process import Deviation
    from geartrain.services.selling.process import preview_conformance

    if strange := [k for k in kind or () if k not in [d.value for d in Deviation]]:
        raise Invalid(f"There is no deviation '{strange[0]}'.", hint=f"One of: {', '.join(Deviation)}.")
    ws, actor = acting(workspace, login)
    asked = asked_for(policy, file, since, until, as_of, evidence, waivers)
    done = preview_conformance(ws, actor, asked=asked, kinds=tuple(kind or ()), limit=limit)
    found = done.found
    listed = found.deviations
    rows = [_deviation(d.as_json()) for d in listed]
    if format is Format.json:
        print_json({"window": [since, until], **done.as_json()})
    elif format is Format.csv:
        print_csv(DEVIATIONS, rows)
    else:
        _print_conformance(done, listed)


def _deviation(one: dict[str, Any]) -> list[Any]:
    return [" ".join(v) if isinstance(v, list) else v for v in (one[c] for c in DEVIATIONS)]


def _print_conformance(done: Any, listed: Sequence[Any]) -> None:
    found = done.found
    share = "n/a" if found.share is None else f"{float(found.share):.1%}"
    console.print(
        f"[bold]{done.policy.name}[/]: {found.conforming:,} of {found.moves:,} moves conform ({share}), "
        f"{found.cases:,} deals."
    )
    print_rows(("deviation", "count"), list(found.counts.items()), title="By kind")
    rows = [(d.opportunity_id, d.text, d.at, d.owner_id, d.accepted) for d in listed[:50]]
    columns = ("opportunity", "deviation", "at", "owner", "accepted")
    print_rows(columns, rows, title=f"Deviations ({len(rows):,} of {found.total:,})")
    console.print(
        f"{found.unknown_exits:,} exits could not be told, {found.waived_exits:,} were waived; neither is a deviation."
    )
    for kind, why in found.unassessed.items():
        console.print(f"Not assessed: {kind}. {why}")
    print_issues(done.issues)


def gates(
    opportunity: Annotated[
        str | None, typer.Option("--opportunity", "-o", help="Only this one, with the reasons.")
    ] = None,
    policy: PolicyOption = "",
    file: FileOption = None,
    as_of: AsOfOption = None,
    evidence: EvidenceOption = None,
    waivers: WaiverOption = None,
    inflated: Annotated[bool, typer.Option("--inflated", help="Only deals whose declared stage is ahead.")] = False,
    limit: LimitOption = 10_000,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Declared and earned stage of the open deals, what their gates miss, and the inflated pipeline."""
    from geartrain.services.selling.process import preview_gates

    ws, actor = acting(workspace, login)
    asked = asked_for(policy, file, as_of=as_of, evidence=evidence, waivers=waivers)
    done = preview_gates(ws, actor, asked=asked, opportunity=opportunity)
    listed = [d for d in done.deals if not inflated or (d.standing.inflation or 0) > 0][:limit]
    rows = [_gate(d.as_json()) for d in listed]
    if format is Format.json:
        print_json(done.as_json(limit=limit, only_inflated=inflated))
    elif format is Format.csv:
        print_csv(GATES, rows)
    else:
        _print_gates(done, rows, opportunity)


def case(
    opportunity: Annotated[str, typer.Argument(help="Its id.")],
    policy: PolicyOption = "",
    as_of: AsOfOption = None,
    evidence: EvidenceOption = None,
    waivers: WaiverOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """One deal's history: moves, changes, dated evidence, waivers, quotes, and where it left the process."""
    from geartrain.services.selling.cases import get_case

    ws, actor = acting(workspace, login)
    asked = asked_for(policy, None, as_of=as_of, evidence=evidence, waivers=waivers)
    found = get_case(ws, actor, opportunity=opportunity, asked=asked)
    rows = [(h.at, h.kind, h.text, h.detail, " ".join(h.deviations)) for h in found.happened]
    columns = ("at", "kind", "what", "detail", "deviations")
    answer(format, columns, rows, whole=found.as_json(), title=f"{opportunity}, as of {found.as_of}")


def _gate(one: dict[str, Any]) -> list[Any]:
    one = one | {"unmet": " ".join(f"{m['attribute']}={str(m['value']).lower()}" for m in one["unmet"])}
    return [" ".join(v) if isinstance(v, list) else v for v in (one[c] for c in GATES)]


def _print_gates(done: Any, rows: Sequence[Sequence[Any]], opportunity: str | None) -> None:
    short = [(r[0], r[1], r[3], r[4], r[6], r[9], r[10], r[12]) for r in rows[:50]]
    columns = ("opportunity", "name", "owner", "amount", "declared", "earned", "ahead", "unmet")
    print_rows(columns, short, title=f"Open deals on {done.as_of} ({min(len(rows), 50):,} of {len(done.deals):,})")
    sums = [(i.currency, i.deals, i.inflated_deals, i.pipeline, i.inflated) for i in done.inflated]
    print_rows(("currency", "deals", "inflated", "pipeline", "inflated pipeline"), sums, title="Stage inflation")
    if opportunity is None:
        return
    for gate in done.deals[0].standing.gates:
        word = {True: "holds", False: "does not hold", None: "cannot be told"}[gate.holds]
        console.print(f"[bold]{gate.stage}[/]: {word}")
        for name, misses in (("unmet", gate.unmet), ("waived", gate.waived), ("recommended", gate.recommended)):
            for miss in misses:
                console.print(f"  {name} {miss.attribute} ({miss.mode}): {miss.why}", markup=False, highlight=False)


def attributes(
    policy: PolicyOption = "",
    file: FileOption = None,
    since: FromOption = None,
    until: ToOption = None,
    as_of: AsOfOption = None,
    evidence: EvidenceOption = None,
    waivers: WaiverOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """How often deals were won that had an attribute when they left its stage, and that had it not (Wilson 95 %)."""
    from geartrain.services.selling.process import explain_attributes, named

    ws, actor = acting(workspace, login)
    used, found = explain_attributes(ws, actor, asked=asked_for(policy, file, since, until, as_of, evidence, waivers))
    columns = ("stage", "attribute", "with_n", "with_rate", "with_low", "with_high", "without_n", "without_rate",
               "without_low", "without_high", "tells")  # fmt: skip
    rows = [
        (u.stage, u.attribute, *(v for s in (u.having, u.lacking) for v in (s.deals, s.rate, s.low, s.high)), u.tells)
        for u in found
    ]
    whole = {"policy": named(used), "attributes": [u.as_json() for u in found]}
    answer(format, columns, rows, whole=whole, title="Usefulness of attributes")


def export(
    to: Annotated[str, typer.Option("--to", help="xes or csv.")] = "xes",
    out: Annotated[Path | None, typer.Option("--out", "-O", help="File to write; otherwise standard output.")] = None,
    policy: PolicyOption = "",
    file: FileOption = None,
    as_of: AsOfOption = None,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The event log, one event per stage a deal came into, as XES (IEEE 1849) or CSV."""
    from geartrain.services.selling.process import export_events

    if to not in ("xes", "csv"):
        raise Invalid(f"The event log cannot be written as '{to}'.", hint="Choose xes or csv.")
    ws, actor = acting(workspace, login)
    pieces = export_events(ws, actor, asked=asked_for(policy, file, as_of=as_of), form=to)
    if out is None:
        for piece in pieces:
            typer.echo(piece, nl=False)
        return
    try:
        with out.open("w", encoding="utf-8", newline="") as file_out:
            file_out.writelines(pieces)
    except OSError as error:
        raise Invalid(f"{out} cannot be written: {error.strerror}.", hint="Name another file.") from None
    console.print(f"Wrote {out}.")
