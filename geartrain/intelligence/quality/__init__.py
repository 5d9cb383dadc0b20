"""Which of the numbers can be trusted: data-quality rules, findings with closest matches, and the score."""

from geartrain.intelligence.quality.findings import Finding, find
from geartrain.intelligence.quality.ruleset import QualityRule, Ruleset
from geartrain.intelligence.quality.score import DimensionScore, Score, score

__all__ = ["DimensionScore", "Finding", "QualityRule", "Ruleset", "Score", "find", "score"]
