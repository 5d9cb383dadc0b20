"""Moving a policy along: saved, proposed, withdrawn, approved, rejected, published, retired."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from geartrain.kernel.errors import Conflict, Invalid, NotFound, StaleVersion
from geartrain.kernel.policy import Policy, lifecycle
from geartrain.kernel.policy.decision import utc
from geartrain.kernel.policy.lifecycle import OPEN, Move, Status, moved
from geartrain.services.access import Actor, Permission, require
from geartrain.services.commitments import assignee_of, close_commitment, open_commitment
from geartrain.services.governance.checking import names_of, sound
from geartrain.services.governance.rows import VersionInfo, every, info, named, open_row, pures, ref
from geartrain.services.policies import current_policies, parsed_text
from geartrain.services.published import Published, follow
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions.published import aware, naive

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import PolicyVersion


def save_draft(ws: Workspace, actor: Actor, *, text: str, replaces: str = "", summary: str = "") -> VersionInfo:
    """Keep a text as the draft of the policy it names: a new version, or in place of the draft that is open.

    A draft may still be wrong; it is checked when it is proposed.

    Args:
        replaces: Hash of the draft it was made from. Only who saved that draft last need not say it.
    Raises:
        Invalid: the text names no kind and key. Conflict: a version is under review.
        StaleVersion: somebody else saved the draft meanwhile.
    """
    require(actor, Permission.edit_policies)
    kind, key = names_of(text)
    with writing(ws, in_turn=True):
        row = _save(ws, actor, kind, key, text, replaces=replaces, summary=summary)
    return info(row, ws.now())


def propose_policy(
    ws: Workspace,
    actor: Actor,
    *,
    kind: str = "",
    key: str = "",
    text: str | None = None,
    replaces: str = "",
    summary: str = "",
    where: str = "policy.yaml",
) -> VersionInfo:
    """Ask for approval of the open draft, or of a text, which is saved first.

    Raises:
        NotFound: no draft is open. Invalid: something is wrong in the text; the message says where.
        Conflict: it is under review already. StaleVersion: somebody else saved the draft meanwhile.
    """
    require(actor, Permission.edit_policies)
    if text is not None:
        policy = sound(ws, text, where)
        kind, key = policy.kind, policy.key
    with writing(ws, in_turn=True):
        if text is not None:
            row = _save(ws, actor, kind, key, text, replaces=replaces, summary=summary)
        else:
            row = open_row(ws, actor, kind, key)
        row.status = moved(Status(row.status), Move.propose, name=_called(row))
        policy = sound(ws, row.body, where if text is not None else ref(row))
        row.review_by = getattr(policy.envelope, "review_by", None)
        row.summary, row.round, row.proposed_at = summary.strip() or row.summary, row.round + 1, aware(ws.now())
        row.save()
        _record(ws, actor, "propose_policy", row, summary=row.summary, authors=row.authors)
    return info(row, ws.now())


def withdraw_policy(ws: Workspace, actor: Actor, *, kind: str, key: str, reason: str = "") -> VersionInfo:
    """Take a version that is under review or approved back to draft; for those who wrote it.

    Raises:
        NotFound: none is open. Forbidden: somebody else wrote it. Conflict: it is a draft.
    """
    require(actor, Permission.edit_policies)
    with writing(ws, in_turn=True):
        row = open_row(ws, actor, kind, key)
        lifecycle.only_author(row.authors, actor.login)
        row.status, row.approved_at = moved(Status(row.status), Move.withdraw, name=_called(row)), None
        row.save()
        _record(ws, actor, "withdraw_policy", row, reason=reason.strip())
    return info(row, ws.now())


def approve_policy(
    ws: Workspace, actor: Actor, *, kind: str, key: str, sha256: str = "", comment: str = ""
) -> VersionInfo:
    """Say yes to the text under review.

    Args:
        sha256: Hash of the text that was read; where given it must be the one under review.
    Raises:
        NotFound: nothing is open. Forbidden: the actor wrote some of it. Conflict: it is not under review.
        StaleVersion: another text is under review.
    """
    require(actor, Permission.approve_policies)
    with writing(ws, in_turn=True):
        row = open_row(ws, actor, kind, key)
        lifecycle.only_another(row.authors, actor.login)
        after = moved(Status(row.status), Move.approve, name=_called(row))
        _same_text(row, sha256)
        _judge(ws, actor, row, "approved", comment)
        row.status, row.approved_at = after, aware(ws.now())
        row.save()
        _record(ws, actor, "approve_policy", row, comment=comment.strip())
    return info(row, ws.now())


def reject_policy(ws: Workspace, actor: Actor, *, kind: str, key: str, reason: str, sha256: str = "") -> VersionInfo:
    """Send a text under review, or approved, back to its author with the reason.

    Raises:
        NotFound: nothing is open. Forbidden: the actor wrote some of it. Conflict: it is a draft.
        Invalid: no reason. StaleVersion: another text is under review.
    """
    require(actor, Permission.approve_policies)
    said = _reason(reason)
    with writing(ws, in_turn=True):
        row = open_row(ws, actor, kind, key)
        lifecycle.only_another(row.authors, actor.login)
        after = moved(Status(row.status), Move.reject, name=_called(row))
        _same_text(row, sha256)
        _judge(ws, actor, row, "rejected", said)
        row.status, row.approved_at = after, None
        row.save()
        _record(ws, actor, "reject_policy", row, reason=said)
    return info(row, ws.now())


def publish_policy(
    ws: Workspace,
    actor: Actor,
    *,
    kind: str,
    key: str,
    effective_from: date | datetime | None = None,
    material: bool | None = None,
) -> VersionInfo:
    """Put the approved version in force from an instant on; the one before it holds until then.

    Args:
        effective_from: An instant (naive UTC), or a day, which begins at midnight in the workspace's zone. None: the
            day that the text names, else now.
        material: Whether people are asked to acknowledge it; True where None. False: an editorial change.
    Raises:
        NotFound: nothing is open. Invalid: the first version cannot be editorial, or the text names another day.
        Conflict: it is not approved, or another version takes effect at that instant or later.
    """
    require(actor, Permission.publish_policies)
    held = current_policies(ws)
    with writing(ws, in_turn=True):
        row = open_row(ws, actor, kind, key)
        after = moved(Status(row.status), Move.publish, name=_called(row))
        policy = sound(ws, row.body, ref(row))
        start = _start(ws, getattr(policy.envelope, "effective_from", None), effective_from)
        others = list(every(ws).filter(kind=kind, key=key).exclude(published_at=None).order_by("version"))
        before = lifecycle.predecessor(pures(others), start)
        row.material = lifecycle.of_weight(material, before)
        last = next((o for o in others if before is not None and o.version == before.number), None)
        if last is not None:
            _supersede(last, start)
        row.status, row.published_at, row.published_by = after, aware(ws.now()), actor.login
        row.effective_from = aware(start)
        row.save()
        review = _review(ws, actor, row, owner=policy.envelope.owner, name=policy.name)
        version = replace(policy, version=row.version)
        follow(ws, actor, Published(version, before=_text_of(last) or held.policies.get((kind, key)), held=held))
        since = row.effective_from.isoformat()
        _record(ws, actor, "publish_policy", row, effective_from=since, material=row.material, review=review)
    return info(row, ws.now())


def retire_policy(
    ws: Workspace, actor: Actor, *, kind: str, key: str, reason: str, effective_to: date | datetime | None = None
) -> VersionInfo:
    """End the published version, now or from a later instant on; one not in force yet never comes into force.

    Raises:
        NotFound: nothing of it is published. Invalid: no reason, or an end in the past.
    """
    require(actor, Permission.publish_policies)
    said, now = _reason(reason), ws.now()
    end = _instant(ws, effective_to) if effective_to else now
    if end < now:
        raise Invalid(f"{end} UTC is past: what held until now held.", hint="Leave it out to end it now.")
    with writing(ws, in_turn=True):
        row = every(ws).filter(kind=kind, key=key, status="published").order_by("-version").first()
        if row is None:
            raise NotFound(f"Nothing of {named(kind, key)} is published.", hint="geartrain policy list shows what is.")
        start = naive(row.effective_from)
        assert start is not None
        row.status = moved(Status(row.status), Move.retire, name=_called(row))
        row.effective_to, row.reason = aware(max(start, end)), said
        row.retired_at, row.retired_by = aware(now), actor.login
        row.save()
        if end <= start:
            _reinstate(row)
        close_commitment(ws, actor, key=f"policy_review/{kind}/{key}")
        _record(ws, actor, "retire_policy", row, reason=said, effective_to=row.effective_to.isoformat())
    return info(row, ws.now())


def _save(ws: Workspace, actor: Actor, kind: str, key: str, text: str, *, replaces: str, summary: str) -> PolicyVersion:
    from geartrain.stores.decisions.models import PolicyVersion

    digest, now = sha256(text.encode()).hexdigest(), aware(ws.now())
    rows = every(ws).filter(kind=kind, key=key)
    row = rows.filter(status__in=[str(s) for s in OPEN]).first()
    if row is None:
        if same := rows.filter(status="published", sha256=digest).first():
            raise Conflict(f"That is the text of {named(kind, key, same.version)}, which is published already.")
        last = rows.order_by("-version").values_list("version", flat=True).first() or 0
        row = PolicyVersion(kind=kind, key=key, version=last + 1, author=actor.login, created_at=now)
    else:
        moved(Status(row.status), Move.edit, name=_called(row))
        if row.sha256 == digest:
            return row
        if row.sha256 != replaces and (replaces or row.authors[-1] != actor.login):
            message = f"{row.authors[-1]} saved another draft of {named(kind, key, row.version)}."
            raise StaleVersion(message, hint=f"Read it, then save yours in place of {row.sha256[:12]}….")
    row.authors = [a for a in row.authors if a != actor.login] + [actor.login]
    row.body, row.sha256, row.saved_at, row.summary = text, digest, now, summary.strip() or row.summary
    row.save()
    _record(ws, actor, "save_draft", row)
    return row


def _judge(ws: Workspace, actor: Actor, row: PolicyVersion, verdict: str, comment: str) -> None:
    from geartrain.stores.decisions.models import Approval

    Approval.objects.create(
        policy_version=row,
        approver=actor.login,
        verdict=verdict,
        comment=comment.strip(),
        round=row.round,
        at=aware(ws.now()),
        sha256=row.sha256,
    )


def _supersede(row: PolicyVersion, start: datetime) -> None:
    row.status, row.effective_to = moved(Status(row.status), Move.supersede, name=_called(row)), aware(start)
    row.save()


def _reinstate(withdrawn: PolicyVersion) -> None:
    """The version that would have ended when this one took effect holds on."""
    from geartrain.stores.decisions.models import PolicyVersion

    before = PolicyVersion.objects.filter(
        kind=withdrawn.kind, key=withdrawn.key, status="superseded", effective_to=withdrawn.effective_from
    ).first()
    if before is not None:
        before.status, before.effective_to = moved(Status(before.status), Move.reinstate), None
        before.save()


def _review(ws: Workspace, actor: Actor, row: PolicyVersion, *, owner: str, name: str) -> int | None:
    """Publishing settles the review that was due of the version before, and opens the next; its id."""
    key = f"policy_review/{row.kind}/{row.key}"
    close_commitment(ws, actor, key=key)
    if row.review_by is None:
        return None
    return open_commitment(
        ws,
        kind="policy_review",
        subject=row.subject,
        title=f"Review {row.kind.replace('_', ' ')} {name}",
        link=f"/policies/{row.kind}/{row.key}",
        assignee=assignee_of(ws, owner),
        due=ws.calendar.instant(row.review_by + timedelta(days=1)),
        source=ref(row),
        key=key,
    )


def _text_of(row: PolicyVersion | None) -> Policy | None:
    return parsed_text(row.body, ref(row))[0] if row else None


def _start(ws: Workspace, stated: date | None, asked: date | datetime | None) -> datetime:
    if asked is None:
        return _instant(ws, stated) if stated else ws.now()
    start = _instant(ws, asked)
    if stated is not None and start != _instant(ws, stated):
        hint = "Publish it from that day, or withdraw it and change the text."
        raise Invalid(f"The text says that it holds from {stated}, not from {asked}.", hint=hint)
    return start


def _instant(ws: Workspace, when: date | datetime) -> datetime:
    try:
        return utc(when) if isinstance(when, datetime) else ws.calendar.instant(when)
    except OverflowError:
        raise Invalid(f"{when} is beyond what can be reckoned with.", hint="Name a nearer day.") from None


def _same_text(row: PolicyVersion, sha256: str) -> None:
    if sha256 and sha256 != row.sha256:
        raise StaleVersion("Another text is under review by now.", hint="Read it again, then decide.")


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Invalid("A reason is needed.", hint="Say why, in a sentence.")
    return reason.strip()


def _called(row: PolicyVersion) -> str:
    text = named(row.kind, row.key, row.version)
    return text[0].upper() + text[1:]


def _record(ws: Workspace, actor: Actor, verb: str, row: PolicyVersion, **detail: object) -> None:
    more = {k: v for k, v in detail.items() if v not in (None, "")}
    record(ws, actor, verb, row.subject, version=row.version, round=row.round, sha256=row.sha256, **more)
