"""Write the reference pages from the code: `make docs`. A test fails when a page is not what the code says."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path

import click
import typer

ROOT = Path(__file__).parent.parent
PAGES = ROOT / "docs" / "reference"
NOTE = "<!-- Written by `make docs` from the code. Change the code, then run it again. -->\n\n"


def main() -> None:
    """Write every page."""
    PAGES.mkdir(parents=True, exist_ok=True)
    for name, page in pages().items():
        (PAGES / name).write_text(page, encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


def pages() -> dict[str, str]:
    """File name to text, every page of the reference."""
    made: dict[str, Callable[[], str]] = {
        "commands.md": commands,
        "record-types.md": record_types,
        "metrics.md": metrics,
        "rules.md": expressions,
        "settings.md": settings,
        "issues.md": issues,
        "data-quality.md": data_quality,
        "policies.md": policies,
        "api.md": api,
    }
    index = "# Reference\n\n" + "".join(f"- [{name[:-3].replace('-', ' ')}]({name})\n" for name in made)
    return {"README.md": NOTE + index} | {name: NOTE + page() for name, page in made.items()}


def table(headers: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A Markdown table; bars and line breaks in cells are escaped."""

    def line(cells: Iterable[object]) -> str:
        return "| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in cells) + " |\n"

    headers = list(headers)
    return line(headers) + line("---" for _ in headers) + "".join(line(r) for r in rows)


def commands() -> str:
    """The command line."""
    from geartrain.cli.main import app

    text = "# Commands\n\nEvery command takes `--help`. Exit codes: 0 done, 2 an error in what was\n"
    text += "asked, 1 an error of ours.\n"
    return text + "".join(_command(typer.main.get_command(app), "geartrain"))


def _command(command: click.Command, path: str) -> Iterable[str]:
    context = click.Context(command, info_name=path)
    if hasattr(command, "commands"):
        for name in sorted(command.commands):
            yield from _command(command.commands[name], f"{path} {name}")
        return
    usage = " ".join(command.collect_usage_pieces(context))
    yield f"\n## {path}\n\n`{path} {usage}`\n\n{(command.help or '').strip()}\n\n"
    rows = []
    for parameter in command.params:
        names = ", ".join(f"`{o}`" for o in (*parameter.opts, *parameter.secondary_opts)) or parameter.name
        default = "" if parameter.default in (None, False, "", ()) or callable(parameter.default) else parameter.default
        said = (getattr(parameter, "help", "") or "").replace("\\[", "[")  # escaped for the terminal
        rows.append((names, said, f"`{default}`" if default != "" else ""))
    yield table(("option", "what it does", "default"), rows)


def record_types() -> str:
    """Record types and views with their columns."""
    from geartrain import facts

    text = "# Record types\n\nA CSV file named after the type with these headers loads with no mapping.\n"
    text += "`extra` keeps the rest.\n"
    for record_type in facts.record_types().values():
        text += _record_type(record_type)
    text += "\n# Views\n\nTables worked out from the records; metrics and expressions use them like record types.\n"
    for view in facts.view_types().values():
        text += _record_type(view)
    return text


def _record_type(record_type: object) -> str:
    r = record_type
    rows = [
        (
            f"`{c.name}`",
            c.kind,
            "yes" if c.required else "",
            f"`{c.ref}`" if c.ref else ", ".join(c.choices),
            c.doc + (f" (default {c.default})" if c.default else ""),
        )
        for c in r.columns
    ]
    head = f"\n## {r.name}\n\n{r.doc} {r.grain[0].upper()}{r.grain[1:]}; key: {', '.join(f'`{k}`' for k in r.key)}.\n\n"
    return head + table(("column", "kind", "required", "refers to, or one of", "meaning"), rows)


def metrics() -> str:
    """The catalogue that ships."""
    from geartrain.services.measures.metrics import shipped_metrics

    text = (
        "# Metrics\n\nThe catalogue that ships. A file in a workspace's `policies/` with the same key replaces one.\n"
    )
    for m in sorted(shipped_metrics(), key=lambda m: m.key):
        goes = f" Drives {', '.join(f'`{d}`' for d in m.drives)}." if m.drives else ""
        text += f"\n## {m.key}\n\n**{m.name}**: {m.definition.strip()}\n\n"
        text += (
            f"{m.class_} · {m.type} · {m.function} · owner {m.owner} · unit {m.unit} · {m.direction} is better.{goes}\n"
        )
    return text


def expressions() -> str:
    """The functions an expression may call."""
    from geartrain.kernel.rules import functions

    text = (
        "# Expressions\n\nSQL expressions over columns, three-valued: unknown is neither true nor false. Columns\n"
        "(also `account.segment` through a reference and `extra.name`), literals, `+ - * / %`, comparison,\n"
        "`and or not`, `in`, `between`, `like`, `is null`, `case`, and these functions, nothing else:\n\n"
    )
    return text + table(("function", "meaning"), ((f"`{f.signature}`", f.doc) for f in functions()))


def settings() -> str:
    """geartrain.toml."""
    from geartrain.services.workspace import Settings

    text = "# Settings: geartrain.toml\n\nA key that is not listed is refused. `${NAME}` in an address is\n"
    text += "read from the environment.\n"
    for section, info in Settings.model_fields.items():
        rows = [
            (f"`{name}`", f.description or "", f"`{f.default!r}`") for name, f in info.annotation.model_fields.items()
        ]
        doc = (info.annotation.__doc__ or "").strip().splitlines()[0]
        text += f"\n## [{section}]\n\n{doc}\n\n" + table(("key", "meaning", "default"), rows)
    return text


def issues() -> str:
    """Codes of issues and errors, found in the code itself."""
    from geartrain.kernel import errors
    from geartrain.stores.intake.codes import QUARANTINE

    text = "# Issues and errors\n\nAn issue is something wrong in your data or policies; work goes on without it.\n\n"
    text += table(("issue", "found in"), ((f"`{c}`", f"`{w}`") for c, w in sorted(issue_codes().items())))
    text += "\nA row of a load that is not taken stands in the quarantine with its reason:\n\n"
    text += table(("quarantined as", "mend"), ((f"`{c}`", hint) for c, hint in sorted(QUARANTINE.items())))
    text += "\nAn error answers a request that cannot be met; commands end with exit code 2.\n\n"
    _import_errors()
    classes = sorted(_subclasses(errors.GeartrainError), key=lambda c: (c.code, c.__name__))
    rows = ((f"`{c.code}`", c.status, (c.__doc__ or "").strip().splitlines()[0]) for c in classes)
    return text + table(("error", "HTTP status", "when"), rows)


def _import_errors() -> None:
    """Import every module that defines an error with a code of its own: a class is listed once it exists."""
    for path in sorted((ROOT / "geartrain").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bodies = [n.body for n in tree.body if isinstance(n, ast.ClassDef)]
        assigned = [
            t.id
            for body in bodies
            for a in body
            if isinstance(a, ast.Assign)
            for t in a.targets
            if isinstance(t, ast.Name)
        ]
        if "code" in assigned:
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def _subclasses(cls: type) -> Iterable[type]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def issue_codes() -> dict[str, str]:
    """Code to the module that raises it: the first argument of every Issue(...) and the intake's register."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "geartrain").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "Issue":
                code = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "code"), None)
                if isinstance(code, ast.Constant) and isinstance(code.value, str):
                    found.setdefault(code.value, path.relative_to(ROOT).as_posix())
    return found


def policies() -> str:
    """The kinds of policy."""
    from geartrain.services.policies import policy_kinds

    text = "# Policies\n\nYAML files under a workspace's `policies/`. A file with the kind and key of one that ships\n"
    text += "replaces it.\n\n"
    rows = ((f"`{k.name}`", k.doc) for k in policy_kinds().values())
    return text + table(("kind", "what it says"), rows)


def data_quality() -> str:
    """The data-quality rules that ship."""
    from geartrain.services.policies import shipped_ruleset

    text = "# Data quality\n\nThe rules that ship, beside the checks of every reference and every list of choices:\n"
    text += "`unmatched_reference`, `reference_not_loaded`, `unknown_choice`.\n\n"
    rows = (
        (f"`{r.key}`", r.type, r.dimension, r.severity, f"`{r.applies_when}`", f"`{r.check}`")
        for r in shipped_ruleset().rules
    )
    return text + table(("rule", "type", "dimension", "level", "applies when", "passes when"), rows)


def api() -> str:
    """The REST routes."""
    from geartrain.web import openapi

    text = "# REST API\n\nSign in with a session, or send `Authorization: Bearer TOKEN`. The OpenAPI document is at\n"
    text += "`/api/v1/openapi.json`. Errors are problem details (RFC 9457).\n\n"
    rows = []
    for path, verbs in sorted(openapi()["paths"].items()):
        for verb, route in verbs.items():
            rows.append((f"`{verb.upper()} {path}`", route.get("summary", "")))
    return text + table(("route", "what it does"), rows)


if __name__ == "__main__":
    main()
