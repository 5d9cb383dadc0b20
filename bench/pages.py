"""Pages under fifty people at once: p95 under 300 ms against the real server on loopback."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from bench.harness import Result, served
from geartrain.services.demo import Demo, build_demo

PEOPLE, EACH, PAUSE = 50, 12, 1.0
PAGES = ("/overview/", "/pipeline/", "/funnel/", "/productivity/", "/metrics/", "/quality/", "/loads/")
ROLES = ("head_of_sales", "manager", "revops", "finance")


def run() -> Iterator[Result]:
    """Fifty people in four roles who open a page a second, each of the pages in turn; then the reference.

    Every page was opened once by each role since the load: what is measured is a working day, not its first minute.
    """
    with tempfile.TemporaryDirectory() as made:
        demo = build_demo(Path(made) / "demo")
        with served(demo.workspace.path) as address:
            signed_in = [_sign_in(address, demo, role) for role in ROLES]
            for cookies in signed_in:
                for page in PAGES:
                    httpx.get(address + page, cookies=cookies, timeout=60).raise_for_status()
            taken = _visits(address, signed_in, PAGES)
            static = _visits(address, signed_in, ("/api/v1/health",))
    times = [t for _, t in taken]
    by_page = {page: statistics.median(t for p, t in taken if p == page) for page in PAGES}
    slowest = max(by_page, key=by_page.__getitem__)
    note = (
        f"median {statistics.median(times) * 1000:.0f} ms of {len(times)}; slowest {slowest}, median"
        f" {by_page[slowest] * 1000:.0f} ms; load average {os.getloadavg()[0]:.1f}"
    )
    size, base = f"{PEOPLE} people at once", _p95([t for _, t in static])
    yield Result("pages: p95, beside the health route", size, _p95(times), base, 0.3, note, absolute=True)


def _visits(address: str, signed_in: list[httpx.Cookies], pages: tuple[str, ...]) -> list[tuple[str, float]]:
    """Each page opened and the seconds it took."""

    def person(number: int) -> list[tuple[str, float]]:
        found = []
        with httpx.Client(base_url=address, cookies=signed_in[number % len(signed_in)], timeout=30) as client:
            time.sleep(number / PEOPLE * PAUSE)
            for n in range(EACH):
                start, page = time.perf_counter(), pages[(number + n) % len(pages)]
                client.get(page).raise_for_status()
                found.append((page, time.perf_counter() - start))
                time.sleep(max(0.0, PAUSE - found[-1][1]))
        return found

    with ThreadPoolExecutor(PEOPLE) as pool:
        return [visit for visits in pool.map(person, range(PEOPLE)) for visit in visits]


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _sign_in(address: str, demo: Demo, role: str) -> httpx.Cookies:
    with httpx.Client(base_url=address, follow_redirects=True, timeout=30) as client:
        client.get("/sign-in/")
        token = client.cookies["csrftoken"]
        email, password = demo.sign_in(role)
        client.post(
            "/sign-in/",
            data={"login": email, "password": password, "csrfmiddlewaretoken": token},
            headers={"Referer": f"{address}/sign-in/"},
        ).raise_for_status()
        return client.cookies
