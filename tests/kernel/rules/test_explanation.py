def test_a_number_is_shown_as_it_was_given_whatever_was_shown_before():
    """100 and 100.00 are equal; what remembers by value would show one as the other."""
    from decimal import Decimal

    from geartrain.kernel.rules.exact import shown

    for first, second in (("100", "100.00"), ("200.00", "200")):
        assert [shown(Decimal(n)) for n in (first, second)] == [first, second]
