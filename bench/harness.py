"""What a benchmark is: a figure, its reference, the bar it must reach, and how it is measured."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STATED = 10_000_000
LONGEST = 300.0  # seconds that a server may run
DATA = Path(os.environ.get("BENCH_DATA", "bench-data"))
ROWS = int(os.environ.get("BENCH_ROWS", STATED))


@dataclass(frozen=True)
class Result:
    """One line of the table.

    Args:
        seconds: Ours, the median of the runs.
        reference: The same question asked by hand, in the same run; None where there is none.
        bar: What must not be passed: by the ratio where there is a reference, else by the figure; None to report.
        absolute: The bar is one of the figure although there is a reference beside it.
        unit: Of the figures, "s" or "GiB".
        note: Percentiles, row counts.
    """

    name: str
    size: str
    seconds: float
    reference: float | None = None
    bar: float | None = None
    note: str = ""
    absolute: bool = False
    unit: str = "s"

    @property
    def ratio(self) -> float | None:
        """Ours over the reference."""
        return self.seconds / self.reference if self.reference else None

    @property
    def reached(self) -> bool | None:
        """Whether the bar is reached; None without one."""
        if self.bar is None:
            return None
        measured = self.seconds if self.absolute or self.ratio is None else self.ratio
        return measured <= self.bar

    @property
    def stated_bar(self) -> str:
        """The bar for people: `1.15 ×` of the reference, or `30 s`."""
        if self.bar is None:
            return ""
        return f"{self.bar:g} {self.unit}" if self.absolute or self.reference is None else f"{self.bar:g} ×"


def stated(bar: float) -> float | None:
    """A bar that holds at the size the specification names; with fewer rows figures are only reported."""
    return bar if ROWS >= STATED else None


def compared(ours: Callable[[], object], theirs: Callable[[], object], *, runs: int = 7) -> tuple[float, float]:
    """Medians of both, run in turn so that both see the same machine.

    Raises:
        RuntimeError: they do not answer the same, so their times say nothing.
    """
    mine, reference = ours(), theirs()
    if mine != reference:
        raise RuntimeError(f"Two answers to one question: {str(mine)[:500]} and by hand {str(reference)[:500]}")
    pairs = [(_timed(ours), _timed(theirs)) for _ in range(runs)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def views(snapshot: Any, *names: str) -> Any:
    """The engine's own connection, with the tables of a snapshot as views: for questions by hand on the same files."""
    con = snapshot.con.con
    for name in names:
        con.execute(f'create or replace temp view "{name}" as {snapshot.con.compile(snapshot.table(name))}')
    return con


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


@contextmanager
def served(workspace: Path) -> Iterator[str]:
    """The real server of a workspace on a free loopback port: its address; stopped when the block is left."""
    command = geartrain("serve", "-w", str(workspace), "--port", "0")
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    # A server that says nothing, or a benchmark that hangs, ends all the same.
    late = threading.Timer(LONGEST, server.kill)
    late.start()
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
        late.cancel()
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
