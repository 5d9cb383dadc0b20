"""The tutorial, word for word: every command is run, and every line of output that is shown appears."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "README.md"
EXPORT = ROOT.parent / "shared" / "data" / "crm-opportunities"


def blocks():
    """(command, lines of output shown) of every console block, in order; `…` stands for anything."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", TUTORIAL.read_text(encoding="utf-8"), re.S):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, *shown = part.rstrip("\n").split("\n")
            while command.endswith("\\"):
                command = f"{command[:-1]}{shown.pop(0).lstrip()}"
            found.append((command, [line for line in shown if line.strip()]))
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "bin").mkdir()
    (folder / "bin" / "geartrain").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m geartrain "$@"\n')
    (folder / "bin" / "geartrain").chmod(0o755)
    state = {"cwd": folder}
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "COLUMNS": "200",
        "EXPORT": str(EXPORT),
        "GEARTRAIN": str(ROOT),
        "PYTHONPATH": str(ROOT),
    }

    def run(command):
        if command.startswith("cd "):
            state["cwd"] = state["cwd"] / command[3:]
            return ""
        done = subprocess.run(
            ["bash", "-c", command], cwd=state["cwd"], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    return run


def test_every_command_runs_and_says_what_is_shown(run):
    assert len(blocks()) >= 8
    for command, shown in blocks():
        said = plain(run(command))
        for line in shown:
            pattern = ".*".join(re.escape(plain(part)) for part in line.split("…"))
            assert re.search(pattern, said), f"$ {command}\nshows: {line}\nsaid:\n{said}"


def plain(text):
    """Without the lines that tables are drawn with, and runs of spaces as one."""
    return re.sub(r"[\s│┃━─┏┓┗┛┡┩└┘├┤┬┴┼╇┳┻╈]+", " ", text)
