"""The data-quality score of the facts under the rules of a scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import ibis
import pyarrow as pa

from geartrain.facts import record_types
from geartrain.intelligence.quality import find, score
from geartrain.kernel.measure import Source
from geartrain.kernel.policy.scenario import Engine, Inputs, Number, Part
from geartrain.kernel.records import RecordType

PART = "score"
PLACES = Decimal("0.000000001")


@dataclass
class _Records:
    """The source of metrics as the rules read it: record types only, references to the whole of a type."""

    source: Source
    types: Mapping[str, RecordType]
    as_of: date

    def table(self, name: str) -> ibis.Table:
        return self.source.table(name)

    def raw(self, name: str) -> ibis.Table:
        whole: ibis.Table = getattr(self.source, "whole", self.source.table)(name)
        return whole

    def execute(self, expr: ibis.Expr) -> pa.Table:
        return self.source.execute(expr)


def parts(inputs: Inputs) -> dict[str, Part]:
    """One: the rules count together."""
    return {PART: Part((inputs.ground.policies.get("data_quality", "default"),))}


def run(inputs: Inputs, wanted: Sequence[str]) -> Mapping[str, Sequence[Number]]:
    """The overall score and its dimensions."""
    ruleset = inputs.ground.policies.get("data_quality", "default").spec
    records = _Records(inputs.ground.source, record_types(), inputs.ground.source.as_of)
    found = score(find(records, ruleset)[1], weights=ruleset.weights)
    dimensions = [(str(d.dimension), f"Data quality: {d.dimension}", d.value) for d in found.dimensions]
    every = [("overall", "Data quality", found.overall), *dimensions]
    return {PART: [_number(*one) for one in every]}


def _number(key: str, label: str, value: Decimal | None) -> Number:
    rounded = None if value is None else value.quantize(PLACES)
    return Number(f"quality/{key}", label, "ratio", "up", rounded, "" if value is not None else "No rule applies.")


ENGINE = Engine(
    name="quality",
    title="Data quality",
    policies=(("data_quality", "default"),),
    parts=parts,
    run=run,
    records=("*",),
)
