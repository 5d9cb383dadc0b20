from decimal import Decimal

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from geartrain.kernel.errors import Invalid
from geartrain.web.tables import Col, make_table, sorted_rows

COLUMNS = (Col("name", "Name"), Col("amount", "Amount", unit="money"))
ROWS = [{"name": f"n{n:02}", "amount": Decimal(n % 7) if n % 5 else None} for n in range(23)]


class Asked:
    """As much of a request as a table looks at."""

    def __init__(self, query=""):
        self.GET = QueryDict(query)

        class workspace:
            currency = "USD"

        self.workspace = workspace


@pytest.fixture(autouse=True)
def _django(site):
    """QueryDict reads Django's settings."""


def test_sorts_and_pages_by_its_own_parameters():
    table = make_table(Asked("t-sort=-amount&t-page=2&sort=nope"), columns=COLUMNS, rows=ROWS, name="t", size=10)
    assert (table.first, table.last, table.total, table.pages) == (11, 20, 23, 3)
    whole = [r["amount"] for r in table.all_rows()]
    known = [a for a in whole if a is not None]
    assert known == sorted(known, reverse=True)
    assert whole[len(known) :] == [None] * (23 - len(known))


@pytest.mark.parametrize("query", ["sort=other", "page=0", "page=x", "page=1e3", "page=²", "page=99999999"])
def test_refuses_what_is_not_there(query):
    with pytest.raises(Invalid):
        make_table(Asked(query), columns=COLUMNS, rows=ROWS)


def test_a_page_beyond_the_last_is_the_last():
    assert make_table(Asked("page=99"), columns=COLUMNS, rows=ROWS, size=10).page == 3


def test_a_heading_turns_the_order():
    heads = make_table(Asked("sort=-amount"), columns=COLUMNS, rows=ROWS).headings()
    assert [(h.sort, h.sorted, h.number) for h in heads] == [("name", "", False), ("amount", "descending", True)]


values = st.one_of(st.none(), st.integers(), st.text(), st.decimals(allow_nan=False), st.booleans())


@given(st.lists(values), st.booleans())
def test_sorting_loses_nothing_and_never_fails(found, down):
    rows = [{"v": v, "n": n} for n, v in enumerate(found)]
    ordered = sorted_rows(rows, "-v" if down else "v")
    assert sorted(r["n"] for r in ordered) == list(range(len(rows)))
    unknown = [r["v"] is None for r in ordered]
    assert unknown == sorted(unknown)
