"""A first text of every kind: read back it is of that kind, and each key of the schema is in it."""

import pytest

from geartrain.kernel.policy import read_document
from geartrain.kernel.policy.template import schema_of, template
from geartrain.services.policies import policy_kinds


@pytest.mark.parametrize("kind", policy_kinds().values(), ids=lambda k: k.name)
def test_every_key_is_there_with_what_it_means(kind):
    text = template(kind, "mine")
    document, issues = read_document(text, "mine.yaml")
    assert issues == []
    assert (document.values["kind"], document.values["key"]) == (kind.name, "mine")
    schema = schema_of(kind)
    lines = [line.lstrip("# -") for line in text.splitlines()]
    for name, inner in schema["properties"].items():
        assert any(line.startswith(f"{name}:") for line in lines), name
        if inner.get("description"):
            assert inner["description"].split("\n")[0].lower()[:20] in text.lower()
    assert set(schema["required"]) <= set(document.values)


def test_a_key_may_hold_dashes():
    """As the specification's own plan does."""
    from geartrain.services.governance.checking import names_of

    assert names_of("kind: comp_plan\nkey: ae-enterprise-2026\n") == ("comp_plan", "ae-enterprise-2026")
