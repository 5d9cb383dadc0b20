"""`audit verify` notices whatever was done to calls behind our back."""

import pytest

from geartrain.services.access import operator
from geartrain.services.forecasting.forecast_calls import lock_call, submit_forecast
from geartrain.services.verifiers.forecasts import VERIFIER
from tests.services.forecasting.test_forecast_calls import ANN, BOB, Q3, ws
from tests.services.forecasting.test_forecast_import import loaded

__all__ = ["loaded", "ws"]


def codes(ws):
    return {i.code for i in VERIFIER(ws)}


def execute(sql):
    """Past the guards, as somebody who holds the file could."""
    from django.db import connection

    with connection.cursor() as cursor:
        names = [r[0] for r in cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()]
        for name in names:
            if "forecast" in name:
                cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute(sql)


@pytest.fixture
def held(loaded):
    submit_forecast(loaded, ANN, period=Q3, category="call", amount=160)
    submit_forecast(loaded, BOB, period=Q3, category="call", amount=150, user="ann", note="one slips")
    lock_call(loaded, operator(), period=Q3)
    assert codes(loaded) == set()
    return loaded


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("UPDATE decisions_forecastsubmission SET amount = 161 WHERE amount = 160", "forecast_altered"),
        ("UPDATE decisions_forecastsubmission SET note = 'no' WHERE amount = 400", "forecast_altered"),
        ("UPDATE decisions_forecastsubmission SET note = 'no' WHERE note = 'one slips'", "forecast_altered"),
        ("DELETE FROM decisions_forecastsubmission WHERE id = (SELECT max(id) FROM decisions_forecastsubmission)",
         "forecast_altered"),
        ("UPDATE decisions_forecastfrozen SET deals = replace(deals, '50.0000', '5.0000')", "forecast_frozen_altered"),
        ("DELETE FROM decisions_forecastlock WHERE id = (SELECT max(id) FROM decisions_forecastlock)",
         "forecast_lock_altered"),
        ("UPDATE decisions_forecastcall SET hierarchy_version = 'x'", "forecast_altered"),
    ],
)  # fmt: skip
def test_it_is_noticed(held, sql, code):
    execute(sql)
    assert code in codes(held)
