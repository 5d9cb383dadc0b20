"""The demo: the sample company in a workspace, every gear run once, its people able to sign in."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import geartrain.sample
from geartrain.kernel.errors import Conflict
from geartrain.kernel.periods import Grain
from geartrain.sample import PEOPLE, documents, goals_policy, write_sample
from geartrain.services.access import operator
from geartrain.services.demo_calls import hold_calls
from geartrain.services.demo_pay import pay_quarter
from geartrain.services.governance import (
    acknowledge_policy,
    approve_policy,
    list_policies,
    propose_policy,
    publish_policy,
    to_acknowledge,
)
from geartrain.services.governance.checking import names_of
from geartrain.services.governance.reading import PUBLISHED
from geartrain.services.packs.decisions import add_decision
from geartrain.services.packs.life import freeze_pack, list_packs
from geartrain.services.people import actor_of, create_user, list_users, set_password
from geartrain.services.planning.quotas_issue import (
    acknowledge_quota,
    issue_quotas,
    my_letter,
    quotas_are_issued,
    seal_of,
)
from geartrain.services.records.loading import load_records
from geartrain.services.records.quality import check_records
from geartrain.services.view import last_day
from geartrain.services.workspace import SETTINGS, Workspace, init_workspace, open_workspace

Progress = Callable[..., None]
PAID_FROM = date(2026, 1, 1)  # the sample's plans are of that year


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
    people = _people(ws, password, progress)
    _govern(ws, progress)
    _plan(ws, progress)
    _forecast(ws, progress)
    _review(ws, progress)
    pay_quarter(ws, progress)
    return Demo(ws, people, password, counts, findings, not made)


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


def _govern(ws: Workspace, progress: Progress) -> None:
    """Publish how the company sells: RevOps writes, the head of sales approves, and most have read it."""
    by = {person.role: actor_of(ws, person.email) for person in PEOPLE}
    writes, approves = by["revops"], by["head_of_sales"]
    texts = [("corporate_goals.yaml", goals_policy()), *documents()]
    known = {(r.kind, r.key) for r in list_policies(ws, operator()) if r.source == PUBLISHED}
    for n, (where, text) in enumerate(texts):
        kind, key = names_of(text, where)
        if (kind, key) not in known:
            name = {"kind": kind, "key": key}
            propose_policy(ws, writes, text=text, summary="For the year.", where=where)
            approve_policy(ws, approves, **name)
            publish_policy(ws, writes, **name, effective_from=PAID_FROM if kind == "comp_plan" else None)
        progress("Publishing how it sells", n + 1, len(texts))
    for reader in ("head_of_sales", "manager", "revops"):
        for waiting in to_acknowledge(ws, by[reader]):
            acknowledge_policy(ws, by[reader], kind=waiting.kind, key=waiting.key, sha256=waiting.sha256)


def _plan(ws: Workspace, progress: Progress) -> None:
    """Hand the year's goal down to quotas in force, and have one of those who sign in sign her letter."""
    by = {person.role: actor_of(ws, person.email) for person in PEOPLE}
    progress("Handing out quotas", 0, 1)
    if not quotas_are_issued(ws):
        issue_quotas(ws, by["revops"])
        ann = next(actor_of(ws, p.email) for p in PEOPLE if p.name.startswith("Ann"))
        acknowledge_quota(ws, ann, seal=seal_of(my_letter(ws, ann)))
    progress("Handing out quotas", 1, 1)


def _forecast(ws: Workspace, progress: Progress) -> None:
    """Three years of weekly calls; this week's is open, and those one signs in as have yet to speak."""
    by = {person.role: person for person in PEOPLE}
    quiet = [person.user_id for person in PEOPLE]
    hold_calls(ws, actor_of(ws, by["revops"].email), quiet=quiet, progress=progress)


def _review(ws: Workspace, progress: Progress) -> None:
    """Freeze the review of the last whole quarter, with a decision that is still open."""
    actor = next(actor_of(ws, p.email) for p in PEOPLE if p.role == "revops")
    if list_packs(ws, actor):
        return
    quarter = ws.calendar.containing(last_day(ws, actor), Grain.quarter)
    end = quarter.start - timedelta(days=1)
    said = {"results": ["Enterprise in the east closed early; Europe waited for its new manager."]}
    frozen = freeze_pack(ws, actor, template="qbr", as_of=end, narrative=said, progress=progress)
    due = ws.calendar.day_of(ws.now()) + timedelta(days=21)
    text = "Hire two account executives for Europe Enterprise."
    add_decision(ws, actor, pack=frozen.id, text=text, owner="head-of-sales", due=due)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
