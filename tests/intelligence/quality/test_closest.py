import pytest

from geartrain.intelligence.quality.closest import Candidates

PRODUCTS = Candidates({p: (p,) for p in ("GTX Basic", "GTX Plus Basic", "GTX Plus Pro", "GTX Pro", "MG Special")})


@pytest.mark.parametrize(
    ("value", "closest"),
    [
        ("GTXPro", "GTX Pro"),
        ("gtx-pro", "GTX Pro"),
        ("MG Speciál", "MG Special"),
        ("MG Specail", "MG Special"),
        ("Toaster", None),
        ("--", None),
        ("", None),
    ],
)
def test_names_what_was_probably_meant_or_nothing(value, closest):
    assert PRODUCTS.closest(value) == closest


def test_recognises_an_id_by_its_name():
    assert Candidates({"u1": ("u1", "Ann Lee")}).closest("ann lee") == "u1"
