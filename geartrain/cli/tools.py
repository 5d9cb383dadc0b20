"""geartrain tools"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from geartrain.cli.options import AsOfOption, AsOption, WorkspaceOption, acting, parse_day
from geartrain.cli.output import (
    Format,
    FormatOption,
    answer,
    console,
    print_csv,
    print_issues,
    print_json,
    print_rows,
    shown,
)
from geartrain.cli.policy.backtest import read_file

PolicyOption = Annotated[
    str, typer.Option("--policy", help="Key of the technology register; needed where there are several.")
]
FileOption = Annotated[Path | None, typer.Option("--file", help="A draft's YAML instead of the register in force.")]
COLUMNS = (
    "name", "category", "purchased", "assigned", "in_grace", "active", "adoption", "utilisation", "effective", "depth",
    "stickiness", "reclaimable", "annual_cost", "benefit", "roi", "evidence", "notice_by", "review_opens", "review_due",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(help="Tools: adoption, cost, overlap, reviews.", no_args_is_help=True)
    app.add_typer(group, name="tools")
    for command in (assess, overlap, reviews):
        group.command()(command)


def _chosen(ws: Any, policy: str, file: Path | None) -> Any:
    from geartrain.services.selling.tools import choose_register

    return choose_register(ws, key=policy, text=read_file(file) if file else None, where=str(file or "draft"))


def assess(
    tool: Annotated[str | None, typer.Option("--tool", help="Only this tool.")] = None,
    policy: PolicyOption = "",
    file: FileOption = None,
    as_of: AsOfOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Adoption, utilisation, depth, reclaimable cost, ROI with its evidence, notice and review of every tool."""
    from geartrain.services.selling.tools import assess_tools

    ws, actor = acting(workspace, login)
    day = parse_day(as_of, option="--as-of")
    found = assess_tools(ws, actor, policy=_chosen(ws, policy, file), tool=tool, as_of=day)
    if format is Format.json:
        print_json(found.as_json())
    elif format is Format.csv:
        print_csv(COLUMNS, [[t.as_json()[c] for c in COLUMNS] for t in found.tools])
    else:
        short = (
            "name",
            "assigned",
            "active",
            "adoption",
            "utilisation",
            "reclaimable",
            "roi",
            "notice_by",
            "review_due",
        )
        print_rows(short, [[t.as_json()[c] for c in short] for t in found.tools], title=f"Tools, as of {found.as_of}")
        console.print(
            f"{shown(found.annual_cost)} a year, {shown(found.reclaimable)} of it reclaimable; "
            f"end users' adoption {shown(found.active_share)}."
        )
        print_issues(found.issues)


def overlap(
    policy: PolicyOption = "",
    file: FileOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Tools that share capabilities; one that is contained in another to four fifths is flagged."""
    from geartrain.services.selling.tools import assess_tools

    ws, actor = acting(workspace, login)
    found = assess_tools(ws, actor, policy=_chosen(ws, policy, file)).overlaps
    columns = ("one", "other", "jaccard", "containment", "shared", "flagged")
    rows = [(o.one, o.other, o.jaccard, o.containment, " ".join(o.shared), o.flagged) for o in found]
    whole = {"overlaps": [{n: getattr(o, n) for n in columns} for o in found]}
    answer(format, columns, rows, whole=whole, title="Overlap")


def reviews(
    changed: Annotated[Path, typer.Argument(metavar="FILE", help="YAML of the new version of the sales process.")],
    process: Annotated[str, typer.Option("--process", help="Key of the sales process in force.")] = "",
    policy: PolicyOption = "",
    file: FileOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Which tools a changed sales process calls for a look at: those bound to a changed step, and no other."""
    from geartrain.services.selling.tools import list_reviews

    ws, actor = acting(workspace, login)
    text, chosen = read_file(changed), _chosen(ws, policy, file)
    found = list_reviews(ws, actor, policy=chosen, text=text, where=str(changed), process=process)
    rows = [(name, " ".join(steps)) for name, steps in found.items()]
    whole = {"reviews": [{"tool": name, "steps": steps} for name, steps in found.items()]}
    answer(format, ("tool", "steps"), rows, whole=whole, title="Tools to review")
