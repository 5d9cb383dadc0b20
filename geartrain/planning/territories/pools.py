"""The pools that hard rules split a problem into: no account of one may go to a seller of another."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from geartrain.planning.territories.problem import Ints, Problem


def pools_of(problem: Problem) -> Iterator[tuple[Ints, Ints]]:
    """(units, sellers) of each pool, in the order of the units; sellers without accounts come alone, last."""
    kinds, which = np.unique(np.packbits(problem.allowed, axis=1), axis=0, return_inverse=True)
    which = np.asarray(which).ravel()
    patterns = np.unpackbits(kinds, axis=1, count=len(problem.sellers)).astype(np.bool_)
    root = list(range(len(problem.sellers)))

    def find(n: int) -> int:
        while root[n] != n:
            root[n] = root[root[n]]
            n = root[n]
        return n

    for pattern in patterns:
        members = [int(j) for j in np.flatnonzero(pattern)]
        for j in members[1:]:
            one, two = sorted((find(members[0]), find(j)))
            root[two] = one
    roots = np.array([find(j) for j in range(len(root))])
    first = np.array([roots[np.argmax(p)] if p.any() else -1 - n for n, p in enumerate(patterns)], dtype=np.int64)
    pool = first[which]
    for name in dict.fromkeys(pool.tolist()):
        yield np.flatnonzero(pool == name), np.flatnonzero(roots == name)
    for name in sorted(set(roots.tolist()) - set(pool.tolist())):
        yield np.zeros(0, dtype=np.int64), np.flatnonzero(roots == name)
