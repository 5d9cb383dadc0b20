"""Policies read from documents: which there are, which of two holds, and what is wrong with a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ValidationError
from rapidfuzz import fuzz, process

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy.document import Document, read_document
from geartrain.kernel.policy.kind import Kind

CLOSE = 60  # rapidfuzz's 0 to 100: nearer than this is worth suggesting


@dataclass(frozen=True)
class Policy:
    """One version of one policy.

    Args:
        kind: Name of its kind.
        key: Unique within the kind.
        body: The YAML, byte for byte.
        envelope: The typed document.
        where: The file it was read from.
    """

    kind: str
    key: str
    body: str
    envelope: Any
    where: str = ""
    version: int = 1
    effective_from: date | None = None

    @cached_property
    def sha256(self) -> str:
        """Hash of the body: what identifies this version."""
        return sha256(self.body.encode()).hexdigest()

    @property
    def spec(self) -> Any:
        """What it decides, typed by its kind."""
        return self.envelope.spec

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.envelope.name)


@dataclass(frozen=True)
class PolicySet:
    """Policies by kind and key, and what was wrong with the documents that gave none."""

    policies: Mapping[tuple[str, str], Policy] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    """The documents that gave no policy, each with the kind it says it is of; empty where that cannot be told."""

    @cached_property
    def sha256(self) -> str:
        """Hash of all of them: equal hashes, equal policies and equal complaints."""
        held = [f"{kind}/{key}@{p.version}:{p.sha256}" for (kind, key), p in sorted(self.policies.items())]
        return sha256("\n".join([*held, *map(repr, self.issues)]).encode()).hexdigest()

    def of(self, kind: str) -> dict[str, Policy]:
        """Every policy of a kind by key, in key order."""
        return {key: p for (k, key), p in sorted(self.policies.items(), key=lambda item: item[0]) if k == kind}

    def get(self, kind: str, key: str) -> Policy:
        """One policy.

        Raises:
            NotFound: there is none; the message has the closest key.
        """
        if found := self.policies.get((kind, key)):
            return found
        known = list(self.of(kind))
        near = closest(key, known)
        hint = f"Did you mean '{near}'?" if near else f"There are {len(known)}."
        raise NotFound(f"There is no {kind.replace('_', ' ')} '{key}'.", hint=hint)

    def over(self, other: PolicySet) -> PolicySet:
        """These policies laid over others: of one kind and key, this one holds."""
        policies = {**other.policies, **self.policies}
        return PolicySet(policies, (*other.issues, *self.issues), {**other.refused, **self.refused})

    def broken(self, kind: str) -> list[Issue]:
        """What is wrong with documents that are, or may be, of a kind: what they would say does not hold."""
        return [
            i
            for i in self.issues
            if i.level == Level.error and self.refused.get(i.where.rpartition(":")[0]) in (kind, "")
        ]


def read_policies(documents: Iterable[tuple[str, str]], kinds: Mapping[str, Kind]) -> PolicySet:
    """The policies of some (file, text) pairs, in that order: of two with one kind and key the first holds."""
    found: dict[tuple[str, str], Policy] = {}
    issues: list[Issue] = []
    refused: dict[str, str] = {}
    for where, text in documents:
        policy, wrong = read_policy(text, where, kinds)
        issues += wrong
        if policy is None:
            refused[where] = _kind_said(text, kinds)
            continue
        if first := found.get((policy.kind, policy.key)):
            message = f"{policy.kind} '{policy.key}' is in {first.where} already; this file is not used."
            issues.append(Issue("policy_duplicate", Level.error, message, f"{where}:1", "Keep one, or rename its key."))
            refused[where] = policy.kind
            continue
        found[policy.kind, policy.key] = policy
    return PolicySet(found, tuple(issues), refused)


def _kind_said(text: str, kinds: Mapping[str, Kind]) -> str:
    """The kind that a text which gave no policy says it is of; empty where it says none that there is."""
    named = re.search(r"""^kind:[ \t]*["']?(\w+)""", text, re.MULTILINE)
    return named[1] if named and named[1] in kinds else ""


def read_policy(text: str, where: str, kinds: Mapping[str, Kind]) -> tuple[Policy | None, list[Issue]]:
    """The policy a text states, or what is wrong with the text, each with its file and line."""
    if loaded := _loaded(text, where, kinds):
        return loaded, []
    document, issues = read_document(text, where)
    if document is None:
        return None, issues
    name = document.values.get("kind")
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        said = "says no kind" if name is None else f"is of the unknown kind '{name}'"
        near = closest(str(name), list(kinds))
        hint = f"Did you mean '{near}'?" if near else f"One of: {', '.join(sorted(kinds))}."
        at = f"{where}:{document.line(['kind'])}"
        return None, [Issue("policy_kind_unknown", Level.error, f"This policy {said}.", at, hint)]
    try:
        envelope = kind.envelope.model_validate(document.values)
    except ValidationError as error:
        return None, list(complaints(error, document, kind.envelope))
    except Invalid as error:
        # A rule inside it cannot be read: its message begins with `key.name:line:column`, the place within the spec.
        at = f"{where}:{document.line(_path(document.values, error.message.partition(':')[0].split('.')))}"
        return None, [Issue("policy_value_invalid", Level.error, error.message, at, error.hint or "Correct the value.")]
    effective = getattr(envelope, "effective_from", None)
    key, version = str(document.values["key"]), int(getattr(envelope, "version", 1))
    return Policy(kind.name, key, text, envelope, where, version, effective), []


def _loaded(text: str, where: str, kinds: Mapping[str, Kind]) -> Policy | None:
    """The policy of a kind that reads its own text, so that it is read once; None for others and where it is wrong."""
    named = re.match(r"(?:\s*#.*\n|\s*\n)*kind:[ \t]*([a-z_]+)[ \t]*\n", text)
    kind = kinds.get(named[1]) if named else None
    envelope = kind.load(text, where) if kind and kind.load else None
    return (
        None
        if kind is None or envelope is None
        else Policy(kind.name, envelope.key, text, envelope, where, envelope.version)
    )


def complaints(error: ValidationError, document: Document, envelope: type[BaseModel]) -> Iterator[Issue]:
    """Each thing an envelope refuses, at its line, with the closest name for a key that it does not know."""
    names = _names(envelope)
    items = error.errors()
    # What holds something wrong counts as short of it too, which would say the same thing again.
    wrong = {i["loc"][:n] for i in items for n in range(1, len(i["loc"]))}
    for item in items:
        if item["loc"] in wrong and item["type"] == "too_short":
            continue
        context = item.get("ctx", {})
        path = [p for p in (*item["loc"], *context.get("at", ())) if not isinstance(p, str) or "[" not in p]
        at = f"{document.where}:{document.line(path)}"
        name = ".".join(str(p) for p in path) or "spec"
        if item["type"] == "extra_forbidden":
            near = closest(str(path[-1]), names - {str(path[-1])})
            hint = f"Did you mean '{near}'?" if near else "Leave it out."
            yield Issue("policy_key_unknown", Level.error, f"'{name}' is not a key of this policy.", at, hint)
        elif item["type"] == "missing":
            yield Issue("policy_key_missing", Level.error, f"'{name}' is missing.", at, f"Add `{path[-1]}: …`.")
        else:
            said = item["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
            value = item["input"]
            shown = f" It says '{value}'." if isinstance(value, str | int | float) else ""
            hint = context.get("hint") or "Correct the value."
            yield Issue("policy_value_invalid", Level.error, f"{name}: {said}.{shown}", at, hint)


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is written most like this one, None where none is near."""
    found = process.extractOne(name, sorted(known), scorer=fuzz.ratio, score_cutoff=CLOSE)
    return found[0] if found else None


def _path(values: Any, names: list[str], path: tuple[str | int, ...] = ()) -> tuple[str | int, ...]:
    """Where the item of a key has a name, e.g. the `check` of the rule `amount`; `spec` where nothing has."""
    if isinstance(values, Mapping):
        if len(names) > 1 and values.get("key") == names[0] and names[1] in values:
            return (*path, names[1])
        parts: Iterable[tuple[str | int, Any]] = values.items()
    elif isinstance(values, list):
        parts = enumerate(values)
    else:
        return ("spec",)
    found = (_path(inner, names, (*path, name)) for name, inner in parts)
    return next((f for f in found if f != ("spec",)), ("spec",))


def _names(envelope: type[BaseModel]) -> frozenset[str]:
    """Every key that a document of the envelope may have anywhere."""
    schema = envelope.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return frozenset(name for part in parts for name in part.get("properties", {}))
