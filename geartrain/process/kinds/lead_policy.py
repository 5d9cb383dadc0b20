"""Scoring, routing, answering and deduplicating leads."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.process.lead_policy import LeadPolicy

KIND = Kind(
    "lead_policy", Envelope[LeadPolicy], "What a lead is worth, who gets it, and how soon they must be in touch."
)
