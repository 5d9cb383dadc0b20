"""A deal larger than almost all that were won."""

from geartrain.intelligence.pipeline.inspection.rule import Deal, Norms, Rule, Verdict


def says(deal: Deal, norms: Norms) -> Verdict:
    """Where the amount is above that of 95 in 100 won deals."""
    if deal.amount is None or norms.large is None:
        return None
    if deal.amount <= norms.large:
        return False
    return f"{deal.amount:,.0f}; 95 in 100 won deals are not above {norms.large:,.0f}."


RULE = Rule("large_amount", "Unusually large", "Check the amount, and what stands behind it.", says, 60)
