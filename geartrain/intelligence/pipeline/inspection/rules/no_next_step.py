"""A deal nobody knows how to go on with."""

from geartrain.intelligence.pipeline.inspection.rule import Deal, Norms, Rule, Verdict


def says(deal: Deal, norms: Norms) -> Verdict:
    """Where no next step is written; a next step has no history, so earlier days are not judged."""
    if not norms.today:
        return None
    return False if (deal.next_step or "").strip() else "No next step is written."


RULE = Rule("no_next_step", "No next step", "Agree one with the buyer, with a date.", says, 20)
