"""The process specification's worked case 13, sentence by sentence (its backtest is tested with the backtests)."""

from datetime import date, datetime

import pytest
from django.db import DatabaseError, connection

from geartrain.kernel.errors import Conflict, Forbidden, StaleVersion
from geartrain.services import governance as g
from geartrain.services.access import operator
from geartrain.services.policies import current_policy

NAME = {"kind": "time_classes", "key": "selling"}


def publish(ws, cast, text, **how):
    g.propose_policy(ws, cast["rita"], text=text)
    g.approve_policy(ws, cast["fay"], **NAME)
    return g.publish_policy(ws, cast["rolf"], **NAME, **how)


def standing(ws, cast):
    found = g.acknowledgements(ws, cast["rita"], **NAME)
    return found.done, found.asked


def test_an_author_never_approves(ws, clock, cast, text):
    g.propose_policy(ws, cast["rita"], text=text("call"))
    with pytest.raises(Forbidden, match="wrote themselves"):
        g.approve_policy(ws, cast["rita"], **NAME)
    g.propose_policy(ws, operator(), text=text("call", key="other"))
    with pytest.raises(Forbidden):
        g.approve_policy(ws, operator(), kind="time_classes", key="other")
    assert g.get_policy(ws, cast["rita"], **NAME).approvals == ()


def test_acknowledgements_are_bound_to_the_text(ws, clock, cast, text):
    audience = "audience: [seller, manager]\n"
    v1 = publish(ws, cast, text("call", more=audience))
    assert standing(ws, cast) == (0, 3)
    for who in ("ann", "bob", "cleo"):
        g.acknowledge_policy(ws, cast[who], **NAME, sha256=v1.sha256)
    assert standing(ws, cast) == (3, 3)

    v2 = publish(ws, cast, text("call", "demo", more=audience), material=True)
    assert standing(ws, cast) == (0, 3)
    with pytest.raises(StaleVersion) as error:
        g.acknowledge_policy(ws, cast["ann"], **NAME, sha256=v1.sha256)
    assert (error.value.status, error.value.code) == (409, "stale_version")
    assert standing(ws, cast) == (0, 3)

    for who in ("ann", "bob"):
        g.acknowledge_policy(ws, cast[who], **NAME, sha256=v2.sha256)
    v3 = publish(ws, cast, text("call", "demo", more=audience + "notes: Mended a word.\n"), material=False)
    assert standing(ws, cast) == (2, 3)
    assert [t.version for t in g.to_acknowledge(ws, cast["cleo"])] == [3]
    assert g.to_acknowledge(ws, cast["ann"]) == []
    g.acknowledge_policy(ws, cast["cleo"], **NAME, sha256=v3.sha256)
    assert standing(ws, cast) == (3, 3)


def test_a_published_text_is_not_edited(ws, clock, cast, text):
    publish(ws, cast, text("call"))
    g.save_draft(ws, cast["rita"], text=text("demo"))
    assert [v.version for v in g.get_policy(ws, cast["rita"], **NAME).versions] == [2, 1]
    assert "call" in g.get_policy(ws, cast["rita"], **NAME, version=1).body
    with pytest.raises(DatabaseError, match="immutable"), connection.cursor() as cursor:
        cursor.execute("UPDATE decisions_policyversion SET body = 'x' WHERE version = 1")


def test_a_decision_cites_the_version_that_held(ws, clock, cast, text):
    publish(ws, cast, text("call"), effective_from=date(2026, 1, 1))
    publish(ws, cast, text("demo"), effective_from=date(2026, 4, 1))
    for at, version in [
        ("2026-03-31T23:59:59.999999", 1),
        ("2026-04-01T00:00:00", 2),
        ("2026-05-01T00:00:00", 2),
        ("2026-01-01T00:00:00", 1),
    ]:
        found = current_policy(ws, **NAME, as_of=datetime.fromisoformat(at))
        decision = g.decision_by(found, rule="core", subject="time/1", occurred_at=datetime.fromisoformat(at))
        assert (found.version, found.envelope.version, decision.version) == (version,) * 3
        assert decision.ref == f"time_classes/selling@{version}#core"


def test_a_replay_gives_the_same_ids_and_adds_nothing(ws, clock, cast, text):
    publish(ws, cast, text("call"), effective_from=date(2026, 1, 1))

    def events(results):
        policy = current_policy(ws, **NAME)
        for n, result in enumerate(results):
            at = datetime(2026, 1, 2, n)
            yield g.decision_by(
                policy, rule="core", subject=f"time/{n}", occurred_at=at, inputs={"n": n}, result=result
            )

    first, second = list(events([True] * 9)), list(events([True] * 9))
    assert [d.id for d in first] == [d.id for d in second]
    assert len({d.id for d in first}) == 9
    assert g.record_decisions(ws, operator(), first) == g.Recorded(9, 0)
    assert g.record_decisions(ws, operator(), second) == g.Recorded(0, 9)
    with pytest.raises(Conflict, match="another result"):
        g.record_decisions(ws, operator(), events([True] * 8 + [False]))
    assert g.decisions_about(ws, "time/3") == [first[3]]
