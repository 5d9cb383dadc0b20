"""Which text holds: what ships, a file, what is published, and when (decision 011)."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from geartrain.kernel.errors import Conflict, Invalid, NotFound
from geartrain.services import governance as g
from geartrain.services import policies
from geartrain.services.access import Actor, Role, operator
from geartrain.services.policies import current_policies, current_policy

NAME = {"kind": "time_classes", "key": "selling"}
SHIPPED = {"kind": "time_classes", "key": "default"}
RITA, FAY = (Actor(f"{n}@example.com", frozenset({r})) for n, r in (("rita", Role.revops), ("fay", Role.finance)))


def publish(ws, body, name=NAME, **how):
    g.propose_policy(ws, RITA, text=body)
    g.approve_policy(ws, FAY, **name)
    return g.publish_policy(ws, RITA, **name, **how)


def core(ws, name=NAME, **how):
    return current_policy(ws, **name, **how).spec.core


def write(ws, body, name="selling.yaml"):
    (ws.policies / name).write_text(body)


def test_file_over_shipped_and_published_over_both(embedded, clock, text):
    ws = embedded
    write(ws, text("file", key="default"))
    assert core(ws, SHIPPED) == ("file",)
    publish(ws, text("register", key="default"), SHIPPED)
    assert core(ws, SHIPPED) == ("register",)
    write(ws, text("another", key="default"))
    assert core(ws, SHIPPED) == ("register",)
    g.retire_policy(ws, RITA, **SHIPPED, reason="No longer ours.")
    assert current_policy(ws, **SHIPPED).where.startswith("geartrain/"), "what ships, not the file nobody approved"


def test_a_version_published_ahead_takes_effect_by_itself(embedded, clock, text):
    ws = embedded
    write(ws, text("file"))
    publish(ws, text("one"), effective_from=date(2026, 2, 1))
    assert core(ws) == ("file",)
    clock.on("2026-02-01T00:00")
    assert core(ws) == ("one",)
    publish(ws, text("two"), effective_from=date(2026, 3, 1))
    assert core(ws) == ("one",)
    clock.on("2026-03-05T00:00")
    assert core(ws) == ("two",)
    assert core(ws, as_of=datetime(2026, 2, 28)) == ("one",)
    assert g.published_set(ws, date(2026, 2, 28)).get(**NAME).version == 1
    assert g.published_set(ws, date(2026, 3, 1)).get(**NAME).version == 2


def test_a_day_begins_in_the_zone_of_the_workspace(embedded, clock, text):
    company = embedded.settings.company.model_copy(update={"time_zone": "America/New_York"})
    ws = replace(embedded, settings=embedded.settings.model_copy(update={"company": company}))
    found = publish(ws, text("one"), effective_from=date(2026, 2, 1))
    assert found.effective_from == datetime(2026, 2, 1, 5)
    assert current_policy(ws, **NAME, as_of=datetime(2026, 2, 1, 6)).effective_from == date(2026, 2, 1)


def test_retiring_one_that_is_not_in_force_yet_lets_the_one_before_hold_on(embedded, clock, text):
    ws = embedded
    publish(ws, text("one"))
    publish(ws, text("two"), effective_from=date(2026, 3, 1))
    with pytest.raises(Conflict, match="takes effect"):
        publish(ws, text("three"), effective_from=date(2026, 2, 1))
    g.withdraw_policy(ws, RITA, **NAME)
    g.retire_policy(ws, RITA, **NAME, reason="Mistaken.")
    assert core(ws, as_of=datetime(2026, 3, 2)) == ("one",)
    g.propose_policy(ws, RITA, **NAME)
    g.approve_policy(ws, FAY, **NAME)
    g.publish_policy(ws, RITA, **NAME, effective_from=date(2026, 3, 1))
    assert core(ws, as_of=datetime(2026, 3, 2)) == ("three",)
    assert [str(v.status) for v in g.get_policy(ws, RITA, **NAME).versions] == ["published", "retired", "published"]


def test_a_governed_kind_holds_by_publication_only(embedded, clock, text, monkeypatch):
    ws = embedded
    kinds = dict(policies.policy_kinds())
    kinds["time_classes"] = replace(kinds["time_classes"], governed=True)
    monkeypatch.setattr(policies, "policy_kinds", lambda: kinds)
    write(ws, text("file"))
    found = current_policies(ws)
    assert found.of("time_classes") == {}, "neither the file nor what ships"
    assert [(i.code, i.where) for i in found.issues] == [("policy_not_published", "policies/selling.yaml:1")]
    publish(ws, text("one"))
    assert core(ws) == ("one",)
    assert current_policies(ws).issues == ()


def test_the_text_and_the_publisher_agree_on_the_day(embedded, clock, text):
    ws = embedded
    dated = text("one", more="effective_from: 2026-04-01\n")
    with pytest.raises(Invalid, match="2026-04-01"):
        publish(ws, dated, effective_from=date(2026, 5, 1))
    assert g.publish_policy(ws, RITA, **NAME).effective_from == datetime(2026, 4, 1)


def test_nothing_is_parsed_twice_and_nothing_is_stale(embedded, clock, text, monkeypatch):
    ws = embedded
    publish(ws, text("one"))
    first = current_policies(ws)
    read = []
    monkeypatch.setattr(policies, "read_policy", lambda *a: read.append(a) or (None, []))
    monkeypatch.setattr(policies, "published_versions", lambda url: read.append(url) or iter(()))
    assert current_policies(ws) is first
    clock.at += timedelta(days=1)
    assert current_policies(ws) is first
    assert read == []


def test_what_is_rolled_back_was_never_in_force(embedded, clock, text):
    from django.db import transaction

    ws = embedded
    publish(ws, text("one"))
    with transaction.atomic():
        publish(ws, text("two"))
        assert core(ws) == ("two",)
        transaction.set_rollback(True)
    assert core(ws) == ("one",)
    publish(ws, text("three"))
    assert core(ws) == ("three",)


def test_a_look_at_the_store_needs_no_django_where_nothing_is_published(embedded, clock, text):
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from geartrain.services.workspace import open_workspace;"
        "from geartrain.services.policies import current_policies;"
        f"ws = open_workspace(Path({str(embedded.path)!r})); n = len(current_policies(ws).policies);"
        "print('django' in sys.modules, ('time_classes', 'selling') in current_policies(ws).policies)"
    )

    def loaded():
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert loaded() == ["False", "False"]
    publish(embedded, text("one"), effective_from=date(2020, 1, 1))
    assert loaded() == ["True", "True"]


def test_a_policy_that_nobody_wrote(embedded):
    with pytest.raises(NotFound, match="no kind"):
        g.get_policy(embedded, operator(), kind="nonsense", key="x")
    with pytest.raises(NotFound):
        g.get_policy(embedded, operator(), **NAME)
