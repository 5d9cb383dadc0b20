"""The forecast of a million deals: learnt, scored and held against its past; and their pipeline by day and week."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from statistics import median
from typing import TypeVar

from bench.data import history, loaded
from bench.harness import ROWS, Result, stated
from geartrain.intelligence.forecast.engine import Engine
from geartrain.intelligence.forecast.history import History
from geartrain.intelligence.forecast.ladder import forecast
from geartrain.kernel.periods import Grain
from geartrain.services.access import operator
from geartrain.services.forecasting.forecast_history import history_of
from geartrain.services.forecasting.pipeline_history import get_as_of, get_waterfalls
from geartrain.services.records.facts import open_facts
from geartrain.services.workspace import Workspace

DAY = date(2025, 11, 15)
QUARTER = date(2024, 7, 1)
WEEKS = 13
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
    yield from _forecast(ws)


def _forecast(ws: Workspace) -> Iterator[Result]:
    def read() -> History:
        with open_facts(ws, operator(), as_of=DAY) as facts:
            return history_of(ws, facts)

    seconds, deals = _timed(read)
    size = f"{len(deals.ids):,} deals, {int((deals.closed < DAY.toordinal()).sum()):,} closed"
    yield Result("forecast: facts as columns", size, seconds)
    spans = [
        (p.start.toordinal(), p.end.toordinal())
        for p in ws.calendar.between(date.fromordinal(deals.begins), DAY + timedelta(days=1), Grain.quarter)
    ]
    engine = Engine(deals, spans)
    train, parts = _timed(lambda: engine.parts(DAY.toordinal(), spans[-1]))
    yield Result("forecast: learn every rung and score", size, train, bar=stated(120), note=f"{len(parts.rows):,} open")
    whole, _ = _timed(lambda: forecast(engine, DAY.toordinal(), spans[-1]))
    yield Result("forecast: its past origins, gate and width", size, whole, bar=stated(120))
    score, _ = _timed(lambda: forecast(engine, DAY.toordinal(), spans[-1]))
    yield Result("forecast: score, learnt before", size, score, bar=stated(10))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    yield Result("forecast: memory with the pipeline's", size, peak, bar=stated(4), unit="GiB")


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found
