"""The policies in force: those that ship, the workspace's files over them, and what is published over both."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from threading import Lock
from typing import Any

import geartrain
from geartrain.intelligence.quality import Ruleset
from geartrain.kernel.errors import NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Kind, Policy, PolicySet, read_policies, read_policy
from geartrain.kernel.policy.lifecycle import Status, Version, in_force
from geartrain.kernel.policy.policy import closest
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions.published import Stored, published_state, published_versions

HOME = Path(geartrain.__file__).parent
# Each package of kinds declares one a module, each of lints one check a module; and folders whose YAML files ship.
KINDS = ("kernel/policy/kinds", "*/kinds")
LINTS = ("*/lints",)
SHIPPED = ("*/metrics/*.yaml", "*/policies/*.yaml")
LARGEST = 1_000_000  # bytes; nobody writes a longer policy, and a reader should not wait for one

KEPT = 32  # sets of policies remembered, for as many states of the store and the files, and stretches of time

_read: OrderedDict[tuple[object, ...], PolicySet] = OrderedDict()
_files: dict[Path, tuple[tuple[object, ...], PolicySet]] = {}
_registers: dict[str, Register] = {}
_lock = Lock()


@cache
def policy_kinds() -> Mapping[str, Kind]:
    """Every kind of policy by name."""
    return {kind.name: kind for kind in sorted((m.KIND for m in _modules(KINDS)), key=lambda k: k.name)}


@cache
def policy_lints() -> tuple[Callable[[PolicySet], Iterable[Issue]], ...]:
    """Every check of how policies fit together."""
    return tuple(m.LINT for m in _modules(LINTS))


def lint_together(policies: PolicySet) -> list[Issue]:
    """What does not fit together among policies, each at the line of the one to mend."""
    return [issue for lint in policy_lints() for issue in lint(policies)]


def _modules(patterns: Iterable[str]) -> Iterator[Any]:
    """Every module of the packages that the patterns name, below Geartrain's own folder."""
    folders = sorted(f.parent for pattern in patterns for f in HOME.glob(f"{pattern}/__init__.py"))
    for folder in folders:
        package = ".".join((HOME.name, *folder.relative_to(HOME).parts))
        for module in iter_modules([str(folder)]):
            yield import_module(f"{package}.{module.name}")


def known_kind(name: str) -> Kind:
    """The kind of that name.

    Raises:
        NotFound: there is none; the hint has the closest.
    """
    kinds = policy_kinds()
    if name not in kinds:
        near = closest(name, kinds)
        hint = f"Did you mean '{near}'?" if near else f"One of: {', '.join(sorted(kinds))}."
        raise NotFound(f"There is no kind of policy '{name}'.", hint=hint)
    return kinds[name]


@cache
def shipped_policies() -> PolicySet:
    """What holds where a workspace says nothing."""
    files = sorted(f for pattern in SHIPPED for f in HOME.glob(pattern))
    texts = ((f.relative_to(HOME.parent).as_posix(), f.read_text(encoding="utf-8")) for f in files)
    return read_policies(texts, policy_kinds())


def current_policies(ws: Workspace, *, as_of: datetime | None = None) -> PolicySet:
    """The policies in force, at an instant (naive UTC) or now.

    Of one kind and key the published version that holds then; until the first one takes effect the file of the
    workspace; where there is none either, what ships. For a kind that is governed only what is published counts.
    What cannot be read is an issue, and what lies below it stays in force. See decision 011.
    """
    files = sorted(ws.policies.rglob("*.yaml")) + sorted(ws.policies.rglob("*.yml"))
    state = tuple((f, (s := f.stat()).st_mtime_ns, s.st_size) for f in files)
    register = _register(ws)
    at = register.segment(as_of or ws.now())
    key = (ws.policies, state, register.state, at)
    with _lock:
        if known := _read.get(key):
            _read.move_to_end(key)
            return known
    found = _laid(ws, _own(ws, files, state), register, at)
    with _lock:
        _read[key] = found
        while len(_read) > KEPT:
            _read.popitem(last=False)
    return found


def current_policy(ws: Workspace, kind: str, key: str, *, as_of: datetime | None = None) -> Policy:
    """The policy of this kind and key that is in force, at an instant or now.

    Raises:
        NotFound: there is none.
    """
    return current_policies(ws, as_of=as_of).get(kind, key)


def shipped_ruleset() -> Ruleset:
    """The data-quality rules that ship."""
    spec = shipped_policies().get("data_quality", "default").spec
    assert isinstance(spec, Ruleset)
    return spec


@dataclass(frozen=True)
class Register:
    """What is published, cut into the stretches of time in which the same versions hold.

    Args:
        state: Changes with every publication and retirement.
        versions: The versions ever published, by kind and key.
        bounds: The instants at which something begins or ends to hold, in order.
    """

    state: tuple[object, ...]
    versions: Mapping[tuple[str, str], tuple[tuple[Version, Stored], ...]]
    bounds: tuple[datetime, ...]

    def segment(self, at: datetime) -> int:
        """Which stretch an instant falls into; 0 is before anything was published."""
        return bisect_right(self.bounds, at)

    def holding(self, segment: int) -> tuple[dict[tuple[str, str], Stored], set[tuple[str, str]]]:
        """The versions that hold in a stretch, and the policies of which one held then or before."""
        found: dict[tuple[str, str], Stored] = {}
        begun: set[tuple[str, str]] = set()
        if segment == 0:
            return found, begun
        at = self.bounds[segment - 1]
        for name, history in self.versions.items():
            stored = dict(history)
            if held := in_force(stored, at):
                found[name] = stored[held]
            if any(v.ever_held and v.effective_from and v.effective_from <= at for v in stored):
                begun.add(name)
        return found, begun


def _register(ws: Workspace) -> Register:
    state = (ws.decisions_url, *published_state(ws.decisions_url))
    with _lock:
        known = _registers.get(ws.decisions_url)
    if known and known.state == state:
        return known
    history: dict[tuple[str, str], list[tuple[Version, Stored]]] = {}
    for s in published_versions(ws.decisions_url) if state[1] else ():
        version = Version(s.version, Status(s.status), s.sha256, s.effective_from, s.effective_to, s.material)
        history.setdefault((s.kind, s.key), []).append((version, s))
    every = [s for versions in history.values() for _, s in versions]
    bounds = {s.effective_from for s in every} | {s.effective_to for s in every if s.effective_to}
    found = Register(state, {name: tuple(v) for name, v in history.items()}, tuple(sorted(bounds)))
    with _lock:
        _registers[ws.decisions_url] = found
    return found


def _own(ws: Workspace, files: list[Path], state: tuple[object, ...]) -> PolicySet:
    """What the files of the workspace say."""
    with _lock:
        known = _files.get(ws.policies)
    if known and known[0] == state:
        return known[1]
    issues: list[Issue] = []
    own = read_policies(_texts(ws, files, issues), policy_kinds())
    unread = {i.where.rpartition(":")[0]: "" for i in issues}
    found = PolicySet(own.policies, (*issues, *own.issues), {**own.refused, **unread})
    with _lock:
        _files[ws.policies] = (state, found)
    return found


def _laid(ws: Workspace, own: PolicySet, register: Register, segment: int) -> PolicySet:
    """What is published over the files over what ships."""
    kinds = policy_kinds()
    holding, begun = register.holding(segment)
    issues, published, refused = [], {}, dict(own.refused)
    for name, stored in holding.items():
        policy, wrong = stored_policy(ws, stored)
        issues += wrong
        if policy is not None:
            published[name] = policy
        else:
            refused |= {i.where.rpartition(":")[0]: name[0] for i in wrong}
    files = {n: p for n, p in own.policies.items() if n not in begun and not kinds[n[0]].governed}
    issues += [_unpublished(p) for n, p in own.policies.items() if n not in holding and kinds[n[0]].governed]
    shipped = {n: p for n, p in shipped_policies().policies.items() if not kinds[n[0]].governed}
    everything = (*shipped_policies().issues, *own.issues, *issues)
    return PolicySet({**shipped, **files, **published}, everything, refused)


def stored_policy(ws: Workspace, stored: Stored) -> tuple[Policy | None, list[Issue]]:
    """The policy of a published version, with the number and the day that it was published under."""
    policy, issues = parsed_text(stored.body, f"policy/{stored.kind}/{stored.key}@{stored.version}")
    if policy is None:
        return None, list(issues)
    envelope = policy.envelope.model_copy(update={"version": stored.version})
    effective = ws.calendar.day_of(stored.effective_from)
    return replace(policy, version=stored.version, envelope=envelope, effective_from=effective), []


@lru_cache(maxsize=4096)
def parsed_text(text: str, where: str) -> tuple[Policy | None, tuple[Issue, ...]]:
    """The policy of a stored text, and what is wrong with it; remembered by the text."""
    policy, issues = read_policy(text, where, policy_kinds())
    return policy, tuple(issues)


def _unpublished(policy: Policy) -> Issue:
    what = policy.kind.replace("_", " ")
    message = f"The {what} '{policy.key}' is not in force: it binds people, so it holds once it is published."
    hint = f"Propose it: geartrain policy propose {policy.where}"
    return Issue("policy_not_published", Level.info, message, f"{policy.where}:1", hint)


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
