"""A decision that a policy made about a subject: what it rests on, and an id that a replay gives again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any

from geartrain.kernel.errors import Invalid


@dataclass(frozen=True)
class Decision:
    """What one rule of one version of a policy decided about one subject at one instant.

    Args:
        kind: Kind of the policy.
        key: Key of the policy.
        version: Its version.
        sha256: Hash of the version's text.
        rule: Which rule or clause of it decided.
        subject: The record it is about, e.g. `lead/L1`.
        occurred_at: When what it decides about happened, naive UTC: not when it was worked out.
        inputs: The values it saw.
        result: What it decided.
        trace: Why, step by step.
    """

    kind: str
    key: str
    version: int
    sha256: str
    rule: str
    subject: str
    occurred_at: datetime
    inputs: Mapping[str, Any] = field(default_factory=dict)
    result: Any = None
    trace: Any = None

    @property
    def ref(self) -> str:
        """How it cites its policy: kind/key@version#rule."""
        return f"{self.kind}/{self.key}@{self.version}#{self.rule}"

    @cached_property
    def id(self) -> str:
        """Hash of the policy's rule and text, the subject, the instant and the inputs: a replay gives it again."""
        at = utc(self.occurred_at).isoformat(timespec="microseconds")
        return sha256(canonical([self.ref, self.sha256, self.subject, at, self.inputs]).encode()).hexdigest()


def canonical(value: Any) -> str:
    """One JSON text for equal values: keys sorted, numbers exact, instants UTC.

    Raises:
        Invalid: a value that JSON has no exact form for, such as a NaN.
    """
    try:
        return json.dumps(plain(value), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise Invalid(f"A decision cannot rest on this value: {error}.") from None


def plain(value: Any) -> Any:
    """A value as JSON keeps it. Equal decimals are written alike: 1.50 as "1.5"."""
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Decimal):
        return format(value.normalize() + 0, "f") if value.is_finite() else _refused(value)
    if isinstance(value, datetime):
        return utc(value).isoformat(timespec="microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, set | frozenset):
        return sorted((plain(v) for v in value), key=str)
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return _refused(value)


def utc(value: datetime) -> datetime:
    """An instant as it is stored: naive UTC."""
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def _refused(value: Any) -> Any:
    raise Invalid(f"A decision cannot rest on {value!r}.", hint="Use text, numbers, dates and lists of them.")
