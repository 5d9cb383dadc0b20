"""Asks the questions of a pack template and puts the answers into one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from geartrain.facts.views.plan_month import spread
from geartrain.kernel.errors import Conflict, Invalid
from geartrain.kernel.issues import Level
from geartrain.kernel.measure import Answer
from geartrain.kernel.measure import pack as packs
from geartrain.kernel.measure.dimensions import GRAINS
from geartrain.kernel.measure.pack_template import Against, Ask, Part, Template
from geartrain.kernel.measure.span import Span, a_year, earlier, span_of
from geartrain.kernel.periods import Grain
from geartrain.kernel.policy import Policy
from geartrain.services.access import Actor, Role
from geartrain.services.measures.metrics import metrics_in, query_metrics
from geartrain.services.policies import current_policies
from geartrain.services.records.facts import open_facts
from geartrain.services.records.quality import check_records
from geartrain.services.workspace import Workspace

Progress = Callable[..., None]
Cut = tuple[str | None, ...]
MOST_FINDINGS = 5
TRIES = 3


def silent(*_: object, **__: object) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Request:
    """What a pack is to be made of.

    Args:
        known_as_of: What was recorded later is not seen (naive UTC).
        narrative: Section key to the author's texts, in the order of the prompts.
    """

    policy: Policy
    as_of: date
    known_as_of: datetime
    scope: packs.Scope
    narrative: Mapping[str, Sequence[str]]
    sessions: packs.Sessions
    decisions: tuple[packs.Carried, ...]
    disputes: tuple[packs.Disputed, ...]

    @property
    def template(self) -> Template:
        """The template itself."""
        return self.policy.spec


def reader(scope: packs.Scope) -> Actor:
    """The eyes a pack is made with: its scope decides what it holds, not who froze it. Nobody's pay is in one."""
    role = Role.head_of_sales if scope.user_id is None else Role.manager
    return Actor("pack", frozenset({role}), scope.user_id, scope.name)


def build_pack(ws: Workspace, asked: Request, *, progress: Progress = silent) -> packs.Pack:
    """The pack of a request: every question of the template asked once, in order, of one state of the facts.

    Raises:
        Conflict: records kept coming in while it was made.
    """
    for _ in range(TRIES):
        before = _state(ws, asked)
        made = _build(ws, asked, before, progress)
        if _state(ws, asked) == before:
            # Read back, so that what is kept is the one spelling of this value.
            return packs.read_pack(made.canonical())
    raise Conflict("Records kept coming in while the pack was made.", hint="Try again when the load has ended.")


@dataclass(frozen=True)
class _State:
    """The facts a pack is made of.

    Args:
        cut: What instant the facts have to be cut to; None where nothing was recorded after it, which is faster to ask.
    """

    facts: str
    last_load: str
    cut: datetime | None


def _state(ws: Workspace, asked: Request) -> _State:
    with open_facts(ws, reader(asked.scope), as_of=asked.as_of) as facts:
        loads = facts.snapshot.loads()
        later = any(entry.recorded_at > asked.known_as_of for entry in loads)
        last = max((entry.load_id for entry in loads), default="")
        return _State(facts.id, last, asked.known_as_of if later else None)


def _build(ws: Workspace, asked: Request, state: _State, progress: Progress) -> packs.Pack:
    maker = _Maker(ws, asked, state.cut, progress)
    sections = tuple(maker.section(part) for part in asked.template.sections)
    return packs.Pack(
        title=title_of(ws, asked.policy, asked.as_of),
        company=ws.name,
        currency=ws.currency,
        template=packs.TemplateVersion(
            key=asked.policy.key,
            name=asked.policy.name,
            version=asked.policy.version,
            sha256=asked.policy.sha256,
            purpose=asked.template.for_.value,
            audience=asked.template.audience,
        ),
        as_of=asked.as_of,
        known_as_of=asked.known_as_of,
        scope=asked.scope,
        facts=state.facts,
        last_load=state.last_load,
        metrics=maker.metrics,
        sections=sections,
        quality=quality_of(ws, asked, state.cut),
        sessions=asked.sessions,
        decisions=asked.decisions,
        disputes=asked.disputes,
    )


def ask_again(ws: Workspace, frozen: packs.Pack, *, progress: Progress = silent) -> packs.Pack:
    """The questions of a frozen pack, word for word, answered by all that is known now."""
    metrics: dict[str, packs.MetricVersion] = {}
    eyes, done, total = reader(frozen.scope), 0, sum(len(s.questions) for s in frozen.sections)
    sections = []
    for section in frozen.sections:
        questions = []
        for question in section.questions:
            answer = _query(ws, eyes, question, question.period, known_as_of=None)
            metrics |= _versions(answer, ws)
            questions.append(question.model_copy(update={"rows": tuple(_rows(answer, question))}))
            done += 1
            progress("Asking again", done, total)
        sections.append(section.model_copy(update={"questions": tuple(questions)}))
    return frozen.model_copy(update={"sections": tuple(sections), "metrics": metrics})


def title_of(ws: Workspace, policy: Policy, as_of: date) -> str:
    """What a pack is called: the template and the period its last day lies in."""
    return f"{policy.name} {ws.calendar.containing(as_of, policy.spec.grain).key}"


def quality_of(ws: Workspace, asked: Request, known_as_of: datetime | None) -> packs.Quality:
    """How far the records of the scope could be trusted on the day."""
    found = check_records(ws, reader(asked.scope), as_of=asked.as_of, known_as_of=known_as_of)
    worst = [f for f in found.findings if f.level is not Level.info][:MOST_FINDINGS]
    return packs.Quality(
        score=_rounded(found.score.overall),
        parts=tuple(
            packs.QualityPart(dimension=str(d.dimension), score=_rounded(d.value)) for d in found.score.dimensions
        ),
        findings=tuple(f"{f.message} {f.hint}".strip() for f in worst),
    )


class _Maker:
    """The questions of one request, asked one after the other."""

    def __init__(self, ws: Workspace, asked: Request, known: datetime | None, progress: Progress) -> None:
        self.ws, self.asked, self.eyes, self.progress = ws, asked, reader(asked.scope), progress
        self.known = known
        self.metrics: dict[str, packs.MetricVersion] = {}
        self.total, self.done = sum(len(p.questions) for p in asked.template.sections), 0

    def section(self, part: Part) -> packs.Section:
        """A section with its answers and what the author wrote."""
        texts = self.asked.narrative.get(part.key, ())
        said = [packs.Said(prompt=p, text=texts[n] if n < len(texts) else "") for n, p in enumerate(part.narrative)]
        # What was written beyond what was asked is kept.
        said += [packs.Said(prompt="", text=text) for text in texts[len(part.narrative) :] if text]
        return packs.Section(
            key=part.key,
            title=part.title,
            prose="\n".join(s for s in [part.prose, *self._calls()] if s) if part.calls else part.prose,
            questions=tuple(self.question(ask) for ask in part.questions),
            narrative=tuple(said),
            decisions=part.decisions,
        )

    def _calls(self) -> list[str]:
        # The page of the call lists the packs made for it: it is asked for here, not when this module is read.
        from geartrain.services.forecasting.forecast_words import call_in_words

        return call_in_words(self.ws, self.eyes, as_of=self.asked.as_of)

    def question(self, ask: Ask) -> packs.Question:
        """A question with its answer, beside the goal and the past where it is held against them."""
        day, calendar = self.asked.as_of, self.ws.calendar
        frame = packs.Question(
            key=ask.key,
            title=ask.title,
            metrics=ask.metrics,
            by=ask.by,
            where=ask.where,
            show=ask.show.value,
            top=ask.top,
            compare=tuple(a.value for a in ask.compare),
            period=_stretch(span_of(ask.period, as_of=day, calendar=calendar)),
        )
        answer = _query(self.ws, self.eyes, frame, frame.period, known_as_of=self.known)
        self.metrics |= _versions(answer, self.ws)
        rows = self._ordered(_rows(answer, frame), frame)
        past: dict[str, packs.Stretch] = {}
        for against, back in ((Against.previous, 1), (Against.year_ago, a_year(ask.period))):
            if against in ask.compare:
                span = _stretch(earlier(ask.period, back=back, as_of=day, calendar=calendar))
                then = {r.cut: r for r in _rows(_query(self.ws, self.eyes, frame, span, known_as_of=self.known), frame)}
                rows, past[against.value] = [_beside(r, then.get(r.cut), against) for r in rows], span
        if Against.goal in ask.compare:
            rows = [self._with_goal(row, frame) for row in rows]
        self.done += 1
        self.progress("Asking", self.done, self.total)
        return frame.model_copy(update={"rows": tuple(rows), "notes": tuple(answer.notes), **past})

    def _ordered(self, rows: list[packs.Row], question: packs.Question) -> list[packs.Row]:
        """Stages in the order in which deals go through them; anything else as it is answered."""
        if not question.by or question.by[0] != "stage":
            return rows
        span = question.period
        answer = query_metrics(
            self.ws, self.eyes, keys=["stage_order"], by=["stage"], as_of=span.seen, known_as_of=self.known
        )
        place = {str(stage): at for stage, at in answer.rows if at is not None}
        return sorted(rows, key=lambda r: (r.cut[0] not in place, place.get(str(r.cut[0]), 0)))

    def _with_goal(self, row: packs.Row, question: packs.Question) -> packs.Row:
        goals = {key: self._goal(key, row, question) for key in row.numbers}
        numbers = {k: n.model_copy(update={"goal": goals[k]}) for k, n in row.numbers.items()}
        return row.model_copy(update={"numbers": numbers})

    def _goal(self, key: str, row: packs.Row, question: packs.Question) -> Decimal | None:
        """The corporate goal of the period for the whole company, else the metric's own target, else None."""
        policies = current_policies(self.ws)
        target = metrics_in(policies)[key].target
        wanted = [
            g for g in policies.get("corporate_goals", "default").spec.by_period(self.ws.calendar) if g.metric == key
        ]
        if not wanted:
            return None if target is None else Decimal(str(target.value))
        cut = [d for d in question.by if d not in GRAINS]
        if cut or question.where or self.asked.scope.user_id is not None:
            return None  # a goal of the company says nothing about a part of it
        since, until = question.period.since, question.period.until
        for value in row.cut:
            if value is None:
                return None
            period = self.ws.calendar.parse(value)
            since, until = max(since, period.start), min(until, period.end)
        if any(self.ws.calendar.containing(day, Grain.month).start != day for day in (since, until)):
            return None  # goals are stated by the month: a week has no share of one
        months = [
            amount for g in wanted for _, _, month, amount in spread(g, self.ws.calendar) if since <= month < until
        ]
        return sum(months, Decimal(0)) if months else None


def _query(
    ws: Workspace, eyes: Actor, question: packs.Question, span: packs.Stretch, *, known_as_of: datetime | None
) -> Answer:
    return query_metrics(
        ws,
        eyes,
        keys=question.metrics,
        by=question.by,
        as_offered=True,
        since=span.since,
        until=span.until,
        where=question.where or None,
        as_of=span.seen,
        known_as_of=known_as_of,
    )


def _rows(answer: Answer, question: packs.Question) -> list[packs.Row]:
    """The rows of an answer with their names; movements of a waterfall are its cut."""
    keys = list(dict.fromkeys(question.metrics))
    width = len(answer.columns) - len(keys)
    found = []
    for row, detail in zip(answer.rows, answer.detail, strict=True):
        cut = tuple(None if v is None else str(v) for v in row[:width])
        names = [answer.labels.get(d, {}).get(c or "", c) for d, c in zip(answer.columns[:width], cut, strict=True)]
        numbers = {k: packs.number_of(v, detail[k]) for k, v in zip(keys, row[width:], strict=True)}
        found.append(
            packs.Row(cut=cut, labels=tuple(n if n is not None else "not given" for n in names), numbers=numbers)
        )
    if len({r.cut for r in found}) != len(found):
        raise Invalid(f"The rows of '{question.key}' have no names of their own.", hint="Cut it by other dimensions.")
    return found


def _versions(answer: Answer, ws: Workspace) -> dict[str, packs.MetricVersion]:
    known = metrics_in(current_policies(ws))
    names = ("name", "unit", "direction", "version", "sha256", "definition", "formula")
    return {
        key: packs.MetricVersion(
            key=key, basis=known[key].basis, dated_by=tuple(meta["dated_by"]), **{n: meta[n] for n in names}
        )
        for key, meta in answer.metrics.items()
    }


def _beside(row: packs.Row, then: packs.Row | None, against: Against) -> packs.Row:
    was: Mapping[str, Any] = then.numbers if then else {}
    numbers = {
        k: n.model_copy(update={against.value: was[k].value if k in was else None}) for k, n in row.numbers.items()
    }
    return row.model_copy(update={"numbers": numbers})


def _stretch(span: Span) -> packs.Stretch:
    return packs.Stretch(name=span.name, since=span.since, until=span.until, seen=span.seen)


def _rounded(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(Decimal("0.000001"))
