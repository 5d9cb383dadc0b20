"""What `geartrain audit verify` looks at: one file each, `VERIFIER(ws)` gives an issue for everything that was altered.

A new kind of thing that must not be altered behind our back is one new file in this folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from geartrain.kernel.issues import Issue
from geartrain.services.workspace import Workspace

Verifier = Callable[[Workspace], Iterable[Issue]]


@cache
def verifiers() -> dict[str, Verifier]:
    """Each by the name of its file; the trail first, because the others are held against it."""
    names = sorted((m.name for m in iter_modules(__path__)), key=lambda n: (n != "trail", n))
    return {name: import_module(f"{__name__}.{name}").VERIFIER for name in names}
