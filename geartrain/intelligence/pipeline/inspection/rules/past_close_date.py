"""A deal that was to be closed by now."""

from geartrain.intelligence.pipeline.inspection.rule import Deal, Norms, Rule, Verdict


def says(deal: Deal, norms: Norms) -> Verdict:
    """Where the close date lies before the day."""
    if deal.close_date is None:
        return "It has no close date."
    late = (norms.as_of - deal.close_date).days
    return f"It was due on {deal.close_date}, {late} day{'s' if late != 1 else ''} ago." if late > 0 else False


RULE = Rule("past_close_date", "Past its close date", "Close it, or set the date the buyer agreed to.", says, 10)
