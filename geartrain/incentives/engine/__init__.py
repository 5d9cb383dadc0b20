"""The set-based pay engine: what a component pays everybody, priced where the facts lie.

credit → measure (weighed) → slice (credit × tier) → component → payout. What has the size of the facts is worked out
in sets, in whole numbers; what has the size of the payroll (a few sums per payee and period) is finished in fractions
by the rules that price a single payee, so that both give the same cent.
"""

from geartrain.incentives.engine.again import price_again
from geartrain.incentives.engine.price import Priced, Work, price_component
from geartrain.incentives.engine.settle import Due
from geartrain.incentives.engine.support import unsupported

__all__ = ["Due", "Priced", "Work", "price_again", "price_component", "unsupported"]
