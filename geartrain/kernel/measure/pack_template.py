"""What a pack asks: the model of a pack template, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

from pydantic import Field, field_validator, model_validator

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.measure.compute import needed
from geartrain.kernel.measure.dimensions import GRAINS, MANAGER, locate
from geartrain.kernel.measure.metric import Metric
from geartrain.kernel.measure.span import WORDS
from geartrain.kernel.periods import Grain
from geartrain.kernel.policy.document import Document
from geartrain.kernel.policy.kind import Strict
from geartrain.kernel.policy.policy import closest
from geartrain.kernel.records import RecordType
from geartrain.kernel.rules import InvalidRule, parse

Key = Field(pattern=r"^[a-z][a-z0-9_]*$")


class Purpose(StrEnum):
    """What a pack is read for."""

    qbr = "qbr"
    forecast_call = "forecast_call"


class Display(StrEnum):
    """How the answer to a question is shown."""

    figures = "figures"
    table = "table"
    line = "line"
    bar = "bar"
    waterfall = "waterfall"


class Against(StrEnum):
    """What a number is held against."""

    goal = "goal"
    previous = "previous"
    year_ago = "year_ago"


class Ask(Strict):
    """One question to the metric catalogue, and how its answer is shown."""

    key: str = Key
    title: str = Field(min_length=1, max_length=120)
    metrics: tuple[str, ...] = Field(min_length=1, max_length=12, description="metric keys, the first leads")
    by: tuple[str, ...] = Field(default=(), max_length=2, description="dimensions: quarter, team, region, stage, …")
    where: str = Field(default="", description="a rule over the columns of what is measured")
    period: str = Field(default="this_quarter", description="relative to the pack's last day")
    compare: tuple[Against, ...] = Field(default=(), description="goal, previous, year_ago")
    show: Display = Display.figures
    top: int = Field(default=12, ge=1, le=100, description="rows that are drawn; the pack holds all of them")

    @field_validator("period")
    @classmethod
    def _period(cls, value: str) -> str:
        if not WORDS.fullmatch(value):
            hint = "write this_quarter, last_quarter, next_quarter, quarter_to_date or trailing_8_quarters"
            raise ValueError(f"'{value}' is no period: {hint}")
        return value

    @field_validator("where")
    @classmethod
    def _rule(cls, value: str) -> str:
        if value:
            try:
                parse(value)
            except InvalidRule as error:
                raise ValueError(error.message) from None
        return value

    @model_validator(mode="after")
    def _fits(self) -> Ask:
        timed = any(d in GRAINS for d in self.by)
        if self.show is Display.figures and self.by:
            raise ValueError("figures are one number each: leave `by` out, or show a table or bars")
        if self.show in (Display.line, Display.bar) and len(self.by) not in (1, 2):
            raise ValueError(f"a {self.show} needs `by`, one or two dimensions")
        if self.show is Display.line and self.by[0] not in GRAINS:
            raise ValueError("a line runs over time: let `by` begin with quarter, month or week")
        if self.show is Display.waterfall and (self.by or len(self.metrics) > 1 or self.compare):
            raise ValueError("a waterfall is one metric, without `by` and `compare`")
        if timed and set(self.compare) - {Against.goal}:
            raise ValueError("numbers by period stand beside their own past: compare them with goal only")
        return self


class Part(Strict):
    """One section: what is said, asked and decided."""

    key: str = Key
    title: str = Field(min_length=1, max_length=120)
    prose: str = Field(default="", description="for the reader: what this section is for")
    calls: bool = Field(default=False, description="say who called what in the latest forecast call, beside the model")
    questions: tuple[Ask, ...] = ()
    narrative: tuple[str, ...] = Field(default=(), description="what the author is asked to write before the meeting")
    decisions: tuple[str, ...] = Field(default=(), description="what the meeting is asked to decide")

    @model_validator(mode="after")
    def _unique(self) -> Part:
        _once([q.key for q in self.questions], "question")
        return self


class Template(Strict):
    """The `spec` of a pack_template policy."""

    for_: Purpose = Field(alias="for", description="qbr or forecast_call")
    audience: tuple[str, ...] = Field(default=(), description="roles it is made for")
    grain: Grain = Field(default=Grain.quarter, description="the period the pack is named after")
    sections: tuple[Part, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> Template:
        _once([s.key for s in self.sections], "section")
        return self


def _once(keys: list[str], what: str) -> None:
    if twice := sorted({k for k in keys if keys.count(k) > 1}):
        raise ValueError(f"two {what}s have the key '{twice[0]}'")


def lint_template(
    template: Template,
    document: Document,
    *,
    metrics: Mapping[str, Metric],
    types: Mapping[str, RecordType],
    roles: Collection[str],
) -> list[Issue]:
    """What a template asks that the catalogue cannot answer, each at its line with the closest name."""
    found = list(_roles(template, document, roles))
    for s, part in enumerate(template.sections):
        for q, ask in enumerate(part.questions):
            found += _question(ask, document, ["spec", "sections", s, "questions", q], metrics, types)
    return found


def _roles(template: Template, document: Document, roles: Collection[str]) -> Iterator[Issue]:
    for n, role in enumerate(template.audience):
        if role not in roles:
            at = _at(document, ["spec", "audience", n])
            yield Issue("pack_role_unknown", Level.error, f"There is no role '{role}'.", at, _near(role, roles))


def _question(
    ask: Ask,
    document: Document,
    path: list[str | int],
    metrics: Mapping[str, Metric],
    types: Mapping[str, RecordType],
) -> Iterator[Issue]:
    known = [key for key in ask.metrics if key in metrics]
    for n, key in enumerate(ask.metrics):
        if key not in metrics:
            at = _at(document, [*path, "metrics", n])
            yield Issue("pack_metric_unknown", Level.error, f"There is no metric '{key}'.", at, _near(key, metrics))
    for n, name in enumerate(ask.by):
        for key in known:
            if (start := _lost(metrics, key, name, types)) is not None:
                at, columns = _at(document, [*path, "by", n]), [c.name for c in types[start].columns]
                message = f"'{key}' cannot be cut by '{name}'."
                yield Issue("pack_dimension_unknown", Level.error, message, at, _near(name, [*GRAINS, *columns]))
    alone = [key for key in known if any(a.alone for a in metrics[key].spec.aggregates)]
    if alone and ask.show is not Display.waterfall:
        at, hint = _at(document, [*path, "show"]), "Write `show: waterfall` and ask for it alone."
        yield Issue("pack_display_unfit", Level.error, f"'{alone[0]}' makes movements, not one number.", at, hint)
    if ask.show is Display.waterfall and known and not alone:
        at, hint = _at(document, [*path, "show"]), "Use figures, a table, bars or a line."
        yield Issue("pack_display_unfit", Level.error, f"'{known[0]}' has no movements to draw.", at, hint)


def _lost(metrics: Mapping[str, Metric], key: str, name: str, types: Mapping[str, RecordType]) -> str | None:
    """The type from which a dimension leads nowhere, among those a metric is measured from; None where it fits all."""
    if name in GRAINS or name == MANAGER:
        return None
    for start in [m.spec.from_ for m in needed(metrics, [key]) if m.spec.from_]:
        try:
            locate(types, start, name)
        except Invalid:
            return start
    return None


def _at(document: Document, path: list[str | int]) -> str:
    return f"{document.where}:{document.line(path)}"


def _near(name: str, known: Collection[str]) -> str:
    near = closest(name, known)
    return f"Did you mean '{near}'?" if near else f"One of: {', '.join(sorted(known)[:12])}."
