from decimal import Decimal

import pytest

from geartrain.web.numbers import show


@pytest.mark.parametrize(
    ("value", "unit", "text", "exact"),
    [
        (Decimal("10005534"), "money", "$10.0M", "$10,005,534.00"),
        (Decimal("999950"), "money", "$1.0M", "$999,950.00"),
        (Decimal("999949"), "money", "$1.0M", "$999,949.00"),
        (Decimal("999499"), "money", "$999k", "$999,499.00"),
        (Decimal("12.5"), "money", "$12.50", ""),
        (Decimal("12"), "money", "$12", "$12.00"),
        (Decimal("-1234.5"), "money", "−$1.2k", "−$1,234.50"),
        (Decimal("0"), "money", "$0", "$0.00"),
        (Decimal("0.631501"), "ratio", "63.2%", "63.1501%"),
        (Decimal("1"), "ratio", "100%", ""),
        (4238, "count", "4,238", ""),
        (1234567, "count", "1.2M", "1,234,567"),
        (Decimal("51.78"), "days", "51.8 days", "51.78 days"),
        (Decimal("56546"), "money_per_day", "$56.5k a day", "$56,546.00 a day"),
        (0.1, "ratio", "10.0%", "10%"),
        (True, "", "yes", ""),
    ],
)
def test_writes_numbers_as_people_read_them(value, unit, text, exact):
    shown = show(value, unit, currency="USD")
    assert (shown.text, shown.exact) == (text, exact)


def test_what_is_not_known_says_why():
    shown = show(None, "ratio", why="Nothing has closed yet.")
    assert (shown.text, shown.exact, shown.unknown) == ("n/a", "Nothing has closed yet.", True)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_no_number_is_not_written_as_one(value):
    assert show(value, "count").unknown


def test_a_currency_without_a_sign_is_named():
    assert show(Decimal("1500"), "money", currency="CHF").text == "CHF 1.5k"
