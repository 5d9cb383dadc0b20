"""The catalogue that ships: every worked example holds, and the measurement framework is in order."""

import pytest

from geartrain.kernel.issues import Level
from geartrain.kernel.measure import run_examples
from geartrain.kernel.measure.graph import graph_of
from geartrain.kernel.measure.lints import lint
from geartrain.services.measures.metrics import metrics_in, shipped_metrics
from geartrain.services.policies import shipped_policies
from geartrain.services.records.sources import all_types
from tests.services.example_source import Examples

METRICS = metrics_in(shipped_policies())


@pytest.fixture(scope="module")
def examples():
    return Examples()


def test_every_shipped_policy_can_be_read():
    assert shipped_policies().issues == ()
    assert [m.key for m in shipped_metrics()] == sorted(METRICS)


@pytest.mark.parametrize("key", sorted(METRICS))
def test_the_worked_examples_of_a_metric_hold(key, examples):
    assert METRICS[key].examples, "a metric carries its worked examples"
    issues = run_examples(METRICS[key], examples, types=all_types(), metrics=METRICS)
    assert [i.message for i in issues] == []


def test_the_framework_is_in_order():
    goals = shipped_policies().get("corporate_goals", "default").spec
    shared = {stage: {str(f): m for f, m in said.items()} for stage, said in goals.shared_stages.items()}
    graph = graph_of(METRICS.values(), [g.key for g in goals.goals], shared)
    found = [f"{i.level}: {i.code}:{i.where}" for i in lint(graph)]
    assert found == []
    assert all(reached == of for reached, of in graph.coverage().values())
    assert all(m in METRICS for said in shared.values() for m in said.values())
    assert not [f for f in found if f.startswith(Level.error)]


@pytest.mark.parametrize("key", sorted(METRICS))
def test_a_metric_is_measured_from_something_there_is(key):
    spec = METRICS[key].spec
    assert spec.from_ is None or spec.from_ in all_types()
