"""Which hours are selling: the map from categories of time to their class."""

from __future__ import annotations

from collections import Counter

from pydantic import model_validator

from geartrain.kernel.policy import Strict


class TimeClasses(Strict):
    """The `spec` of a time_classes policy.

    Core is live contact with a buyer; adjacent prepares it (research, proposals); non_core is all else. Surveys find
    22 to 45 % selling time depending on whether preparation counts, so the map is published with the number. A category
    in none of the three is `unmapped`: its hours count below the line, never above it.
    """

    core: tuple[str, ...]
    adjacent: tuple[str, ...] = ()
    non_core: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_once(self) -> TimeClasses:
        counted = Counter(normal(c) for c in (*self.core, *self.adjacent, *self.non_core))
        if twice := [c for c, n in counted.items() if n > 1]:
            raise ValueError(f"the category '{twice[0]}' is in two classes")
        return self

    def by_category(self) -> dict[str, str]:
        """Category, as `normal` writes it, to its class.

        Example: core [Meeting], non_core [Travel] is {"meeting": "core", "travel": "non_core"}.
        """
        classes = {"core": self.core, "adjacent": self.adjacent, "non_core": self.non_core}
        return {normal(c): name for name, members in classes.items() for c in members}


def normal(category: str) -> str:
    """How categories are compared: without case and outer spaces."""
    return category.strip().lower()
