"""Pages under fifty people at once: p95 under 300 ms against the real server on loopback."""

from __future__ import annotations

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


def run() -> Iterator[Result]:
    """Fifty signed-in people who open a page a second, each of the pages in turn; then the reference."""
    with tempfile.TemporaryDirectory() as made:
        demo = build_demo(Path(made) / "demo")
        with served(demo.workspace.path) as address:
            cookies = _sign_in(address, demo)
            for page in PAGES:
                httpx.get(address + page, cookies=cookies, timeout=60)
            taken = _visits(address, cookies, PAGES)
            static = _visits(address, cookies, ("/api/v1/health",))
    p95, base = _p95(taken), _p95(static)
    note = f"median {statistics.median(taken) * 1000:.0f} ms, {len(taken)} pages; health route p95 {base * 1000:.0f} ms"
    yield Result("pages: p95", f"{PEOPLE} people at once", p95, None, 0.3, note)


def _visits(address: str, cookies: httpx.Cookies, pages: tuple[str, ...]) -> list[float]:
    def person(number: int) -> list[float]:
        found = []
        with httpx.Client(base_url=address, cookies=cookies, timeout=30) as client:
            time.sleep(number / PEOPLE * PAUSE)
            for n in range(EACH):
                start = time.perf_counter()
                client.get(pages[(number + n) % len(pages)]).raise_for_status()
                found.append(time.perf_counter() - start)
                time.sleep(max(0.0, PAUSE - found[-1]))
        return found

    with ThreadPoolExecutor(PEOPLE) as pool:
        return [t for times in pool.map(person, range(PEOPLE)) for t in times]


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def _sign_in(address: str, demo: Demo) -> httpx.Cookies:
    with httpx.Client(base_url=address, follow_redirects=True, timeout=30) as client:
        client.get("/sign-in/")
        token = client.cookies["csrftoken"]
        email, password = demo.sign_in("head_of_sales")
        client.post(
            "/sign-in/",
            data={"login": email, "password": password, "csrfmiddlewaretoken": token},
            headers={"Referer": f"{address}/sign-in/"},
        ).raise_for_status()
        return client.cookies
