"""The pages that everybody opens, worked out before they are asked for, again after every load."""

from __future__ import annotations

import logging
from contextlib import suppress
from threading import Event, Thread

from geartrain.kernel.errors import GeartrainError
from geartrain.services.access import operator
from geartrain.services.courtesy import in_background
from geartrain.services.forecasting.forecast_accuracy import get_accuracy
from geartrain.services.forecasting.forecast_board import get_board, get_trend, warm_days
from geartrain.services.forecasting.forecast_range import work_out
from geartrain.services.forecasting.pipeline import get_pipeline
from geartrain.services.forecasting.pipeline_health import get_ageing
from geartrain.services.forecasting.pipeline_history import get_waterfall
from geartrain.services.measures.funnel import get_funnel
from geartrain.services.measures.overview import get_overview
from geartrain.services.measures.productivity import get_productivity
from geartrain.services.records.governance import govern_data
from geartrain.services.selling.leads import list_duplicates, list_sla, policy_for_leads
from geartrain.services.view import get_view
from geartrain.services.workspace import Workspace

log = logging.getLogger(__name__)
LOOK_EVERY = 3.0  # seconds


def keep_warm(ws: Workspace) -> Event:
    """Start a thread that works pages out whenever the facts have changed. Set the event to stop it."""
    stop = Event()
    Thread(target=_watch, args=(ws, stop), name="warm", daemon=True).start()
    return stop


def _watch(ws: Workspace, stop: Event) -> None:
    with in_background():
        _look(ws, stop)


def _look(ws: Workspace, stop: Event) -> None:
    known = ""
    while not stop.wait(LOOK_EVERY if known else 0.0):
        try:
            with ws.warehouse.snapshot() as snapshot:
                now = snapshot.id
            if now != known:
                warm_up(ws)
            known = now
            work_out_ranges(ws, stop)
        except GeartrainError as error:
            # The page itself will say it to whoever asks; a thread has nobody to tell but the log.
            log.warning("pages are not warm: %s", error.message)
            known = known or "unknown"


def work_out_ranges(ws: Workspace, stop: Event) -> None:
    """The model's ranges that pages show, the latest first; each is kept, so mostly there is nothing to do."""
    for period, day in warm_days(ws):
        if stop.is_set():
            return
        work_out(ws, period=period, day=day)


def warm_up(ws: Workspace) -> None:
    """Work out what those who see everyone open first, for the period that runs."""
    actor = operator("warm-up")
    view, _ = get_view(ws, actor, asked={})
    for page in (get_overview, get_pipeline, get_funnel, get_productivity):
        page(ws, actor, view=view)
    get_board(ws, actor)
    get_accuracy(ws, actor)
    get_ageing(ws, actor)
    get_trend(ws, actor)
    get_waterfall(ws, actor, since=view.period.start, until=view.until)
    govern_data(ws, actor)
    with suppress(GeartrainError):  # without a lead policy there is nothing to work out
        policy = policy_for_leads(ws)
        list_duplicates(ws, actor, policy=policy)
        list_sla(ws, actor, policy=policy)
