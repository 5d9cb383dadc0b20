"""What is wrong in a policy's text, before anybody is asked to approve it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from geartrain.kernel.errors import Invalid
from geartrain.kernel.issues import Issue, Level
from geartrain.kernel.policy import Policy, PolicySet, read_document, read_policy
from geartrain.kernel.policy.lifecycle import OPEN
from geartrain.kernel.policy.policy import closest
from geartrain.services.access import Actor, Permission, Role, require
from geartrain.services.governance.rows import every
from geartrain.services.policies import LARGEST, current_policies, lint_together, policy_kinds
from geartrain.services.workspace import Workspace


def check_policy(ws: Workspace, actor: Actor, *, text: str, where: str = "policy.yaml") -> list[Issue]:
    """Everything wrong or doubtful in a text, each with its line: its shape, and what its kind looks for."""
    require(actor, Permission.view_policies)
    policy, issues = parsed(ws, text, where)
    return [*issues, *((*_number(ws, policy), *_together(ws, policy)) if policy else ())]


def _together(ws: Workspace, policy: Policy) -> Iterator[Issue]:
    """What does not fit between this text and the policies in force, at the lines of this text."""
    laid = PolicySet({(policy.kind, policy.key): policy}).over(current_policies(ws))
    yield from (i for i in lint_together(laid) if i.where.rpartition(":")[0] == policy.where)


def parsed(ws: Workspace, text: str, where: str) -> tuple[Policy | None, list[Issue]]:
    """The policy of a text, None where it is none, and everything wrong or doubtful in it."""
    readable(text)
    policy, issues = read_policy(text, where, policy_kinds())
    if policy is not None:
        lint = policy_kinds()[policy.kind].lint
        issues = [
            *issues,
            *_audience(policy),
            *_review(policy, ws.calendar.day_of(ws.now())),
            *(lint(policy) if lint else ()),
        ]
    return policy, issues


def sound(ws: Workspace, text: str, where: str) -> Policy:
    """The policy of a text that nothing is wrong in.

    Raises:
        Invalid: the first error, with its line.
    """
    policy, issues = parsed(ws, text, where)
    errors = [i for i in issues if i.level == Level.error]
    if policy is None or errors:
        more = f" ({len(errors) - 1} more)" if len(errors) > 1 else ""
        raise Invalid(f"{errors[0].where}: {errors[0].message}{more}", hint=errors[0].hint)
    return policy


def names_of(text: str, where: str = "policy.yaml") -> tuple[str, str]:
    """Kind and key that a text states; all that a draft needs.

    Raises:
        Invalid: it states none; the message says where.
    """
    readable(text)
    document, issues = read_document(text, where)
    if document is None:
        raise Invalid(f"{issues[0].where}: {issues[0].message}", hint=issues[0].hint)
    kind, key = document.values.get("kind"), document.values.get("key")
    kinds = policy_kinds()
    if not isinstance(kind, str) or kind not in kinds:
        near = closest(str(kind), kinds)
        hint = f"Did you mean '{near}'?" if near else f"One of: {', '.join(sorted(kinds))}."
        raise Invalid(f"{where}:{document.line(['kind'])}: There is no kind of policy '{kind}'.", hint=hint)
    if not isinstance(key, str) or len(key) > 100 or not re.fullmatch(r"[a-z][a-z0-9_-]*", key):
        message = f"{where}:{document.line(['key'])}: '{key}' is no key."
        raise Invalid(message, hint="A letter, then small letters, digits, - and _, at most 100.")
    return kind, key


def readable(text: str) -> None:
    """Let a text pass that can be stored byte for byte.

    Raises:
        Invalid: it is too long, or holds what no text holds.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise Invalid("This text holds half of a character.", hint="Save it as UTF-8.") from None
    if size > LARGEST:
        raise Invalid(f"This text is longer than {LARGEST:,} bytes.", hint="Is it a policy?")
    if "\0" in text:
        raise Invalid("This text holds a NUL character.", hint="Is it a text?")


def _audience(policy: Policy) -> Iterator[Issue]:
    for n, role in enumerate(getattr(policy.envelope, "audience", ())):
        if role not in Role.__members__:
            near = closest(role, Role)
            hint = f"Did you mean '{near}'?" if near else f"One of: {', '.join(Role)}."
            yield _issue(
                policy, ["audience", n], "policy_role_unknown", Level.error, f"There is no role '{role}'.", hint
            )


def _review(policy: Policy, today: date) -> Iterator[Issue]:
    review_by: date | None = getattr(policy.envelope, "review_by", None)
    if review_by is not None and review_by < today:
        message = f"review_by {review_by} is past."
        yield _issue(policy, ["review_by"], "policy_review_past", Level.error, message, "Name a day to come.")


def _number(ws: Workspace, policy: Policy) -> Iterator[Issue]:
    document, _ = read_document(policy.body, policy.where)
    stated = document.values.get("version") if document else None
    rows = every(ws).filter(kind=policy.kind, key=policy.key)
    last = rows.order_by("-version").values_list("version", "status").first()
    due = 1 if last is None else last[0] + (last[1] not in [str(s) for s in OPEN])
    if stated is not None and last is not None and stated != due:
        message = f"The text says version {stated}, and it will be version {due} of the register."
        yield _issue(policy, ["version"], "policy_version_differs", Level.warning, message, "Leave `version` out.")


def _issue(policy: Policy, path: list[str | int], code: str, level: Level, message: str, hint: str) -> Issue:
    document, _ = read_document(policy.body, policy.where)
    line = document.line(path) if document else 1
    return Issue(code, level, message, f"{policy.where}:{line}", hint)
