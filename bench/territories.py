"""Territories of realistic size: the proven gap reached in the time allowed, beside greedy largest-first."""

from __future__ import annotations

import os
import subprocess
import time
import venv
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np

from bench.harness import DATA, Result
from geartrain.planning.territories.problem import Problem, great_circle
from geartrain.planning.territories.programme import bands_of, chosen_of, posed
from geartrain.planning.territories.solve import Solution, solve

# accounts, sellers, seconds allowed, the gap that must not be passed
TABLE = ((1_000, 10, 60, 0.005), (5_000, 50, 60, 0.01), (20_000, 200, 150, 0.02), (50_000, 500, 300, 0.02))
LARGEST = int(os.environ.get("BENCH_TERRITORIES", "50000"))  # accounts
PEERS = ("pymetis", "k-means-constrained", "b2b-territory-optimization", "spopt")
PEER_ACCOUNTS = int(os.environ.get("BENCH_TERRITORY_PEERS", "1000"))  # up to which the peers run beside ours; 0: none
PEER_SECONDS = float(os.environ.get("BENCH_PEER_SECONDS", "300"))
TOLERANCE = 0.10


def generated(accounts: int, sellers: int, *, seed: int = 7) -> Problem:
    """Uneven cities, lognormal potential with sigma 1.2, four workload tiers, 75 % owned by the nearest seller.

    cost = workload × km / 100 + revenue moved / 1000 + 2 per move, both balances at ± 10 %.
    """
    rng = np.random.default_rng(seed)
    cities = rng.uniform((30, -120), (48, -75), size=(max(8, sellers // 2), 2))
    people = rng.zipf(1.6, size=len(cities)).clip(max=50).astype(float)
    at = rng.choice(len(cities), size=accounts, p=people / people.sum())
    places = cities[at] + rng.normal(0, 0.4, size=(accounts, 2))
    homes = cities[rng.choice(len(cities), size=sellers, p=people / people.sum())] + rng.normal(0, 0.3, (sellers, 2))
    potential = rng.lognormal(10, 1.2, accounts)
    workload = np.array([36.0, 18.0, 9.0, 4.0])[
        np.searchsorted(
            (-potential[np.argsort(-potential)][[accounts // 10, accounts * 3 // 10, accounts * 6 // 10]]), -potential
        )
    ]
    km = great_circle(places, homes)
    owned = rng.random(accounts) < 0.75
    owner = np.where(owned, km.argmin(axis=1), -1)
    revenue = np.where(owned, np.round(potential * rng.uniform(0, 0.3, accounts), 2), 0.0)
    cost = km * (workload / 100)[:, None]
    moved = np.where(owned, revenue / 1000 + 2, 0.0)
    cost += moved[:, None]
    mine = np.flatnonzero(owned)
    cost[mine, owner[mine]] -= moved[mine]
    weights = np.stack([workload, potential], axis=1)
    allowed = np.ones(cost.shape, dtype=np.bool_)
    return Problem(
        accounts=tuple(f"A{n:06d}" for n in range(accounts)),
        sellers=tuple(f"S{n:04d}" for n in range(sellers)),
        owner=owner,
        unit_of=np.arange(accounts),
        cost=cost,
        allowed=allowed,
        weights=weights,
        size=np.ones(accounts, dtype=np.int64),
        targets=np.tile(weights.sum(axis=0) / sellers, (sellers, 1)),
        tolerance=np.array([TOLERANCE, TOLERANCE]),
        least=0,
        most=accounts,
        measures=("workload", "potential"),
        account_cost=cost,
        account_weights=weights,
        revenue=tuple(Decimal(str(r)) for r in revenue),
        pipeline=(Decimal(0),) * accounts,
        eligible=allowed,
        locked=np.zeros(accounts, dtype=np.bool_),
        places=places,
        homes=homes,
        visits=workload,
    )


def greedy(problem: Problem) -> tuple[float, float]:
    """Largest first, to the cheapest seller with room: its objective, and the worst it leaves a band by."""
    bands = bands_of(problem)
    chosen = np.full(len(problem.cost), -1, dtype=np.int64)
    load = np.zeros_like(bands.scale)
    for unit in np.argsort(-(problem.weights / problem.targets.mean(axis=0)).max(axis=1)):
        after = load + bands.weights[unit] / bands.scale
        over = np.maximum(0, after - bands.upper).max(axis=1)
        chosen[unit] = int(np.lexsort((problem.cost[unit], over))[0])
        load[chosen[unit]] = after[chosen[unit]]
    return problem.objective(chosen), float(bands.excess(load).max())


def timed(problem: Problem, seconds: float, gap: float) -> tuple[Solution, float]:
    """The solution within a time budget, and how long it took."""
    begun = time.perf_counter()
    solution = solve(problem, left=lambda: seconds - (time.perf_counter() - begun), gap=gap)
    return solution, time.perf_counter() - begun


def run() -> Iterator[Result]:
    """Gap in per cent, with no band violated, within the time."""
    for accounts, sellers, seconds, bar in TABLE:
        if accounts > LARGEST:
            continue
        problem = generated(accounts, sellers)
        solution, took = timed(problem, seconds * 0.95, bar / 2)
        outside = float(bands_of(problem).excess(bands_of(problem).index(problem, solution.chosen)).max())
        simple, worst = greedy(problem)
        note = f"{took:.0f} s of {seconds}; outside its band by {outside:.1e}; greedy {simple / solution.bound - 1:.1%}"
        note += f" and outside by {worst:.1e}"
        gap = 100 * (solution.gap if solution.gap is not None else float("inf"))
        shown = gap if outside == 0 and took <= seconds else float("inf")
        yield Result("territories: proven gap", f"{accounts:,} × {sellers}", shown, bar=100 * bar, note=note, unit="%")
        if accounts <= PEER_ACCOUNTS:
            yield from _beside(problem, solution, f"{accounts:,} × {sellers}", took)


def _beside(problem: Problem, ours: Solution, size: str, took: float) -> Iterator[Result]:
    """What else solves the same problem: its cost over ours, and how far it leaves the bands."""
    built = posed(problem, bands_of(problem), problem.allowed)
    begun = time.perf_counter()
    answer = built.solve(integer=True, seconds=max(took, 1.0))
    chosen = chosen_of(built, answer.share) if len(answer.share) else None
    yield _compared("HiGHS alone at equal time", problem, ours, size, chosen, time.perf_counter() - begun)
    for peer in PEERS:
        found = _part(peer, problem)
        if isinstance(found, str):
            yield Result(f"territories: {peer}", size, 0.0, note=found)
        else:
            part, seconds = found
            yield _compared(peer, problem, ours, size, _manned(problem, part), seconds)


def _compared(
    name: str, problem: Problem, ours: Solution, size: str, chosen: np.ndarray | None, seconds: float
) -> Result:
    if chosen is None:
        return Result(f"territories: {name}", size, seconds, note="no assignment found in that time")
    bands = bands_of(problem)
    index = bands.index(problem, chosen)
    worst = np.abs(index - 1).max(axis=0)
    note = f"costs {problem.objective(chosen) / ours.objective:.3f} × ours; leaves its bands for "
    note += f"{int((bands.excess(index) > 0).sum())} loads of {index.size}, widest "
    note += ", ".join(f"{m} {w:.1%}" for m, w in zip(problem.measures, worst, strict=True))
    return Result(f"territories: {name}", size, seconds, note=note)


def _manned(problem: Problem, part: np.ndarray) -> np.ndarray:
    """Each part to the seller with whom all of them together cost least."""
    from scipy.optimize import linear_sum_assignment

    cost = np.zeros((len(problem.sellers), len(problem.sellers)))
    np.add.at(cost, part, problem.cost)
    return linear_sum_assignment(cost)[1][part]


def _part(peer: str, problem: Problem) -> tuple[np.ndarray, float] | str:
    """The part a peer gives each account, and its seconds; a sentence where it cannot be had."""
    python = _environment(peer)
    if python is None:
        return "not measured: it could not be installed"
    given, found = (DATA / f"territories-{n}.npz" for n in ("given", "found"))
    np.savez(given, places=problem.places, weights=problem.weights, parts=len(problem.sellers))
    script = Path(__file__).with_name("territories_peers.py").resolve()
    command = [python, str(script), peer, str(given.resolve()), str(found.resolve())]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PEER_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"not finished in {PEER_SECONDS:.0f} s"
    if done.returncode:
        return f"it failed: {done.stderr.strip().splitlines()[-1][:120] if done.stderr.strip() else done.returncode}"
    with np.load(found) as told:
        return told["part"], float(told["seconds"])


def _environment(peer: str) -> str | None:
    """The Python of an environment that has the peer, made once."""
    home = (DATA / f"territory-peer-{peer}").resolve()
    python = home / "bin" / "python"
    if not (home / "ready").exists():
        venv.create(home, with_pip=True)
        install = [python, "-m", "pip", "install", "-q", peer, "numpy"]
        try:
            done = subprocess.run(install, capture_output=True, check=False, timeout=PEER_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        if done.returncode:
            return None
        (home / "ready").touch()
    return str(python)
