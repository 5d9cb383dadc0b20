"""What the engine of metrics says it reads is what it reads."""

from inspect import getsource

from geartrain.facts import view_modules
from geartrain.intelligence.engines.metrics import VIEW_KINDS
from geartrain.services.records.sources import view_policies

# Fields of `ViewPolicies` that policies fill, to the kind that fills them.
FILLED = {"time_classes": "time_classes", "goals": "corporate_goals"}


def test_every_view_that_reads_a_policy_is_known_to():
    given = {
        name for name in ("time_classes", "goals", "stages", "size_bands") if f"{name}=" in getsource(view_policies)
    }
    assert given == FILLED.keys(), "a new field: say here and in the engine which views read it"
    read = {name: _reads(module, set()) for name, module in view_modules().items()}
    assert {name: kinds for name, kinds in read.items() if kinds} == {v: {k} for v, k in VIEW_KINDS.items()}


def _reads(module, seen):
    """The kinds a view reads itself and through the views it is built of."""
    text = getsource(module)
    own = {kind for field, kind in FILLED.items() if f"policies.{field}" in text}
    for name, other in view_modules().items():
        if f"{name}.build(" in text and name not in seen:
            own |= _reads(other, {*seen, name})
    return own
