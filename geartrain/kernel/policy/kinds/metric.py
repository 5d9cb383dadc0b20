"""Metrics."""

from geartrain.kernel.measure.metric import Metric, load_metric
from geartrain.kernel.policy.kind import Kind

KIND = Kind(
    "metric",
    Metric,
    "What a number means, who owns it and what it drives.",
    load=lambda text, where: load_metric(text, where)[0],
)
