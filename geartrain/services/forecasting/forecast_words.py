"""A forecast call in sentences: who called what, beside their team and the model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal

from geartrain.services.access import Actor
from geartrain.services.forecasting.forecast_board import Board, Row, get_board
from geartrain.services.forecasting.forecast_calls import list_calls
from geartrain.services.forecasting.forecast_range import Span, work_out
from geartrain.services.workspace import Workspace

MOST = 12  # people named one by one


def call_in_words(ws: Workspace, actor: Actor, *, as_of: date) -> list[str]:
    """The latest call up to a day as the actor may see it; one sentence says so where there is none.

    Example: "Dana Cole calls 1,200,000 USD; her people add up to 1,310,000; the model expects 1,180,000, and 8 times of
    10 between 1,020,000 and 1,340,000."
    """
    call = next((c for c in list_calls(ws, actor) if c.as_of <= as_of), None)
    if call is None:
        return ["No forecast call has been opened yet."]
    work_out(ws, period=call.period, day=call.as_of)
    board = get_board(ws, actor, period=call.period, as_of=call.as_of)
    if board is None or not board.rows:
        return [f"Nobody had a line in the call of {call.period} on {call.as_of}."]
    return list(_sentences(board))


def _sentences(board: Board) -> Iterator[str]:
    call, currency = board.status.call, board.status.currency
    state = "locked" if board.locked else "still open"
    yield f"The call of {call.period} on {call.as_of} is {state}; amounts are in {currency}."
    for row in [r for r in board.rows if r.depth <= 1][:MOST]:
        whole = row.depth == 0 and board.ranges is not None and len([r for r in board.rows if not r.depth]) == 1
        yield _line(row, board.ranges.whole or row.span if whole and board.ranges else row.span)
    for title, people in (("Late", board.status.late), ("Not submitted", board.status.missing)):
        if people:
            yield f"{title}: {_named(board, people)}."


def _line(row: Row, span: Span | None) -> str:
    said = row.lines["call"]
    who = f"{row.name} calls {_amount(said.effective)}" if said.kind != "roll_up" else f"{row.name} has not called"
    adjusted = ", as their manager adjusted it" if said.kind == "manager" else ""
    team = f"; their people add up to {_amount(said.rollup)}" if row.leads else ""
    won = f"; {_amount(row.won)} is won"
    if span is None:
        return f"{who}{adjusted}{team}{won}."
    between = f"{_amount(span.p10)} and {_amount(span.p90)}"
    return f"{who}{adjusted}{team}{won}; the model expects {_amount(span.mean)}, and 8 times of 10 between {between}."


def _named(board: Board, people: Sequence[str]) -> str:
    names = [board.status.people.names.get(p, p) for p in people]
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return ", ".join(names[:MOST]) + more


def _amount(value: Decimal) -> str:
    return f"{value:,.0f}"
