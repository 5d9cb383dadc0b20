"""Classes of selling time."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.productivity.selling_time import TimeClasses

KIND = Kind("time_classes", Envelope[TimeClasses], "Which categories of time are core selling, adjacent, or neither.")
