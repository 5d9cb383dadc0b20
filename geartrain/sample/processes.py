"""The process, lead, approval and technology policies of the simulated company, as YAML."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "workspace"


def process_policies() -> dict[str, str]:
    """File name to text of every policy that the sample company has beside its goals."""
    return {f.name: f.read_text(encoding="utf-8") for f in sorted(FOLDER.glob("*.yaml"))}
