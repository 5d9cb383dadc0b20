"""Any sequence of deeds by several people: the register is what a small model says it is, or the deed is refused."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from geartrain.kernel.errors import Conflict, Forbidden, GeartrainError, Invalid, NotFound, StaleVersion
from geartrain.services import governance as g
from geartrain.services.access import Actor, Permission
from geartrain.services.policies import current_policies
from geartrain.services.workspace import Workspace
from tests.services.conftest import CAST, Clock, hours

KEYS = ("alpha", "beta")
PEOPLE = st.sampled_from(["ann", "bob", "rita", "rolf", "fay"])
keys = st.sampled_from(KEYS)
_number = count()


class Model:
    """What one policy is, in a few lists."""

    def __init__(self) -> None:
        self.versions: list[dict] = []

    @property
    def open(self) -> dict | None:
        last = self.versions[-1] if self.versions else None
        return last if last and last["status"] in ("draft", "in_review", "approved") else None

    @property
    def latest(self) -> dict | None:
        return max((v for v in self.versions if v["status"] == "published"), key=lambda v: v["n"], default=None)

    def at(self, instant) -> dict | None:
        held = [
            v for v in self.versions if v.get("from") and v["from"] <= instant and (not v["to"] or instant < v["to"])
        ]
        assert len(held) <= 1
        return held[0] if held else None

    def acknowledged(self, person: str) -> bool:
        for v in reversed([v for v in self.versions if v.get("from") and (not v["to"] or v["to"] > v["from"])]):
            if v["n"] > self.latest["n"]:
                continue
            if person in v["acks"]:
                return True
            if v["material"]:
                return False
        return False


class Register(RuleBasedStateMachine):
    ws: Workspace
    people: dict[str, Actor]
    clock: Clock

    @initialize()
    def start(self) -> None:
        # One register for all runs: each run has policies of its own.
        self.run = next(_number)
        self.models = {key: Model() for key in KEYS}

    def name(self, key: str) -> dict[str, str]:
        return {"kind": "time_classes", "key": f"{key}{self.run}"}

    def deed(self, expected: type[GeartrainError] | None, do):
        self.clock.at += timedelta(seconds=1)
        if expected is None:
            return do()
        with pytest.raises(expected) as error:
            do()
        assert type(error.value) is expected
        return None

    def may(self, who: str, permission: Permission) -> bool:
        return self.people[who].may(permission)

    @rule(who=PEOPLE, key=keys, word=st.sampled_from(["call", "demo", "visit", "chat"]), based=st.booleans())
    def save(self, who, key, word, based):
        model = self.models[key]
        open_, text = model.open, hours(word, key=self.name(key)["key"])
        replaces = open_["sha"] if based and open_ else ""
        same = open_ and open_["text"] == text
        if not self.may(who, Permission.edit_policies):
            expected = Forbidden
        elif open_ is None:
            expected = Conflict if model.latest and model.latest["text"] == text else None
        elif open_["status"] != "draft":
            expected = Conflict
        else:
            expected = None if same or based or open_["authors"][-1] == who else StaleVersion
        found = self.deed(expected, lambda: g.save_draft(self.ws, self.people[who], text=text, replaces=replaces))
        if found is None or same:
            return
        if open_ is None:
            open_ = {"n": len(model.versions) + 1, "status": "draft", "authors": [], "acks": set(), "to": None}
            model.versions.append(open_)
        open_["authors"] = [a for a in open_["authors"] if a != who] + [who]
        open_ |= {"text": text, "sha": found.sha256}

    def move(self, who, key, permission, allowed, after, do, *, own=None):
        model = self.models[key]
        open_ = model.open
        if not self.may(who, permission):
            expected = Forbidden
        elif open_ is None:
            expected = NotFound
        elif own is not None and (who in open_["authors"]) != own:
            expected = Forbidden
        else:
            expected = None if open_["status"] in allowed else Conflict
        self.deed(expected, do)
        if expected is None:
            open_["status"] = after
        return expected is None

    @rule(who=PEOPLE, key=keys)
    def propose(self, who, key):
        do = lambda: g.propose_policy(self.ws, self.people[who], **self.name(key))  # noqa: E731
        self.move(who, key, Permission.edit_policies, ("draft",), "in_review", do)

    @rule(who=PEOPLE, key=keys)
    def withdraw(self, who, key):
        do = lambda: g.withdraw_policy(self.ws, self.people[who], **self.name(key))  # noqa: E731
        self.move(who, key, Permission.edit_policies, ("in_review", "approved"), "draft", do, own=True)

    @rule(who=PEOPLE, key=keys)
    def approve(self, who, key):
        do = lambda: g.approve_policy(self.ws, self.people[who], **self.name(key))  # noqa: E731
        self.move(who, key, Permission.approve_policies, ("in_review",), "approved", do, own=False)

    @rule(who=PEOPLE, key=keys)
    def reject(self, who, key):
        do = lambda: g.reject_policy(self.ws, self.people[who], **self.name(key), reason="No.")  # noqa: E731
        self.move(who, key, Permission.approve_policies, ("in_review", "approved"), "draft", do, own=False)

    @rule(who=st.sampled_from(["rita", "rolf", "ann"]), key=keys, days=st.integers(-3, 3), material=st.booleans())
    def publish(self, who, key, days, material):
        model = self.models[key]
        open_, before, start = model.open, model.latest, self.clock.at + timedelta(days=days)
        if not self.may(who, Permission.publish_policies):
            expected = Forbidden
        elif open_ is None:
            expected = NotFound
        elif open_["status"] != "approved" or (before and start <= before["from"]):
            expected = Conflict
        else:
            expected = Invalid if before is None and not material else None
        how = {"effective_from": start, "material": material}
        self.deed(expected, lambda: g.publish_policy(self.ws, self.people[who], **self.name(key), **how))
        if expected is None:
            if before:
                before |= {"status": "superseded", "to": start}
            open_ |= {"status": "published", "from": start, "material": material}

    @rule(who=st.sampled_from(["rita", "ann"]), key=keys)
    def retire(self, who, key):
        model = self.models[key]
        last = model.latest
        expected = Forbidden if not self.may(who, Permission.publish_policies) else None if last else NotFound
        found = self.deed(
            expected, lambda: g.retire_policy(self.ws, self.people[who], **self.name(key), reason="Over.")
        )
        if found is not None:
            last |= {"status": "retired", "to": found.effective_to}
            assert found.effective_to >= last["from"]
            if found.effective_to == last["from"]:
                for v in model.versions:
                    if v["status"] == "superseded" and v["to"] == last["from"]:
                        v |= {"status": "published", "to": None}

    @rule(who=PEOPLE, key=keys, which=st.integers(0, 5))
    def acknowledge(self, who, key, which):
        model = self.models[key]
        shas = [v["sha"] for v in model.versions] or ["none"]
        sha = shas[-1 - which % len(shas)]
        last = model.latest
        expected = NotFound if last is None else None if last["sha"] == sha else StaleVersion
        self.deed(expected, lambda: g.acknowledge_policy(self.ws, self.people[who], **self.name(key), sha256=sha))
        if expected is None:
            last["acks"].add(who)

    @rule(
        key=keys,
        word=st.text("abc", min_size=3, max_size=6),
        days=st.integers(-1, 2),
        material=st.booleans(),
        steps=st.integers(1, 4),
    )
    def along(self, key, word, days, material, steps):
        """The usual way, as far as it is followed: chance alone rarely gets to a publication."""
        for _ in range(steps):
            open_ = self.models[key].open
            if open_ is None:
                self.save("rita", key, word, False)
            elif open_["status"] == "draft":
                self.propose("rita", key)
            elif open_["status"] == "in_review":
                self.approve("rolf" if "fay" in open_["authors"] else "fay", key)
            else:
                self.publish("rita", key, days, material or self.models[key].latest is None)

    @rule(days=st.integers(0, 4))
    def wait(self, days):
        self.clock.at += timedelta(days=days)

    @precondition(lambda self: any(m.versions for m in self.models.values()))
    @invariant()
    def the_register_is_the_model(self):
        from geartrain.stores.decisions.models import PolicyVersion

        for key, model in self.models.items():
            rows = PolicyVersion.objects.filter(**self.name(key)).order_by("version")
            stored = [(r.version, r.status, r.sha256, r.body, [a.partition("@")[0] for a in r.authors]) for r in rows]
            assert stored == [(v["n"], v["status"], v["sha"], v["text"], v["authors"]) for v in model.versions]

    @precondition(lambda self: any(m.latest for m in self.models.values()))
    @invariant()
    def what_holds_is_what_the_model_says(self):
        now = self.clock.at
        for key, model in self.models.items():
            for at in (now, now - timedelta(days=2), now + timedelta(days=2)):
                held = model.at(at)
                found = current_policies(self.ws, as_of=at).policies.get(tuple(self.name(key).values()))
                assert (found and found.version) == (held and held["n"])
            if model.latest:
                said = {p.person.partition("@")[0]: p.version for p in self.standing(key).people}
                assert {p: v is not None for p, v in said.items()} == {p: model.acknowledged(p) for p in CAST}

    def standing(self, key):
        return g.acknowledgements(self.ws, self.people["rita"], **self.name(key))

    def teardown(self) -> None:
        if hasattr(self, "models"):
            mine = tuple(f"policy/time_classes/{self.name(key)['key']}@" for key in KEYS)
            assert [i for i in g.verify_policies(self.ws) if i.where.startswith(mine)] == []


def test_any_sequence_of_deeds(ws, cast, clock):
    machine = type("OnThisEngine", (Register,), {"ws": ws, "people": cast, "clock": clock})
    some = settings(
        max_examples=40,
        stateful_step_count=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
        derandomize=True,  # that every deed is met below is a matter of chance otherwise
    )
    run_state_machine_as_test(machine, settings=some)

    from geartrain.stores.decisions.models import AuditEvent

    done = set(AuditEvent.objects.values_list("verb", flat=True))
    assert done >= {f"{verb}_policy" for verb in ("propose", "approve", "publish", "retire", "acknowledge")}
