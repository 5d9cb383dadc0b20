"""The simulated company: what it sells, to whom, in which regions, and how each part of it behaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

NAME = "Meridian Instruments"
DOMAIN = "meridian.example"
TODAY = date(2026, 9, 9)  # three weeks before a quarter ends: part of it booked, part of it still to come

REGIONS = ("East", "West", "Europe")
SEGMENTS = ("enterprise", "mid_market", "smb")
SEGMENT_NAMES = {"enterprise": "Enterprise", "mid_market": "Mid-Market", "smb": "SMB"}
TYPES = ("new", "expansion", "renewal")
FUNCTIONS = ("marketing", "sales", "partner", "customer_success")
NEW, EXPANSION, RENEWAL = range(3)
MARKETING, SALES, PARTNER, SUCCESS = range(4)

# Teams in the order they are founded, as (region, segment); a company of fewer sellers has the first of them.
TEAM_ORDER = (
    ("East", "mid_market"),
    ("West", "mid_market"),
    ("Europe", "mid_market"),
    ("East", "enterprise"),
    ("West", "enterprise"),
    ("East", "smb"),
    ("West", "smb"),
    ("Europe", "enterprise"),
    ("Europe", "smb"),
)
SELLERS_PER_TEAM = 7.5

STAGES = ("Discovery", "Qualification", "Solution", "Proposal", "Negotiation")
WON, LOST = "Closed Won", "Closed Lost"


@dataclass(frozen=True, slots=True)
class Segment:
    """How one segment buys; amounts in USD, rates by seller seat and year.

    Args:
        accounts: Accounts by seat.
        leads: Leads a year and seat.
        direct: Deals a year and seat that start without a lead.
        amount: Median amount of a new deal.
        spread: Standard deviation of its logarithm.
        cycle: Mean days from creation to closing of a new deal.
        win: Share of new deals won, before region, source, seller and time.
        base, incentive: A seller's pay a year.
    """

    accounts: int
    leads: int
    direct: int
    amount: float
    spread: float
    cycle: float
    win: float
    base: int
    incentive: int


SEGMENT = {
    "enterprise": Segment(55, 110, 6, 74_000, 0.46, 118, 0.23, 126_000, 118_000),
    "mid_market": Segment(90, 150, 8, 29_000, 0.44, 72, 0.25, 86_000, 80_000),
    "smb": Segment(170, 235, 12, 10_400, 0.42, 37, 0.28, 64_000, 52_000),
}

# The stories a visitor can find: one region behind, one team short of selling time, deals stuck in one stage.
WIN_BY_REGION = (1.07, 1.02, 0.76)
LOW_TIME_TEAM = ("West", "mid_market")
STUCK_STAGE = STAGES.index("Proposal")
WIN_BY_FUNCTION = (0.9, 1.06, 1.28, 1.15)
GROWTH = 0.16  # of demand, a year
SEASON = (0.98, 1.0, 1.08, 1.0, 1.02, 1.03, 0.93, 0.88, 1.07, 1.08, 1.06, 0.87)  # demand by calendar month

# (sku, name, family, list price in USD)
PRODUCTS = (
    ("FLOW-ONE", "Flow One", "Flow", 240),
    ("FLOW-PRO", "Flow Pro", "Flow", 620),
    ("PULSE-S", "Pulse S", "Pulse", 180),
    ("PULSE-X", "Pulse X", "Pulse", 940),
    ("ATLAS-CORE", "Atlas Core", "Atlas", 1_250),
    ("ATLAS-EDGE", "Atlas Edge", "Atlas", 480),
    ("CARE-STD", "Care Standard", "Services", 150),
    ("CARE-PLUS", "Care Plus", "Services", 390),
)
MISSPELT = ("FLOW-PRO", "FLOWPRO")  # as the product list has it, as some people typed it

# (label, function, weight among leads)
SOURCES = (
    ("Website", MARKETING, 0.24),
    ("Webinar", MARKETING, 0.14),
    ("Content", MARKETING, 0.13),
    ("Event", MARKETING, 0.1),
    ("Paid search", MARKETING, 0.12),
    ("Outbound", SALES, 0.2),
    ("Partner referral", PARTNER, 0.07),
)
DIRECT_SOURCES = (("Outbound", SALES), ("Partner referral", PARTNER), ("Customer referral", SUCCESS))
LOSS_REASONS = ("Price", "No decision", "Competitor", "Timing", "Missing feature", "No budget")
NEXT_STEPS = (
    "Book the technical deep dive",
    "Send the revised proposal",
    "Meet the economic buyer",
    "Agree the mutual close plan",
    "Security questionnaire",
    "Legal review of the order form",
    "Confirm the pilot's success criteria",
    "Reference call with a customer",
)
CHANNELS = ("Webinar", "Content", "Event", "Paid search")
