"""Scenarios over a workspace: made, run, compared, put away and brought back; each in the eyes of who asks."""

from datetime import date
from decimal import Decimal

import pytest

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.services.access import Actor, Role
from geartrain.services.changes.scenario_runs import compare_scenarios, engines, latest_run, run_scenario
from geartrain.services.changes.scenarios import (
    create_scenario,
    delete_scenario,
    drop_draft,
    get_scenario,
    list_scenarios,
    restore_scenario,
    set_draft,
)
from geartrain.stores.decisions import open_decisions
from tests.services.trying import ANN, BOB, BOOKINGS, GOALS, OPS, deal, load, workspace

YEAR = {"since": date(2026, 1, 1), "until": date(2027, 1, 1)}
PEER = Actor("cam@x", frozenset({Role.manager}), user_id="cleo")


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    return workspace(tmp_path_factory.mktemp("scenarios"))


@pytest.fixture
def ws(company):
    """The company without scenarios; what was worked out for it is kept, as it would be."""
    open_decisions(company.decisions_url)
    from geartrain.stores.decisions.models import Scenario, ScenarioRun

    ScenarioRun.objects.all().delete()
    Scenario.objects.all().delete()
    return company


@pytest.fixture
def fresh(tmp_path):
    """A company nothing was ever worked out for."""
    return workspace(tmp_path)


def made(ws, actor=OPS, key="new-only", text=BOOKINGS):
    return create_scenario(ws, actor, key=key, drafts=[("bookings.yaml", text)], **YEAR)


def values(found, key):
    return next(row.values for row in found.rows if row.key == key)


def test_a_draft_reads_through_to_what_is_made_of_it(ws):
    made(ws)
    found = run_scenario(ws, OPS, key="new-only")
    assert values(found, "metrics/bookings") == (1450, 100)
    assert values(found, "goals/grow-new-business") == (Decimal("0.725"), Decimal("0.05"))
    changed = {row.key: row for row in found.changed}
    assert "goals/grow-new-business" in changed
    assert all(("metric", "bookings") in row.causes[1] for row in found.changed)
    assert "metrics/deals_won" not in changed


def test_a_second_run_works_nothing_out_and_a_change_only_what_reads_it(fresh):
    made(fresh)
    first = run_scenario(fresh, OPS, key="new-only")
    again = run_scenario(fresh, OPS, key="new-only")
    assert (again.ran, again.manifests) == (0, first.manifests)
    set_draft(fresh, OPS, key="new-only", text=GOALS.replace("2000", "4000"))
    third = run_scenario(fresh, OPS, key="new-only")
    assert 0 < third.ran < first.ran / 4
    assert values(third, "goals/grow-new-business/wanted") == (2000, 4000)


def test_a_manager_is_given_his_own_numbers_only(ws):
    made(ws)
    run_scenario(ws, OPS, key="new-only")
    made(ws, BOB, key="bobs")
    assert latest_run(ws, BOB, key="bobs") is None
    found = run_scenario(ws, BOB, key="bobs")
    assert values(found, "metrics/bookings") == (750, 100)
    assert values(run_scenario(ws, OPS, key="bobs"), "metrics/bookings") == (1450, 100)
    assert values(latest_run(ws, BOB, key="bobs"), "metrics/bookings") == (750, 100)


def test_a_strangers_scenario_does_not_exist(ws):
    made(ws)
    for act in (get_scenario, run_scenario, delete_scenario, latest_run):
        with pytest.raises(NotFound) as theirs:
            act(ws, PEER, key="new-only")
        with pytest.raises(NotFound) as none:
            act(ws, PEER, key="none-such")
        assert theirs.value.message.replace("new-only", "none-such") == none.value.message
    assert list_scenarios(ws, PEER) == []
    assert [s.key for s in list_scenarios(ws, OPS)] == ["new-only"]
    with pytest.raises(Forbidden):
        list_scenarios(ws, ANN)


def test_what_is_loaded_later_changes_nothing(fresh):
    made(fresh)
    first = run_scenario(fresh, OPS, key="new-only")
    from geartrain.services.workspace import open_workspace

    load(
        fresh,
        {"opportunity": [deal("o9", "ann", "2026-05-01", 9000), deal("o1", "ann", "2026-04-01", 5)]},
        at="2030-01-01",
    )
    from geartrain.stores.decisions.models import ScenarioOutput

    ScenarioOutput.objects.all().delete()
    later = run_scenario(open_workspace(fresh.path), OPS, key="new-only")
    assert later.ran == first.ran
    assert [row.values for row in later.rows] == [row.values for row in first.rows]


def test_two_side_by_side(ws):
    made(ws)
    made(ws, key="renewals", text=BOOKINGS.replace("'new'", "'renewal'"))
    found = compare_scenarios(ws, OPS, keys=["new-only", "renewals"])
    assert [key for key, _ in found.columns] == ["today", "new-only", "renewals"]
    assert values(found, "metrics/bookings") == (1450, 100, 1300)
    with pytest.raises(Invalid):
        compare_scenarios(ws, OPS, keys=[])


def test_deleting_is_undone_and_all_of_it_is_in_the_trail(fresh):
    made(fresh)
    drop_draft(fresh, OPS, key="new-only", kind="metric", policy="bookings")
    set_draft(fresh, OPS, key="new-only", text=BOOKINGS)
    run_scenario(fresh, OPS, key="new-only")
    delete_scenario(fresh, OPS, key="new-only")
    assert list_scenarios(fresh, OPS) == []
    assert [s.key for s in list_scenarios(fresh, OPS, deleted=True)] == ["new-only"]
    with pytest.raises(NotFound):
        run_scenario(fresh, OPS, key="new-only")
    with pytest.raises(Conflict):
        made(fresh)
    assert len(restore_scenario(fresh, OPS, key="new-only").drafts) == 1
    assert latest_run(fresh, OPS, key="new-only") is not None
    from geartrain.stores.decisions.models import AuditEvent

    verbs = [e.verb for e in AuditEvent.objects.filter(subject="scenario/new-only")]
    assert verbs == [
        "create_scenario",
        "drop_scenario_draft",
        "set_scenario_draft",
        "run_scenario",
        "delete_scenario",
        "restore_scenario",
    ]


def test_a_run_says_when_it_is_no_longer_so(ws):
    made(ws)
    run_scenario(ws, OPS, key="new-only")
    assert latest_run(ws, OPS, key="new-only").stale == ()
    set_draft(ws, OPS, key="new-only", text=BOOKINGS.replace("'new'", "'renewal'"))
    assert latest_run(ws, OPS, key="new-only").stale == ("The drafts have changed since this run.",)


def test_a_draft_is_shown_against_what_holds(ws):
    made(ws)
    _, (draft,) = get_scenario(ws, OPS, key="new-only")
    assert draft.replayable
    assert any(line.startswith("+  value:") for line in draft.diff)
    assert any(line.startswith("-  value:") for line in draft.diff)


def test_a_run_that_is_cancelled_is_not_recorded(ws):
    made(ws)

    def stop(title, done, of):
        if done > 1:
            raise Conflict("Cancelled.")

    with pytest.raises(Conflict):
        run_scenario(ws, OPS, key="new-only", progress=stop)
    assert latest_run(ws, OPS, key="new-only") is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"key": "Bad Key"}, "no key"),
        ({"key": "new"}, "something else"),
        ({"key": "a", "since": date(2026, 1, 1), "until": date(2026, 1, 1)}, "empty"),
        ({"key": "a", "drafts": [("x.yaml", "kind: metric")]}, "x.yaml:1"),
        (
            {"key": "a", "drafts": [("x.yaml", BOOKINGS), ("y.yaml", BOOKINGS)]},
            "y.yaml: the metric 'bookings' is in x.yaml",
        ),
    ],
)
def test_says_what_is_wrong(ws, asked, said):
    with pytest.raises(Invalid) as error:
        create_scenario(ws, OPS, **asked)
    assert said in error.value.message


def test_an_engine_registers_itself_by_being_in_a_folder():
    assert {"metrics", "goals", "quality"} <= {e.name for e in engines()}
