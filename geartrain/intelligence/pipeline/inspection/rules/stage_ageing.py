"""A deal that is longer in its stage than most that were won."""

from geartrain.intelligence.pipeline.inspection.rule import Deal, Norms, Rule, Verdict


def says(deal: Deal, norms: Norms) -> Verdict:
    """Where it is longer in its stage than three in four won deals were."""
    usual = norms.stage_days.get(deal.stage or "")
    if usual is None or deal.days_in_stage is None:
        return None
    days = deal.days_in_stage
    if days <= usual:
        return False
    return f"{days:.0f} days in {deal.stage}; three in four won deals left it within {usual:.0f}."


RULE = Rule("stage_ageing", "Too long in its stage", "Move it on or back, or close it.", says, 50)
