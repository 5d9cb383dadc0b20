"""What every primitive is: the model of an aggregate, and how it compiles."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict


def _text(value: object) -> object:
    """YAML reads `where: true` and `of: 1` as values; as expressions they are text again."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Expression = Annotated[str, BeforeValidator(_text)]
"""A rule, as text (geartrain.kernel.rules)."""


class Aggregate(BaseModel):
    """One number out of many rows.

    A subclass per file of `primitives/`, with `agg` a literal that names it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    agg: str
    where: Expression | None = None

    @property
    def alone(self) -> bool:
        """True where it makes rows of its own and so cannot be part of a ratio."""
        return False
