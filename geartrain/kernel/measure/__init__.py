"""Metrics as policies: what a number means, compiled into one question to the warehouse."""

from geartrain.kernel.measure.answer import Answer
from geartrain.kernel.measure.examples import run_examples
from geartrain.kernel.measure.explain import Explanation, explain
from geartrain.kernel.measure.metric import Metric, load_metric
from geartrain.kernel.measure.query import query
from geartrain.kernel.measure.source import Cut, Source

__all__ = ["Answer", "Cut", "Explanation", "Metric", "Source", "explain", "load_metric", "query", "run_examples"]
