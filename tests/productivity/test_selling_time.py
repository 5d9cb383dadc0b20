"""The map from categories of time to their class."""

import pytest
from pydantic import ValidationError

from geartrain.productivity.selling_time import TimeClasses


def test_categories_are_compared_without_case_and_outer_spaces():
    classes = TimeClasses(core=("Meeting ",), adjacent=("Research",), non_core=("TRAVEL",))
    assert classes.by_category() == {"meeting": "core", "research": "adjacent", "travel": "non_core"}


@pytest.mark.parametrize("twice", [{"core": ("call",), "non_core": ("Call",)}, {"core": ("call", " call")}])
def test_a_category_has_one_class(twice):
    with pytest.raises(ValidationError, match="the category 'call' is in two classes"):
        TimeClasses(**twice)
