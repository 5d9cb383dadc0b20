"""Policies: what is decided in advance, by whom, from when on; written, reviewed, published and acknowledged here."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from geartrain.kernel.errors import Conflict, Forbidden, GeartrainError, Invalid, NotFound
from geartrain.kernel.issues import Level
from geartrain.kernel.policy.template import template
from geartrain.kernel.prose import Passage, Told
from geartrain.services import governance as use
from geartrain.services.access import Permission
from geartrain.services.changes.backtests import Tried, backtest_policy, deciders
from geartrain.services.governance.reading import SHIPPED
from geartrain.services.policies import known_kind, parsed_text, policy_kinds
from geartrain.services.view import parse_day
from geartrain.web.exports import exported
from geartrain.web.registry import Group, Page, Route
from geartrain.web.tables import Col, Table, make_table
from geartrain.web.tasks import Task, get_task, start_task
from geartrain.web.trials import MOST_TRIED, changes_table, figures_table

STATUSES = {
    "in force": "good", "published": "good", "approved": "info", "in_review": "warn", "draft": "info",
    "superseded": "", "retired": "bad",
}  # fmt: skip
LONGEST = 2_000


def policies(request: Any) -> HttpResponse:
    """Every policy, and what waits for the one who looks."""
    ws, actor = request.workspace, request.actor
    kind, status = request.GET.get("kind", "")[:100], request.GET.get("status", "")[:40]
    every = use.list_policies(ws, actor)
    shown = [p for p in every if kind in ("", p.kind) and status in ("", p.status, p.open_status)]
    table = _listed(request, shown)
    if (file := exported(request, table)) is not None:
        return file
    review = [p for p in every if p.open_status == "in_review"] if actor.may(Permission.approve_policies) else []
    context = {
        "table": table,
        "kinds": sorted({p.kind for p in every}),
        "statuses": [s for s in STATUSES if any(s in (p.status, p.open_status) for p in every)],
        "kind": kind,
        "status": status,
        "review": [(p, _authors(request, p)) for p in review],
        "ready": [p for p in every if p.open_status == "approved"] if actor.may(Permission.publish_policies) else [],
        "to_read": use.to_acknowledge(ws, actor),
        "creatable": policy_kinds().values() if actor.may(Permission.edit_policies) else (),
    }
    return render(request, "pages/policies.html", context)


def policy(request: Any, kind: str, key: str) -> HttpResponse:
    """One policy as it is read: where it stands, what may be done, its text, its versions."""
    ws, actor = request.workspace, request.actor
    detail = use.get_policy(ws, actor, kind=kind, key=key, version=_version(request.GET.get("version")))
    info, latest = detail.info, detail.versions[0] if detail.versions else None
    versions = _versions(request, detail)
    waiting = next((t for t in use.to_acknowledge(ws, actor) if (t.kind, t.key) == (kind, key)), None)
    mine = latest is not None and actor.login in latest.authors
    context = {
        "detail": detail,
        "info": info,
        "latest": latest,
        "status": str(info.status) if info else "in force",
        "badge": STATUSES.get(str(info.status) if info else "in force", ""),
        "what": known_kind(kind).doc,
        "issues": use.check_policy(ws, actor, text=detail.body, where=detail.where) if latest else [],
        "versions": versions,
        "people": _people(request, detail),
        "waiting": waiting,
        "mine": mine,
        "shown_is_open": latest is not None and latest.version == detail.version and latest.published_at is None,
        "deciding": kind in deciders(),
        "ships": detail.source == SHIPPED,
        "passages": _passages(detail),
    }
    return exported(request, versions) or render(request, "pages/policy.html", context)


def edit(request: Any, kind: str, key: str) -> HttpResponse:
    """The text, checked as it is written; kept as a draft or proposed."""
    if request.method == "POST":
        return _kept(request)
    latest = _latest(request, kind, key)
    text = latest.body if latest else template(known_kind(kind), key)
    open_ = latest is not None and latest.info is not None and latest.info.published_at is None
    context = {
        "kind": kind,
        "key": key,
        "text": text,
        "replaces": latest.sha256 if latest and open_ else "",
        "summary": latest.info.summary if latest and latest.info and open_ else "",
        "is_new": latest is None,
        **_checked(request, text, kind, key),
    }
    return render(request, "pages/policy_edit.html", context)


def check(request: Any) -> HttpResponse:
    """What is wrong in a text, and what it changes; for the editor, while somebody writes."""
    text = _text(request)
    return render(request, "components/policy_check.html", _checked(request, text, *_names(text)))


def new(request: Any) -> HttpResponse:
    """To the editor with a first text of a kind."""
    kind, key = request.GET.get("kind", "")[:100], request.GET.get("key", "").strip()[:100] or "default"
    known_kind(kind)
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", key):
        messages.error(request, f"'{key}' is no key. A letter, then small letters, digits, - and _.")
        return HttpResponseRedirect(reverse("policies"))
    return HttpResponseRedirect(reverse("edit-policy", args=[kind, key]))


def diff(request: Any, kind: str, key: str) -> HttpResponse:
    """What differs between two versions."""
    asked = {n: _version(request.GET.get(n)) for n in ("old", "new")}
    found = use.diff_policies(request.workspace, request.actor, kind=kind, key=key, **asked)
    detail = use.get_policy(request.workspace, request.actor, kind=kind, key=key, version=asked["new"])
    rows = [{"path": c.path, "change": c.change, "old": _shown(c.old), "new": _shown(c.new)} for c in found.changes]
    columns = (
        Col("path", "Where", wide=True),
        Col("change", "How", badge={"added": "good", "removed": "bad", "changed": "info"}),
        Col("old", "Before", wide=True, sortable=False),
        Col("new", "After", wide=True, sortable=False),
    )
    table = make_table(
        request, name="changes", columns=columns, rows=rows, caption="What differs", empty="Every value is the same."
    )
    context = {"detail": detail, "found": found, "table": table}
    return exported(request, table) or render(request, "pages/policy_diff.html", context)


def propose(request: Any, kind: str, key: str) -> HttpResponse:
    """Ask for approval."""
    summary = request.POST.get("summary", "")[:LONGEST]
    return _moved(request, kind, key, lambda **n: use.propose_policy(**n, summary=summary), "It waits for approval.")


def withdraw(request: Any, kind: str, key: str) -> HttpResponse:
    """Take it back to draft."""
    return _moved(request, kind, key, use.withdraw_policy, "It is a draft again.")


def approve(request: Any, kind: str, key: str) -> HttpResponse:
    """Say yes to the text that was read."""
    digest, comment = request.POST.get("sha256", "")[:64], request.POST.get("comment", "")[:LONGEST]
    return _moved(request, kind, key, lambda **n: use.approve_policy(**n, sha256=digest, comment=comment), "Approved.")


def reject(request: Any, kind: str, key: str) -> HttpResponse:
    """Send it back."""
    digest, reason = request.POST.get("sha256", "")[:64], request.POST.get("comment", "")[:LONGEST]
    return _moved(
        request, kind, key, lambda **n: use.reject_policy(**n, sha256=digest, reason=reason), "Sent back to its author."
    )


def publish(request: Any, kind: str, key: str) -> HttpResponse:
    """Put it in force."""
    asked = request.POST

    def work(**named: Any) -> Any:
        day = asked.get("effective_from", "")
        since = parse_day(day) if day else None
        return use.publish_policy(**named, effective_from=since, material=asked.get("editorial") != "1")

    return _moved(request, kind, key, work, "Published.")


def retire(request: Any, kind: str, key: str) -> HttpResponse:
    """End it."""
    asked = request.POST

    def work(**named: Any) -> Any:
        day = asked.get("effective_to", "")
        return use.retire_policy(
            **named, reason=asked.get("reason", "")[:LONGEST], effective_to=parse_day(day) if day else None
        )

    return _moved(request, kind, key, work, "Retired.")


def acknowledge(request: Any, kind: str, key: str) -> HttpResponse:
    """Say that one has read it."""
    digest = request.POST.get("sha256", "")[:64]
    return _moved(
        request, kind, key, lambda **n: use.acknowledge_policy(**n, sha256=digest), "Noted: you have read it."
    )


def backtest(request: Any, kind: str, key: str) -> HttpResponse:
    """Replay history under the latest text, as a task."""
    ws, actor = request.workspace, request.actor
    detail, asked = _latest(request, kind, key), request.POST
    if detail is None:
        raise NotFound("There is no such policy.")
    days = {n: parse_day(asked[n]) for n in ("since", "until") if asked.get(n)}

    def work(task: Task) -> Tried:
        task.report("Replaying history under the draft")
        return backtest_policy(ws, actor, text=detail.body, where=detail.where, limit=MOST_TRIED, **days)

    task = start_task(actor, f"Backtest of {detail.name}", work, page="policy-task", kind=kind, key=key)
    return HttpResponseRedirect(task.url)


def task_page(request: Any, task_id: str) -> HttpResponse:
    """How far a backtest is; then what differs."""
    task = get_task(request.actor, task_id)
    context: dict[str, Any] = {"task": task}
    if isinstance(task.result, Tried):
        table = changes_table(request, task.result)
        if (file := exported(request, table)) is not None:
            return file
        context |= {"tried": task.result, "table": table, "figures": figures_table(request, task.result)}
    return render(request, "pages/policy_backtest.html", context)


def _listed(request: Any, shown: list[use.PolicyRow]) -> Table:
    rows = [
        {
            "name": p.name,
            "kind": p.kind.replace("_", " "),
            "key": p.key,
            "of": p.kind,
            "owner": p.owner,
            "version": p.version,
            "status": p.status.replace("_", " "),
            "open": f"version {p.open_version}: {p.open_status.replace('_', ' ')}" if p.open_version else None,
            "source": {"shipped": "ships with Geartrain", "file": "file", "published": "published"}.get(p.source, ""),
            "since": p.effective_from.date() if p.effective_from else None,
            "review_by": p.review_by,
        }
        for p in shown
    ]
    columns = (
        Col("name", "Policy", href=lambda r: reverse("policy", args=[r["of"], r["key"]])),
        Col("kind", "Kind"),
        Col("owner", "Owner"),
        Col("status", "Stands", badge={k.replace("_", " "): v for k, v in STATUSES.items()}),
        Col("open", "Being worked on"),
        Col("source", "From"),
        Col("version", "Version", unit="count"),
        Col("since", "In force since"),
        Col("review_by", "Review by"),
    )
    empty = "No policy like that. Take the filters off, or write the first one."
    return make_table(request, name="policies", columns=columns, rows=rows, caption="Policies", empty=empty)


def _versions(request: Any, detail: use.PolicyDetail) -> Table:
    rows = [
        {
            "version": f"Version {v.version}",
            "number": v.version,
            "status": str(v.status).replace("_", " "),
            "since": v.effective_from.date() if v.effective_from else None,
            "until": v.effective_to.date() if v.effective_to else None,
            "author": ", ".join(v.authors),
            "summary": v.summary or v.reason,
            "weight": ("material" if v.material else "editorial") if v.published_at else None,
            "diff": "what changed" if v.version > 1 else None,
        }
        for v in detail.versions
    ]
    at = reverse("policy", args=[detail.kind, detail.key])
    compared = reverse("policy-diff", args=[detail.kind, detail.key])
    columns = (
        Col("version", "Version", href=lambda r: f"{at}?version={r['number']}", sortable=False),
        Col("status", "Stands", badge={k.replace("_", " "): v for k, v in STATUSES.items()}),
        Col("since", "In force from"),
        Col("until", "Until"),
        Col("author", "Written by"),
        Col("weight", "Change"),
        Col("summary", "What and why", wide=True, sortable=False),
        Col("diff", "Beside the one before", sortable=False, href=lambda r: f"{compared}?{_pair(r['number'])}"),
    )
    return make_table(request, name="versions", columns=columns, rows=rows, caption="Versions")


def _pair(number: int) -> str:
    return urlencode({"old": number - 1, "new": number} if number > 1 else {"new": number})


def _passages(detail: use.PolicyDetail) -> Sequence[Passage]:
    """The policy told to people."""
    policy, _ = parsed_text(detail.body, detail.where)
    return policy.spec.tell() if policy is not None and isinstance(policy.spec, Told) else ()


def _people(request: Any, detail: use.PolicyDetail) -> Table | None:
    said = detail.acknowledgements
    if said is None:
        return None
    rows = [
        {"person": p.name or p.person, "said": "read" if p.version else "not yet", "version": p.version, "at": p.at}
        for p in said.people
    ]
    columns = (
        Col("person", "Person"),
        Col("said", "Stands", badge={"read": "good", "not yet": "warn"}),
        Col("version", "Version", unit="count"),
        Col("at", "When"),
    )
    empty = "Nobody is asked to acknowledge it."
    return make_table(request, name="people", columns=columns, rows=rows, caption="Acknowledged", empty=empty)


def _authors(request: Any, row: use.PolicyRow) -> tuple[str, ...]:
    found = use.get_policy(request.workspace, request.actor, kind=row.kind, key=row.key, version=row.open_version)
    return found.info.authors if found.info else ()


def _latest(request: Any, kind: str, key: str) -> use.PolicyDetail | None:
    """The version that was written last; None where there is nothing of that name yet."""
    known_kind(kind)
    try:
        now = use.get_policy(request.workspace, request.actor, kind=kind, key=key)
    except NotFound:
        return None
    last = now.versions[0].version if now.versions else None
    return now if last is None else use.get_policy(request.workspace, request.actor, kind=kind, key=key, version=last)


def _checked(request: Any, text: str, kind: str, key: str) -> dict[str, Any]:
    """What is wrong in a text, and its difference from the text before."""
    ws, actor = request.workspace, request.actor
    try:
        issues = use.check_policy(ws, actor, text=text, where="line")
    except Invalid as error:
        return {"refused": error, "issues": [], "errors": 1}
    errors = sum(i.level is Level.error for i in issues)
    try:
        found = use.diff_policies(ws, actor, kind=kind, key=key, text=text) if kind and key else None
    except GeartrainError:
        found = None
    return {"issues": issues, "errors": errors, "found": found}


def _kept(request: Any) -> HttpResponse:
    """Keep a text as a draft, or propose it; where it is refused the text stays in the editor."""
    ws, actor, asked, text = request.workspace, request.actor, request.POST, _text(request)
    said = {"replaces": asked.get("replaces", "")[:64], "summary": asked.get("summary", "").strip()[:LONGEST]}
    try:
        if asked.get("do") == "propose":
            made = use.propose_policy(ws, actor, text=text, where="line", **said)
            messages.success(request, "It waits for approval by somebody who did not write it.")
        else:
            made = use.save_draft(ws, actor, text=text, **said)
            messages.success(request, "Kept as a draft.")
    except (Invalid, Conflict, Forbidden) as error:
        messages.error(request, f"{error.message} {error.hint}")
        kind, key = _names(text)
        context = {"kind": kind, "key": key, "text": text, **said, **_checked(request, text, kind, key)}
        return render(request, "pages/policy_edit.html", context, status=error.status)
    return HttpResponseRedirect(f"{reverse('policy', args=[made.kind, made.key])}?version={made.version}")


def _names(text: str) -> tuple[str, str]:
    from geartrain.services.governance.checking import names_of

    try:
        return names_of(text)
    except Invalid:
        return "", ""


def _text(request: Any) -> str:
    """The text of the form with the line ends of a file; browsers send those of mail."""
    return request.POST.get("text", "").replace("\r\n", "\n")


def _moved(request: Any, kind: str, key: str, move: Callable[..., Any], said: str) -> HttpResponse:
    """Do it, or say on the policy's page why not."""
    try:
        made = move(ws=request.workspace, actor=request.actor, kind=kind, key=key)
        messages.success(request, said)
        version = getattr(made, "version", None)
    except (Conflict, Invalid, Forbidden) as error:
        messages.error(request, f"{error.message} {error.hint}")
        version = None
    query = f"?version={version}" if version else ""
    return HttpResponseRedirect(f"{reverse('policy', args=[kind, key])}{query}")


def _version(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise Invalid(f"'{text[:40]}' is no version.", hint="Versions are counted from 1.")
    return int(text)


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)


EDIT, APPROVE, PUBLISH = Permission.edit_policies, Permission.approve_policies, Permission.publish_policies
POST = ("POST",)
AT = "policies/<str:kind>/<str:key>/"
PAGE = Page(
    key="policies",
    title="Policies",
    path="policies/",
    group=Group.definitions,
    icon="policy",
    order=50,
    permission=Permission.view_policies,
    view=policies,
    routes=(
        Route("policies/new/", new, "new-policy", permission=EDIT),
        Route("policies/check/", check, "check-policy", permission=EDIT, methods=POST),
        Route("policies/tasks/<str:task_id>/", task_page, "policy-task"),
        Route(AT, policy, "policy"),
        Route(f"{AT}edit/", edit, "edit-policy", permission=EDIT, methods=("GET", "HEAD", "POST")),
        Route(f"{AT}diff/", diff, "policy-diff"),
        Route(f"{AT}propose/", propose, "propose-policy", permission=EDIT, methods=POST),
        Route(f"{AT}withdraw/", withdraw, "withdraw-policy", permission=EDIT, methods=POST),
        Route(f"{AT}approve/", approve, "approve-policy", permission=APPROVE, methods=POST),
        Route(f"{AT}reject/", reject, "reject-policy", permission=APPROVE, methods=POST),
        Route(f"{AT}publish/", publish, "publish-policy", permission=PUBLISH, methods=POST),
        Route(f"{AT}retire/", retire, "retire-policy", permission=PUBLISH, methods=POST),
        Route(f"{AT}acknowledge/", acknowledge, "acknowledge-policy", methods=POST),
        Route(f"{AT}backtest/", backtest, "backtest-policy", permission=EDIT, methods=POST),
    ),
)
