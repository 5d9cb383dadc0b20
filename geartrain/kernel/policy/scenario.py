"""Scenarios: drafts laid over the policies in force, every engine that reads them run again, the numbers side by side.

An `Engine` registers what it reads and gives, one file in a folder `engines/`. Its work falls into parts, each with the
policies and the numbers it reads; a part's numbers are kept under the hash of all of it. So a draft runs again what
reads it, what reads a number that came out differently, and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from hashlib import sha256
from typing import Any, Protocol

from geartrain.kernel.errors import Invalid
from geartrain.kernel.policy.ground import Ground
from geartrain.kernel.policy.policy import Policy, PolicySet

Ref = tuple[str, str, str]
"""Kind, key and sha256 of a version of a policy."""
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Number:
    """One number an engine gives.

    Args:
        key: Unique over all engines: the engine's name, then its own, e.g. `metrics/bookings`.
        unit: As metrics have it: money, count, ratio, days, …
        direction: up, down or none: what is better.
        reason: Why there is no value.
    """

    key: str
    label: str
    unit: str
    direction: str
    value: Decimal | None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """Ready for a JSON writer; the value as text, exact."""
        value = None if self.value is None else format(self.value, "f")
        shown = {"key": self.key, "label": self.label, "unit": self.unit, "direction": self.direction, "value": value}
        return shown | {"reason": self.reason}

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Number:
        """The number that `as_json` wrote."""
        value = None if held["value"] is None else Decimal(held["value"])
        return cls(held["key"], held["label"], held["unit"], held["direction"], value, held["reason"])


@dataclass(frozen=True)
class Part:
    """A piece of an engine's work that can be kept by itself: the policies and the other engines' numbers it reads."""

    policies: tuple[Policy, ...] = ()
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """What an engine is given: the ground with the policies it declared, the numbers of the engines it declared."""

    ground: Ground
    numbers: Mapping[str, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class Engine:
    """One gear: what it reads, what it gives, how it runs.

    Args:
        name: Before the slash in the keys of its numbers.
        title: For people.
        policies: (kind, pattern of keys) it reads; it is given no other.
        records: Record types it reads, for people; the facts as a whole are in every hash.
        engines: Names of those whose numbers it reads.
        parts: Its work, by name.
        run: The numbers of these parts.
        version: Raise it when the same inputs give something else.
    """

    name: str
    title: str
    policies: tuple[tuple[str, str], ...]
    parts: Callable[[Inputs], Mapping[str, Part]]
    run: Callable[[Inputs, Sequence[str]], Mapping[str, Sequence[Number]]]
    records: tuple[str, ...] = ()
    engines: tuple[str, ...] = ()
    version: int = 1

    def reads(self, kind: str, key: str) -> bool:
        """Whether it reads a policy."""
        return any(kind == k and fnmatchcase(key, pattern) for k, pattern in self.policies)


class Memo(Protocol):
    """Where numbers are kept by the hash of everything that was read for them."""

    def known(self, hashes: Sequence[str]) -> Mapping[str, Sequence[Number]]: ...
    def keep(self, found: Mapping[str, Sequence[Number]]) -> None: ...


@dataclass(frozen=True)
class Given:
    """A number with where it comes from: its engine, and every policy behind it, those of what it is made of too."""

    number: Number
    engine: str
    policies: frozenset[Ref]


@dataclass(frozen=True)
class Outcome:
    """What the engines gave.

    Args:
        numbers: By key, in the order of the engines.
        ran: The parts that were worked out now, as `engine/part`; the others were known.
        kept: How many were known.
        manifest: Hash of every part's hash: equal manifests, equal numbers.
    """

    numbers: Mapping[str, Given]
    ran: tuple[str, ...]
    kept: int
    manifest: str


@dataclass(frozen=True, slots=True)
class Row:
    """A number in every column of a comparison.

    Args:
        values: None where it is not defined or not given there.
        differences: Against the first column; None where either is unknown.
        reasons: Why there is no value.
        causes: Per column the (kind, key) of policies behind the number that are not as in the first column.
    """

    key: str
    label: str
    engine: str
    unit: str
    direction: str
    values: tuple[Decimal | None, ...]
    differences: tuple[Decimal | None, ...]
    reasons: tuple[str, ...]
    causes: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def differs(self) -> bool:
        """Whether any column has another value than the first."""
        return any(value != self.values[0] for value in self.values[1:])


def run(engines: Sequence[Engine], ground: Ground, *, facts: str, memo: Memo, report: Report | None = None) -> Outcome:
    """Run the engines in the order they read each other; what is known is not worked out again.

    Args:
        facts: What identifies the facts and the scope of whoever sees them.
        report: Told (title, done, of) before each engine; what it raises stops the run.
    Raises:
        Invalid: engines read each other in a circle, or one reads an engine that is not there.
    """
    given: dict[str, Given] = {}
    hashes: list[str] = []
    ran: list[str] = []
    ordered = in_order(engines)
    for done, engine in enumerate(ordered):
        if report:
            report(engine.title, done, len(ordered))
        numbers = {k: g.number for k, g in given.items() if g.engine in engine.engines}
        inputs = Inputs(replace(ground, policies=_declared(engine, ground.policies)), numbers)
        parts = dict(engine.parts(inputs))
        keys = {name: _hash(engine, name, part, inputs, facts) for name, part in parts.items()}
        known = dict(memo.known(list(keys.values())))
        missing = [name for name, key in keys.items() if key not in known]
        if missing:
            found = engine.run(inputs, missing)
            worked_out = {keys[name]: tuple(found.get(name, ())) for name in missing}
            memo.keep(worked_out)
            known |= worked_out
        for name, part in parts.items():
            behind = _behind(part, given)
            given |= {n.key: Given(n, engine.name, behind) for n in known[keys[name]]}
        hashes += keys.values()
        ran += [f"{engine.name}/{name}" for name in missing]
    if report:
        report("Done", len(ordered), len(ordered))
    return Outcome(given, tuple(ran), len(hashes) - len(ran), digest(sorted(hashes)))


def in_order(engines: Iterable[Engine]) -> list[Engine]:
    """Each after those it reads, by name where that leaves a choice.

    Raises:
        Invalid: a circle, or an engine that is not there.
    """
    by_name = {e.name: e for e in sorted(engines, key=lambda e: e.name)}
    for engine in by_name.values():
        if lost := [name for name in engine.engines if name not in by_name]:
            raise Invalid(f"The engine '{engine.name}' reads '{lost[0]}', which is not there.")
    sorter = TopologicalSorter({name: e.engines for name, e in by_name.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        raise Invalid(f"Engines read each other in a circle: {' → '.join(error.args[1])}.") from None
    found: list[Engine] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found += [by_name[name] for name in ready]
        sorter.done(*ready)
    return found


def compare(columns: Sequence[Outcome]) -> list[Row]:
    """Every number of any column, in the order of the engines, against the first column."""
    keys = dict.fromkeys(key for column in columns for key in column.numbers)
    return [_row(key, [column.numbers.get(key) for column in columns]) for key in keys]


def digest(value: object) -> str:
    """A hash of what JSON can hold."""
    return sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def ref(policy: Policy) -> Ref:
    """What identifies a version."""
    return policy.kind, policy.key, policy.sha256


def _row(key: str, cells: Sequence[Given | None]) -> Row:
    named = next(cell for cell in cells if cell is not None)
    values = tuple(cell.number.value if cell else None for cell in cells)
    first = values[0]
    return Row(
        key,
        named.number.label,
        named.engine,
        named.number.unit,
        named.number.direction,
        values,
        tuple(None if v is None or first is None else v - first for v in values),
        tuple(cell.number.reason if cell else "It is not given here." for cell in cells),
        tuple(_causes(cells[0], cell) for cell in cells),
    )


def _causes(first: Given | None, cell: Given | None) -> tuple[tuple[str, str], ...]:
    old, new = (c.policies if c else frozenset() for c in (first, cell))
    return tuple(sorted({(kind, key) for kind, key, _ in old ^ new}))


def _declared(engine: Engine, policies: PolicySet) -> PolicySet:
    return PolicySet({at: p for at, p in policies.policies.items() if engine.reads(*at)})


def _hash(engine: Engine, name: str, part: Part, inputs: Inputs, facts: str) -> str:
    read = [inputs.numbers[key].as_json() if key in inputs.numbers else key for key in part.numbers]
    ground = inputs.ground
    window = [str(ground.since), str(ground.until), str(ground.source.as_of), ground.source.currency]
    versions = sorted(ref(p) for p in part.policies)
    return digest([engine.name, engine.version, name, versions, read, window, repr(ground.source.calendar), facts])


def _behind(part: Part, given: Mapping[str, Given]) -> frozenset[Ref]:
    own = frozenset(ref(p) for p in part.policies)
    return own.union(*(given[key].policies for key in part.numbers if key in given))
