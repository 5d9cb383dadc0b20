"""Capacity plans from files and from the workspace."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from geartrain.kernel.errors import NotFound
from geartrain.kernel.issues import Issue
from geartrain.planning.capacity.policy import CapacityPlan
from geartrain.services.access import Actor
from geartrain.services.policies import current_policies
from geartrain.services.quotas_files import read_spec, read_text
from geartrain.services.workspace import Workspace

KIND = "capacity_plan"


@dataclass(frozen=True)
class Planned:
    """A plan and what it rests on."""

    plan: CapacityPlan
    manifest: dict[str, Any]
    issues: tuple[Issue, ...] = ()


def read_plan(file: Path) -> Planned:
    """The plan of a file, without a workspace.

    Raises:
        NotFound: it is not there. Invalid: it is no capacity_plan, with the line of what is wrong.
    """
    spec = read_spec(file, KIND)
    return Planned(spec, {"inputs": {"policy": sha256(read_text(file).encode()).hexdigest()}})


def workspace_plan(ws: Workspace, actor: Actor, *, key: str = "") -> Planned:
    """A capacity plan in force; without a key the only one there is.

    Raises:
        NotFound: there is none of that key, or several and none is named.
    """
    held = current_policies(ws)
    known = held.of(KIND)
    if not key and len(known) != 1:
        said = f"There are {len(known)}: {', '.join(known)}." if known else "There is no capacity plan."
        raise NotFound(
            said, hint="Name one with --policy KEY, or a file." if known else "Write policies/capacity.yaml."
        )
    policy = held.get(KIND, key or next(iter(known)))
    return Planned(policy.spec, {"policy": {"key": policy.key, "version": policy.version, "sha256": policy.sha256}})
