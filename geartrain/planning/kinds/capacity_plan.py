"""Capacity plans."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.planning.capacity.policy import CapacityPlan

KIND = Kind("capacity_plan", Envelope[CapacityPlan], "Who is there, who comes and goes, and what they are to carry.")
