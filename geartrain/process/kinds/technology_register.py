"""The tools sales works with."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.process.technology import TechnologyRegister

KIND = Kind(
    "technology_register",
    Envelope[TechnologyRegister],
    "Which tools sales works with, what they cost, what they support, and when they are decided about.",
)
