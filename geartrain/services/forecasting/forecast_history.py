"""The history of deals as the forecast reads it, from the facts, whoever asks: engines forecast the whole company."""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from geartrain.facts.transforms import converted, day_of
from geartrain.intelligence.forecast.history import NEVER, NO_DAY, History
from geartrain.intelligence.forecast.leakage import Feature, Outcomes, lint
from geartrain.kernel.issues import Issue
from geartrain.services.answers import remembered
from geartrain.services.forecasting.pipeline_history import valued_states
from geartrain.services.records.facts import Facts
from geartrain.services.workspace import Workspace

# What is set when a deal is made and may be learnt from, where the linter of leaks has nothing against it.
TRAITS = ("type", "source_function", "lead_source")
LINTED = 20_000  # deals the linter looks at
MOST_KINDS = 40  # values of a trait beyond which it is no kind of deal
EPOCH = date(1970, 1, 1).toordinal()


def history_of(ws: Workspace, facts: Facts) -> History:
    """Every deal's states up to the day that is seen, in the workspace's currency."""
    return remembered(("forecast history", facts.id, facts.as_of, facts.known_as_of), lambda: _history(ws, facts))


def _history(ws: Workspace, facts: Facts) -> History:
    states, rates = valued_states(ws, facts, "amount")
    told = states.select(
        "opportunity_id", "stage", "forecast_category", "owner_id", "is_closed", "currency", "worth", "valid_from",
        at=day_of(states.valid_from, facts.calendar), due="close_date",
    )  # fmt: skip
    if rates.table is not None:
        told = _in_currency(told, rates.table, facts.currency, "worth", "at")
    deals = facts.raw("opportunity")
    closed = ibis.coalesce(day_of(deals.closed_at, facts.calendar), deals.close_date)
    ends = deals.select(
        "opportunity_id", "is_won", "is_closed", "stage", "currency", closed=ibis.ifelse(deals.is_closed, closed, None),
        lost_date=deals.is_closed & closed.isnull(), booked=deals.amount, **{f"trait_{t}": deals[t] for t in TRAITS},
    )  # fmt: skip
    if rates.table is not None:
        ends = _in_currency(ends, rates.table, facts.currency, "booked", "closed")
    created = day_of(states.created_at, facts.calendar)
    born = states.group_by("opportunity_id").aggregate(created=created.min())
    ends = ends.filter(~ends.lost_date).inner_join(born, "opportunity_id").order_by("opportunity_id")
    # Numbers in place of ids: ten million of them are sorted and handed over in half the memory.
    numbered = ends.select("opportunity_id", deal=ibis.row_number().over(order_by="opportunity_id"))
    told = told.inner_join(numbered, "opportunity_id").order_by("deal", "valid_from")
    told = told.drop("opportunity_id", "valid_from")
    return _columns(facts.execute(told), facts.execute(ends), facts.as_of)


def _in_currency(rows: ibis.Table, rates: ibis.Table, currency: str, amount: str, day: str) -> ibis.Table:
    rows = rows.mutate(wanted=ibis.literal(currency))
    return converted(rows, rates, amount=amount, held="currency", wanted="wanted", day=day).drop("wanted")


def _columns(states: pa.Table, deals: pa.Table, day: date) -> History:
    ids = deals["opportunity_id"].to_pylist()
    first = np.searchsorted(states["deal"].to_numpy(), np.arange(len(ids) + 1))
    stages, stage = _coded(states["stage"])
    categories, category = _coded(states["forecast_category"])
    owners, owner = _coded(states["owner_id"])
    traits, kind, refused = _kinds(deals, day)
    return History(
        tuple(ids), stages, categories, owners, first.astype(np.int64), _days(states["at"], NO_DAY), stage, category,
        owner,
        _floats(states["worth"]), _days(states["due"], NO_DAY), np.asarray(states["is_closed"].to_numpy(), dtype=bool),
        _days(deals["created"], NO_DAY), _days(deals["closed"], NEVER),
        np.asarray(deals["is_won"].fill_null(False).to_numpy(), dtype=bool),
        np.where(deals["is_won"].fill_null(False).to_numpy(), np.nan_to_num(_floats(deals["booked"])), 0.0),
        traits, kind, refused,
    )  # fmt: skip


def _kinds(deals: pa.Table, day: date) -> tuple[tuple[str, ...], Any, tuple[str, ...]]:
    """The traits that tell deals apart, a column of codes for each, and why others are refused."""
    refused = {i.where: i.message for i in _linted(deals, day)}
    coded = {t: _coded(deals[f"trait_{t}"]) for t in TRAITS if t not in refused}
    kept = tuple(t for t, (values, _) in coded.items() if 2 <= len(values) <= MOST_KINDS)
    return kept, np.column_stack([coded[t][1] for t in kept]) if kept else None, tuple(refused.values())


def _linted(deals: pa.Table, day: date) -> list[Issue]:
    """What the linter of leaks has against the traits, over deals evenly taken."""
    step = max(1, len(deals) // LINTED)
    held = deals.take(pa.array(range(0, len(deals), step), pa.int64())).to_pydict()
    today = Outcomes(held["stage"], held["is_closed"], held["is_won"], held["booked"], (), day)
    return lint([Feature(t, held[f"trait_{t}"]) for t in TRAITS], today)


def _coded(column: Any) -> tuple[tuple[str, ...], Any]:
    """Values in order and the code of each row, -1 for none."""
    values = sorted(v for v in column.unique().to_pylist() if v is not None)
    codes = pa.compute.index_in(column, value_set=pa.array(values, pa.string())).fill_null(-1)
    return tuple(values), np.asarray(codes.to_numpy(), dtype=np.int64)


def _days(column: Any, missing: int) -> Any:
    days = column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
    return np.asarray(pa.compute.add(days, EPOCH).fill_null(missing).to_numpy(), dtype=np.int64)


def _floats(column: Any) -> Any:
    return np.asarray(column.cast(pa.float64()).fill_null(float("nan")).to_numpy(), dtype=np.float64)
