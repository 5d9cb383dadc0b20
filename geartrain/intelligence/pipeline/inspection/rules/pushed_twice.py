"""A deal that slipped more than once."""

from geartrain.intelligence.pipeline.inspection.rule import Deal, Norms, Rule, Verdict


def says(deal: Deal, norms: Norms) -> Verdict:
    """Where the close date was moved to a later fiscal month twice or more."""
    if not norms.tracked:
        return None
    return f"Its close date was pushed {deal.pushes} times." if deal.pushes >= 2 else False


RULE = Rule("pushed_twice", "Pushed twice", "Ask the buyer what has to happen by when.", says, 40)
