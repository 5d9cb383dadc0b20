"""What a benchmark is: a figure, its reference, the bar it must reach, and how it is measured."""

from __future__ import annotations

import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DATA = Path(os.environ.get("BENCH_DATA", "bench-data"))
ROWS = int(os.environ.get("BENCH_ROWS", 10_000_000))


@dataclass(frozen=True)
class Result:
    """One line of the table.

    Args:
        seconds: Ours, the median of the runs.
        reference: The same question asked by hand, in the same run; None where the bar is absolute.
        bar: The ratio, or the seconds where there is no reference, that must not be passed; None to report only.
        note: Peak memory, percentiles, row counts.
    """

    name: str
    size: str
    seconds: float
    reference: float | None = None
    bar: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over the reference."""
        return self.seconds / self.reference if self.reference else None

    @property
    def reached(self) -> bool | None:
        """Whether the bar is reached; None without one."""
        if self.bar is None:
            return None
        return (self.ratio if self.reference is not None else self.seconds) <= self.bar


def median_seconds(work: Callable[[], object], *, runs: int = 5) -> float:
    """The median of so many runs, after one to warm up."""
    work()
    return statistics.median(_timed(work) for _ in range(runs))


def paired_seconds(ours: Callable[[], object], theirs: Callable[[], object], *, runs: int = 7) -> tuple[float, float]:
    """Medians of both, run in turn so that both see the same machine."""
    ours(), theirs()
    pairs = [(_timed(ours), _timed(theirs)) for _ in range(runs)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run_apart(command: Sequence[str]) -> tuple[float, float]:
    """Run a command in a process of its own: (seconds, peak resident memory in GiB)."""
    script = (
        "import resource, subprocess, sys, time\n"
        "t = time.perf_counter()\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
        "print(time.perf_counter() - t, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
        "sys.exit(done.returncode)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    seconds, kib = done.stdout.split()
    return float(seconds), int(kib) / 2**20


def geartrain(*arguments: str) -> list[str]:
    """The command line of this environment."""
    return [sys.executable, "-m", "geartrain", *arguments]


def peak_gib() -> float:
    """Peak resident memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """The real server of a workspace on a free loopback port: its address; stopped when the block is left."""
    command = geartrain("serve", "-w", str(workspace), "--port", "0")
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        said = ""
        for line in server.stdout:
            said += line
            if found := re.search(r"http://[^\s]+:\d+", said):
                yield found[0]
                break
        else:
            raise RuntimeError(f"The server did not start: {said}")
    finally:
        server.terminate()
        server.wait(20)
