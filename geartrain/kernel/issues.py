"""What is wrong in the user's data or policies, as values that are collected while the work goes on."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much an issue matters: an error kept something out, a warning let it in, info is worth knowing."""

    error = "error"
    warning = "warning"
    info = "info"


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong, where it is and how to mend it.

    Args:
        code: Stable snake_case name, listed in docs/reference/issues.md.
        level: See `Level`.
        message: What is wrong, in one sentence, with the value.
        where: `file:line:column`, `policies/x.yaml:12`, `opportunity/1C1I7A6R`: as exact as is known.
        hint: What the person can do about it.
    """

    code: str
    level: Level
    message: str
    where: str = ""
    hint: str = ""

    def as_json(self) -> dict[str, str]:
        """The shape every command and route answers with."""
        return {k: str(v) for k, v in asdict(self).items()}
