"""The call in sentences, as a pack for the meeting holds it."""

from datetime import date

from geartrain.services.access import operator
from geartrain.services.forecasting.forecast_calls import lock_call, submit_forecast
from geartrain.services.forecasting.forecast_words import call_in_words
from geartrain.services.packs.life import freeze_pack, frozen_pack
from tests.services.forecasting.test_forecast_calls import ANN, BOB, CLEO, DAY, Q3, ws

__all__ = ["ws"]


def test_who_called_what_stands_beside_what_their_people_add_up_to(ws):
    submit_forecast(ws, ANN, period=Q3, category="call", amount="160")
    submit_forecast(ws, BOB, period=Q3, category="call", amount="140")
    said = call_in_words(ws, operator(), as_of=DAY)
    assert said[0] == "The call of 2026Q3 on 2026-08-15 is still open; amounts are in USD."
    assert said[1].startswith("Zoe has not called; their people add up to 160; 100 is won")
    assert said[2].startswith("Bob calls 140; their people add up to 160; 100 is won")
    assert said[-1] == "Not submitted: Carl, Cleo, Zoe."
    lock_call(ws, operator(), period=Q3)
    assert "is locked" in call_in_words(ws, operator(), as_of=DAY)[0]


def test_everybody_reads_of_their_own_people_only(ws):
    said = " ".join(call_in_words(ws, CLEO, as_of=DAY))
    assert "Cleo" in said
    assert not [name for name in ("Zoe", "Bob", "Ann", "Carl") if name in said]


def test_before_the_first_call_there_is_none(ws):
    assert call_in_words(ws, operator(), as_of=date(2026, 8, 14)) == ["No forecast call has been opened yet."]


def test_the_pack_of_the_call_holds_it(ws):
    submit_forecast(ws, BOB, period=Q3, category="call", amount="140")
    made = freeze_pack(ws, operator(), template="forecast_call", as_of=DAY)
    submit_forecast(ws, BOB, period=Q3, category="call", amount="999")
    prose = frozen_pack(ws, operator(), pack=made.id).sections[0].prose
    assert "Bob calls 140; their people add up to 150" in prose
