"""A deal that hangs on one person."""

from geartrain.intelligence.pipeline.inspection.rule import Deal, Norms, Rule, Verdict


def says(deal: Deal, norms: Norms) -> Verdict:
    """Where one person of the buyer's was spoken with; none recorded is not known."""
    if deal.contacts is None:
        return None
    return "Only one person of the buyer's was spoken with." if deal.contacts == 1 else False


RULE = Rule("single_contact", "Single contact", "Meet a second person, the one who pays above all.", says, 70)
