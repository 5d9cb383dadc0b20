"""Which policy a command is about: `kind/key`, `kind/key@2`, KIND KEY, a key alone, or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.services.access import Actor
from geartrain.services.workspace import Workspace

PolicyArgument = Annotated[
    list[str], typer.Argument(metavar="POLICY", help="kind/key, kind/key@version, KIND KEY, or a file that names it.")
]


@dataclass(frozen=True)
class Target:
    """The policy meant; `text` where a file was named."""

    kind: str
    key: str
    version: int | None = None
    text: str | None = None
    where: str = ""

    @property
    def name(self) -> dict[str, str]:
        """As use cases are asked."""
        return {"kind": self.kind, "key": self.key}

    @property
    def sha256(self) -> str:
        """Hash of the file's text; empty where none was named."""
        from hashlib import sha256

        return sha256(self.text.encode()).hexdigest() if self.text is not None else ""


def target(ws: Workspace, actor: Actor, words: list[str]) -> Target:
    """What the words name.

    Raises:
        NotFound: no file and no policy of that name. Invalid: more than a name, or several policies have that key.
    """
    if len(words) > 2:
        raise Invalid(f"'{' '.join(words)}' is more than the name of a policy.", hint="Write kind/key.")
    if len(words) == 1 and is_file(words[0]):
        return named_by(words[0])
    name = "/".join(words)
    head, _, number = name.partition("@")
    kind, _, key = head.rpartition("/")
    if number and not number.isdecimal():
        raise Invalid(f"'{number}' is no version.", hint="Write kind/key@2.")
    version = int(number) if number else None
    return Target(kind or _only_kind(ws, actor, key), key, version)


def is_file(word: str) -> bool:
    """Whether a word names a file."""
    return word.endswith((".yaml", ".yml")) or Path(word).is_file()


def named_by(file: str) -> Target:
    """The policy that a file names."""
    from geartrain.services.governance.checking import names_of

    text = read(Path(file))
    kind, key = names_of(text, file)
    return Target(kind, key, None, text, file)


def read(file: Path) -> str:
    """The text of a file, byte for byte.

    Raises:
        NotFound: there is none. Invalid: it is not UTF-8.
    """
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"{file} is not UTF-8: {error.reason} at byte {error.start}."
        raise Invalid(message, hint="Save it as UTF-8.") from None
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}.", hint="Name a file that is there.") from None


def _only_kind(ws: Workspace, actor: Actor, key: str) -> str:
    from geartrain.kernel.policy.policy import closest
    from geartrain.services.governance import list_policies

    rows = list_policies(ws, actor)
    found = [r.kind for r in rows if r.key == key]
    if not found:
        near = closest(key, {r.key for r in rows})
        raise NotFound(f"There is no policy '{key}'.", hint=f"Did you mean '{near}'?" if near else "Write kind/key.")
    if len(found) > 1:
        raise Invalid(
            f"'{key}' is the key of several policies.", hint=f"One of: {', '.join(f'{k}/{key}' for k in found)}."
        )
    return found[0]
