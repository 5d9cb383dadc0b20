"""What differs between two texts of a policy: line by line, and value by value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from difflib import unified_diff
from typing import Any

from geartrain.kernel.policy import read_document
from geartrain.kernel.policy.decision import plain
from geartrain.kernel.policy.lifecycle import Status
from geartrain.services.access import Actor, Permission, require
from geartrain.services.governance.reading import get_policy
from geartrain.services.governance.rows import pures, visible
from geartrain.services.policies import shipped_policies
from geartrain.services.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One value that differs.

    Args:
        path: Where it stands, e.g. `spec.clauses[new_business].owner`; items of a list that have a key go by it.
        change: `added`, `removed` or `changed`.
    """

    path: str
    change: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """Two texts beside each other; `text` is a unified diff, empty where they are the same byte for byte."""

    old: str
    new: str
    text: str
    changes: tuple[ChangedValue, ...]

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer."""
        return {"old": self.old, "new": self.new, "text": self.text, "changes": [asdict(c) for c in self.changes]}


def diff_policies(
    ws: Workspace,
    actor: Actor,
    *,
    kind: str,
    key: str,
    old: int | None = None,
    new: int | None = None,
    text: str | None = None,
    where: str = "",
) -> PolicyDiff:
    """What differs between two versions of a policy.

    Args:
        old: The version before. None: of those before `new` the one that holds, else the last published one, else the
            last; where there is none, what ships, or nothing.
        new: The version after; the latest where None.
        text: A text that is in no version yet, in place of `new`; `where` is its file.
    Raises:
        NotFound: there is no such version that the actor may see.
    """
    require(actor, Permission.view_policies)
    versions = _versions(ws, actor, kind, key)
    number = None if text is not None else new if new is not None else max(versions, default=None)
    if text is None:
        after = get_policy(ws, actor, kind=kind, key=key, version=number)
        text, where = after.body, after.where
    before = _before(ws, actor, kind, key, old, versions, number)
    return compare_texts(before[1], text, old=before[0], new=where or "your text")


def _versions(ws: Workspace, actor: Actor, kind: str, key: str) -> dict[int, int]:
    """The numbers that the actor may see: 2 for the one that holds, 1 for one that is published, 0 for the others."""
    rows, now = pures(visible(ws, actor).filter(kind=kind, key=key)), ws.now()
    return {v.number: 2 if v.holds(now) else int(v.status is Status.published) for v in rows}


def _before(
    ws: Workspace, actor: Actor, kind: str, key: str, old: int | None, versions: Mapping[int, int], new: int | None
) -> tuple[str, str]:
    """Name and text of what a version is compared with."""
    if old is None:
        earlier = [n for n in versions if new is None or n < new]
        old = max(earlier, key=lambda n: (versions[n], n), default=None)
    if old is not None:
        found = get_policy(ws, actor, kind=kind, key=key, version=old)
        return found.where, found.body
    ships = shipped_policies().policies.get((kind, key))
    return (ships.where, ships.body) if ships else ("nothing", "")


def compare_texts(before: str, after: str, *, old: str, new: str) -> PolicyDiff:
    """What differs between two texts; where one is no YAML, only line by line."""
    lines = unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), old, new)
    text = "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    documents = [read_document(body, "")[0] for body in (before, after)]
    values = [_flat(d.values) if d else None for d in documents]
    changes = () if values[0] is None or values[1] is None else tuple(_changes(values[0], values[1]))
    return PolicyDiff(old, new, text, changes)


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[ChangedValue]:
    for path in [*old, *(p for p in new if p not in old)]:
        if path not in new:
            yield ChangedValue(path, "removed", old[path], None)
        elif path not in old:
            yield ChangedValue(path, "added", None, new[path])
        elif old[path] != new[path]:
            yield ChangedValue(path, "changed", old[path], new[path])


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    """Path to value, in the order of the text."""
    if isinstance(value, Mapping) and value:
        parts = [(f"{path}.{k}" if path else str(k), v) for k, v in value.items()]
    elif isinstance(value, list) and value:
        keyed = all(isinstance(v, Mapping) and isinstance(v.get("key"), str) for v in value)
        keyed = keyed and len({v["key"] for v in value}) == len(value)
        parts = [(f"{path}[{v['key'] if keyed else n}]", v) for n, v in enumerate(value)]
    else:
        return {path: _shown(value)}
    return {p: v for part, inner in parts for p, v in _flat(inner, part).items()}


def _shown(value: Any) -> Any:
    return plain(value) if value is None or not isinstance(value, Mapping | list) else value
