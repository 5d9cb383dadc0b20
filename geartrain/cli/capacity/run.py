"""geartrain capacity run"""

from __future__ import annotations

import typer

from geartrain.cli.capacity.options import PolicyOption, finish, plain, planned
from geartrain.cli.options import AsOption, WorkspaceOption
from geartrain.cli.output import Format, FormatOption, console, print_csv, print_json, print_rows, shown


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)


def run(
    policy: PolicyOption = None,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Capacity against goal by period: heads × ramp × productive share × productivity."""
    from geartrain.planning.capacity.heads import needs
    from geartrain.planning.capacity.heads import run as carried
    from geartrain.planning.quotas.sheet import told

    found = planned(policy, workspace, login)
    outlook = carried(found.capacity_plan)
    issues = (*found.issues, *outlook.issues)
    periods, roles, wanted = list(outlook.periods()), list(outlook.roles()), list(needs(found.capacity_plan))
    if format is Format.json:
        whole = {"periods": plain(periods), "roles": plain(roles), "totals": told(outlook.totals())}
        listed = [i.as_json() for i in issues]
        rests = {"needs": plain(wanted), "evidence": plain(e.as_row() for e in found.evidence)}
        print_json({**whole, **rests, "issues": listed, "manifest": found.manifest})
    elif format is Format.csv:
        print_csv(tuple(roles[0]), (tuple(r.values()) for r in roles))
    else:
        print_rows(tuple(periods[0]), [tuple(r.values()) for r in periods], title="Capacity against goal")
        if found.evidence:
            shown_ = [e.as_row() for e in found.evidence]
            print_rows(tuple(shown_[0]), [tuple(r.values()) for r in shown_], title="Productivity from history")
        if wanted:
            print_rows(tuple(wanted[0]), [tuple(r.values()) for r in wanted], title="Heads needed")
        told_ = ", ".join(f"{k} {shown(v)}" for k, v in outlook.totals().items() if v is not None)
        console.print(f"In all: {told_}.", highlight=False)
    finish(format, issues)
