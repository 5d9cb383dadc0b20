"""Who may sign in, with which roles; their passwords and the keys of their programs."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.services.access import Actor, Permission, Role, require
from geartrain.services.trail import record, writing
from geartrain.services.workspace import Workspace
from geartrain.stores.decisions import open_decisions

if TYPE_CHECKING:
    from geartrain.stores.decisions.models import Token, User

TOKEN_PREFIX = "gt_"
LONGEST_TOKEN_DAYS = 366


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may sign in."""

    email: str
    name: str
    roles: tuple[Role, ...]
    user_id: str | None
    is_active: bool
    last_login: datetime | None


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A key as its owner sees it afterwards; the key itself is shown once, when it is made."""

    id: int
    name: str
    permissions: tuple[Permission, ...]
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenActor(Actor):
    """A program that acts for somebody: what they may, as far as the key allows it."""

    permissions: frozenset[Permission] = frozenset()

    def may(self, permission: Permission) -> bool:
        """Whether the person may and the key allows it."""
        # Spelled out: super() does not work in a dataclass with slots on Python 3.11.
        return permission in self.permissions and Actor.may(self, permission)


def list_users(ws: Workspace, actor: Actor) -> list[Person]:
    """Everyone who can or could sign in, by e-mail address."""
    require(actor, Permission.manage_users)
    return [_person(u) for u in _users(ws).order_by("email")]


def create_user(
    ws: Workspace,
    actor: Actor,
    *,
    email: str,
    password: str,
    name: str = "",
    roles: Iterable[str | Role] = (),
    user_id: str | None = None,
) -> Person:
    """Let somebody sign in.

    Args:
        user_id: Their `user` record in the facts: whose deals are theirs. None for people who are not in the facts.

    Raises:
        Conflict: the address or the record belongs to somebody already.
        Invalid: no e-mail address, an unknown role, or a password that is too weak; the message says why.
    """
    require(actor, Permission.manage_users)
    wanted, users = _roles(roles), _users(ws)
    email = _email(email)
    with writing(ws):
        if users.filter(email=email).exists():
            raise Conflict(f"{email} can sign in already.", hint="Change their roles instead.")
        if user_id and users.filter(user_id=user_id).exists():
            raise Conflict(f"The user record '{user_id}' belongs to somebody else.", hint="Name another record.")
        user = users.model(email=email, name=name.strip()[:200], roles=wanted, user_id=user_id or None)
        _set_password(user, password)
        user.save()
        record(ws, actor, "create_user", f"user/{email}", roles=wanted, user_id=user_id)
    return _person(user)


def set_roles(ws: Workspace, actor: Actor, *, email: str, roles: Iterable[str | Role]) -> Person:
    """Give somebody exactly these roles.

    Raises:
        NotFound: nobody has that address. Conflict: nobody would be left to administer.
    """
    require(actor, Permission.manage_users)
    wanted = _roles(roles)
    with writing(ws):
        user = _user(ws, email)
        before, user.roles = user.roles, wanted
        user.save(update_fields=["roles"])
        _keep_an_admin(ws)
        record(ws, actor, "set_roles", f"user/{user.email}", before=before, after=wanted)
    return _person(user)


def set_active(ws: Workspace, actor: Actor, *, email: str, active: bool) -> Person:
    """Let somebody in again, or keep them out from now on: their sessions and keys end at once.

    Raises:
        NotFound: nobody has that address. Conflict: nobody would be left to administer.
    """
    require(actor, Permission.manage_users)
    with writing(ws):
        user = _user(ws, email)
        user.is_active = active
        user.save(update_fields=["is_active"])
        _keep_an_admin(ws)
        record(ws, actor, "activate" if active else "deactivate", f"user/{user.email}")
    return _person(user)


def deactivate(ws: Workspace, actor: Actor, *, email: str) -> Person:
    """Keep somebody out from now on. What they did stays."""
    return set_active(ws, actor, email=email, active=False)


def set_password(ws: Workspace, actor: Actor, *, email: str, password: str) -> None:
    """Give somebody a new password; their sessions end.

    Raises:
        NotFound: nobody has that address. Invalid: too weak; the message says why.
    """
    require(actor, Permission.manage_users)
    _change(ws, actor, email=email, password=password)


def change_password(ws: Workspace, actor: Actor, *, old: str, new: str) -> None:
    """Change one's own password.

    Raises:
        Invalid: the old one is wrong, or the new one too weak. Forbidden: a key cannot.
    """
    if isinstance(actor, TokenActor):
        raise Forbidden("A token cannot change a password.", hint="Sign in on the site.")
    if not _user(ws, actor.login).check_password(old):
        raise Invalid("The present password is not right.", hint="Type it again.")
    _change(ws, actor, email=actor.login, password=new)


def list_tokens(ws: Workspace, actor: Actor) -> list[TokenInfo]:
    """One's own keys that still work, latest first."""
    now = ws.now().replace(tzinfo=UTC)
    tokens = _user(ws, actor.login).tokens.filter(revoked_at=None, expires_at__gt=now).order_by("-id")
    return [_info(t) for t in tokens]


def create_token(
    ws: Workspace, actor: Actor, *, name: str, permissions: Iterable[str | Permission], days: int = 90
) -> tuple[str, TokenInfo]:
    """Make a key for a program. Returned once: only its hash is kept.

    Raises:
        Invalid: no name, no permission, or a life outside 1 to 366 days.
        Forbidden: a permission the actor does not have.
    """
    wanted = _permissions(permissions)
    if not name.strip() or not wanted:
        raise Invalid("A token needs a name and at least one permission.", hint="Say what it is for.")
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise Invalid(f"A token lives 1 to {LONGEST_TOKEN_DAYS} days, not {days}.")
    for permission in wanted:
        require(actor, permission)
    from django.db import transaction

    key, now = TOKEN_PREFIX + secrets.token_urlsafe(32), ws.now().replace(tzinfo=UTC)
    with transaction.atomic():
        token = _user(ws, actor.login).tokens.create(
            name=name.strip()[:100], sha256=_digest(key), permissions=wanted, expires_at=now + timedelta(days=days)
        )
        record(ws, actor, "create_token", f"user/{actor.login}", token=token.pk, name=token.name, permissions=wanted)
    return key, _info(token)


def revoke_token(ws: Workspace, actor: Actor, *, token_id: int) -> None:
    """End one of one's own keys at once.

    Raises:
        NotFound: it is not one of theirs, or has ended.
    """
    with writing(ws):
        tokens = _user(ws, actor.login).tokens.filter(pk=token_id, revoked_at=None)
        if not tokens.update(revoked_at=ws.now().replace(tzinfo=UTC)):
            raise NotFound("There is no such token.")
        record(ws, actor, "revoke_token", f"user/{actor.login}", token=token_id)


def actor_of(ws: Workspace, login: str) -> Actor:
    """The actor somebody is.

    Raises:
        NotFound: nobody who may sign in has that address.
    """
    user = _user(ws, login)
    if not user.is_active:
        raise NotFound(f"Nobody signs in as {login}.")
    return actor_from(user)


def actor_from(user: User) -> Actor:
    """The actor a signed-in person is. Roles this version does not know grant nothing."""
    known = frozenset(Role(r) for r in user.roles if r in Role.__members__)
    return Actor(login=user.email, roles=known, user_id=user.user_id, name=user.name)


def actor_by_token(ws: Workspace, key: str) -> Actor | None:
    """Whom a key acts for; None for one that is unknown, has ended or whose owner has left."""
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import Token

    found = Token.objects.select_related("user").filter(sha256=_digest(key), revoked_at=None).first()
    if found is None or found.expires_at <= ws.now().replace(tzinfo=UTC) or not found.user.is_active:
        return None
    person = actor_from(found.user)
    allowed = frozenset(Permission(p) for p in found.permissions if p in Permission.__members__)
    return TokenActor(person.login, person.roles, person.user_id, person.name, allowed)


def record_sign_in(ws: Workspace, actor: Actor) -> None:
    """Note in the trail that somebody signed in."""
    record(ws, actor, "sign_in", f"user/{actor.login}")


def record_second_factor(ws: Workspace, actor: Actor, *, verb: str, what: str) -> None:
    """Add the change of a second factor to the audit trail."""
    with writing(ws):
        record(ws, actor, verb, f"user/{actor.login}", factor=what)


def reset_second_factor(ws: Workspace, actor: Actor, *, email: str) -> None:
    """Take the second factor of somebody who lost it away; they sign in with the password alone and set up another.

    Raises:
        NotFound: nobody has that address. Conflict: they have none.
    """
    require(actor, Permission.manage_users)
    with writing(ws):
        user = _user(ws, email)
        from allauth.mfa.models import Authenticator

        gone, _ = Authenticator.objects.filter(user_id=user.pk).delete()
        if not gone:
            raise Conflict(f"{user.email} has no second factor.")
        record(ws, actor, "reset_second_factor", f"user/{user.email}")


def _change(ws: Workspace, actor: Actor, *, email: str, password: str) -> None:
    with writing(ws):
        user = _user(ws, email)
        _set_password(user, password)
        user.save(update_fields=["password"])
        record(ws, actor, "set_password", f"user/{user.email}")


def _users(ws: Workspace):
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import User

    return User.objects.all()


def _user(ws: Workspace, email: str) -> User:
    found = _users(ws).filter(email=email.strip().lower()).first()
    if found is None:
        raise NotFound(f"Nobody signs in as {email}.", hint="See them with: geartrain user list")
    return found


def _person(user: User) -> Person:
    actor = actor_from(user)
    return Person(user.email, user.name, tuple(sorted(actor.roles)), user.user_id, user.is_active, user.last_login)


def _info(token: Token) -> TokenInfo:
    allowed = tuple(Permission(p) for p in token.permissions if p in Permission.__members__)
    return TokenInfo(token.pk, token.name, allowed, token.created_at, token.expires_at)


def _roles(roles: Iterable[str | Role]) -> list[str]:
    wanted = sorted({str(r) for r in roles})
    if unknown := [r for r in wanted if r not in Role.__members__]:
        raise Invalid(f"There is no role '{unknown[0]}'.", hint=f"One of: {', '.join(Role)}.")
    return wanted


def _permissions(permissions: Iterable[str | Permission]) -> list[str]:
    wanted = sorted({str(p) for p in permissions})
    if unknown := [p for p in wanted if p not in Permission.__members__]:
        raise Invalid(f"There is no permission '{unknown[0]}'.", hint=f"One of: {', '.join(Permission)}.")
    return wanted


def _email(text: str) -> str:
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    email = text.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid(f"'{text}' is not an e-mail address.") from None
    if len(email) > 254:
        raise Invalid("An e-mail address has at most 254 characters.")
    return email


def _set_password(user: User, password: str) -> None:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    try:
        validate_password(password, user)
    except ValidationError as error:
        raise Invalid(_sentence(error.messages), hint="A few unrelated words make a good one.") from None
    if len(password) > 1_000:
        raise Invalid("A password has at most 1,000 characters.")
    user.set_password(password)


def _sentence(messages: Sequence[str]) -> str:
    return " ".join(messages)


def _keep_an_admin(ws: Workspace) -> None:
    if not any(Role.admin in u.roles for u in _users(ws).filter(is_active=True)):
        raise Conflict("Nobody would be left to administer.", hint="Make somebody else an administrator first.")


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()
