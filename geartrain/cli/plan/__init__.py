"""geartrain plan: a command is one file in this folder with a function `register(app)`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of every file in this folder."""
    chain = typer.Typer(
        help="The plan of the year: goal, capacity, territories, quotas, cost, CAC.", no_args_is_help=True
    )
    app.add_typer(chain, name="plan")
    for module in sorted(m.name for m in iter_modules(__path__)):
        if hasattr(found := import_module(f"{__name__}.{module}"), "register"):
            found.register(chain)
