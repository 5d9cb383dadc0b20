"""Territory policies."""

from geartrain.kernel.policy import Envelope, Kind
from geartrain.planning.territories.policy import TerritoryPolicy

KIND = Kind(
    "territory_policy",
    Envelope[TerritoryPolicy],
    "Which account goes to which seller: who may, what stays, what is balanced, and what it may cost.",
)
