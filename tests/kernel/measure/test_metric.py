import pytest

from geartrain.kernel.measure import Metric, load_metric
from geartrain.kernel.measure.primitives import PRIMITIVES

WIN_RATE = """\
kind: metric
key: win_rate
name: Win rate
class: output            # readiness | activity | output | impact
type: rate
function: sales
owner: head-of-revops
direction: up
unit: ratio
spec:
  from: opportunity
  at: closed_at
  numerator:   {agg: count, where: is_won}
  denominator: {agg: count, where: is_closed}
  dimensions: [owner, team, account.segment]
drives: [bookings]
goals: [grow-new-business]
target: {value: 0.28, tolerance: 0.03}
definition: Won opportunities over all closed ones,
  by the date of closing.
"""


def loaded(text: str) -> Metric:
    metric, issues = load_metric(text, "win_rate.yaml")
    assert metric is not None, issues
    return metric


def test_reads_a_policy_as_it_is_written():
    metric = loaded(WIN_RATE)
    assert (metric.key, metric.class_.value, metric.spec.from_, metric.spec.form) == (
        "win_rate", "output", "opportunity", "ratio")  # fmt: skip
    assert [a.where for a in metric.spec.aggregates] == ["is_won", "is_closed"]
    assert metric.definition == "Won opportunities over all closed ones, by the date of closing."


def test_a_version_is_known_by_the_text():
    metric = loaded(WIN_RATE)
    assert loaded(WIN_RATE).sha256 == metric.sha256
    assert loaded(WIN_RATE + "# a remark\n").sha256 != metric.sha256


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("agg: count, where: is_won", "agg: cnt, where: is_won", 13, "'cnt'"),
        ("unit: ratio", "unti: ratio", 9, "'unti' is not a key of a metric"),
        ("class: output", "class: outcome", 4, "class:"),
        ("owner: head-of-revops\n", "", 1, "owner: Field required"),
        ("  from: opportunity\n", "", 10, "from:"),
        ("  denominator: {agg: count, where: is_closed}\n", "", 10, "both numerator and denominator"),
        ("agg: count, where: is_won", "agg: quantile, of: amount, q: 2", 13, "less than or equal to 1"),
        ("key: win_rate", "key: Win Rate", 2, "key:"),
        ("spec:", "spec: [", 12, "not YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(before, after, line, said):
    assert before in WIN_RATE
    metric, issues = load_metric(WIN_RATE.replace(before, after), "win_rate.yaml")
    assert metric is None
    assert any(said in i.message for i in issues), issues
    assert f"win_rate.yaml:{line}" in [i.where for i in issues], issues


@pytest.mark.parametrize("text", ["", "[]", "just words", "kind: metric"])
def test_what_is_no_metric_is_an_issue(text):
    metric, issues = load_metric(text, "x.yaml")
    assert metric is None
    assert issues[0].code in ("policy_not_yaml", "metric_invalid")


def test_the_folder_is_the_register_of_primitives():
    names = {p.model_fields["agg"].default for p in PRIMITIVES}
    assert names == {
        "count", "count_distinct", "sum", "mean", "median", "quantile", "min", "max",
        "cohort_conversion", "km_median", "cumulative_incidence", "as_of_sum", "waterfall",
    }  # fmt: skip


def test_the_schema_knows_every_primitive_and_only_them():
    schema = Metric.model_json_schema()
    told = schema["$defs"]["Spec"]["properties"]["value"]["anyOf"][0]["discriminator"]["mapping"]
    assert set(told) == {p.model_fields["agg"].default for p in PRIMITIVES}
