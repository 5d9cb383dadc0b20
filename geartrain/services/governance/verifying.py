"""Whether the register is what the trail says was done: what was altered behind our back is named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from geartrain.kernel.issues import Issue, Level
from geartrain.services.governance.rows import every, ref
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions.published import naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import AuditEvent, PolicyVersion

HINT = "Restore the store from a backup, and find out who could write to it."
TEXTS = ("save_draft", "propose_policy", "approve_policy", "publish_policy", "retire_policy")
REVIEWED = ("approved", "published", "superseded", "retired")


def verify_policies(ws: Workspace) -> list[Issue]:
    """Every policy version, approval and acknowledgement that is not what its hash or the trail says.

    The trail is bound together by hashes of its own, so that a text altered together with its hash shows here. Whether
    the trail itself is whole is for its own check.
    """
    rows = list(every(ws).order_by("kind", "key", "version").prefetch_related("approvals", "acknowledgements"))
    trail = _trail()
    issues = [*_gaps(rows), *_missing(rows, trail)]
    for row in rows:
        events = trail.get((row.subject, row.version), [])
        issues += [*_text(row, events), *_publication(row, events), *_approvals(row, events), *_words(row, events)]
    return issues


def _trail() -> dict[tuple[str, int], list[AuditEvent]]:
    """Policy and version to the events about it, in order."""
    from geartrain.stores.decisions.models import AuditEvent

    found: dict[tuple[str, int], list[AuditEvent]] = defaultdict(list)
    for event in AuditEvent.objects.filter(subject__startswith="policy/").order_by("id"):
        if isinstance(version := event.detail.get("version"), int):
            found[event.subject, version].append(event)
    return found


def _gaps(rows: list[PolicyVersion]) -> Iterator[Issue]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        numbers[row.subject].append(row.version)
    for subject, found in numbers.items():
        for missing in sorted(set(range(1, max(found) + 1)) - set(found)):
            yield _issue("policy_gap", f"Version {missing} of {subject} is missing.", f"{subject}@{missing}")


def _missing(rows: list[PolicyVersion], trail: dict[tuple[str, int], list[AuditEvent]]) -> Iterator[Issue]:
    there = {(r.subject, r.version) for r in rows}
    last = {subject: max(v for s, v in there if s == subject) for subject, _ in there}
    for subject, version in trail:
        # Those before the last are named as gaps already.
        if (subject, version) not in there and version > last.get(subject, 0):
            message = f"The trail tells of version {version} of {subject}, and it is not there."
            yield _issue("policy_missing", message, f"{subject}@{version}")


def _text(row: PolicyVersion, events: list[AuditEvent]) -> Iterator[Issue]:
    if sha256(row.body.encode()).hexdigest() != row.sha256:
        yield _issue("policy_text_altered", f"The text of {ref(row)} is not the one its hash is of.", ref(row))
    said = [e for e in events if e.verb in TEXTS]
    if not said:
        yield _issue("policy_not_in_trail", f"The trail knows nothing of {ref(row)}.", ref(row))
    elif said[-1].detail.get("sha256") != row.sha256:
        who = f"{said[-1].actor} ({said[-1].verb}, event {said[-1].pk})"
        yield _issue("policy_text_altered", f"The text of {ref(row)} is not the one {who} left.", ref(row))


def _publication(row: PolicyVersion, events: list[AuditEvent]) -> Iterator[Issue]:
    event = next((e for e in reversed(events) if e.verb == "publish_policy"), None)
    if event is None and row.published_at is None:
        return
    same = (
        event is not None
        and row.published_at is not None
        and _instant(event.detail.get("effective_from")) == naive(row.effective_from)
        and event.detail.get("material") == row.material
        and event.actor == row.published_by
    )
    if not same:
        message = f"{ref(row)} was not published as it stands: from when, by whom, material or not."
        yield _issue("policy_publication_altered", message, ref(row))


def _approvals(row: PolicyVersion, events: list[AuditEvent]) -> Iterator[Issue]:
    said = {
        (e.actor, e.detail.get("round"), e.detail.get("sha256"), e.verb)
        for e in events
        if e.verb in ("approve_policy", "reject_policy")
    }
    # Who approved one text may have written a part of a later one.
    authors = {e.detail.get("round"): set(e.detail.get("authors", ())) for e in events if e.verb == "propose_policy"}
    if row.status != "draft":
        authors[row.round] = authors.get(row.round, set()) | {row.author, *row.authors}
    for a in row.approvals.all():
        verb = "approve_policy" if a.verdict == "approved" else "reject_policy"
        name = f"{a.approver} on {ref(row)}"
        if a.approver.lower() in authors.get(a.round, set()):
            yield _issue("approval_of_author", f"An approval is by an author: {name}.", ref(row))
        if (a.approver, a.round, a.sha256, verb) not in said:
            yield _issue("approval_altered", f"An approval is not in the trail: {name}, {a.verdict}.", ref(row))
        said.discard((a.approver, a.round, a.sha256, verb))
    for actor, *_ in sorted(said, key=str):
        yield _issue(
            "approval_missing", f"The trail tells of a verdict of {actor} on {ref(row)}; it is gone.", ref(row)
        )
    good = [a for a in row.approvals.all() if (a.verdict, a.round, a.sha256) == ("approved", row.round, row.sha256)]
    if row.status in REVIEWED and not good:
        yield _issue("policy_not_approved", f"Nobody approved the text of {ref(row)} as it stands.", ref(row))


def _words(row: PolicyVersion, events: list[AuditEvent]) -> Iterator[Issue]:
    said = {(e.actor, e.detail.get("sha256")) for e in events if e.verb == "acknowledge_policy"}
    for a in row.acknowledgements.all():
        if a.sha256 != row.sha256:
            message = f"{a.person} acknowledged another text than that of {ref(row)}."
            yield _issue("acknowledgement_altered", message, ref(row))
        elif (a.person, a.sha256) not in said:
            message = f"An acknowledgement of {ref(row)} by {a.person} is not in the trail."
            yield _issue("acknowledgement_altered", message, ref(row))
        said = {s for s in said if s[0] != a.person}
    for person, _ in sorted(said, key=str):
        message = f"The trail tells of an acknowledgement of {ref(row)} by {person}; it is gone."
        yield _issue("acknowledgement_missing", message, ref(row))


def _instant(text: Any) -> datetime | None:
    return naive(datetime.fromisoformat(text)) if isinstance(text, str) else None


def _issue(code: str, message: str, where: str) -> Issue:
    return Issue(code, Level.error, message, where, HINT)
