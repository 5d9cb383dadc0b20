"""What follows when a policy is published, beyond that it holds: one file each, found by being in this folder.

Each declares `KINDS`, the kinds of policy it waits for, and `published(ws, actor, Published)`, which works in the
transaction of the publication: both happen, or neither does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from geartrain.kernel.policy import Policy
from geartrain.kernel.policy.policy import PolicySet
from geartrain.services.access import Actor
from geartrain.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Published:
    """A version that has just been published.

    Args:
        policy: It.
        before: The version it follows; None for the first.
        held: The policies that were in force.
    """

    policy: Policy
    before: Policy | None
    held: PolicySet


def follow(ws: Workspace, actor: Actor, what: Published) -> None:
    """Let everything that waits for this kind happen."""
    for module in _modules():
        if what.policy.kind in module.KINDS:
            module.published(ws, actor, what)


@cache
def _modules() -> tuple[Any, ...]:
    return tuple(_found())


def _found() -> Iterator[Any]:
    for module in iter_modules(__path__):
        yield import_module(f"{__name__}.{module.name}")
