"""Data-quality rules."""

from geartrain.intelligence.quality import Ruleset
from geartrain.kernel.policy import Envelope, Kind

KIND = Kind("data_quality", Envelope[Ruleset], "What every record must hold before a number made of it is trusted.")
