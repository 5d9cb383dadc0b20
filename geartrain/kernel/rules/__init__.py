"""The expression language of policies: SQL expressions, three-valued, with exact decimals.

`parse` reads a rule, `check` tells what is wrong with it over a record type's columns. A rule is evaluated for one
record (`Rule.evaluate`), for whole columns on any engine (`Rule.column`, `Rule.on`), and explained in words
(`Rule.explain`); both evaluators agree, and the tests hold them to it.
"""

from geartrain.kernel.rules.coverage import Coverage, coverage, enumerate_scenarios
from geartrain.kernel.rules.errors import InvalidRule, WrongValue
from geartrain.kernel.rules.explanation import Explanation
from geartrain.kernel.rules.functions import FUNCTIONS, Function
from geartrain.kernel.rules.kinds import Kind
from geartrain.kernel.rules.rule import Rule, check, parse


def functions() -> tuple[Function, ...]:
    """Every function a rule may call, by name; `if(condition, then, otherwise)` is part of the grammar."""
    return tuple(FUNCTIONS.values())


__all__ = [
    "Coverage",
    "Explanation",
    "Function",
    "InvalidRule",
    "Kind",
    "Rule",
    "WrongValue",
    "check",
    "coverage",
    "enumerate_scenarios",
    "functions",
    "parse",
]
