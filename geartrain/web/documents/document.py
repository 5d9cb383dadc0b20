"""A pack put into words, numbers and drawings, ready to be set on a page, on paper or on slides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from geartrain.kernel.measure.dimensions import GRAINS
from geartrain.kernel.measure.pack import MetricVersion, Number, Pack, Question, Row, Section
from geartrain.web.charts import Draw, bars, lines, ranked
from geartrain.web.compose import MOVEMENTS
from geartrain.web.documents.messages import message_of
from geartrain.web.documents.shapes import TOTALS, bars_to_goals, cascade
from geartrain.web.numbers import show

ADDITIVE = ("money", "count")
ORDERED = (*GRAINS, "stage")  # dimensions whose values have an order of their own


@dataclass(frozen=True)
class Versus:
    """What a figure is held against: `+4.2% on 2026Q2`; `mood` is good, bad or flat."""

    text: str
    mood: str = "flat"


@dataclass(frozen=True)
class Figure:
    """One number with what it is held against and what it rests on."""

    name: str
    value: str
    exact: str
    versus: tuple[Versus, ...]
    note: str
    unknown: bool


@dataclass(frozen=True)
class Grid:
    """A table: headings, whether a column holds numbers, and cells as text."""

    headings: tuple[str, ...]
    numbers: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    more: str = ""

    @property
    def columns(self) -> list[tuple[int, str, bool]]:
        """(place, heading, whether it holds numbers)."""
        return [(n, t, self.numbers[n]) for n, t in enumerate(self.headings)]

    @property
    def lines(self) -> list[list[tuple[str, bool]]]:
        """The cells of each row with whether they are numbers."""
        return [list(zip(row, self.numbers, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Drawing:
    """A chart: what draws it, of which rows; one specification for page, paper and slides."""

    draw: Draw
    rows: Sequence[Mapping[str, Any]]
    options: Mapping[str, Any]
    alt: str


@dataclass(frozen=True)
class Block:
    """The answer to one question.

    Args:
        message: What it says, in a sentence: the title of its slide.
        about: The question, its period and unit.
        basis: The metrics with their versions, what they rest on, for the foot.
    """

    key: str
    title: str
    message: str
    about: str
    figures: tuple[Figure, ...]
    grid: Grid | None
    drawing: Drawing | None
    notes: tuple[str, ...]
    basis: str


@dataclass(frozen=True)
class Chapter:
    """A section."""

    key: str
    title: str
    prose: str
    blocks: tuple[Block, ...]
    narrative: tuple[tuple[str, str], ...]
    decisions: tuple[str, ...]


@dataclass(frozen=True)
class Document:
    """All of it. `stamp` identifies the pack in one line; `facts` are (name, value) of what it was made of."""

    pack: Pack
    title: str
    company: str
    scope: str
    period: str
    stamp: str
    facts: tuple[tuple[str, str], ...]
    chapters: tuple[Chapter, ...]
    quality: tuple[str, Grid, tuple[str, ...]] | None
    sessions: tuple[str, ...]
    carried: Grid | None
    disputed: Grid | None
    metrics: Grid

    @property
    def asks(self) -> list[str]:
        """Everything the meeting is asked to decide, in order."""
        return [d for c in self.chapters for d in c.decisions]

    @property
    def written(self) -> list[tuple[str, str, str]]:
        """(chapter, prompt, text) of everything the author wrote."""
        return [(c.title, prompt, text) for c in self.chapters for prompt, text in c.narrative if text]


def document_of(pack: Pack) -> Document:
    """The document of a pack."""
    scope = pack.scope.name if pack.scope.user_id is None else f"{pack.scope.name} and everyone below"
    stamp = f"Pack {pack.sha256[:12]} · as of {pack.as_of} · known {pack.known_as_of:%Y-%m-%d %H:%M} UTC"
    return Document(
        pack=pack,
        title=pack.title,
        company=pack.company,
        scope=scope,
        period=f"As of {pack.as_of:%-d %B %Y}",
        stamp=stamp,
        facts=tuple(_facts(pack, scope)),
        chapters=tuple(_chapter(pack, section) for section in pack.sections),
        quality=_quality(pack),
        sessions=tuple(_sessions(pack)),
        carried=_carried(pack),
        disputed=_disputed(pack),
        metrics=_metrics(pack),
    )


def _facts(pack: Pack, scope: str) -> Iterator[tuple[str, str]]:
    yield "Whose records", scope
    yield "Last day seen", f"{pack.as_of:%-d %B %Y}"
    yield "Known as of", f"{pack.known_as_of:%Y-%m-%d %H:%M:%S} UTC"
    yield "Template", f"{pack.template.name}, version {pack.template.version}, {pack.template.sha256[:12]}"
    yield "Facts", pack.facts[:12]
    yield "Pack", pack.sha256


def _chapter(pack: Pack, section: Section) -> Chapter:
    blocks = tuple(_block(pack, question) for question in section.questions)
    said = tuple((s.prompt, s.text) for s in section.narrative)
    return Chapter(section.key, section.title, section.prose, blocks, said, section.decisions)


def _block(pack: Pack, q: Question) -> Block:
    metric = pack.metrics[q.metrics[0]]
    drawn = q.show in ("bar", "line", "waterfall") and bool(q.rows)
    message = message_of(pack, q)
    return Block(
        key=q.key,
        title=q.title,
        message=message,
        about=_about(pack, q, metric),
        figures=tuple(_figure(pack, q, key) for key in q.metrics) if q.show == "figures" and q.rows else (),
        grid=_grid(pack, q) if q.show != "figures" and q.rows else None,
        drawing=_drawing(pack, q, metric, message) if drawn else None,
        notes=tuple(_notes(pack, q)),
        basis=_basis(pack, q),
    )


def _notes(pack: Pack, q: Question) -> Iterator[str]:
    """What a reader must know; marks of goals are explained where they are drawn."""
    if q.show == "bar" and len({n.goal for r in q.rows for n in r.numbers.values()} - {None}) > 1:
        yield "The marks are the goals."
    yield from q.notes
    if not q.rows:
        yield "There are no records for this question."


def _about(pack: Pack, q: Question, metric: MetricVersion) -> str:
    """`Bookings by region, USD, 2026Q3 as of 9 Sep`."""
    unit = {"money": pack.currency, "ratio": "share", "count": ""}.get(metric.unit, metric.unit.replace("_", " "))
    parts = [q.title, unit if len(q.metrics) == 1 else "", _period(pack, q), f"where {q.where}" if q.where else ""]
    return ", ".join(p for p in parts if p)


def _period(pack: Pack, q: Question) -> str:
    running = pack.as_of < q.period.until - timedelta(days=1) and pack.as_of >= q.period.since
    return f"{q.period.name} so far (to {pack.as_of})" if running and " to " not in q.period.name else q.period.name


def _basis(pack: Pack, q: Question) -> str:
    def said(m: MetricVersion) -> str:
        dated = f", by {', '.join(m.dated_by)}" if m.dated_by else ""
        return f"{m.name} v{m.version}{dated}"

    return "; ".join(said(pack.metrics[key]) for key in dict.fromkeys(q.metrics))


def _figure(pack: Pack, q: Question, key: str) -> Figure:
    metric, number = pack.metrics[key], q.rows[0].numbers[key]
    value = show(number.value, metric.unit, currency=pack.currency, why=number.reason)
    return Figure(
        metric.name,
        value.text,
        value.exact,
        tuple(_versus(pack, q, metric, number)),
        _under(metric, number),
        value.unknown,
    )


def _versus(pack: Pack, q: Question, metric: MetricVersion, number: Number) -> Iterator[Versus]:
    if number.value is None:
        return
    if number.goal is not None:
        goal = show(number.goal, metric.unit, currency=pack.currency)
        if metric.unit in ADDITIVE and number.goal:
            yield Versus(f"{show(number.value / number.goal, 'ratio')} of goal {goal}")
        else:
            yield Versus(f"target {goal}")
    for then, stretch in ((number.previous, q.previous), (number.year_ago, q.year_ago)):
        if then is not None and stretch is not None:
            yield _moved(metric, number.value, then, stretch.name)


def _moved(metric: MetricVersion, now: Decimal, then: Decimal, name: str) -> Versus:
    change = now - then
    if metric.unit == "ratio":
        text = show(abs(change) * 100, "points").text
    elif then:
        text = show(abs(change / then), "ratio").text
    else:
        text = show(abs(change), metric.unit).text
    if not change:
        return Versus(f"as in {name}")
    mood = "flat" if metric.direction == "none" else "good" if (change > 0) == (metric.direction == "up") else "bad"
    return Versus(f"{'+' if change > 0 else '−'}{text} on {name}", mood)


def _under(metric: MetricVersion, number: Number) -> str:
    """What a number rests on: why it is unknown, the interval of a few, how ripe a cohort is, how many records."""
    if number.value is None:
        return f"Not defined: {number.reason or 'nothing to work it out from'}"
    if number.interval:
        low, high = (show(v, "ratio") for v in number.interval)
        return f"{low} to {high} likely, of {number.denominator or number.n}"
    if number.maturity is not None and number.maturity < 1:
        return f"{show(number.maturity, 'ratio')} of them had their time"
    return f"n = {number.n:,}" if number.n else ""


def _grid(pack: Pack, q: Question) -> Grid:
    metrics = [pack.metrics[key] for key in dict.fromkeys(q.metrics)]
    past = [(name, stretch) for name in ("previous", "year_ago") if (stretch := getattr(q, name)) is not None]
    goal = any(n.goal is not None for r in q.rows for n in r.numbers.values())
    width = len(q.rows[0].cut)
    titles = [*(d.replace("_", " ").capitalize() for d in q.by), *(["Movement"] if q.show == "waterfall" else [])]
    for m in metrics:
        titles += [m.name, *(["goal"] if goal else []), *(stretch.name for _, stretch in past)]
    rows = ranked_rows(q)
    cells = []
    for row in rows[: q.top]:
        line = [_movement(label) if q.show == "waterfall" else label for label in row.labels]
        for m in metrics:
            n = row.numbers[m.key]
            values = [n.value, *([n.goal] if goal else []), *(getattr(n, name) for name, _ in past)]
            line += [show(v, m.unit, currency=pack.currency).text for v in values]
        cells.append(tuple(line))
    more = len(rows) - q.top
    said = f"{more} more rows are in the workbook." if more > 0 else ""
    return Grid(tuple(titles), tuple(n >= width for n in range(len(titles))), tuple(cells), said)


def ranked_rows(q: Question) -> list[Row]:
    """The rows as they are shown: time and stages in their own order, others by the leading metric, largest first."""
    if q.show == "waterfall" or (q.by and q.by[0] in ORDERED):
        # Of time the latest are what a reader is after.
        return list(q.rows[-q.top :] if q.by and q.by[0] in GRAINS else q.rows)
    key = q.metrics[0]
    return sorted(q.rows, key=lambda r: (r.numbers[key].value is None, -(r.numbers[key].value or 0)))


def _drawing(pack: Pack, q: Question, metric: MetricVersion, message: str) -> Drawing:
    options: dict[str, Any] = {"unit": metric.unit, "currency": pack.currency}
    timed = bool(q.by) and q.by[0] in GRAINS
    rows = [
        one for row in ranked_rows(q)[: max(q.top, 13 if q.show == "waterfall" else 0)] for one in _points(pack, q, row)
    ]
    if q.show == "waterfall":
        return Drawing(cascade, [r for r in rows if r["y"] or r["x"] in TOTALS], options, message)
    if not timed:
        return Drawing(ranked, rows, options, message)
    goals = {r.numbers[metric.key].goal for r in q.rows} - {None}
    if len(goals) == 1 and len(q.metrics) == 1:
        options["goal"] = goals.pop()
    several = len(goals) > 1 and q.show == "bar" and not any("series" in r for r in rows)
    return Drawing(bars_to_goals if several else lines if q.show == "line" else bars, rows, options, message)


def _points(pack: Pack, q: Question, row: Row) -> Iterator[dict[str, Any]]:
    several = len(q.metrics) > 1
    for key in dict.fromkeys(q.metrics):
        label = row.labels[0] if row.labels else pack.metrics[key].name
        label = _movement(label) if q.show == "waterfall" else label
        series = pack.metrics[key].name if several else row.labels[1] if len(row.labels) > 1 else None
        point: dict[str, Any] = {"x": label, "y": row.numbers[key].value}
        if q.by and q.by[0] in GRAINS:
            running = row is q.rows[-1] and pack.as_of < q.period.until - timedelta(days=1)
            point |= {"faint": running, "goal": row.numbers[key].goal}
        yield point | ({"series": series} if series is not None else {})


def _movement(name: str) -> str:
    return {"opening": "Opening", "closing": "Closing"}.get(name) or MOVEMENTS.get(name, name)


def _quality(pack: Pack) -> tuple[str, Grid, tuple[str, ...]] | None:
    if pack.quality is None:
        return None
    rows = tuple(
        (p.dimension.capitalize(), show(p.score, "ratio", why="not assessed").text) for p in pack.quality.parts
    )
    said = f"{show(pack.quality.score, 'ratio')} of what was checked holds"
    return said, Grid(("Dimension", "Score"), (False, True), rows), pack.quality.findings


def _sessions(pack: Pack) -> Iterator[str]:
    s = pack.sessions
    if s.due:
        yield f"{s.held} of {s.due} sessions before this one were held"
    if s.held:
        yield f"{show(s.decisions_per_session)} decisions a session ({s.decisions} in all)"
    if s.due_decisions:
        yield f"{s.closed_on_time} of {s.due_decisions} decisions that were due were closed on time"


def _carried(pack: Pack) -> Grid | None:
    if not pack.decisions:
        return None
    rows = tuple(
        (d.text, d.owner, d.due.isoformat() + (" (overdue)" if d.due < pack.known_as_of.date() else ""), d.pack)
        for d in pack.decisions
    )
    return Grid(("Decision", "Owner", "Due", "Decided at"), (False,) * 4, rows)


def _disputed(pack: Pack) -> Grid | None:
    if not pack.disputes:
        return None
    rows = tuple((d.number, d.reason, d.by, d.pack) for d in pack.disputes)
    return Grid(("Number", "Why", "By", "In"), (False,) * 4, rows)


def _metrics(pack: Pack) -> Grid:
    rows = tuple(
        (m.name, f"v{m.version} {m.sha256[:8]}", m.definition, f"{m.formula}{f'. Basis: {m.basis}' if m.basis else ''}")
        for m in sorted(pack.metrics.values(), key=lambda m: m.name.casefold())
    )
    return Grid(("Metric", "Version", "Definition", "Formula"), (False,) * 4, rows)
