"""What a kind of policy is: its name and the model of its YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from geartrain.kernel.issues import Issue

Spec = TypeVar("Spec", bound=BaseModel)


class Strict(BaseModel):
    """Unknown keys are refused by name; what is read never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Envelope(Strict, Generic[Spec]):
    """What every policy says besides its spec."""

    kind: str
    key: str = Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=100)
    version: int = Field(default=1, ge=1, description="counted when it is saved in the register; best left out")
    effective_from: date | None = Field(default=None, description="day from which it holds; empty: always")
    name: str = Field(min_length=1)
    owner: str = Field(min_length=1, description="exactly one role or person")
    definition: str = Field(min_length=1, description="what it decides, for people")
    notes: str = ""
    review_by: date | None = Field(default=None, description="day by which its owner looks at it again")
    audience: tuple[str, ...] = Field(default=(), description="roles that acknowledge it; empty: everyone active")
    spec: Spec


@dataclass(frozen=True)
class Kind:
    """One kind of policy.

    Args:
        name: What `kind:` says.
        envelope: The whole document.
        doc: One sentence for people.
        load: Reads the text itself: text and file to the envelope, None where it does not validate.
        governed: It pays people or binds them: only what is published counts, neither a file nor what ships.
        lint: What is doubtful in a policy of this kind that validates.
    """

    name: str
    envelope: type[BaseModel]
    doc: str
    load: Callable[[str, str], Any] | None = None
    governed: bool = False
    lint: Callable[[Any], Iterable[Issue]] | None = None
