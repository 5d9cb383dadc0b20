"""The fast way to read YAML and the slow one give the same values, of every policy there is and of damaged ones."""

import random
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from geartrain.kernel import yaml_text
from geartrain.kernel.yaml_text import load_yaml

ROOT = Path(__file__).parents[2]
TEXTS = [p.read_text() for p in sorted((ROOT / "geartrain").rglob("*.yaml"))]
LINES = sorted({line for text in TEXTS for line in text.splitlines()})
ODD = [*"\t '\"{}[]:,#&*!|>%@`-?~=<\\\n\x85\ufeff", "0o17", "017", "0x1F", "1_000", "1e3", ".5", "-.5e+3", "1:30",
       "yes", "on", "<<: *a", "&a ", "*a", "!!str 1", "---\n", "...\n",
       "2026-01-31", "2026-1-3", "2026-01-31T10:00:00Z",
       "null", "~", ".inf", ".NaN", "é", "2026-02-30", "0b1", "+1", "1.", "a: 1\na: 2\n",
       "%YAML 1.1\n---\n"]  # fmt: skip


def slowly(text):
    try:
        return repr(YAML(typ="safe", pure=True).load(text))
    except (YAMLError, ValueError, NotImplementedError) as error:
        return type(error).__name__


def quickly(text):
    try:
        return repr(load_yaml(text))
    except (YAMLError, ValueError, NotImplementedError) as error:
        return type(error).__name__


def test_every_policy_goes_the_fast_way():
    assert len(TEXTS) > 100
    for text in TEXTS:
        assert repr(yaml_text._plain(text, exact=False)) == slowly(text)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_damaged_texts_read_the_same(seed):
    chance = random.Random(seed)
    text = "\n".join(chance.sample(LINES, 3)) if seed % 3 == 0 else "\n".join(chance.choice(TEXTS).splitlines()[:12])
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice(ODD) + text[at + chance.randint(0, 2) :]
    assert quickly(text) == slowly(text), text


@given(st.text(alphabet="0123456789_+-.eExobinfaNtrueflsy: #'\"", max_size=12))
@settings(max_examples=500, deadline=None)
def test_scalars_read_the_same(said):
    assert quickly(f"a: {said}") == slowly(f"a: {said}")
    assert quickly(f"[{said}, 1]") == slowly(f"[{said}, 1]")


def test_exact_numbers_are_decimals():
    assert load_yaml("{a: 0.1, b: 1e2, c: 3, d: 2026-01-31}", exact=True) == {
        "a": Decimal("0.1"), "b": Decimal("1e2"), "c": 3, "d": date(2026, 1, 31)}  # fmt: skip
    assert load_yaml("a: !!float 0.1", exact=True) == {"a": Decimal("0.1")}


@pytest.mark.parametrize("text", ["a: 1\na: 2\n", "a: [", "a: 2026-02-30", "\tb: 1"])
def test_what_is_wrong_is_said_by_the_slow_way(text):
    with pytest.raises((YAMLError, ValueError)):
        load_yaml(text)
