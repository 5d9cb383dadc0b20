from decimal import Decimal

from geartrain.intelligence.quality.findings import Assessed
from geartrain.intelligence.quality.ruleset import Dimension as D
from geartrain.intelligence.quality.score import score

WEIGHTS = {
    D.completeness: Decimal(".4"),
    D.validity: Decimal(".3"),
    D.uniqueness: Decimal(".2"),
    D.timeliness: Decimal(".1"),
}


def test_weighs_what_is_assessed_and_lists_the_rest():
    # Worked case 9 of the process specification.
    found = score(
        [
            Assessed("next_step", "opportunity", D.completeness, 80, 60),
            Assessed("amount", "opportunity", D.completeness, 100, 95),
            Assessed("valid", "opportunity", D.validity, 200, 180),
            Assessed("unique", "account", D.uniqueness, 100, 98),
        ],
        weights=WEIGHTS,
    )
    assert round(found.overall, 4) == Decimal("0.9005")
    assert found.unassessed == (D.timeliness,)
    assert round(found.dimensions[0].value, 4) == Decimal("0.8611")


def test_nothing_assessed_is_unknown_not_perfect():
    found = score([], weights=WEIGHTS)
    assert found.overall is None
    assert set(found.unassessed) == set(WEIGHTS)
