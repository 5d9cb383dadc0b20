"""geartrain pack templates, list, draft, freeze, show, render, restate, held, decide, close, dispute, settle"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from geartrain.cli.options import (
    AsOfOption,
    AsOption,
    KnownAsOfOption,
    WorkspaceOption,
    acting,
    parse_day,
    parse_instant,
)
from geartrain.cli.output import Bars, Format, FormatOption, answer, console, print_issues, print_json, print_rows
from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Level

PackArgument = Annotated[str, typer.Argument(metavar="PACK", help="Id of the pack, e.g. qbr-2026-09-30.")]
ScopeOption = Annotated[
    str | None, typer.Option("--scope", help="User record whose tree the pack is cut to; otherwise the company.")
]
NarrativeOption = Annotated[
    list[str], typer.Option("--narrative", help="SECTION=TEXT; repeat, in the order of the section's prompts.")
]
LIST = ("id", "title", "state", "as_of", "scope", "held_at", "open_decisions", "open_disputes", "sha256")
SHORT = ("id", "state", "as_of", "held", "decisions", "disputes")
DECISION = ("id", "pack", "text", "owner", "due", "state", "late", "outcome")
DISPUTE = ("id", "pack", "number", "reason", "by", "state", "resolution")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    pack = typer.Typer(help="Packs: frozen answers for reviews and forecast calls.", no_args_is_help=True)
    app.add_typer(pack, name="pack")
    pack.command("list")(list_)
    for command in (templates, draft, freeze, show, render, restate, held, decide, close, dispute, settle):
        pack.command()(command)


def templates(format: FormatOption = Format.table, workspace: WorkspaceOption = None) -> None:
    """The pack templates in force, and what they ask that the catalogue cannot answer."""
    from geartrain.services.packs.life import list_templates

    ws, actor = acting(workspace)
    found = list_templates(ws, actor)
    columns = ("key", "name", "for", "version", "sections", "questions", "issues", "where")
    rows = [(*_template(p), len(issues), p.where) for p, issues in found]
    issues = [i for _, wrong in found for i in wrong]
    whole = {
        "templates": [dict(zip(columns, r, strict=True)) for r in rows],
        "issues": [i.as_json() for i in issues],
    }
    if format is Format.table:
        print_rows(columns[:-1], [r[:-1] for r in rows], title="Pack templates")
    else:
        answer(format, columns, rows, whole=whole)
    if format is Format.table:
        print_issues(issues)
    if any(i.level is Level.error for i in issues):
        raise typer.Exit(1)


def list_(
    template: Annotated[str, typer.Option(help="Only packs of this template.")] = "",
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """The packs there are, latest first."""
    from geartrain.services.packs.life import list_packs

    ws, actor = acting(workspace, login)
    found = [asdict(p) for p in list_packs(ws, actor, template=template)]
    if format is Format.table:
        held = [p["held_at"].date() if p["held_at"] else None for p in found]
        rows = [
            (p["id"], p["state"], p["as_of"], day, p["open_decisions"], p["open_disputes"])
            for p, day in zip(found, held, strict=True)
        ]
        print_rows(SHORT, rows, title="Packs")
    else:
        answer(format, LIST, [[p[c] for c in LIST] for p in found], whole={"packs": found})


def draft(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="Key of the template: qbr, forecast_call, …")],
    as_of: AsOfOption = None,
    scope: ScopeOption = None,
    known_as_of: KnownAsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Begin a pack that follows the facts until it is frozen."""
    from geartrain.services.packs.life import draft_pack

    ws, actor = acting(workspace, login)
    info = draft_pack(
        ws,
        actor,
        template=template,
        as_of=parse_day(as_of, option="--as-of"),
        scope=scope,
        known_as_of=parse_instant(known_as_of, option="--known-as-of"),
    )
    _said(format, asdict(info), f"Began [bold]{info.id}[/]. Freeze it: geartrain pack freeze --draft {info.id}")


def freeze(
    template: Annotated[str, typer.Argument(metavar="[TEMPLATE]", help="Key of the template; or --draft.")] = "",
    draft: Annotated[str, typer.Option("--draft", help="Id of a draft to freeze.")] = "",
    as_of: AsOfOption = None,
    scope: ScopeOption = None,
    known_as_of: KnownAsOfOption = None,
    narrative: NarrativeOption = [],  # noqa: B006 - typer reads it, nobody changes it
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Freeze a pack: from then on it says the same for ever."""
    from geartrain.services.packs.life import freeze_pack

    if bool(template) == bool(draft):
        raise Invalid("Say what to freeze.", hint="A template (geartrain pack freeze qbr), or --draft ID.")
    if draft and (as_of or scope or known_as_of):
        raise Invalid("A draft has its day and scope already.", hint="Leave them out, or freeze a template.")
    ws, actor = acting(workspace, login)
    with Bars() as bars:
        info = freeze_pack(
            ws,
            actor,
            pack=draft,
            template=template,
            as_of=parse_day(as_of, option="--as-of"),
            scope=scope,
            known_as_of=parse_instant(known_as_of, option="--known-as-of"),
            narrative=_narrative(narrative),
            progress=bars,
        )
    _said(format, asdict(info), f"Froze [bold]{info.id}[/] as of {info.as_of}, sha256 {info.sha256}")


def show(
    pack: PackArgument, format: FormatOption = Format.table, login: AsOption = None, workspace: WorkspaceOption = None
) -> None:
    """What a pack says: every number with its address, decisions, disputes."""
    from geartrain.services.packs.life import get_pack

    ws, actor = acting(workspace, login)
    view = get_pack(ws, actor, pack=pack)
    said = view.pack
    columns = ("number", "value", "unit", "goal", "previous", "year_ago", "n", "reason")
    rows = [
        (at, n.value, said.metrics[key].unit, n.goal, n.previous, n.year_ago, n.n, n.reason)
        for at, key, n in said.numbers()
    ]
    whole = {
        **asdict(view.info),
        "pack": said.model_dump(mode="json"),
        "numbers": [dict(zip(columns, r, strict=True)) for r in rows],
        "decisions": [asdict(d) for d in (*view.carried, *view.decisions)],
        "carried": [d.id for d in view.carried],
        "disputes": [asdict(d) for d in view.disputes],
        "sessions": {
            **said.sessions.model_dump(),
            "held_rate": said.sessions.held_rate,
            "decisions_per_session": said.sessions.decisions_per_session,
            "closed_on_time_rate": said.sessions.on_time,
        },
    }
    if format is Format.table:
        console.print(f"[bold]{said.title}[/], as of {said.as_of}, {view.info.state}, sha256 {view.info.sha256 or '–'}")
    answer(format, columns, rows, whole=whole)
    if format is Format.table:
        decisions = [asdict(d) for d in (*view.carried, *view.decisions)]
        print_rows(DECISION, [[d[c] for c in DECISION] for d in decisions], title="Decisions")
        disputes = [asdict(d) for d in view.disputes]
        print_rows(DISPUTE, [[d[c] for c in DISPUTE] for d in disputes], title="Disputes")


def render(
    pack: PackArgument,
    to: Annotated[str, typer.Option("--to", "--format", help="pdf, pptx, xlsx or json.")] = "pdf",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File; otherwise PACK.pdf here.")] = None,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Write a frozen pack as a file: the same bytes whenever it is asked for."""
    from hashlib import sha256

    from geartrain.web.documents.render import render_pack

    ws, actor = acting(workspace, login)
    file = render_pack(ws, actor, pack=pack, format=to)
    path = output or Path(file.name)
    try:
        path.write_bytes(file.content)
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}.", hint="Name another file with -o.") from None
    console.print(
        f"Wrote [bold]{path}[/], {len(file.content):,} bytes, sha256 {sha256(file.content).hexdigest()}",
        soft_wrap=True,
        highlight=False,
    )


def restate(
    pack: PackArgument,
    everything: Annotated[bool, typer.Option("--all", help="Also the numbers that are the same now.")] = False,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """A frozen pack's numbers then and now, and the records that came in since about its time."""
    from geartrain.services.packs.life import restate_pack

    ws, actor = acting(workspace, login)
    with Bars() as bars:
        found = restate_pack(ws, actor, pack=pack, progress=bars)
    columns = ("number", "before", "after", "delta", "definition_changed")
    listed = found.numbers if everything or format is Format.json else found.moved
    rows = [(m.number, m.before, m.after, m.delta, m.definition_changed) for m in listed]
    records = [
        {**asdict(r), "key": list(r.key), "before": dict(r.before), "after": dict(r.after)} for r in found.records
    ]
    whole = {
        "pack": pack,
        "as_of": found.pack.as_of,
        "known_as_of": found.pack.known_as_of,
        "sha256": found.pack.sha256,
        "numbers": [
            {**dict(zip(columns, r, strict=True)), "changed": m.changed} for r, m in zip(rows, listed, strict=True)
        ],
        "changed": sum(m.changed for m in found.numbers),
        "records": records,
        "capped": list(found.capped),
    }
    answer(format, columns, rows, whole=whole, title=f"Numbers of {found.pack.title} that changed since:")
    if format is Format.table:
        told = [
            (r.type, "/".join(r.key), r.occurred, r.recorded_at, "added" if r.added else "changed", _changes(r))
            for r in found.records[:100]
        ]
        names = ("type", "key", "occurred", "recorded_at", "", "what")
        print_rows(names, told, title="Records that tell something new of that time:")
        if len(found.records) > len(told):
            console.print(f"[dim]… and {len(found.records) - len(told):,} more; --format json lists all.[/]")


def held(
    pack: PackArgument,
    at: Annotated[str | None, typer.Option(help="When, ISO 8601; otherwise now.")] = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Note that a pack was discussed."""
    from geartrain.services.packs.life import hold_pack

    ws, actor = acting(workspace, login)
    info = hold_pack(ws, actor, pack=pack, at=parse_instant(at, option="--at"))
    _said(format, asdict(info), f"[bold]{pack}[/] was held.")


def decide(
    pack: PackArgument,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What was decided.")],
    owner: Annotated[str, typer.Option(help="Who sees to it.")],
    due: Annotated[str, typer.Option(help="By when, YYYY-MM-DD.")],
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Note a decision: later packs carry it until it is closed."""
    from geartrain.services.packs.decisions import add_decision

    ws, actor = acting(workspace, login)
    day = parse_day(due, option="--due")
    if day is None:
        raise Invalid("--due names no day.", hint="Write it as YYYY-MM-DD.")
    made = add_decision(ws, actor, pack=pack, text=text, owner=owner, due=day)
    _said(format, asdict(made), f"Decision [bold]{made.id}[/] is {made.owner}'s, due {made.due}.")


def close(
    decision: Annotated[int, typer.Argument(metavar="DECISION", help="Number of the decision.")],
    outcome: Annotated[str, typer.Option(help="What came of it.")] = "",
    dropped: Annotated[bool, typer.Option("--dropped", help="It will not be done.")] = False,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Close a decision: it is carried no further."""
    from geartrain.services.packs.decisions import close_decision

    ws, actor = acting(workspace, login)
    found = close_decision(ws, actor, decision=decision, outcome=outcome, dropped=dropped)
    _said(format, asdict(found), f"Decision [bold]{found.id}[/] is {found.state}.")


def dispute(
    pack: PackArgument,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="Address of the number, as `pack show` lists it.")],
    reason: Annotated[str, typer.Option(help="Why it is wrong.")],
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Say that a number of a pack is wrong."""
    from geartrain.services.packs.decisions import dispute_number

    ws, actor = acting(workspace, login)
    made = dispute_number(ws, actor, pack=pack, number=number, reason=reason)
    _said(format, asdict(made), f"Dispute [bold]{made.id}[/] over {made.number} is open.")


def settle(
    dispute: Annotated[int, typer.Argument(metavar="DISPUTE", help="Number of the dispute.")],
    resolution: Annotated[str, typer.Option(help="Who is right, and why.")],
    upheld: Annotated[bool, typer.Option("--upheld/--rejected", help="Whether the number is wrong.")],
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Settle a dispute. The pack stays as it is; the restated view has the number as it is now."""
    from geartrain.services.packs.decisions import settle_dispute

    ws, actor = acting(workspace, login)
    found = settle_dispute(ws, actor, dispute=dispute, upheld=upheld, resolution=resolution)
    _said(format, asdict(found), f"Dispute [bold]{found.id}[/] is {found.state}.")


def _said(format: Format, whole: dict[str, Any], sentence: str) -> None:
    if format is Format.table:
        console.print(sentence, soft_wrap=True, highlight=False)
    elif format is Format.csv:
        answer(format, list(whole), [list(whole.values())], whole=whole)
    else:
        print_json(whole)


def _template(policy: Any) -> tuple[Any, ...]:
    spec = policy.spec
    asked = sum(len(s.questions) for s in spec.sections)
    return policy.key, policy.name, spec.for_.value, policy.version, len(spec.sections), asked


def _narrative(pairs: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        section, equals, text = pair.partition("=")
        if not equals:
            raise Invalid(f"--narrative {pair} names no text.", hint='Write --narrative results="We won more."')
        found.setdefault(section.strip(), []).append(text)
    return found


def _changes(record: Any) -> str:
    return ", ".join(
        f"{name}: {record.before.get(name, '–')} → {value}" if record.before else f"{name}: {value}"
        for name, value in list(record.after.items())[:6]
    )
