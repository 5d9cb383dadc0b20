"""The forecast of a million deals: learnt, scored and held against its past; and their pipeline by day and week."""

from __future__ import annotations

import json
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from statistics import median
from typing import TypeVar

from bench.data import history, loaded
from bench.harness import DATA, ROWS, Result, stated
from geartrain.intelligence.forecast import hazard, learners
from geartrain.intelligence.forecast.engine import Engine
from geartrain.intelligence.forecast.history import History
from geartrain.intelligence.forecast.ladder import forecast
from geartrain.kernel.periods import Grain
from geartrain.services.access import operator
from geartrain.services.forecasting.forecast_history import history_of
from geartrain.services.forecasting.pipeline_history import get_as_of, get_waterfalls
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Store

DAY = date(2025, 11, 15)
QUARTER = date(2024, 7, 1)
WEEKS = 13
READS = "3GB"  # what the warehouse may take for reading: it spills what is more
KEPT = DATA / f"forecast-{ROWS}.pickle"
T = TypeVar("T")


def run() -> Iterator[Result]:
    """Ten changes of each deal, and ten times fewer deals than changes; three in four deals are closed."""
    ws = loaded("history-workspace", history())
    size = f"{ROWS:,} changes"
    first, _ = _timed(lambda: get_as_of(ws, operator(), as_of=DAY, limit=0))
    yield Result("states of every deal, once for the facts", size, first)
    days = [QUARTER + timedelta(days=40 * n) for n in range(5)]
    seconds = [_timed(lambda day=day: get_as_of(ws, operator(), as_of=day, limit=0))[0] for day in days]
    yield Result("pipeline as of any day, by stage and owner", size, median(seconds), bar=stated(2))
    until = QUARTER + timedelta(days=7 * WEEKS)
    weeks, _ = _timed(lambda: get_waterfalls(ws, operator(), since=QUARTER, until=until))
    yield Result("a quarter's weekly waterfall", size, weeks, bar=stated(5), note=f"{WEEKS} weeks in one question")
    yield from _apart()


def _apart() -> Iterator[Result]:
    """Reading, and learning and scoring, each in a process of its own, so that the memory is its own."""
    for what in ("read", "figures"):
        script = f"import json; from bench.forecast import {what}; print(json.dumps({what}()))"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"The forecast ended with {done.returncode}:\n{done.stderr[-2000:]}")
        for name, size, measured, bar, note, unit in json.loads(done.stdout.splitlines()[-1]):
            yield Result(f"forecast: {name}", size, measured, bar=stated(bar) if bar else None, note=note, unit=unit)


Figure = tuple[str, str, float, float | None, str, str]


def read() -> list[Figure]:
    """The facts as columns, kept for `figures`."""
    ws = loaded("history-workspace", history())
    reads = ws.settings.model_copy(update={"warehouse": Store(url=f"duckdb://?memory_limit={READS}")})
    ws = replace(ws, settings=reads)

    def work() -> History:
        with open_facts(ws, operator(), as_of=DAY) as facts:
            return history_of(ws, facts)

    seconds, deals = _timed(work)
    KEPT.write_bytes(pickle.dumps((deals, ws.calendar), protocol=5))
    return [
        ("facts as columns, the states of deals worked out", _size(deals), seconds, None, "", "s"),
        ("facts as columns, memory", _size(deals), _peak(), None, f"read within {READS}", "GiB"),
    ]


def figures() -> list[Figure]:
    """Name, size, measured, bar, note and unit of each figure of the forecast."""
    deals, calendar = pickle.loads(KEPT.read_bytes())
    size = _size(deals)
    first = date.fromordinal(deals.begins)
    spans = [
        (p.start.toordinal(), p.end.toordinal())
        for p in calendar.between(first, DAY + timedelta(days=1), Grain.quarter)
    ]
    engine, day = Engine(deals, spans), DAY.toordinal()
    train, parts = _timed(lambda: engine.parts(day, spans[-1]))
    score, _ = _timed(_scoring(engine, spans[-1]))
    whole, _ = _timed(lambda: forecast(engine, day, spans[-1]))
    still = f"{len(parts.rows):,} open"
    return [
        ("learn every rung and score", size, train, 120, still, "s"),
        ("score with every rung", size, score, 10, f"{still}; boosting and table fitted too", "s"),
        ("its past origins, gate and width", size, whole, 120, "", "s"),
        ("memory of all that", size, _peak(), 4, "with the facts as columns", "GiB"),
    ]


def _size(deals: History) -> str:
    return f"{len(deals.ids):,} deals, {int((deals.closed < DAY.toordinal()).sum()):,} closed"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def _scoring(engine: Engine, span: tuple[int, int]) -> Callable[[], object]:
    """What gives every open deal its chances: the origins and the hazard are there already."""
    day, end, deals = DAY.toordinal(), span[1], engine.learnt
    origins = [learners.origin_at(deals, o, e, known=day) for o, e in engine.origin_days(day, span)]
    fitted = hazard.fit(deals, day, end, [e for _, e in engine.periods])

    def score() -> object:
        rows = engine.history.open_at(day)
        by_table = learners.by_table(origins, rows, day + 1, end)
        by_boosting = learners.by_boosting(deals, origins, rows, day + 1, end)
        return by_table, by_boosting, fitted and fitted.chance(rows, end)

    return score


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found
