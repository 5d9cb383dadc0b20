"""What people owe: who sees it, who may let it be, and that nothing is opened twice."""

from datetime import datetime, timedelta

import pytest

from geartrain.kernel.clock.commitment import EscalationStep, State
from geartrain.kernel.clock.term import Term
from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from geartrain.services import commitments as c
from geartrain.services.access import Actor, Role, operator
from geartrain.services.records.loading import load_records
from geartrain.services.trail import writing
from geartrain.services.workspace import Workspace, init_workspace
from geartrain.stores.decisions import open_decisions

NOW = datetime(2026, 3, 2, 9)
ROLES = {"ann": Role.seller, "bob": Role.manager, "cleo": Role.seller, "dee": Role.auditor, "rita": Role.revops}
PEOPLE = {n: Actor(f"{n}@example.com", frozenset({r}), n) for n, r in ROLES.items()}
ANN, BOB, CLEO, DEE, RITA = PEOPLE.values()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Bob manages Ann; Cleo is somewhere else."""
    folder = tmp_path_factory.mktemp("commitments")
    (folder / "export").mkdir()
    (folder / "export" / "user.csv").write_text(
        "user_id,name,manager_id,is_active\nann,Ann,bob,true\nbob,Bob,,true\ncleo,Cleo,,true\n"
    )
    ws = init_workspace(folder / "w")
    load_records(ws, operator(), location=folder / "export")
    open_decisions(ws.decisions_url)
    from geartrain.stores.decisions.models import User

    for name, role in ROLES.items():
        User.objects.create(email=f"{name}@example.com", roles=[str(role)], user_id=name)
    return ws


@pytest.fixture
def now(monkeypatch):
    clock = [NOW]
    monkeypatch.setattr(Workspace, "now", lambda self: clock[0])
    return clock


@pytest.fixture
def ws(home, now):
    open_decisions(home.decisions_url)
    from geartrain.stores.decisions.models import Commitment

    Commitment.objects.all().delete()
    return home


def opened(ws, assignee="ann@example.com", subject="lead/L1", hours=4, **more):
    with writing(ws):
        return c.open_commitment(
            ws,
            kind="sla",
            subject=subject,
            title="Call L1",
            assignee=assignee,
            due=NOW + timedelta(hours=hours),
            **more,
        )


def test_the_same_thing_is_opened_once(ws):
    first = opened(ws)
    assert opened(ws) == first
    c.meet_commitment(ws, ANN, id=first)
    assert opened(ws) != first


def test_met_in_time_and_breached_after(ws, now):
    early, late = opened(ws), opened(ws, subject="lead/L2")
    assert c.meet_commitment(ws, ANN, id=early, at=NOW).state is State.met
    now[0] = NOW + timedelta(hours=5)
    assert [(w.id, w.state) for w in c.my_work(ws, ANN)] == [(late, State.breached)]
    assert c.my_work(ws, ANN, as_of=NOW)[0].state is State.open
    assert c.meet_commitment(ws, ANN, id=late).state is State.breached
    assert c.my_work(ws, ANN) == []
    with pytest.raises(Conflict):
        c.meet_commitment(ws, ANN, id=late)
    with pytest.raises(Invalid):
        c.meet_commitment(ws, ANN, id=opened(ws), at=NOW + timedelta(hours=9))


def test_who_sees_and_who_may(ws):
    mine = opened(ws)
    for who, sees in ((ANN, True), (BOB, True), (RITA, True), (DEE, True), (CLEO, False)):
        assert [w.id for w in c.list_commitments(ws, who)] == ([mine] if sees else [])
    for deed in (
        lambda who: c.meet_commitment(ws, who, id=mine),
        lambda who: c.waive_commitment(ws, who, id=mine, reason="x"),
        lambda who: c.cancel_commitment(ws, who, id=mine, reason="x"),
        lambda who: c.reassign_commitment(ws, who, id=mine, to="cleo@example.com"),
        lambda who: c.get_commitment(ws, who, id=mine),
    ):
        with pytest.raises(NotFound):
            deed(CLEO)
    for deed in (c.waive_commitment, c.cancel_commitment):
        for who in (ANN, DEE):
            with pytest.raises(Forbidden):
                deed(ws, who, id=mine, reason="x")
    with pytest.raises(Forbidden):
        c.meet_commitment(ws, DEE, id=mine)
    with pytest.raises(Invalid):
        c.cancel_commitment(ws, BOB, id=mine, reason=" ")
    assert c.cancel_commitment(ws, BOB, id=mine, reason="Merged into L7.").state is State.cancelled


def test_handed_on_with_a_clock_of_its_own(ws, now):
    first = opened(ws)
    now[0] = NOW + timedelta(hours=5)
    with pytest.raises(Invalid, match="past due"):
        c.reassign_commitment(ws, BOB, id=first, to="cleo@example.com")
    new = c.reassign_commitment(ws, BOB, id=first, to="cleo@example.com", due=now[0] + timedelta(hours=2))
    assert (new.assignee, new.opened, new.state) == ("cleo@example.com", now[0], State.open)
    assert c.get_commitment(ws, RITA, id=first).state is State.breached
    assert [w.id for w in c.my_work(ws, CLEO)] == [new.id]
    assert opened(ws) == new.id, "the same thing is still open"
    with pytest.raises(NotFound, match="Nobody"):
        c.reassign_commitment(ws, RITA, id=new.id, to="nobody@example.com")


def test_a_role_owes_together(ws):
    steps = (EscalationStep(after=Term(hours="2.5"), tell=("head_of_sales",)),)
    owed = opened(ws, assignee=c.assignee_of(ws, "head-of-revops"), escalation=steps)
    assert [w.id for w in c.my_work(ws, RITA)] == [owed]
    assert c.meet_commitment(ws, RITA, id=owed).closed_by == "rita@example.com"
    assert [c.assignee_of(ws, n) for n in ("Head of Sales", "head-of-finance", "ann@example.com", "The Board")] == [
        "head_of_sales",
        "finance",
        "ann@example.com",
        "revops",
    ]


def test_one_deed_is_one_event_and_a_refused_one_is_none(ws):
    from geartrain.stores.decisions.models import AuditEvent

    mine, before = opened(ws), AuditEvent.objects.count()
    with pytest.raises(Forbidden):
        c.waive_commitment(ws, ANN, id=mine, reason="x")
    assert AuditEvent.objects.count() == before
    c.waive_commitment(ws, RITA, id=mine, reason="Out of office.")
    event = AuditEvent.objects.last()
    assert (AuditEvent.objects.count(), event.verb, event.subject) == (before + 1, "waive_commitment", "lead/L1")
    assert event.detail["reason"] == "Out of office."


def test_states_are_asked_for_by_name(ws):
    opened(ws)
    assert len(c.list_commitments(ws, RITA, state="open", kind="sla", assignee="ann@example.com")) == 1
    assert c.list_commitments(ws, RITA, outstanding=False) == []
    with pytest.raises(Invalid):
        c.list_commitments(ws, RITA, state="nonsense")
