"""Weighted criteria trees: what was seen of each part, what that makes of the whole, and what was not seen.

`assess` turns a tree (`Group`) and observations into a score with its coverage and its explanation; `Panel` gathers the
ratings of several people, each blind until he has submitted his own.
"""

from geartrain.kernel.assess.criteria import Anchor, Combine, Criterion, Group, Measured, Point, Rated, Ruled, Unknown
from geartrain.kernel.assess.observation import Observation, Ratings, Units, read_units, unit_columns, units
from geartrain.kernel.assess.panel import Card, Panel, Rating, open_panel
from geartrain.kernel.assess.scoring import Assessment, Part, Verdict, assess

__all__ = [
    "Anchor",
    "Assessment",
    "Card",
    "Combine",
    "Criterion",
    "Group",
    "Measured",
    "Observation",
    "Panel",
    "Part",
    "Point",
    "Rated",
    "Rating",
    "Ratings",
    "Ruled",
    "Units",
    "Unknown",
    "Verdict",
    "assess",
    "open_panel",
    "read_units",
    "unit_columns",
    "units",
]
