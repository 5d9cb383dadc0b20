"""Pack templates."""

from geartrain.kernel.measure.pack_template import Template
from geartrain.kernel.policy.kind import Envelope, Kind

KIND = Kind(
    "pack_template",
    Envelope[Template],
    "What a review or a forecast call looks at: sections, questions to the metrics, what to write and to decide.",
)
