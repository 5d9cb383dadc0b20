"""Run the benchmarks and print one table; ends with 1 where a bar is not reached."""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import iter_modules

from rich.console import Console
from rich.table import Table

import bench


def main(names: list[str]) -> int:
    """Run those named, or all: each module of this folder with a `run()`."""
    out = Console() if sys.stdout.isatty() else Console(width=160)
    modules = [import_module(f"bench.{m.name}") for m in iter_modules(bench.__path__) if m.name != "__main__"]
    chosen = [m for m in modules if hasattr(m, "run") and (not names or m.__name__.split(".")[1] in names)]
    table = Table("benchmark", "size", "measured", "reference", "ratio", "bar", "", "note")
    missed = 0
    for module in chosen:
        with out.status(f"{module.__name__} …"):
            for r in module.run():
                missed += r.reached is False
                mark = {True: "[green]reached[/]", False: "[red]missed[/]", None: ""}[r.reached]
                reference = "" if r.reference is None else f"{r.reference:.4f}"
                ratio = "" if r.ratio is None else f"{r.ratio:.2f}"
                table.add_row(r.name, r.size, f"{r.seconds:.4f} {r.unit}", reference, ratio, r.stated_bar, mark, r.note)
                out.print(f"{r.name}: {r.seconds:.4f} {r.unit} {mark} {ratio} {r.note}")
    out.print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
