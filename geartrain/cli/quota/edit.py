"""geartrain quota edit"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from geartrain.cli.options import AsOption, WorkspaceOption
from geartrain.cli.output import Format, FormatOption, console, print_rows
from geartrain.cli.quota.options import HierarchyOption, PolicyOption, TargetsOption, inputs_of, show

if TYPE_CHECKING:
    from geartrain.planning.quotas.asked import Edit

Words = list[str]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(edit)


def edit(
    hierarchy: HierarchyOption = None,
    targets: TargetsOption = None,
    policy: PolicyOption = None,
    edits: Annotated[Path | None, typer.Option("--edits", help="YAML or JSON list of edits.")] = None,
    pin: Annotated[Words, typer.Option(help="NODE=AMOUNT: set its base, or hedged with --hedged.")] = [],  # noqa: B006
    transfer: Annotated[Words, typer.Option(help="FROM:TO=AMOUNT, base.")] = [],  # noqa: B006
    redistribute: Annotated[Words, typer.Option(help="NODE, or NODE=AMOUNT of it, to its siblings.")] = [],  # noqa: B006
    concentrate: Annotated[Words, typer.Option(help="NODE, or NODE=AMOUNT, from its siblings.")] = [],  # noqa: B006
    resplit: Annotated[Words, typer.Option(help="NODE=MEASURE: split its children by that alone.")] = [],  # noqa: B006
    fit: Annotated[Words, typer.Option(help="NODE=CHILD:TOTAL,…: its children over all cells.")] = [],  # noqa: B006
    freeze: Annotated[Words, typer.Option(help="NODE: it stays as the policy gave it.")] = [],  # noqa: B006
    cell: Annotated[Words, typer.Option(help="COLUMN=VALUE: only there; repeat for several columns.")] = [],  # noqa: B006
    hedged: Annotated[bool, typer.Option("--hedged", help="Pins are of hedged amounts.")] = False,
    undo: Annotated[int, typer.Option(help="Leave so many of the last edits out.", min=0)] = 0,
    format: FormatOption = Format.table,
    login: AsOption = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Pin, transfer, redistribute, concentrate, re-split, fit, freeze: the order of edits does not matter."""
    from geartrain.planning.quotas.cascade import allocate
    from geartrain.planning.quotas.editing import edit as apply
    from geartrain.planning.quotas.sheet import told
    from geartrain.services.planning.quotas_edits import edit_in_words, read_cell, read_edits

    asked: list[Edit] = read_edits(edits) if edits else []
    within = read_cell(cell)
    verbs = {
        "pin": pin,
        "transfer": transfer,
        "redistribute": redistribute,
        "concentrate": concentrate,
        "resplit": resplit,
        "fit": fit,
        "freeze": freeze,
    }
    for verb, said in verbs.items():
        asked += [edit_in_words(verb, w, cell={} if verb == "fit" else within, hedged=hedged) for w in said]
    asked = asked[: len(asked) - undo]
    found = inputs_of(hierarchy, targets, policy, workspace, login)
    asked = [*found.policy.edits, *asked]
    edited = apply(found.layout, allocate(found.layout), asked)
    effect = list(edited.effect())
    if format is Format.table:
        console.print(f"{len(asked)} edits; {len(effect):,} quotas differ from what the policy gives.", highlight=False)
        if effect:
            print_rows(tuple(effect[0]), [tuple(r.values()) for r in effect[:200]], title="Effect")
    whole = {"edits": [str(e) for e in asked], "effect": [told(r) for r in effect]}
    manifest = {**found.manifest, "edits": [e.model_dump_json(exclude_defaults=True, by_alias=True) for e in asked]}
    show(format, edited.sheet, manifest, **whole)
