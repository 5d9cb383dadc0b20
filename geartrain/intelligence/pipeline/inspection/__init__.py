"""Open deals that need a look, by rules: each says why it fired, and what it could not judge is counted."""

from geartrain.intelligence.pipeline.inspection.inspect import Inspected, inspect, rules
from geartrain.intelligence.pipeline.inspection.rule import Deal, Norms, Rule, Verdict

__all__ = ["Deal", "Inspected", "Norms", "Rule", "Verdict", "inspect", "rules"]
