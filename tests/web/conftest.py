"""One workspace with a small company, the site configured for it, and people to sign in as."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from geartrain import web
from geartrain.services.workspace import Workspace, init_workspace
from tests.web.cast import PASSWORD, PEOPLE, add_people, load_cast

DESELECTED = pytest.StashKey[int]()


@dataclass(frozen=True)
class Site:
    """The company's workspace and what there is in it."""

    ws: Workspace
    load_id: str


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Site:
    ws = init_workspace(tmp_path_factory.mktemp("web") / "company", name="Meshed & Sons")
    load_id = load_cast(ws)
    web.configure(ws)
    # Hashing slowly is the point of argon2; here it would only cost time.
    add_people(ws)
    return Site(ws, load_id)


@pytest.fixture
def site(company: Site) -> Site:
    """The site, pointed at the company again in case another test opened another store."""
    from django.core.cache import cache

    web.configure(company.ws)
    cache.clear()
    return company


@pytest.fixture
def sign_in(site: Site) -> Callable[..., Any]:
    """A browser of Django's, signed in as somebody of the cast, or a stranger's."""

    def signed(login: str | None = None, *, csrf: bool = False) -> Any:
        from django.test import Client

        from geartrain.stores.decisions.models import User

        client = Client(HTTP_HOST="localhost", enforce_csrf_checks=csrf)
        if login:
            user = User.objects.get(email=login if "@" in login else f"{login}@example.com")
            client.force_login(user)
        return client

    return signed


@pytest.fixture(params=[*PEOPLE])
def login(request: pytest.FixtureRequest) -> str:
    """Everyone of the cast in turn."""
    return str(request.param)


@pytest.fixture(scope="session")
def served(company: Site) -> Iterator[str]:
    """The address of a real server for the company, stopped afterwards."""
    # Its log would fill a pipe that nobody reads, and then it would wait for ever.
    with serving(company.ws.path, errors=subprocess.DEVNULL) as (url, _):
        yield url


class serving:
    """A `geartrain serve` in a process of its own: (address, process)."""

    def __init__(self, path: Path, *, port: int = 0, errors: int = subprocess.STDOUT) -> None:
        self.path, self.port, self.errors = path, port, errors

    def __enter__(self) -> tuple[str, subprocess.Popen[str]]:
        command = [sys.executable, "-m", "geartrain", "serve", "--port", str(self.port), "--workspace", str(self.path)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=self.errors, text=True, env=os.environ | {"COLUMNS": "200"}
        )
        said = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said.append(line)
            if found := re.search(r"https?://\S+/", line):
                return found[0].rstrip("/"), self.process
        raise AssertionError("The server did not start:\n" + "".join(said))

    def __exit__(self, *what: Any) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=30)


@pytest.fixture
def password() -> str:
    return PASSWORD


def browser() -> str | None:
    """Chromium on this machine: the one CHROMIUM names, or one on the path."""
    asked = os.environ.get("CHROMIUM")
    names = [asked] if asked else ["chromium", "chromium-browser", "google-chrome"]
    return next((found for name in names if (found := shutil.which(name))), None)


@pytest.fixture(scope="module")
def chromium(served: str) -> Iterator[Any]:
    # Its driver runs an event loop in this thread, where Django's ORM refuses to work: it ends with the module, and
    # whatever writes to the store comes before it.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=browser(), args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without a browser its tests are not chosen; one line at the end says so."""
    if browser() is None:
        left = [i for i in items if i.get_closest_marker("browser")]
        items[:] = [i for i in items if not i.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=left)
        config.stash[DESELECTED] = len(left)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if count := config.stash.get(DESELECTED, 0):
        terminalreporter.write_line(f"{count} browser tests left out: no Chromium here (apt-get install chromium).")
