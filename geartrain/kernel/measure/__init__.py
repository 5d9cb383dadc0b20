"""Metrics as policies: what a number means, compiled into one question to the warehouse."""

from geartrain.kernel.measure.answer import Answer
from geartrain.kernel.measure.metric import Metric, load_metric
from geartrain.kernel.measure.query import query
from geartrain.kernel.measure.source import Cut, Source

__all__ = ["Answer", "Cut", "Metric", "Source", "load_metric", "query"]
