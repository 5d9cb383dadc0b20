"""The served process: starts, says where, stops cleanly, leaves nobody behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from geartrain.cli.serve import free_port, serve_site
from geartrain.kernel.errors import Conflict, Invalid
from tests.web.conftest import serving


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(p) for p in found.stdout.split()]


def gone(pids, seconds=15):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(alive(p) for p in pids):
            return True
        time.sleep(0.1)
    return False


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_ends_with_all_of_its_processes(how, company):
    with serving(company.ws.path) as (url, process):
        assert httpx.get(f"{url}/api/v1/health").json()["status"] == "ok"
        workers = children(process.pid)
        assert workers
        os.kill(process.pid, how)
        output, _ = process.communicate(timeout=20)
        if how is not signal.SIGKILL:
            assert process.returncode == 0
            assert "Traceback" not in output
        assert gone(workers)


def test_another_machine_needs_tls(company):
    with pytest.raises(Invalid, match="in clear"):
        serve_site(company.ws, host="0.0.0.0")


def test_a_port_that_is_taken_is_said(served):
    with pytest.raises(Conflict):
        free_port("127.0.0.1", int(served.rsplit(":", 1)[1]))
    assert free_port("127.0.0.1", 0) > 0


def test_is_told_on_the_command_line_without_a_traceback(company):
    command = [sys.executable, "-m", "geartrain", "serve", "--host", "0.0.0.0", "-w", str(company.ws.path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "--tls-cert" in done.stderr
    assert "Traceback" not in done.stderr
