"""The field registry."""

from geartrain.intelligence.quality.registry import FieldRegistry
from geartrain.kernel.policy import Envelope, Kind

KIND = Kind(
    "field_registry",
    Envelope[FieldRegistry],
    "Who answers for a field, where its value is kept, who may write it, and when it must be filled.",
)
