"""The `geartrain` command: parse, call one use case, render."""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

import typer

from geartrain import __version__, cli
from geartrain.cli.output import problems
from geartrain.kernel.errors import GeartrainError

app = typer.Typer(
    name="geartrain",
    help="The system Revenue Operations runs the sales side of a company on.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

# A command is one file in this folder with a function `register(app)`.
for module in sorted(m.name for m in iter_modules(cli.__path__)):
    if hasattr(found := import_module(f"{cli.__name__}.{module}") if module != "main" else None, "register"):
        found.register(app)


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"geartrain {__version__}")
        raise typer.Exit


def run() -> None:
    """Run the command line; what the user did wrong ends with exit code 2 and one sentence, no traceback."""
    try:
        app()
    except GeartrainError as error:
        problems.print(f"[red]Error:[/] {error.message}", markup=True, highlight=False, soft_wrap=True)
        if error.hint:
            problems.print(f"[dim]→ {error.hint}[/]", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        problems.print("Stopped; nothing half-done is kept.")
        sys.exit(130)
