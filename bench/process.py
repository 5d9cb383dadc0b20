"""The sales process: where ten million changes left it, with gates as they stood at each exit; its event log as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.data import history, loaded
from bench.harness import ROWS, Result, geartrain, run_apart, stated

POLICY = """\
kind: sales_process
key: default
name: How we sell
owner: head-of-sales
definition: One spine; what has to be true before a deal leaves a stage.
spec:
  spine:
    - {key: Discovery}
    - {key: Solution}
    - {key: Proposal}
    - {key: Negotiation}
    - {key: Closed Won, kind: won}
    - {key: Closed Lost, kind: lost}
  attributes:
    - {key: worth, kind: data_field, label: Worth a proposal, expr: amount >= 900}
    - {key: buyer, kind: knowledge_inflection, label: The buyer is known, verifier: attestation}
  bindings:
    - {stage: Discovery, attribute: worth}
    - {stage: Solution, attribute: buyer, when: amount > 5000}
"""


def run() -> Iterator[Result]:
    """Whole commands, each in a process of its own: nothing of an earlier run is remembered."""
    workspace = str(loaded("history-workspace", history()).path)
    with TemporaryDirectory() as folder:
        policy = Path(folder) / "process.yaml"
        policy.write_text(POLICY)
        asked = ("-w", workspace, "--file", str(policy))
        seconds, memory = run_apart(geartrain("process", "conformance", *asked, "--limit", "100", "--format", "json"))
        size = f"{ROWS:,} events"
        yield Result("process: conformance", size, seconds, None, stated(30), "every check, gates as of each exit")
        yield Result("process: conformance, memory", size, memory, unit="GiB")
        seconds, _ = run_apart(
            geartrain("process", "export", *asked, "--to", "csv", "--out", str(Path(folder) / "log.csv"))
        )
        yield Result("process: event log", size, seconds, note="every stage a deal came into, as CSV")
