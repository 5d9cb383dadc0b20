"""Cadences."""

from geartrain.kernel.clock import Cadence
from geartrain.kernel.policy.kind import Envelope, Kind

KIND = Kind(
    "cadence",
    Envelope[Cadence],
    "A meeting or review that recurs: when, with whom, what is read before it and from which pack.",
)
