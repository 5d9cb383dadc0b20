"""A pack: a frozen set of answers, as one value with one hash.

The body of a pack is canonical JSON (keys sorted, decimals as strings, nothing optional about the spelling): equal
packs are equal bytes. Everything that is ever shown of a frozen pack is made of its body, never of the facts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, BaseModel, ConfigDict

from geartrain.kernel.errors import Invalid

FORMAT = 1


def _plain(value: Decimal) -> Decimal:
    """One spelling for equal numbers, whichever engine they come from."""
    if not value.is_finite():
        raise ValueError("a number of a pack is finite or unknown")
    return Decimal(format(value.normalize(), "f")) + 0


Exact = Annotated[Decimal, AfterValidator(_plain)]


class Frozen(BaseModel):
    """Never changes once made."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Number(Frozen):
    """One number with what it rests on and what it is held against; None where unknown, with the reason.

    `n` is how many records it rests on, `n_null` how many of them lack the value, `maturity` the share of a cohort that
    has had its time.
    """

    value: Exact | None
    n: int = 0
    n_null: int | None = None
    numerator: Exact | None = None
    denominator: Exact | None = None
    interval: tuple[Exact, Exact] | None = None
    maturity: Exact | None = None
    reason: str = ""
    goal: Exact | None = None
    previous: Exact | None = None
    year_ago: Exact | None = None


class Row(Frozen):
    """The numbers of one combination of dimension values, by metric key; without dimensions `cut` is empty."""

    cut: tuple[str | None, ...]
    labels: tuple[str, ...]
    numbers: dict[str, Number]


class Stretch(Frozen):
    """Days `[since, until)` looked at from the end of the day `seen`."""

    name: str
    since: date
    until: date
    seen: date


class Question(Frozen):
    """What was asked, exactly, and the answer."""

    key: str
    title: str
    metrics: tuple[str, ...]
    by: tuple[str, ...]
    where: str
    show: str
    top: int
    compare: tuple[str, ...]
    period: Stretch
    previous: Stretch | None = None
    year_ago: Stretch | None = None
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()


class Said(Frozen):
    """What the author was asked to write, and wrote."""

    prompt: str
    text: str = ""


class Section(Frozen):
    """One section with its answers."""

    key: str
    title: str
    prose: str
    questions: tuple[Question, ...]
    narrative: tuple[Said, ...]
    decisions: tuple[str, ...]


class MetricVersion(Frozen):
    """What a metric meant when the pack was frozen."""

    key: str
    name: str
    unit: str
    direction: str
    version: int
    sha256: str
    definition: str
    formula: str
    basis: str
    dated_by: tuple[str, ...]


class QualityPart(Frozen):
    """The score of one dimension of data quality, 0 to 1."""

    dimension: str
    score: Exact | None


class Quality(Frozen):
    """How far the records could be trusted: the score, its parts, and the worst findings."""

    score: Exact | None
    parts: tuple[QualityPart, ...]
    findings: tuple[str, ...]


class Carried(Frozen):
    """A decision of an earlier pack that was open when this one was frozen."""

    id: int
    pack: str
    text: str
    owner: str
    due: date


class Disputed(Frozen):
    """A number of an earlier pack that was in dispute when this one was frozen."""

    id: int
    pack: str
    number: str
    reason: str
    by: str


class Sessions(Frozen):
    """How the meetings before this one went. Counts, so that every share has its denominator beside it."""

    due: int = 0
    held: int = 0
    decisions: int = 0
    due_decisions: int = 0
    closed_on_time: int = 0

    @property
    def held_rate(self) -> Decimal | None:
        """Held of those due; unknown before the first."""
        return _share(self.held, self.due)

    @property
    def decisions_per_session(self) -> Decimal | None:
        """Decisions for each meeting held; unknown where none was."""
        return _share(self.decisions, self.held)

    @property
    def on_time(self) -> Decimal | None:
        """Decisions closed by their due day, of those that were due or are closed."""
        return _share(self.closed_on_time, self.due_decisions)


class TemplateVersion(Frozen):
    """The template a pack was made by."""

    key: str
    name: str
    version: int
    sha256: str
    purpose: str
    audience: tuple[str, ...]


class Scope(Frozen):
    """Whose records: everybody's, or those of one person and everyone below them."""

    user_id: str | None = None
    name: str = ""


class Pack(Frozen):
    """All of it."""

    format: int = FORMAT
    title: str
    company: str
    currency: str
    template: TemplateVersion
    as_of: date
    known_as_of: datetime
    scope: Scope
    facts: str
    last_load: str
    metrics: dict[str, MetricVersion]
    sections: tuple[Section, ...]
    quality: Quality | None
    sessions: Sessions
    decisions: tuple[Carried, ...] = ()
    disputes: tuple[Disputed, ...] = ()

    def canonical(self) -> str:
        """The body: the one text of this value."""
        plain = self.model_dump(mode="json")
        return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @property
    def sha256(self) -> str:
        """What identifies it."""
        return hash_of(self.canonical())

    def numbers(self) -> Iterator[tuple[str, str, Number]]:
        """(address, metric key, number) of every number, in reading order."""
        for section in self.sections:
            for question in section.questions:
                for row in question.rows:
                    for key in dict.fromkeys(question.metrics):
                        yield address(section.key, question.key, row.cut, key), key, row.numbers[key]


def hash_of(body: str) -> str:
    """The hash of a pack's body."""
    return sha256(body.encode()).hexdigest()


def read_pack(body: str) -> Pack:
    """The pack of a body.

    Raises:
        Invalid: it was written by a later version, or is no pack.
    """
    try:
        found = json.loads(body)
        if isinstance(found, dict) and found.get("format", FORMAT) > FORMAT:
            raise Invalid("This pack was frozen by a later version.", hint="Upgrade Geartrain to read it.")
        return Pack.model_validate(found)
    except (ValueError, TypeError) as error:
        raise Invalid("This is not the body of a pack.", hint=str(error).splitlines()[0]) from None


def address(section: str, question: str, cut: tuple[str | None, ...], metric: str) -> str:
    """Where a number stands in a pack: `results/by_team/East/bookings`; an unknown dimension value is empty."""
    return "/".join([section, question, *(quote(c or "", safe="") for c in cut), metric])


@dataclass(frozen=True, slots=True)
class Moved:
    """One number then and now. `definition_changed` says that the metric is no longer the version that was frozen."""

    number: str
    metric: str
    before: Decimal | None
    after: Decimal | None
    definition_changed: bool = False

    @property
    def delta(self) -> Decimal | None:
        """After less before; unknown where either is."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def changed(self) -> bool:
        """Whether the number is another one now."""
        return self.before != self.after


def compare_packs(frozen: Pack, now: Pack) -> tuple[Moved, ...]:
    """Every number of a frozen pack beside what the same question answers now, in reading order.

    A number whose row is gone is unknown now; one that was not there was unknown before.
    """
    after = {at: number.value for at, _, number in now.numbers()}
    redefined = {k for k, m in frozen.metrics.items() if k not in now.metrics or now.metrics[k].sha256 != m.sha256}
    found = [Moved(at, k, one.value, after.pop(at, None), k in redefined) for at, k, one in frozen.numbers()]
    keys: Mapping[str, str] = {at: k for at, k, _ in now.numbers()}
    found += [Moved(at, keys[at], None, value, keys[at] in redefined) for at, value in after.items()]
    return tuple(found)


def _share(part: int, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(Decimal("0.0001")) if whole else None


def number_of(value: Any, detail: Mapping[str, Any]) -> Number:
    """A number of a pack from the value and detail of an answer; numbers a detail may hold besides are left out.

    Raises:
        Invalid: the value is no number.
    """
    if isinstance(value, str | date | datetime):
        raise Invalid(f"'{value}' is no number: a pack holds numbers.")
    names = ("n", "n_null", "numerator", "denominator", "interval", "maturity", "reason")
    known = {k: detail[k] for k in names if detail.get(k) is not None}
    return Number(value=_exact(value), **{k: _exact(v) for k, v in known.items()})


def _exact(value: Any) -> Any:
    return Decimal(repr(value)) if isinstance(value, float) else value
