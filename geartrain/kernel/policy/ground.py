"""What a policy is tried on: the facts as somebody may see them, the policies that hold beside it, and a window."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from geartrain.kernel.measure.source import Source
from geartrain.kernel.measure.when import Window
from geartrain.kernel.policy.policy import PolicySet


@dataclass(frozen=True)
class Ground:
    """Where history is replayed.

    Args:
        source: The facts, cut to what the asker may see; its views read these policies.
        policies: Those that hold, the one that is tried among them.
        since: First day.
        until: The day after the last.
    """

    source: Source
    policies: PolicySet
    since: date
    until: date

    @property
    def window(self) -> Window:
        """The days as the measure kernel has them.

        Raises:
            Invalid: the window is empty.
        """
        return Window(self.since, self.until, self.source.as_of, self.source.calendar)
