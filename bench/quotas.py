"""Quotas: a cascade of 10,000 nodes × 1,000 cells, an edit on it, and b2b-revenue-forecasting beside it."""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from pathlib import Path

from bench.harness import DATA, Result

NODES, CELLS, SPAN = 10_000, 1_000, 8
PEER = "b2b-revenue-forecasting==0.46"
PEER_SECONDS = float(os.environ.get("BENCH_PEER_SECONDS", "300"))
PEER_CELLS = 100


def run() -> Iterator[Result]:
    """Each in a process of its own, so that its memory is its own."""
    size = f"{NODES:,} × {CELLS:,}"
    ours = _apart("ours", NODES, CELLS)
    exact = "exact to the cent" if not ours["broken"] else f"{ours['broken']} sums do not hold"
    yield Result("quota cascade", size, ours["cascade"], bar=10.0, note=exact)
    yield Result("quota cascade, memory", size, ours["peak"], bar=2.0, unit="GiB")
    yield Result("one edit on it, checked", size, ours["edit"], bar=0.5, note="a transfer across the tree, one cell")
    yield from _beside_peer()


def _beside_peer() -> Iterator[Result]:
    """Ours over the peer's seconds for the same cascade, at the largest size that it finishes in its time."""
    python = _peer()
    if python is None:
        yield Result("quota cascade beside the peer", PEER, 0.0, note="not measured: it could not be installed")
        return
    first = _apart("peer", 200, PEER_CELLS, python=python)
    nodes = max(int(200 * PEER_SECONDS * 0.8 / first["cascade"]), 200)
    while (theirs := _apart("peer", nodes, PEER_CELLS, python=python, limit=PEER_SECONDS)) is None:
        nodes = nodes * 3 // 4
    ours = _apart("ours", nodes, PEER_CELLS)
    note = (
        f"{theirs['cascade'] / ours['cascade']:,.0f} × faster; it misses the targets by {theirs['off']:.2e}, ours by 0"
    )
    size = f"{nodes:,} × {PEER_CELLS:,}"
    yield Result("quota cascade beside the peer", size, ours["cascade"], theirs["cascade"], bar=0.01, note=note)


def _peer() -> str | None:
    """The Python of an environment that has the peer, made once."""
    home = (DATA / "quota-peer").resolve()
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", PEER], capture_output=True, check=False)
        if done.returncode:
            return None
        (home / "ready").touch()
    return str(python)


def _apart(
    what: str, nodes: int, cells: int, *, python: str = sys.executable, limit: float | None = None
) -> dict | None:
    command = [python, str(Path(__file__).resolve()), what, str(nodes), str(cells)]
    env = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=limit and limit + 60, env=env, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found = json.loads(done.stdout.splitlines()[-1])
    return None if limit and found["cascade"] > limit else found


def rows(nodes: int) -> list[tuple[str, str, str, str]]:
    """A tree of a span of eight; measures at the leaves, lognormal."""
    rng = random.Random(1)
    found = [("N0", "", "", "")]
    for n in range(1, nodes):
        leaf = n * SPAN + 1 >= nodes
        measures = (f"{rng.lognormvariate(10, 1.2):.2f}" if leaf else "" for _ in range(2))
        found.append((f"N{n}", f"N{(n - 1) // SPAN}", *measures))
    return found


def targets(cells: int) -> list[tuple[str, str, str, str]]:
    """Cells of product × type × quarter."""
    rng = random.Random(2)
    return [
        (f"p{n // 20}", f"t{n // 4 % 5}", f"q{n % 4}", f"{rng.randint(10**8, 10**11) / 100:.2f}") for n in range(cells)
    ]


def ours(nodes: int, cells: int) -> dict[str, float]:
    """Seconds of a cascade, of an edit with its check, the sums that do not hold, the peak of memory."""
    from geartrain.planning.quotas.asked import Edit
    from geartrain.planning.quotas.cascade import allocate, lay_out
    from geartrain.planning.quotas.check import verify, verify_edit
    from geartrain.planning.quotas.editing import edit
    from geartrain.planning.quotas.policy import QuotaPolicy
    from geartrain.planning.quotas.table import Table

    weights = [{"measure": "potential", "weight": "0.6"}, {"measure": "prior", "weight": "0.4"}]
    policy = QuotaPolicy.model_validate({"weights": weights, "hedge": {"by_depth": {1: "1.05", 2: "1.10"}}})
    hierarchy = Table("h.csv", ("node_id", "parent_id", "potential", "prior"), tuple(rows(nodes)))
    goals = Table("t.csv", ("product", "type", "quarter", "amount"), tuple(targets(cells)))
    start = time.perf_counter()
    laid = lay_out(hierarchy, goals, policy)
    sheet = allocate(laid)
    cascade = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    cell = {"product": "p0", "type": "t0", "quarter": "q1"}
    asked = Edit.model_validate({"transfer": "5", "from": f"N{nodes - 1}", "to": f"N{nodes // 2}", "cell": cell})
    start = time.perf_counter()
    broken = verify_edit(edit(laid, sheet, [asked]))
    edited = time.perf_counter() - start
    return {"cascade": cascade, "edit": edited, "broken": len(broken) + len(verify(laid, sheet)), "peak": peak}


def peer(nodes: int, cells: int) -> dict[str, float]:
    """The same cascade with the peer: seconds, and by how much its leaves miss the targets."""
    import io
    import warnings
    from contextlib import redirect_stdout

    import pandas as pd
    from b2b_revenue_forecasting import HedgeByDepth, MetricSpec, cascade_many

    warnings.simplefilter("ignore")
    tree = rows(nodes)
    above = {node: parent for node, parent, _, _ in tree}
    leaves = [(node, p, q) for node, _, p, q in tree if p]
    paths = []
    for node, potential, prior in leaves:
        chain = [node]
        while above[chain[0]]:
            chain.insert(0, above[chain[0]])
        paths.append((chain, float(potential), float(prior)))
    deep = max(len(chain) for chain, _, _ in paths)
    levels = [f"l{n}" for n in range(deep)]
    table = [
        {"plan": "x", "potential": p, "prior": q}
        | dict(zip(levels, [*chain, *[None] * (deep - len(chain))], strict=True))
        for chain, p, q in paths
    ]
    wanted = [
        dict(zip(("product", "type", "quarter", "amount"), t, strict=True)) | {"plan": "x"} for t in targets(cells)
    ]
    goals = pd.DataFrame(wanted).astype({"amount": float})
    metrics = [
        MetricSpec("potential", columns=["potential"], weight=0.6),
        MetricSpec("prior", columns=["prior"], weight=0.4),
    ]
    start = time.perf_counter()
    with redirect_stdout(io.StringIO()):
        found, *_ = cascade_many(
            pd.DataFrame(table), goals, ["plan"], "amount", levels, metrics=metrics,
            hedge_multiplier=HedgeByDepth(from_root={0: 1.05, 1: 1.05}),
        )  # fmt: skip
    seconds = time.perf_counter() - start
    base = next(c for c in found.columns if "base" in c.lower())
    held = found[found["node_id"].isin({node for node, _, _ in leaves})][base].sum()
    return {"cascade": seconds, "off": abs(float(held) - float(goals["amount"].sum())), "rows": len(found)}


def write(folder: Path, nodes: int, cells: int) -> None:
    """The same as files, for the command line."""
    for name, head, held in (
        ("h.csv", ("node_id", "parent_id", "potential", "prior"), rows(nodes)),
        ("t.csv", ("product", "type", "quarter", "amount"), targets(cells)),
    ):
        with (folder / name).open("w", newline="") as out:
            csv.writer(out).writerows([head, *held])


if __name__ == "__main__":
    print(json.dumps({"ours": ours, "peer": peer}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))))
