"""Metrics as policies: what a number means, compiled into one question to the warehouse."""

from geartrain.kernel.measure.metric import Metric, load_metric
from geartrain.kernel.measure.source import Cut, Source

__all__ = ["Cut", "Metric", "Source", "load_metric"]
