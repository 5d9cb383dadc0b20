import pytest

from geartrain.kernel.truth import all_of, any_of, negate


@pytest.mark.parametrize(
    ("values", "every", "some"),
    [
        ([], True, False),
        ([True, None], None, True),
        ([False, None], False, None),
        ([None], None, None),
        ([True, False], False, True),
    ],
)
def test_unknown_is_neither(values, every, some):
    assert all_of(values) is every
    assert any_of(values) is some


def test_negation_keeps_unknown():
    assert [negate(v) for v in (True, False, None)] == [False, True, None]
