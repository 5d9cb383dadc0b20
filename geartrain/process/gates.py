"""Gates of one deal: what keeps it in its stage, the stage it has earned, and how far the declared one is ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from geartrain.kernel.truth import Truth, all_of
from geartrain.process.expressions import evaluated
from geartrain.process.sales_process import Attribute, Binding, Need, SalesProcess, Verifier


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was recorded about an attribute of a deal; never changed, only followed by another.

    Args:
        value: True, False, or None for unknown.
        occurred_at: When it was so; naive UTC, as are all instants.
        recorded_at: When it became known: what counts at a gate.
    """

    opportunity: str
    attribute_key: str
    value: Truth
    recorded_at: datetime
    occurred_at: datetime | None = None
    by: str = ""
    source_ref: str = ""


@dataclass(frozen=True, slots=True)
class Waiver:
    """Somebody lets a deal pass without an attribute.

    Args:
        granted_at: From when; None: always.
        expires: First instant at which it no longer holds; None: never.
    """

    opportunity: str
    attribute_key: str
    by: str
    reason: str
    granted_at: datetime | None = None
    expires: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether it holds at an instant."""
        return (self.granted_at is None or self.granted_at <= at) and (self.expires is None or at < self.expires)


@dataclass(frozen=True, slots=True)
class Miss:
    """An attribute that a gate asks for and that is not true."""

    attribute: str
    label: str
    value: Truth
    level: str
    mode: str
    why: str = ""

    def as_json(self) -> dict[str, Any]:
        """`value` is false, or "unknown" where it cannot be told."""
        said = "unknown" if self.value is None else self.value
        return {"attribute": self.attribute, "label": self.label, "value": said, "mode": self.mode, "why": self.why}


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a deal may leave a stage.

    Args:
        holds: The Kleene AND over what is required, waivers counted as true; None for unknown.
        unmet: Required and neither true nor waived.
        waived: Required, not true, and waived.
        recommended: Recommended and not true.
    """

    stage: str
    holds: Truth
    unmet: tuple[Miss, ...] = ()
    waived: tuple[Miss, ...] = ()
    recommended: tuple[Miss, ...] = ()

    @property
    def can_exit(self) -> bool:
        """Unknown does not pass."""
        return self.holds is True

    def as_json(self) -> dict[str, Any]:
        """The shape the command and the API answer with."""
        return {
            "stage": self.stage,
            "can_exit": self.can_exit,
            "holds": "unknown" if self.holds is None else self.holds,
            "unmet": [m.as_json() for m in self.unmet],
            "waived": [m.attribute for m in self.waived],
            "recommended": [m.as_json() for m in self.recommended],
        }


def latest(evidence: Iterable[Evidence], attribute: str, *, at: datetime) -> Evidence | None:
    """The last recorded up to an instant; of several at once the one that occurred last."""
    known = [e for e in evidence if e.attribute_key == attribute and e.recorded_at <= at]
    return max(known, key=lambda e: (e.recorded_at, e.occurred_at or e.recorded_at), default=None)


def assess(
    attribute: Attribute, values: Mapping[str, Any], evidence: Iterable[Evidence], *, at: datetime
) -> tuple[Truth, str]:
    """Whether an attribute holds of a deal, and why, in words.

    A rule is asked first where the verifier is a rule, and evidence where the rule cannot tell; with the other
    verifiers it is the other way round. A column that the deal does not have is unknown.
    """
    found = latest(evidence, attribute.key, at=at)
    told = found.value if found else None
    rule = attribute.rule
    judged, said = evaluated(rule, values) if rule else (None, "")
    by_rule = judged if isinstance(judged, bool) else None
    first_rule = attribute.verifier is Verifier.rule
    if rule and by_rule is not None and (first_rule or found is None):
        return by_rule, said
    if found is not None:
        who = f" by {found.by}" if found.by else ""
        word = {True: "true", False: "false", None: "unknown"}[told]
        return told, f"{word}, recorded {found.recorded_at:%Y-%m-%d}{who}"
    return None, said if rule else f"no {attribute.verifier} recorded"


def evaluate_gate(
    process: SalesProcess,
    stage: str,
    values: Mapping[str, Any],
    *,
    opportunity_type: str | None,
    at: datetime,
    evidence: Sequence[Evidence] = (),
    waivers: Sequence[Waiver] = (),
) -> Gate:
    """Whether a deal with these values may leave a stage at an instant.

    Args:
        values: The deal's columns, those of what it refers to under dotted names.
        evidence, waivers: Those of the deal.

    Example: A1 true, A2 a rule over a column that is not there, A3 true: unknown, unmet A2; with a waiver of A2 it
        holds and A2 is waived.
    Source: the process specification, 2.1, worked case 1.
    """
    required: list[Truth] = []
    unmet, waived, recommended = [], [], []
    for binding in process.gate(stage, opportunity_type):
        if evaluated(binding.rule, values)[0] is not True:
            continue
        value, why = assess(process.attribute(binding.attribute), values, evidence, at=at)
        miss = _miss(process, binding, value, why)
        if binding.level is Need.recommended:
            recommended += [] if value is True else [miss]
        elif value is not True and any(w.attribute_key == binding.attribute and w.holds(at) for w in waivers):
            waived.append(miss)
        else:
            required.append(value)
            unmet += [] if value is True else [miss]
    return Gate(stage, all_of(required), tuple(unmet), tuple(waived), tuple(recommended))


def _miss(process: SalesProcess, binding: Binding, value: Truth, why: str) -> Miss:
    attribute = process.attribute(binding.attribute)
    return Miss(attribute.key, attribute.label, value, binding.level.value, binding.mode.value, why)


def earned(gates: Sequence[Truth]) -> int:
    """The stage a deal has earned, counted from 1: one more than the gates that hold, from the first, without a break.

    Example: true, false, true: 2.
    """
    count = 1
    for holds in gates:
        if holds is not True:
            break
        count += 1
    return count


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a deal stands.

    Args:
        declared: Number of the stage it is in, from 1 along its type; None where the process does not know the stage.
        earned: Number of the stage that its gates bear out.
        gates: One for each open stage of its type.
    """

    declared: int | None
    earned: int
    gates: tuple[Gate, ...]

    @property
    def inflation(self) -> int | None:
        """How many stages the declared one is ahead; negative: behind."""
        return None if self.declared is None else self.declared - self.earned


def stand(
    process: SalesProcess,
    stage: str | None,
    values: Mapping[str, Any],
    *,
    opportunity_type: str | None,
    at: datetime,
    evidence: Sequence[Evidence] = (),
    waivers: Sequence[Waiver] = (),
) -> Standing:
    """Declared and earned stage of a deal.

    Args:
        stage: Key of the spine's stage it is in; None where none is known.
    """
    stages = process.open_stages(opportunity_type)
    gates = tuple(
        evaluate_gate(
            process, s.key, values, opportunity_type=opportunity_type, at=at, evidence=evidence, waivers=waivers
        )
        for s in stages
    )
    keys = [s.key for s in process.stages_of(opportunity_type)]
    declared = keys.index(stage) + 1 if stage in keys else None
    return Standing(declared, earned([g.holds for g in gates]), gates)
