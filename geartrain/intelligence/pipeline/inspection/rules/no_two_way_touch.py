"""A deal whose buyer has gone quiet."""

from geartrain.intelligence.pipeline.inspection.rule import Deal, Norms, Rule, Verdict


def says(deal: Deal, norms: Norms) -> Verdict:
    """Where the buyer neither wrote, called nor met us within the days that are too many."""
    if not norms.touches:
        return None
    if deal.touched is None:
        return "The buyer was never in contact." if deal.age_days > norms.quiet else False
    quiet = (norms.as_of - deal.touched).days
    return f"The last contact both ways was {quiet} days ago." if quiet > norms.quiet else False


RULE = Rule("no_two_way_touch", "No two-way contact in 14 days", "Get a meeting, or doubt the deal.", says, 30)
