"""What is expected of sellers who have just begun, for comparing them fairly."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.productivity.ramp import RampCurves

KIND = Kind(
    "relative_productivity",
    Envelope[RampCurves],
    "What share of a ramped seller's work is expected month by month; it feeds no pay and no dismissal.",
)
