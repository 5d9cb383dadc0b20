"""Segments: each that is sold to has a role that covers it, and none is named that there is not."""

from __future__ import annotations

from collections.abc import Iterator

from geartrain.kernel.issues import Issue
from geartrain.kernel.policy import PolicySet
from geartrain.planning.kinds.coverage_model import CoverageModel
from geartrain.planning.kinds.gtm_architecture import GtmArchitecture
from geartrain.planning.model import issue, specs


def lint(policies: PolicySet) -> Iterator[Issue]:
    """`segment_uncovered`: sold to, and nobody covers it. `segment_unknown`: covered, and in no architecture."""
    coverages = list(specs(policies, CoverageModel))
    architectures = list(specs(policies, GtmArchitecture))
    covered = {row.segment for _, coverage in coverages for row in coverage.coverage}
    known = {s.key for _, architecture in architectures for s in architecture.segments}
    for policy, architecture in architectures:
        sold = {play.segment for play in architecture.sold()}
        for n, segment in enumerate(architecture.segments):
            if segment.key in sold and segment.key not in covered:
                message = f"Nobody covers the segment '{segment.key}'."
                hint = "Give it a role in a coverage_model, or take its plays out."
                yield issue(policy, ["segments", n], "segment_uncovered", message, hint)
    for policy, coverage in coverages if architectures else ():
        for n, row in enumerate(coverage.coverage):
            if row.segment not in known:
                message = f"'{row.segment}' is covered, and no gtm_architecture has such a segment."
                hint = f"One of: {', '.join(sorted(known))}."
                yield issue(policy, ["coverage", n, "segment"], "segment_unknown", message, hint)


LINT = lint
