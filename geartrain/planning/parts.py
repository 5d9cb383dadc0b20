"""What the kinds of this domain are made of, and the checks that several of them make of themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from geartrain.kernel.errors import Invalid
from geartrain.kernel.policy import Strict
from geartrain.kernel.rules import parse

Item = TypeVar("Item")
Word = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Share = Annotated[Decimal, Field(ge=0, le=1)]


def wrong(said: str, *at: str | int, hint: str = "") -> PydanticCustomError:
    """What a validator raises to name the place below its own at which something is wrong."""
    return PydanticCustomError("wrong_there", "{said}", {"said": said, "at": list(at), "hint": hint})


def each_once(what: str, by: str = "key") -> AfterValidator:
    """Refuse a list in which two have one key."""

    def check(items: Sequence[Any]) -> Sequence[Any]:
        seen: set[str] = set()
        for n, item in enumerate(items):
            if (key := getattr(item, by)) in seen:
                raise wrong(f"two {what} have the {by} '{key}'", n, by, hint="Rename one, or leave it out.")
            seen.add(key)
        return items

    return AfterValidator(check)


def _whole(shares: Mapping[str, Decimal]) -> Mapping[str, Decimal]:
    if shares and (total := sum(shares.values())) != 1:
        raise ValueError(f"the shares add up to {total}, not to 1")
    return shares


Shares = Annotated[dict[str, Share], AfterValidator(_whole)]


def _reads(text: str) -> str:
    try:
        parse(text)
    except Invalid as error:
        raise ValueError(error.message) from None
    return text


Expression = Annotated[str, AfterValidator(_reads)]


class Named(Strict):
    """Something with a key, which is what the records hold, and a name for people. A text alone is its key."""

    key: Word = Field(description="as the records and other policies name it")
    name: str = Field(default="", description="as people call it; empty: the key in words")
    definition: str = Field(default="", description="what belongs to it, in a sentence")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"key": value} if isinstance(value, str) else value

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.key.replace("_", " ").capitalize()


def known(items: Iterable[Named]) -> frozenset[str]:
    """Their keys."""
    return frozenset(item.key for item in items)


def check_known(names: Iterable[tuple[str, tuple[str | int, ...]]], among: frozenset[str], what: str) -> None:
    """Refuse the first name, given with its place, that is none of those there are.

    Raises:
        PydanticCustomError: there is one.
    """
    for name, at in names:
        if name not in among:
            hint = f"One of: {', '.join(sorted(among))}." if among else f"There is no {what} yet."
            raise wrong(f"there is no {what} '{name}'", *at, hint=hint)


def circle(parent_of: Mapping[str, str | None]) -> str | None:
    """The first key, in the order given, that lies below itself; None where there is none."""
    for key in parent_of:
        seen, at = {key}, parent_of[key]
        while at is not None and at not in seen:
            seen.add(at)
            at = parent_of.get(at)
        if at == key:
            return key
    return None


def grouped(items: Iterable[Item], by: Callable[[Item], str]) -> dict[str, list[Item]]:
    """The items by a key of theirs, both in the order given."""
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(by(item), []).append(item)
    return found
