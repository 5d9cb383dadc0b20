"""The forecast process."""

from geartrain.intelligence.forecast.policy import ForecastProcess
from geartrain.kernel.policy import Envelope, Kind

KIND = Kind(
    "forecast_process",
    Envelope[ForecastProcess],
    "How the company forecasts: categories of stages, when calls open, are due and locked, and who submits.",
)
