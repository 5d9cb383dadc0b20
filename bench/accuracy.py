"""How wrong the forecast is: rolling origins on the sample company at three seeds and on a real export.

Not how fast: each line is an error of the forecast beside that of the best baseline on the same origins, and must not
be above it; the last of each company is how far the coverage of its 80 % interval is from 80 %, at most 8 points. Facts
are made and loaded once and kept; `GEARTRAIN_EXPORT` names the folder of the real export.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from bench.data import loaded_from
from bench.harness import DATA, Result
from geartrain.intelligence.forecast.backtest import FORECAST, Tested
from geartrain.sample import write_sample
from geartrain.services.access import operator
from geartrain.services.forecasting.forecasts import backtest_forecast
from geartrain.services.workspace import Workspace

SEEDS = (1, 2, 3)
ROOT = Path(__file__).parents[1]
MAPPING = ROOT / "docs" / "tutorial" / "crm-opportunities.mapping.yaml"


def run() -> Iterator[Result]:
    """Weekly origins of the last eight periods; of the two whole ones of the real export."""
    for seed in SEEDS:
        yield from _told(f"sample, seed {seed}", backtest_forecast(_sample(seed), operator(), last=8))
    export = _export()
    if export is not None:
        ws = loaded_from("export-workspace", export, mapping=MAPPING)
        tested = backtest_forecast(ws, operator(), periods=["2017Q3", "2017Q4"], as_of=date(2017, 12, 31))
        yield from _told("real export", tested)


def _sample(seed: int) -> Workspace:
    folder = DATA / f"sample-{seed}"
    if not (folder / "KNOWN_ISSUES.json").exists():
        write_sample(folder, seed=seed)
    return loaded_from(f"sample-workspace-{seed}", folder)


def _export() -> Path | None:
    """The folder named, else one beside the repository; None where there is none."""
    named = [Path(os.environ["GEARTRAIN_EXPORT"])] if "GEARTRAIN_EXPORT" in os.environ else []
    beside = [folder / "shared" / "data" / "crm-opportunities" for folder in ROOT.parents]
    return next((folder for folder in (*named, *beside) if folder.is_dir()), None)


def _told(company: str, tested: Tested) -> Iterator[Result]:
    whole = tested.as_json()
    ours = whole["methods"][FORECAST]
    theirs = {m: s for m, s in whole["methods"].items() if m != FORECAST}
    size = f"{whole['origins']} origins, {whole['periods']} periods"
    for score, unit in (("wape", ""), ("pinball", "")):
        best = min(theirs, key=lambda m: theirs[m][score])
        note = f"best of the others: {best}"
        if score == "wape":
            note += f"; bias {ours['bias']:+.3f}, Brier {whole['brier']:.3f}, AUC {whole['auc']:.3f}"
        # On the origins that both have.
        yield Result(f"forecast {score}, {company}", size, theirs[best][f"forecast_{score}"], theirs[best][score], 1.0,
                     note, unit=unit)  # fmt: skip
    away = abs(ours["coverage_80"] - 0.8)
    yield Result(f"coverage from 80 %, {company}", size, away, bar=0.08, note=f"{ours['coverage_80']:.0%}", unit="")
