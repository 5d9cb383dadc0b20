"""granian, serving the site: one supervisor and one worker with threads, so that requests share what is remembered."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from ssl import CERT_NONE, create_default_context
from typing import Any

from granian.constants import Interfaces
from granian.server import Server

from geartrain.services.workspace import Workspace

# How the worker, a new process, learns what it serves.
WORKSPACE, SECURE = "GEARTRAIN_WORKSPACE", "GEARTRAIN_SECURE"
SECONDS_TO_START, SECONDS_TO_STOP = 60, 10
SWITCH = 0.0005  # seconds a thread computes while others wait


def run(
    ws: Workspace,
    *,
    host: str,
    port: int,
    threads: int,
    secure: bool,
    tls: tuple[Path, Path] | None,
    ready: Callable[[], None],
) -> None:
    """Serve until SIGTERM or SIGINT. `ready` is called once, when the site answers."""
    os.environ[WORKSPACE] = str(ws.path)
    os.environ[SECURE] = "1" if secure else ""
    logging.getLogger("_granian").setLevel(logging.WARNING)
    server = Server(
        "geartrain.web.server:make",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        backlog=1024,
        factory=True,
        log_level="error",
        workers_kill_timeout=SECONDS_TO_STOP,
        process_name=None,
        **({"ssl_cert": tls[0], "ssl_key": tls[1]} if tls else {}),
    )
    named = f"[{host}]" if ":" in host else host
    url = f"{'https' if tls else 'http'}://{named}:{port}/api/v1/health"
    threading.Thread(target=_announce, args=(url, ready), daemon=True).start()
    server.serve()


def make() -> Any:
    """The application, in the worker."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # A request gives the interpreter up at every statement to the store; with the default of 5 ms it would wait that
    # long each time while another thread computes.
    sys.setswitchinterval(SWITCH)
    from geartrain.web import application, workspace
    from geartrain.web.warm import keep_warm

    made = application(secure=bool(os.environ.get(SECURE)))
    keep_warm(workspace())
    return made


def _announce(url: str, ready: Callable[[], None]) -> None:
    """Wait until the site answers, then say so."""
    trust = create_default_context()
    trust.check_hostname, trust.verify_mode = False, CERT_NONE
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=5, context=trust):
                pass
        except urllib.error.HTTPError:
            # A 400 for a host that is not in the settings is an answer too.
            pass
        except OSError:
            time.sleep(0.05)
            continue
        ready()
        return


def _end_with_parent() -> None:
    """Stop when the supervisor is gone, however it went: no worker is left behind."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(SECONDS_TO_STOP)
        os._exit(1)
