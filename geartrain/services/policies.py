"""The policies in force: those that ship, with the workspace's own laid over them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from threading import Lock

import geartrain
from geartrain.intelligence.quality import Ruleset
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Kind, Policy, PolicySet, read_policies
from geartrain.services.workspace import Workspace

HOME = Path(geartrain.__file__).parent
# Packages whose modules each declare a kind, and folders (below the package) whose YAML files ship.
KINDS = ("geartrain.kernel.policy.kinds", "geartrain.intelligence.kinds", "geartrain.productivity.kinds", "geartrain.planning.kinds")
SHIPPED = ("*/metrics/*.yaml", "*/policies/*.yaml")
LARGEST = 1_000_000  # bytes; nobody writes a longer policy, and a reader should not wait for one

_read: dict[Path, tuple[tuple[object, ...], PolicySet]] = {}
_lock = Lock()


@cache
def policy_kinds() -> Mapping[str, Kind]:
    """Every kind of policy by name."""
    found = [
        import_module(f"{package}.{m.name}").KIND
        for package in KINDS
        for m in iter_modules(import_module(package).__path__)
    ]
    return {kind.name: kind for kind in sorted(found, key=lambda k: k.name)}


@cache
def shipped_policies() -> PolicySet:
    """What holds where a workspace says nothing."""
    files = sorted(f for pattern in SHIPPED for f in HOME.glob(pattern))
    texts = ((f.relative_to(HOME.parent).as_posix(), f.read_text(encoding="utf-8")) for f in files)
    return read_policies(texts, policy_kinds())


def current_policies(ws: Workspace) -> PolicySet:
    """The policies in force: a file of the workspace replaces the shipped policy of its kind and key.

    A file that cannot be read is an issue, and the shipped policy stays in force.
    """
    files = sorted(ws.policies.rglob("*.yaml")) + sorted(ws.policies.rglob("*.yml"))
    state = tuple((f, (s := f.stat()).st_mtime_ns, s.st_size) for f in files)
    with _lock:
        known = _read.get(ws.policies)
    if known and known[0] == state:
        return known[1]
    issues: list[Issue] = []
    own = read_policies(_texts(ws, files, issues), policy_kinds())
    found = PolicySet(own.policies, (*issues, *own.issues)).over(shipped_policies())
    with _lock:
        _read[ws.policies] = (state, found)
    return found


def current_policy(ws: Workspace, kind: str, key: str) -> Policy:
    """The policy of this kind and key that is in force.

    Raises:
        NotFound: there is none.
    """
    return current_policies(ws).get(kind, key)


def shipped_ruleset() -> Ruleset:
    """The data-quality rules that ship."""
    spec = shipped_policies().get("data_quality", "default").spec
    assert isinstance(spec, Ruleset)
    return spec


def _texts(ws: Workspace, files: list[Path], issues: list[Issue]) -> Iterator[tuple[str, str]]:
    """(file, text) of the files that can be read; the others are issues."""
    for file in files:
        where = file.relative_to(ws.path).as_posix()
        try:
            if file.stat().st_size > LARGEST:
                message = f"This file is longer than {LARGEST:,} bytes."
                issues.append(Issue("policy_too_long", Level.error, message, f"{where}:1", "Is it a policy?"))
                continue
            yield where, file.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"This file is not UTF-8: {error.reason} at byte {error.start}."
            issues.append(Issue("policy_not_text", Level.error, message, f"{where}:1", "Save it as UTF-8."))
        except OSError as error:
            message = f"This file cannot be read: {error.strerror}."
            issues.append(Issue("policy_unreadable", Level.error, message, f"{where}:1", "Mend its permissions."))
