"""The documentation is what the code says, and names all there is."""

import ast
import re
from pathlib import Path

import pytest

from scripts.reference import PAGES, ROOT, pages

DOCS = "\n".join(p.read_text(encoding="utf-8") for p in sorted((ROOT / "docs").rglob("*.md")))
WRITTEN = pages()


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_reference_page_is_what_the_code_says(name):
    assert (PAGES / name).read_text(encoding="utf-8") == WRITTEN[name], "run: make docs"


def _commands():
    import click
    import typer

    from geartrain.cli.main import app

    def walk(command, path):
        if isinstance(command, click.Group) or hasattr(command, "commands"):
            for name, below in command.commands.items():
                yield from walk(below, f"{path} {name}")
        else:
            yield path

    return list(walk(typer.main.get_command(app), "geartrain"))


def test_names_every_command_type_view_metric_kind_rule_and_route():
    from geartrain import facts
    from geartrain.kernel.rules import functions
    from geartrain.services.measures.metrics import shipped_metrics
    from geartrain.services.policies import policy_kinds, shipped_ruleset
    from geartrain.web import openapi

    wanted = {
        *_commands(),
        *facts.record_types(),
        *facts.view_types(),
        *(m.key for m in shipped_metrics()),
        *policy_kinds(),
        *(r.key for r in shipped_ruleset().rules),
        *(f.name for f in functions()),
        *openapi()["paths"],
    }
    assert len(wanted) > 150
    assert [w for w in sorted(wanted) if w not in DOCS] == []


def test_names_every_issue_and_error_code():
    from geartrain.kernel.errors import GeartrainError
    from geartrain.stores.intake.codes import QUARANTINE
    from scripts.reference import issue_codes

    codes = {*issue_codes(), *QUARANTINE, *(c.code for c in GeartrainError.__subclasses__())}
    assert len(codes) > 20
    assert [c for c in sorted(codes) if f"`{c}`" not in DOCS] == []


def _links():
    for page in sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]):
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                yield page, target


def test_every_link_between_pages_leads_somewhere():
    links = list(_links())
    assert len(links) > 10
    assert [(str(p), t) for p, t in links if not (p.parent / t).exists()] == []


# Words that the glossary settles: alone they are ambiguous, so no name in the code is one of them.
BANNED = {"plan", "model", "kpi", "kpis_", "quota_target", "access_role", "salesperson", "deal_owner"}


def _names(tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def test_no_name_in_the_code_uses_a_word_in_a_banned_sense():
    code = [p for p in (ROOT / "geartrain").rglob("*.py") if "web" not in p.relative_to(ROOT).parts]
    found = {
        (p.relative_to(ROOT).as_posix(), name)
        for p in code
        for name in _names(ast.parse(p.read_text(encoding="utf-8")))
        if name.lower() in BANNED
    }
    assert len(code) > 50
    assert found == set()


def test_the_architecture_names_every_folder():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {p.parent.name for p in (ROOT / "geartrain").glob("*/__init__.py")} | {
        p.parent.name for p in (ROOT / "geartrain" / "kernel").glob("*/__init__.py")
    }
    assert [f for f in sorted(folders) if f"{f}/" not in text] == []
    assert Path(ROOT / "README.md").read_text().count("\n") < 80
