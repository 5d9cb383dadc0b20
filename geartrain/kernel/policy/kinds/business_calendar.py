"""Business calendars."""

from geartrain.kernel.clock import BusinessCalendar
from geartrain.kernel.policy.kind import Envelope, Kind

KIND = Kind("business_calendar", Envelope[BusinessCalendar], "When a team works: its zone, hours and holidays.")
