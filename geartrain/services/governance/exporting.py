"""The register as files, byte for byte."""

from __future__ import annotations

from pathlib import Path

from geartrain.kernel.errors import Invalid
from geartrain.kernel.policy.lifecycle import in_force
from geartrain.services.access import Actor, Permission, require
from geartrain.services.governance.rows import pures, visible
from geartrain.services.workspace import Workspace


def export_policies(ws: Workspace, actor: Actor, *, folder: Path, every_version: bool = False) -> list[Path]:
    """Write the published texts that hold now as `kind/key.yaml`, byte for byte; returns the files.

    Args:
        every_version: Each version the actor may see instead, as `kind/key@2.yaml`.
    Raises:
        Invalid: the folder is a file.
    """
    require(actor, Permission.view_policies)
    folder = folder.expanduser()
    if folder.exists() and not folder.is_dir():
        raise Invalid(f"{folder} is a file.", hint="Name a folder.")
    rows = list(visible(ws, actor).order_by("kind", "key", "version"))
    now, written = ws.now(), []
    for kind, key in sorted({(r.kind, r.key) for r in rows}):
        mine = [r for r in rows if (r.kind, r.key) == (kind, key)]
        held = in_force(pures(mine), now)
        for row in mine:
            if every_version or (held and held.number == row.version):
                file = folder / kind / (f"{key}@{row.version}.yaml" if every_version else f"{key}.yaml")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(row.body.encode())
                written.append(file)
    return written
