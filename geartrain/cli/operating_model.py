"""geartrain operating-model, calendar"""

from __future__ import annotations

from typing import Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption, acting
from geartrain.cli.output import Format, FormatOption, answer, print_issues, print_rows


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("operating-model")(show)
    app.command("calendar")(calendar)


def show(as_: AsOption = None, format: FormatOption = Format.table, workspace: WorkspaceOption = None) -> None:
    """How the company sells: six questions, which policy answers each, and how far the goals are reached."""
    from geartrain.services.planning.operating_model import operating_model

    ws, actor = acting(workspace, as_)
    found = operating_model(ws, actor)
    columns = ("question", "state", "policy", "version", "owner", "reviewed", "acknowledged", "asked", "missing")
    rows = [
        (q.key, q.state, f"{d.kind}/{d.key}", d.version, d.owner, d.reviewed, d.acknowledged, d.asked, q.missing)
        for q in found.questions
        for d in q.documents
    ]
    rows += [
        (q.key, q.state, None, None, None, None, None, None, q.missing) for q in found.questions if not q.documents
    ]
    order = {q.key: n for n, q in enumerate(found.questions)}
    rows.sort(key=lambda r: order[str(r[0])])
    if format is not Format.table:
        answer(format, columns, rows, whole=found.as_json())
        return
    title = f"Operating model: {found.answered} of {len(found.questions)} questions answered"
    print_rows(columns[:6], [r[:6] for r in rows], title=title)
    goals = [(g.name, g.metric, g.period, g.wanted, g.reached, g.attainment) for g in found.goals]
    print_rows(("goal", "metric", "period", "wanted", "reached", "attainment"), goals, title="Corporate goals")
    print_issues(found.issues)


def calendar(
    days: Annotated[int, typer.Option(min=1, max=800, help="How many days ahead.")] = 92,
    as_: AsOption = None,
    format: FormatOption = Format.table,
    workspace: WorkspaceOption = None,
) -> None:
    """The meetings to come, by the cadences in force, on the fiscal and the business calendar."""
    from geartrain.services.planning.operating_model import coming_up

    ws, actor = acting(workspace, as_)
    columns = ("starts", "ends", "name", "kind", "attendees", "pre_read_due", "pack_template", "note")
    rows = [
        (
            o.starts, o.ends, p.name, p.spec.kind, ", ".join(p.spec.attendees), o.pre_read_due, p.spec.pack_template,
            o.note,
        )
        for o, p in coming_up(ws, actor, days=days)
    ]  # fmt: skip
    whole = {"meetings": [dict(zip(columns, row, strict=True)) for row in rows]}
    answer(format, columns, rows, whole=whole, title="Meetings to come")
