"""The demo: the sample company in a workspace, every gear run once, its people able to sign in."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import geartrain.sample
from geartrain.kernel.errors import Conflict
from geartrain.sample import PEOPLE, goals_policy, write_sample
from geartrain.services.access import operator
from geartrain.services.loading import load_records
from geartrain.services.people import create_user, list_users, set_password
from geartrain.services.quality import check_records
from geartrain.services.workspace import SETTINGS, Workspace, init_workspace, open_workspace

Progress = Callable[..., None]


@dataclass(frozen=True)
class Demo:
    """A demo that can be served.

    Args:
        people: (e-mail, name, role) of everyone who may sign in, all with `password`.
        counts: Record type to records loaded, quarantined and repeated.
        findings: How many things the check found.
    """

    workspace: Workspace
    people: tuple[tuple[str, str, str], ...]
    password: str
    counts: dict[str, dict[str, int]]
    findings: int
    built: bool

    def sign_in(self, role: str) -> tuple[str, str]:
        """E-mail and password of the first person with a role."""
        return next(email for email, _, r in self.people if r == role), self.password


def build_demo(folder: Path, *, progress: Progress = lambda *_, **__: None) -> Demo:
    """Make the demo's workspace, or open the one that is there; its people get a new password either way.

    Raises:
        Conflict: the folder holds something else.
    """
    folder = folder.expanduser().resolve()
    made = (folder / SETTINGS).exists()
    if not made and folder.exists() and any(folder.iterdir()) and not (folder / ".demo").exists():
        raise Conflict(f"{folder} holds something else.", hint="Name another folder for the demo.")
    counts = {} if made else _fill(folder, progress)
    ws = open_workspace(folder)
    progress("Checking the records", 0, 1)
    findings = len(check_records(ws, operator()).findings)
    progress("Checking the records", 1, 1)
    password = secrets.token_urlsafe(9)
    return Demo(ws, _people(ws, password, progress), password, counts, findings, not made)


def _fill(folder: Path, progress: Progress) -> dict[str, dict[str, int]]:
    """Everything beside the folder first: killed at any point, the next run starts over."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".demo").touch()
    export = folder / "export"
    write_sample(export, progress=progress)
    (folder / "policies").mkdir(exist_ok=True)
    (folder / "policies" / "corporate_goals.yaml").write_text(goals_policy(), encoding="utf-8")
    for plan_file in sorted((Path(geartrain.sample.__file__).parent / "plans").glob("*.yaml")):
        shutil.copy(plan_file, folder / "policies" / plan_file.name)
    draft = folder / "draft"
    _remove(draft)
    ws = init_workspace(draft, name="Meridian Instruments", currency="USD", time_zone="America/New_York")
    counts = load_records(ws, operator("demo"), location=str(export), progress=progress).as_json()["types"]
    _remove(folder / "data")
    (draft / "data").rename(folder / "data")
    (draft / SETTINGS).rename(folder / SETTINGS)
    _remove(draft)
    return counts


def _people(ws: Workspace, password: str, progress: Progress) -> tuple[tuple[str, str, str], ...]:
    known = {p.email for p in list_users(ws, operator())}
    for n, person in enumerate(PEOPLE):
        if person.email in known:
            set_password(ws, operator(), email=person.email, password=password)
        else:
            create_user(
                ws,
                operator("demo"),
                email=person.email,
                name=person.name,
                roles=[person.role],
                user_id=person.user_id,
                password=password,
            )
        progress("Letting people in", n + 1, len(PEOPLE))
    return tuple((p.email, p.name, str(p.role)) for p in PEOPLE)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
