import pytest

from tests.kernel.measure.cases import CASES, run_case


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_answers_as_worked_out_by_hand(case, source):
    run_case(case, source)
