"""What is wrong in the text of a rule, with the place."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process

from geartrain.kernel.errors import Invalid

# Below this similarity (0 to 100) a suggestion would be a guess, and none is made.
LEAST = 70


class InvalidRule(Invalid):
    """The text is no rule.

    `line` and `column` count from 1; `where` is what the caller said it is parsing, e.g. `metrics/win_rate.yaml`.
    """

    code = "invalid_rule"

    def __init__(self, problem: str, *, text: str, at: int = 0, where: str = "", hint: str = "") -> None:
        self.line, self.column = position(text, at)
        self.problem = problem
        self.where = place(text, at, where)
        super().__init__(f"{self.where}: {problem}", hint=hint)


class WrongValue(Invalid):
    """A record holds a value of another kind than the rule needs, e.g. text where a number is compared."""

    code = "wrong_value"


def position(text: str, at: int) -> tuple[int, int]:
    """Line and column, from 1, of an offset."""
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


def place(text: str, at: int, where: str) -> str:
    """`where:line:column`, or `line:column` where nothing is known about where."""
    line, column = position(text, at)
    return f"{where}:{line}:{column}" if where else f"{line}:{column}"


def closest(name: str, names: Iterable[str]) -> str | None:
    """The name that was probably meant, None if none is near. Ties go to the first in alphabetical order."""
    best = process.extractOne(name.lower(), sorted(names), scorer=fuzz.ratio, score_cutoff=LEAST)
    return None if best is None else str(best[0])


def did_you_mean(name: str, names: Iterable[str], *, otherwise: str = "") -> str:
    """A hint that names the closest match, or the other sentence where nothing is close."""
    found = closest(name, names)
    return f"Did you mean {found}?" if found else otherwise
