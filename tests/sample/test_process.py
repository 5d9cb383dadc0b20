"""The sample's sales process: a set-based check finds exactly what was walked deal by deal, none more."""

from geartrain.process.sales_process import OF_A_MOVE
from geartrain.sample import documents, write_sample
from geartrain.services.access import operator
from geartrain.services.records.loading import load_records
from geartrain.services.selling.process import Asked, check_process, preview_conformance
from geartrain.services.workspace import init_workspace


def test_conformance_finds_exactly_what_was_planted(tmp_path):
    made = write_sample(tmp_path / "export", sellers=6, years=1)
    ws = init_workspace(tmp_path / "ws")
    load_records(ws, operator(), location=str(made.folder))
    (ws.policies / "sales_process.yaml").write_text(dict(documents())["sales_process.yaml"])
    asked = Asked(as_of=made.last)
    found = preview_conformance(ws, operator(), asked=asked, kinds=tuple(k.value for k in OF_A_MOVE)).found
    got = {(d.kind, d.opportunity_id, f"{d.at.isoformat()}Z", d.from_stage, d.to_stage) for d in found.deviations}
    assert got == {(s.kind, s.opportunity_id, s.at, s.from_stage, s.to_stage) for s in made.strayed}
    assert {s.kind for s in made.strayed} == {k.value for k in OF_A_MOVE}
    assert found.waived_exits > 0
    assert check_process(ws, operator(), asked=asked).ok
