"""What a caller may not ask. What is wrong in somebody's data is a value instead: see issues.py."""


class GeartrainError(Exception):
    """A request that cannot be met, with one sentence for the person who made it.

    Mapped once to HTTP problem details (`status`, RFC 9457) and once to exit codes.
    """

    code = "error"
    status = 500
    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class NotFound(GeartrainError):
    """There is no such thing, or the caller may not know of it: the answers are the same."""

    code = "not_found"
    status = 404


class Forbidden(GeartrainError):
    """The caller lacks the permission, and knows that the thing exists."""

    code = "forbidden"
    status = 403


class Conflict(GeartrainError):
    """Somebody else changed it first, or is changing it now."""

    code = "conflict"
    status = 409


class StaleVersion(Conflict):
    """The caller speaks of a text that is no longer the one that counts."""

    code = "stale_version"


class PeriodLocked(GeartrainError):
    """The period is locked: what it says can only be adjusted in a later one."""

    code = "period_locked"
    status = 409


class Invalid(GeartrainError):
    """The request itself is wrong: a malformed expression, an unknown column, an impossible window."""

    code = "invalid"
    status = 422
