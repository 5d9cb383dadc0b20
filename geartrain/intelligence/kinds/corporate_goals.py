"""Corporate goals."""

from geartrain.intelligence.goals import Goals
from geartrain.kernel.policy import Envelope, Kind

KIND = Kind("corporate_goals", Envelope[Goals], "What the company wants to reach, read on which metric, by when.")
