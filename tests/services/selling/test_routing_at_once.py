"""Two hundred leads at one time, each fifth sent twice, on either store: none lost, none double."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from geartrain.services.access import operator
from geartrain.services.selling import routing
from geartrain.services.selling.routing import list_routed, replay_routing, route_lead
from tests.services.selling.test_routing import POLICY


@pytest.fixture
def routed(ws):
    (ws.policies / "leads.yaml").write_text(POLICY)
    return ws


def by_many_hands(ws, keys, *, hands=16, forget=False):
    """Every answer; `forget` takes what this process remembers away now and then, as another process would."""
    from django.db import connections

    def hand(number):
        try:
            found = []
            for n, key in enumerate(keys[number::hands]):
                if forget and n % 3 == 0:
                    routing._KEPT.clear()
                found.append(route_lead(ws, operator(), lead={"lead_id": key, "source": key}))
            return found
        finally:
            connections.close_all()

    replay_routing(ws, operator())
    with ThreadPoolExecutor(hands) as pool:
        return [answer for answers in pool.map(hand, range(hands)) for answer in answers]


@pytest.mark.parametrize("forget", [False, True])
def test_none_is_lost_and_none_double(routed, forget):
    keys = [f"L{n}" for n in range(200)] + [f"L{n}" for n in range(0, 200, 5)]
    Random(3).shuffle(keys)
    answers = by_many_hands(routed, keys, forget=forget)
    assert sum(new for _, new in answers) == 200
    log = {d["lead_id"]: d for d in list_routed(routed, operator(), limit=1_000)}
    assert len(log) == 200
    assert Counter(d["owner"] for d in log.values()) == {"A": 100, "B": 50, "C": 50}
    # Whoever sent it, and whichever of the two times: the answer is what stands in the log.
    assert all(answer == log[answer["lead_id"]] for answer, _ in answers)
    assert replay_routing(routed, operator()) == (200, [])


def test_sent_again_it_writes_nothing(routed):
    from geartrain.stores.decisions.models import AuditEvent, AuditHead, Decision

    keys = [f"L{n}" for n in range(10)]
    first = {a["lead_id"]: a for a, _ in by_many_hands(routed, keys, hands=2)}
    before = (AuditHead.objects.get(pk=1).hash, AuditEvent.objects.count(), list(Decision.objects.values()))
    again = by_many_hands(routed, keys * 3, hands=4)
    assert {a["lead_id"]: a for a, _ in again} == first
    assert not any(new for _, new in again)
    assert (AuditHead.objects.get(pk=1).hash, AuditEvent.objects.count(), list(Decision.objects.values())) == before
