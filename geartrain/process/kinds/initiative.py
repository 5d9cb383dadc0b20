"""Initiatives of RevOps."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.process.initiatives import Initiative, lint_initiative

KIND = Kind(
    "initiative",
    Envelope[Initiative],
    "What is to get better, by which metric, and when that is read after going live.",
    lint=lint_initiative,
)
