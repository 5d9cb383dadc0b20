"""Small hierarchies, targets and policies, and random ones for laws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from geartrain.planning.quotas.cascade import Plan, plan
from geartrain.planning.quotas.policy import QuotaPolicy
from geartrain.planning.quotas.table import Table


def table(text: str, where: str = "h.csv") -> Table:
    """Lines of comma-separated values, the first the header."""
    lines = [tuple(c.strip() for c in line.split(",")) for line in text.strip().splitlines()]
    return Table(where, lines[0], tuple(lines[1:]), tuple(range(2, len(lines) + 1)))


def laid(hierarchy: str, targets: str, **policy: Any) -> Plan:
    """A plan of texts."""
    return plan(table(hierarchy), table(targets, "t.csv"), QuotaPolicy.model_validate(policy))


THREE = "node_id,parent_id,potential\nR,,\nA,R,3\nB,R,2\nC,R,1"
POTENTIAL = [{"measure": "potential", "weight": 1}]


def three(**policy: Any) -> Plan:
    """1,000,000 to three sellers by 3, 2, 1, hedged by 10 %, in thousands."""
    stated = {"weights": POTENTIAL, "hedge": {"by_depth": {1: "1.10"}}, "rounding": {"unit": "1000"}}
    return laid(THREE, "amount\n1000000", **(stated | policy))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A tree of up to 14 nodes, one to four cells, gates and hedges now and then."""
    size = draw(st.integers(2, 14))
    parents = [draw(st.integers(0, n - 1)) for n in range(1, size)]
    measures = st.integers(0, 10**7).map(lambda v: f"{v / 100:.2f}")
    rows: list[Sequence[str]] = [("N00", "", "", "", "false")]
    for n, parent in enumerate(parents, start=1):
        flags = st.sampled_from(["false", "false", "false", "true"])
        rows.append((f"N{n:02d}", f"N{parent:02d}", draw(measures), draw(measures), draw(flags)))
    cells = draw(st.lists(st.sampled_from(["x", "y", "z", "w"]), min_size=1, max_size=4, unique=True))
    targets = [(c, f"{draw(st.integers(0, 10**9)) / 100:.2f}") for c in cells]
    policy = {
        "weights": [{"measure": "potential", "weight": "0.6"}, {"measure": "prior", "weight": "0.4"}],
        "hedge": {"by_depth": {1: draw(st.sampled_from(["1", "1.05"])), 2: "1.1", 3: "1.21275"}},
        "rounding": {"unit": draw(st.sampled_from(["0.01", "1", "1000"]))},
        "gates": draw(
            st.sampled_from([[], [{"when": "is_new and c = 'x'"}], [{"when": "is_new and c = 'y'", "then": "strand"}]])
        ),
    }
    hierarchy = Table("h.csv", ("node_id", "parent_id", "potential", "prior", "is_new"), tuple(map(tuple, rows)))
    return plan(hierarchy, Table("t.csv", ("c", "amount"), tuple(targets)), QuotaPolicy.model_validate(policy))
