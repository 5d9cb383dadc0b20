"""geartrain leads"""

from __future__ import annotations

import csv
import json
from io import StringIO
from pathlib import Path
from typing import Annotated, Any

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day, parse_instant
from geartrain.cli.output import Format, FormatOption, answer, console, print_csv, print_json, print_rows
from geartrain.cli.policy.backtest import read_file
from geartrain.cli.process import FromOption, LimitOption, ToOption
from geartrain.kernel.errors import Invalid

PolicyOption = Annotated[str, typer.Option("--policy", help="Key of the lead policy; needed where there are several.")]
FileOption = Annotated[Path | None, typer.Option("--file", help="A draft's YAML instead of the policy in force.")]
LeadOption = Annotated[str | None, typer.Option("--lead", help="Only this lead.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Leads: scored, routed, answered in time, deduplicated.", no_args_is_help=True)
    app.add_typer(group, name="leads")
    for command in (score, validate, route, log, replay, sla, dedupe, merge, unmerge, merges):
        group.command()(command)


def _chosen(ws: Any, policy: str, file: Path | None) -> Any:
    from geartrain.services.selling.leads import policy_for_leads

    return policy_for_leads(ws, key=policy, text=read_file(file) if file else None, where=str(file or "draft"))


def score(
    lead: LeadOption = None,
    at: Annotated[
        str | None, typer.Option("--at", help="The instant (UTC), ISO 8601; else the end of --as-of.")
    ] = None,
    policy: PolicyOption = "",
    file: FileOption = None,
    as_of: AsOfOption = None,
    limit: LimitOption = 1_000,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Fit, engagement and grade of leads as of an instant, best first; with --lead every part of them."""
    from geartrain.services.selling.leads import list_scores

    ws, actor = acting(workspace, login)
    when, day = parse_instant(at, option="--at"), parse_day(as_of, option="--as-of")
    found = list_scores(ws, actor, policy=_chosen(ws, policy, file), as_of=day, at=when, lead=lead, limit=limit)
    rows = [(key, s.grade, s.fit, s.engagement, s.is_mql) for key, s in found.rows]
    answer(
        format,
        ("lead_id", "grade", "fit", "engagement", "is_mql"),
        rows,
        whole=found.as_json(),
        title=f"Leads: {found.total:,}",
    )
    if format is Format.table and lead:
        parts = [(p.key, p.raw, p.given, p.why) for _, s in found.rows for p in s.parts]
        print_rows(("part", "points", "given", "why"), parts, title="What it is made of")


def validate(
    since: Annotated[str, typer.Option("--from", help="First day of creation, YYYY-MM-DD.")],
    until: Annotated[str, typer.Option("--to", help="The day after the last, YYYY-MM-DD.")],
    policy: PolicyOption = "",
    file: FileOption = None,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Conversion by grade and the lift of the best one: is the score good enough to route on?"""
    from geartrain.services.selling.leads import validate_score

    ws, actor = acting(workspace, login)
    first, last = parse_day(since, option="--from"), parse_day(until, option="--to")
    if first is None or last is None or first >= last:
        raise Invalid("The window is empty.", hint="--to is the day after the last.")
    seen = parse_day(as_of, option="--as-of")
    found = validate_score(ws, actor, policy=_chosen(ws, policy, file), since=first, until=last, as_of=seen)
    rows = [(c.grade, c.leads, c.converted, c.rate) for c in found.grades]
    columns = ("grade", "leads", "converted", "rate")
    answer(format, columns, rows, whole=found.as_json(), title="Conversion by grade")
    if format is Format.table:
        lift = "n/a" if found.lift is None else f"{found.lift:.2f}"
        said = "good enough to route on" if found.good_enough else "not better than chance enough to route on"
        console.print(f"Lift of {found.top or 'the best grade'}: {lift}, {said}.")


def route(
    lead: LeadOption = None,
    leads: Annotated[Path | None, typer.Option("--leads", help="CSV or JSON of leads instead of the records.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Keep the decisions; otherwise nothing is written.")] = False,
    at: Annotated[str | None, typer.Option("--at", help="Instant of all decisions (UTC), ISO 8601.")] = None,
    policy: PolicyOption = "",
    file: FileOption = None,
    limit: LimitOption = 1_000,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Who gets the leads that nobody owns, and why: clause by clause, turn by turn. A lead is routed once by its id."""
    from geartrain.services.selling.leads import unrouted
    from geartrain.services.selling.process import named
    from geartrain.services.selling.routing import preview_routing, route_lead

    ws, actor = acting(workspace, login)
    if write and file:
        raise Invalid("A draft decides nothing.", hint="Leave out --write, or publish the policy first.")
    chosen, when = _chosen(ws, policy, file), parse_instant(at, option="--at")
    rows = _read_leads(leads) if leads else unrouted(ws, actor, lead=lead, limit=limit)
    if leads and lead:
        rows = [r for r in rows if str(r.get("lead_id")) == lead]
    if write:
        done = [route_lead(ws, actor, lead=r, policy=chosen.key, at=when) for r in rows]
        found = [{**routed, "new": new} for routed, new in done]
    else:
        found = [r.as_json() for r in preview_routing(ws, actor, policy=chosen, leads=rows, at=when)]
    columns = ("lead_id", "owner", "queue", "clause", "pool", "due_at", "reason")
    answer(
        format,
        columns,
        [[r.get(c) for c in columns] for r in found],
        whole={"policy": named(chosen), "written": write, "leads": found},
        title=f"Leads routed: {len(found):,}",
    )
    if format is Format.table and not write:
        console.print("[dim]Nothing was written; --write keeps the decisions.[/]")


def _read_leads(file: Path) -> list[dict[str, Any]]:
    text = read_file(file)
    if file.suffix.lower() == ".json":
        try:
            given = json.loads(text)
        except ValueError as error:
            raise Invalid(f"{file} is not JSON: {error}.", hint="Give a list of leads.") from None
        rows = given if isinstance(given, list) else [given]
        if not all(isinstance(r, dict) for r in rows):
            raise Invalid(f"{file} holds something that is no lead.", hint="Give a list of objects with lead_id.")
        return rows
    return [{k: v or None for k, v in r.items() if k} for r in csv.DictReader(StringIO(text))]


def log(
    policy: PolicyOption = "",
    limit: LimitOption = 1_000,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The decisions of routing, the last first, with the candidates and the reason."""
    from geartrain.services.selling.routing import list_routed

    ws, actor = acting(workspace, login)
    found = list_routed(ws, actor, policy=policy, limit=limit)
    columns = ("lead_id", "owner", "queue", "clause", "decided_at", "due_at", "reason")
    answer(format, columns, [[r.get(c) for c in columns] for r in found], whole={"decisions": found}, title="Routed")


def replay(
    policy: PolicyOption = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Decide the whole log again from its inputs, and list what comes out differently."""
    from geartrain.services.selling.routing import replay_routing

    ws, actor = acting(workspace, login)
    count, differ = replay_routing(ws, actor, policy=policy)
    columns = ("lead_id", "logged", "replayed")
    whole = {"decisions": count, "same": count - len(differ), "differ": differ}
    answer(format, columns, [[r[c] for c in columns] for r in differ], whole=whole, title="Decided differently")
    if format is Format.table:
        console.print(f"{count - len(differ):,} of {count:,} decisions come out the same.")


def sla(
    since: FromOption = None,
    until: ToOption = None,
    by: Annotated[str, typer.Option(help="owner, source, region or month.")] = "owner",
    policy: PolicyOption = "",
    file: FileOption = None,
    as_of: AsOfOption = None,
    limit: LimitOption = 100,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Who was in touch in time, in the owner's business hours; speed to lead on the wall clock stands apart."""
    from geartrain.services.selling.leads import list_sla

    ws, actor = acting(workspace, login)
    days = [parse_day(t, option=o) for t, o in ((since, "--from"), (until, "--to"), (as_of, "--as-of"))]
    found = list_sla(
        ws, actor, policy=_chosen(ws, policy, file), since=days[0], until=days[1], as_of=days[2], by=by, limit=limit
    )
    names = tuple(found.whole.as_json())
    columns = (by, "leads", *names)
    rows = [(key, n, *part.as_json().values()) for key, n, part in found.by]
    if format is Format.json:
        print_json(found.as_json(by))
    elif format is Format.csv:
        print_csv(columns, rows)
    else:
        print_rows(columns, [("all", found.leads, *found.whole.as_json().values()), *rows], title="First human touch")


def dedupe(
    policy: PolicyOption = "",
    file: FileOption = None,
    as_of: AsOfOption = None,
    limit: LimitOption = 1_000,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Leads that are one and the same, as proposals for the steward; nothing is merged."""
    from geartrain.services.selling.leads import list_duplicates
    from geartrain.services.selling.process import named

    ws, actor = acting(workspace, login)
    chosen = _chosen(ws, policy, file)
    count, found = list_duplicates(ws, actor, policy=chosen, as_of=parse_day(as_of, option="--as-of"))
    doubled = sum(len(p.members) for p in found)
    columns = ("master", "members", "score", "state", "matched_on", "disagree")
    rows = [
        (p.master, " ".join(p.members), p.score, p.state, " ".join(p.fields), " ".join(d.field for d in p.diff))
        for p in found[:limit]
    ]
    whole = {"policy": named(chosen), "records": count, "clusters": count - doubled, "duplicates": doubled}
    whole["duplicate_rate"] = None if not count else f"{doubled / count:.6f}"
    proposals = [p.as_json() for p in found[:limit]]
    answer(format, columns, rows, whole=whole | {"proposals": proposals}, title=f"Duplicates among {count:,} leads")


MERGES = ("id", "master", "members", "state", "score", "changes", "children")


def merge(
    masters: Annotated[
        list[str] | None, typer.Argument(metavar="[LEAD]...", help="The leads that are kept, as dedupe names them.")
    ] = None,
    auto: Annotated[
        bool, typer.Option("--auto", help="Everything at or above the policy's bound for merging by itself.")
    ] = False,
    apply: Annotated[bool, typer.Option("--apply", help="Merge; otherwise nothing is changed.")] = False,
    policy: PolicyOption = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Merge duplicates into the lead that is kept, with everything that points at them: a dry run, unless --apply."""
    from geartrain.services.records.merging import merge_leads

    ws, actor = acting(workspace, login)
    if not masters and not auto:
        raise Invalid("Which leads are kept?", hint="Name them as geartrain leads dedupe does, or give --auto.")
    chosen = _chosen(ws, policy, None)
    found = merge_leads(ws, actor, policy=chosen, masters=masters or (), auto=auto, apply=apply)
    _merges(format, found, applied=apply, title="Merged" if apply else "Would be merged")


def unmerge(
    id: Annotated[str, typer.Argument(metavar="MERGE", help="Id of the merge, as leads merges names it.")],
    apply: Annotated[bool, typer.Option("--apply", help="Undo it; otherwise nothing is changed.")] = False,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Undo a merge: every record it changed is again what it was. A dry run, unless --apply."""
    from geartrain.services.records.merging import unmerge_leads

    ws, actor = acting(workspace, login)
    found = unmerge_leads(ws, actor, id=id, apply=apply)
    _merges(format, [found], applied=apply, title="Undone" if apply else "Would be undone")


def merges(format: FormatOption = Format.table, login: AsOption = None, workspace: WorkspaceOption = None) -> None:
    """The merges there were, the last first."""
    from geartrain.services.records.merging import list_merges

    ws, actor = acting(workspace, login)
    _merges(format, list_merges(ws, actor), applied=None, title="Merges")


def _merges(format: Format, found: Any, *, applied: bool | None, title: str) -> None:
    told = [m.as_json() for m in found]
    rows = [
        (m["id"], m["master"], " ".join(m["members"]), m["state"], m["score"], " ".join(m["changes"]),
         " ".join(f"{n}: {k}" for n, k in m["children"].items()))
        for m in told
    ]  # fmt: skip
    whole = {"merges": told} if applied is None else {"applied": applied, "merges": told}
    answer(format, MERGES, rows, whole=whole, title=title)
    if format is Format.table and applied is False:
        console.print("[dim]Nothing was changed; --apply does it.[/]")
