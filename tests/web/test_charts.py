import re
import xml.etree.ElementTree as ET
from decimal import Decimal

import pytest

from geartrain.web.charts import Picture, bars, lines, ranked, warm_up

ROWS = [{"x": "Jul <&\"'", "y": Decimal("1200000.55")}, {"x": "Aug", "y": None}, {"x": "Sep", "y": Decimal("-3")}]
SERIES = [{"x": x, "y": n, "series": s} for n, (x, s) in enumerate([("Q1", "won"), ("Q1", "lost"), ("Q2", "won")])]


@pytest.mark.parametrize("draw", [bars, lines, ranked])
@pytest.mark.parametrize("rows", [ROWS, SERIES])
@pytest.mark.parametrize("width", [330, 520])
def test_draws_what_a_strict_policy_lets_through(draw, rows, width):
    options = {"unit": "money", "currency": "EUR", "goal": Decimal("5")}
    svg = Picture("Title", draw, rows, alt='What it says, "quoted" <b>', options=options).svg(width)
    tree = ET.fromstring(svg)
    assert tree.get("role") == "img"
    assert tree.get("aria-label") == 'What it says, "quoted" <b>'
    assert float(tree.get("width")) == pytest.approx(width, abs=2)
    assert not re.search(r"\sstyle=|<style|<script|\son\w+=|font-family", svg)
    assert "var(--chart-" in svg
    assert not re.search(r'(?:fill|stroke)="(?:#|white|black|rgb)', svg), "a colour that does not follow the theme"


def test_marks_say_their_values():
    svg = Picture("T", bars, ROWS, alt="a", options={"unit": "money", "currency": "EUR"}).svg(400)
    assert "€1,200,000.55</title>" in svg
    assert "Jul &lt;&amp;" in svg


def test_axes_are_written_like_other_numbers():
    svg = Picture("T", bars, [{"x": "a", "y": 3_000_000_000}], alt="a", options={"unit": "money"}).svg(400)
    assert ">$3B<" in svg


def test_is_drawn_once(monkeypatch):
    picture = Picture("T", bars, [{"x": "once", "y": 1}], alt="a")
    first = picture.svg(411)
    monkeypatch.setattr("geartrain.web.charts.render", lambda *a, **k: pytest.fail("drawn again"))
    assert picture.svg(411) is first


def test_warms_up():
    warm_up()
