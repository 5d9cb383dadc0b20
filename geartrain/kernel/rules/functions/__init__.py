"""The functions rules may call. One entry each, with both of its implementations; the files are the register."""

from geartrain.kernel.rules.functions import choice, number, text, time
from geartrain.kernel.rules.functions.base import Function

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in sorted(
        (*text.FUNCTIONS, *number.FUNCTIONS, *choice.FUNCTIONS, *time.FUNCTIONS), key=lambda f: f.name
    )
}

__all__ = ["FUNCTIONS", "Function"]
