"""What PyPI has for territories, run in an environment of its own: `python territories_peers.py NAME IN.npz OUT.npz`.

Each gives a part (0 to J − 1) to every account; none of them knows what a seller costs, so parts go to sellers after.
"""

from __future__ import annotations

import sys
import time

import numpy as np


def metis(places, weights, parts):
    """pymetis: a cut of the graph of nearest neighbours, parts of equal potential."""
    import pymetis

    around = _neighbours(places, 8)
    scaled = np.maximum(1, np.round(weights[:, 1] / weights[:, 1].sum() * 1e6)).astype(int)
    return pymetis.part_graph(parts, adjacency=around, vweights=scaled.tolist())[1]


def kmeans(places, weights, parts):
    """k-means-constrained: centres of places, so many accounts each."""
    from k_means_constrained import KMeansConstrained

    size = len(places) / parts
    model = KMeansConstrained(parts, size_min=int(0.9 * size), size_max=int(1.1 * size) + 1, random_state=1, n_init=1)
    return model.fit_predict(places)


def b2b(places, weights, parts):
    """b2b-territory-optimization: the largest account to the poorest territory, one measure."""
    import pandas as pd
    from b2b_territory_optimization import TerritoryAllocator

    frame = pd.DataFrame({"Account_ID": [str(n) for n in range(len(places))], "Estimated_TAM": weights[:, 1]})
    done = TerritoryAllocator().allocate_bucket(frame, parts, "all")
    return done.sort_index()["Territory_ID"].str.rsplit("_", n=1).str[1].astype(int).to_numpy() - 1


def spopt(places, weights, parts):
    """spopt: regions of joined neighbours around as many seeds."""
    import libpysal
    from spopt.region import RegionKMeansHeuristic

    graph = libpysal.weights.KNN.from_array(places, k=8)
    graph = libpysal.weights.util.symmetrize(graph) if hasattr(libpysal.weights.util, "symmetrize") else graph
    model = RegionKMeansHeuristic(np.hstack([places, np.log1p(weights)]), parts, graph)
    model.solve()
    return model.labels_


def _neighbours(places, count):
    around = [set() for _ in places]
    for n in range(len(places)):
        apart = ((places - places[n]) ** 2).sum(axis=1)
        for m in np.argpartition(apart, count)[: count + 1]:
            if m != n:
                around[n].add(int(m))
                around[int(m)].add(n)
    return [sorted(s) for s in around]


if __name__ == "__main__":
    name, source, goal = sys.argv[1:4]
    given = np.load(source)
    begun = time.perf_counter()
    part = {"pymetis": metis, "k-means-constrained": kmeans, "b2b-territory-optimization": b2b, "spopt": spopt}[name](
        given["places"], given["weights"], int(given["parts"])
    )
    np.savez(goal, part=np.asarray(part, dtype=np.int64), seconds=time.perf_counter() - begun)
