"""How the simulated company lives its sales process: evidence for its gates, and where it strays, listed.

The skips and the detours are those of the simulation; evidence that came late or said no is planted. The list is walked
deal by deal, so that a set-based check has something independent to agree with.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise

import numpy as np

from geartrain.sample.company import LOST, STAGES, WON
from geartrain.sample.tables import Columns, Table, texts
from geartrain.sample.world import DAY, MISSING, World

# What the gate of a stage asks for: stage, attribute, who attests it.
ASKED = (("Solution", "economic_buyer"), ("Proposal", "mutual_plan"))
LATE, FALSE, WAIVED = 0.03, 0.02, 0.02  # shares of the deals that leave the stage
ORDER = {stage: n for n, stage in enumerate((*STAGES, WON, LOST))}


@dataclass(frozen=True, slots=True)
class Strayed:
    """A deviation that a check of the process must find: `kind` of the deal's move out of a stage at an instant."""

    kind: str
    opportunity_id: str
    at: str
    from_stage: str
    to_stage: str

    def as_json(self) -> dict[str, str]:
        """As it stands in KNOWN_ISSUES.json."""
        return asdict(self)


Walk = list[tuple[int, str]]


def plant_process(world: World, tables: dict[str, Table]) -> tuple[Strayed, ...]:
    """Add the `evidence` and `waiver` records; returns every deviation of a move."""
    walks = _walks(tables["opportunity_change"])
    found = [s for deal in sorted(walks) for s in _spine(deal, walks[deal])]
    rng = world.stream("process")
    evidence: list[tuple[str, str, int, str]] = []
    waivers: list[tuple[str, str, int]] = []
    for stage, attribute in ASKED:
        for deal in sorted(walks):
            exits = _exits(walks[deal], stage)
            if not exits:
                continue
            entered = next(at for at, s in walks[deal] if s == stage)
            luck, room = rng.random(), int(rng.integers(1, 4)) * DAY
            once = len(exits) == 1
            late = once and luck < LATE and exits[0][0] + room <= world.now
            no = once and LATE <= luck < LATE + FALSE
            waived = once and LATE + FALSE <= luck < LATE + FALSE + WAIVED
            at = exits[0][0] + room if late else entered + (exits[0][0] - entered) // 2
            evidence.append((deal, attribute, at, "false" if no or waived else "true"))
            if waived:
                waivers.append((deal, attribute, at))
            if late or no:
                kind = "late_evidence" if late else "unmet_exit"
                found.append(Strayed(kind, deal, _said(exits[0][0]), stage, exits[0][1]))
    tables["evidence"], tables["waiver"] = _evidence(evidence), _waivers(waivers)
    return tuple(sorted(found, key=lambda s: (s.opportunity_id, s.at, s.kind)))


def _walks(changes: Table) -> dict[str, Walk]:
    """The stages each deal came into, in order."""
    rows = np.flatnonzero(changes["field"].astype(str) == "stage")
    found: dict[str, Walk] = {}
    columns = (changes[c][rows].tolist() for c in ("opportunity_id", "changed_at", "new_value"))
    for deal, at, stage in sorted(zip(*columns, strict=True), key=lambda r: (r[0], r[1])):
        found.setdefault(deal, []).append((at, stage))
    return found


def _spine(deal: str, walk: Walk) -> list[Strayed]:
    """Skips and regresses, step by step."""
    found, been = [], {walk[0][1]} if walk else set()
    for (_, old), (at, new) in pairwise(walk):
        step = (deal, _said(at), old, new)
        if new != LOST and ORDER[new] < ORDER[old]:
            found.append(Strayed("regress", *step))
        between = [] if LOST in (old, new) else [s for s in STAGES if ORDER[old] < ORDER[s] < ORDER[new]]
        if any(s not in been for s in between):
            found.append(Strayed("skip", *step))
        been.add(new)
    return found


def _exits(walk: Walk, stage: str) -> list[tuple[int, str]]:
    """When a deal left a stage for a later one, and which."""
    steps = pairwise(walk)
    return [(at, new) for (_, old), (at, new) in steps if old == stage and new != LOST and ORDER[new] > ORDER[stage]]


def _evidence(rows: list[tuple[str, str, int, str]]) -> Table:
    columns: Columns = {
        "opportunity_id": texts(r[0] for r in rows),
        "attribute_key": texts(r[1] for r in rows),
        "occurred_at": np.array([r[2] for r in rows], dtype=np.int64),
        "value": texts(r[3] for r in rows),
        "by": texts("deal desk" for _ in rows),
        "source_ref": texts(f"{r[0]}/{r[1]}" for r in rows),
        "policy_version": np.ones(len(rows), dtype=np.int64),
    }
    return Table("evidence", columns)


def _waivers(rows: list[tuple[str, str, int]]) -> Table:
    columns: Columns = {
        "opportunity_id": texts(r[0] for r in rows),
        "attribute_key": texts(r[1] for r in rows),
        "granted_at": np.array([r[2] for r in rows], dtype=np.int64),
        "by": texts("head of sales" for _ in rows),
        "reason": texts("Known from an earlier deal with the same buyer." for _ in rows),
        "expires": np.array([r[2] + 400 * DAY for r in rows], dtype=np.int64),
    }
    return Table("waiver", columns)


def _said(at: int) -> str:
    return f"{np.datetime64(at, 's')}Z" if at != MISSING else ""
