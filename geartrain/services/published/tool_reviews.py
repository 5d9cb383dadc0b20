"""Tools are reviewed when the process they support changes, before notice is due, and once a year.

A review is a commitment of the tool's business owner. It ends with what it is about: the register is published with
`reviewed_on` and `outcome` of the tool.
Source: the process specification, 3.6.
"""

from __future__ import annotations

from datetime import date, timedelta

from geartrain.kernel.errors import Invalid
from geartrain.process.sales_process import SalesProcess
from geartrain.process.technology import TechnologyRegister, Tool, to_review
from geartrain.services.access import Actor
from geartrain.services.commitments import assignee_of, close_commitment, drop_commitment, open_commitment
from geartrain.services.published import Published
from geartrain.services.workspace import Workspace

REVIEW = "tool_review"
REGISTER = "technology_register"
KINDS = frozenset({"sales_process", REGISTER})


def published(ws: Workspace, actor: Actor, what: Published) -> None:
    """Open the reviews that follow; close those that the register says were held."""
    if what.policy.kind == REGISTER:
        _dated(ws, actor, what)
    elif what.before is not None:
        _of_changed_steps(ws, what)


def _of_changed_steps(ws: Workspace, what: Published) -> None:
    """One for each tool that is bound to a step the new process changes."""
    assert what.before is not None
    before, after = what.before.spec, what.policy.spec
    assert isinstance(before, SalesProcess)
    assert isinstance(after, SalesProcess)
    for name, held in what.held.of(REGISTER).items():
        register: TechnologyRegister = held.spec
        tools = {t.name: t for t in register.tools}
        for tool, steps in to_review(register, before, after).items():
            why = f"{', '.join(steps)} changed in version {what.policy.version} of the sales process"
            source = f"policy/{what.policy.kind}/{what.policy.key}@{what.policy.version}"
            today = ws.calendar.day_of(ws.now())
            _open(ws, tools[tool], register, today, why, source=source, key=f"{_key(name, tool)}/process")


def _dated(ws: Workspace, actor: Actor, what: Published) -> None:
    """The next review of every tool; those of tools that were reviewed are met, of tools that are gone dropped."""
    register: TechnologyRegister = what.policy.spec
    before = {t.name: t for t in what.before.spec.tools} if what.before else {}
    for name in sorted(set(before) - {t.name for t in register.tools}):
        for key in (_key(what.policy.key, name), f"{_key(what.policy.key, name)}/process"):
            drop_commitment(ws, actor, key=key, reason="The tool is no longer registered.")
    for tool in register.tools:
        old, key = before.get(tool.name), _key(what.policy.key, tool.name)
        if old and tool.reviewed_on and tool.reviewed_on != old.reviewed_on:
            for one in (key, f"{key}/process"):
                _held(ws, actor, one)
        elif old and old.review_opens != tool.review_opens:
            drop_commitment(ws, actor, key=key, reason="The day of the review moved.")
        if tool.review_opens:
            why = f"notice is due by {tool.notice}" if tool.notice else "a year has passed since the last review"
            source = f"policy/{REGISTER}/{what.policy.key}@{what.policy.version}"
            _open(ws, tool, register, tool.review_opens, why, source=source, key=key)


def _held(ws: Workspace, actor: Actor, key: str) -> None:
    """A review was held, perhaps before it was due to open."""
    try:
        close_commitment(ws, actor, key=key)
    except Invalid:
        drop_commitment(ws, actor, key=key, reason="It was reviewed before the day came.")


def _open(
    ws: Workspace, tool: Tool, register: TechnologyRegister, opens: date, why: str, *, source: str, key: str
) -> None:
    due = opens + timedelta(days=register.review_days)
    open_commitment(
        ws,
        kind=REVIEW,
        subject=f"tool/{tool.name}",
        title=f"Review {tool.name}: keep, grow, shrink, replace or retire; {why}",
        assignee=assignee_of(ws, tool.business_owner or "revops"),
        due=ws.calendar.instant(due + timedelta(days=1)),
        opened=ws.calendar.instant(opens),
        link="/technology/",
        source=source,
        key=key,
    )


def _key(register: str, tool: str) -> str:
    return f"{REVIEW}/{register}/{tool}"
