"""The runner of engines: only what read something else runs again."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest

from geartrain.kernel.errors import Invalid
from geartrain.kernel.periods import FiscalCalendar
from geartrain.kernel.policy import Policy, PolicySet
from geartrain.kernel.policy.ground import Ground
from geartrain.kernel.policy.scenario import Engine, Number, Part, compare, in_order, run

SOURCE = SimpleNamespace(as_of=date(2026, 12, 31), calendar=FiscalCalendar(), currency="USD")


class Memo(dict):
    def known(self, hashes):
        return {h: self[h] for h in hashes if h in self}

    def keep(self, found):
        self.update(found)


def policy(kind, key, body):
    return Policy(kind, key, body, None)


def ground(**bodies):
    found = {("rate", key): policy("rate", key, body) for key, body in bodies.items()}
    return Ground(SOURCE, PolicySet(found), date(2026, 1, 1), date(2027, 1, 1))


def gears(runs):
    """Rates are numbers; half is half of `a`, rounded down; whole reads half."""

    def rates(inputs, wanted):
        runs.extend(f"rates/{name}" for name in wanted)
        policies = inputs.ground.policies.of("rate")
        return {k: [Number(f"rates/{k}", k, "count", "up", Decimal(policies[k].body.split()[0]))] for k in wanted}

    def half(inputs, wanted):
        runs.append("half")
        value = inputs.numbers["rates/a"].value
        return {"all": [Number("half/a", "half", "count", "up", Decimal(int(value) // 2))]}

    def whole(inputs, wanted):
        runs.append("whole")
        return {"all": [Number("whole/a", "whole", "count", "up", inputs.numbers["half/a"].value * 2)]}

    each = lambda i: {k: Part((p,)) for k, p in i.ground.policies.of("rate").items()}  # noqa: E731
    return [
        Engine("whole", "Whole", (), lambda i: {"all": Part((), ("half/a",))}, whole, engines=("half",)),
        Engine("half", "Half", (), lambda i: {"all": Part((), ("rates/a",))}, half, engines=("rates",)),
        Engine("rates", "Rates", (("rate", "*"),), each, rates),
    ]


def test_runs_again_only_what_reads_something_else():
    runs, memo = [], Memo()
    first = run(gears(runs), ground(a="4", b="1"), facts="f", memo=memo)
    assert runs == ["rates/a", "rates/b", "half", "whole"]
    assert {k: g.number.value for k, g in first.numbers.items()} == {
        "rates/a": 4,
        "rates/b": 1,
        "half/a": 2,
        "whole/a": 4,
    }

    runs.clear()
    again = run(gears(runs), ground(a="4", b="1"), facts="f", memo=memo)
    assert runs == []
    assert (again.manifest, again.kept, again.ran) == (first.manifest, 4, ())

    run(gears(runs), ground(a="4", b="7"), facts="f", memo=memo)
    assert runs == ["rates/b"]

    runs.clear()
    run(gears(runs), ground(a="5", b="1"), facts="f", memo=memo)
    assert runs == ["rates/a", "half"], "half comes out the same, so what reads it does not run"

    runs.clear()
    run(gears(runs), ground(a="4 # said otherwise", b="1"), facts="f", memo=memo)
    assert runs == ["rates/a"], "the text is another, the number is not"

    runs.clear()
    run(gears(runs), ground(a="4", b="1"), facts="other", memo=memo)
    assert runs == ["rates/a", "rates/b", "half", "whole"]


def test_a_difference_names_the_policies_behind_it():
    memo = Memo()
    today, tried = (run(gears([]), g, facts="f", memo=memo) for g in (ground(a="4", b="1"), ground(a="8", b="1")))
    rows = {row.key: row for row in compare([today, tried])}
    assert rows["whole/a"].values == (4, 8)
    assert rows["whole/a"].differences == (0, 4)
    assert rows["whole/a"].causes == ((), (("rate", "a"),))
    assert not rows["rates/b"].differs
    assert rows["rates/b"].causes == ((), ())


def test_a_number_that_one_column_lacks_is_unknown_there():
    memo = Memo()
    today, tried = (run(gears([]), g, facts="f", memo=memo) for g in (ground(a="4"), ground(a="4", b="1")))
    row = next(r for r in compare([today, tried]) if r.key == "rates/b")
    assert (row.values, row.differences, row.differs) == ((None, 1), (None, None), True)
    assert row.causes[1] == (("rate", "b"),)


def test_engines_come_after_those_they_read():
    assert [e.name for e in in_order(gears([]))] == ["rates", "half", "whole"]


def test_refuses_a_circle_and_what_is_not_there():
    first, second, third = gears([])
    with pytest.raises(Invalid, match="not there"):
        in_order([first])
    loop = Engine("rates", "Rates", (), third.parts, third.run, engines=("whole",))
    with pytest.raises(Invalid, match="circle"):
        in_order([first, second, loop])


def test_an_engine_is_given_only_what_it_declares():
    seen = []
    engine = Engine("a", "A", (("rate", "a*"),), lambda i: seen.append(sorted(i.ground.policies.policies)) or {}, None)
    run([engine], ground(a="1", ab="2", b="3"), facts="f", memo=Memo())
    assert seen == [[("rate", "a"), ("rate", "ab")]]


def test_what_a_report_raises_stops_the_run():
    def stop(title, done, of):
        raise Invalid("stopped")

    with pytest.raises(Invalid, match="stopped"):
        run(gears([]), ground(a="1"), facts="f", memo=Memo(), report=stop)
