"""Fifty writers at one time on a few policies: nothing lost, nothing twice, no number left out."""

import random
import threading
from collections import Counter

from geartrain.kernel.errors import Conflict, NotFound
from geartrain.services import governance as g
from geartrain.services.policies import current_policies

KEYS = ("alpha", "beta", "gamma")
WRITERS = 50


def test_writers_at_one_time(ws, cast, text):
    from django.db import connections

    people = [cast[n] for n in ("rita", "rolf", "fay")]
    failures: list[BaseException] = []
    refused = Counter()

    def until(deed, name):
        """Try until it is done; being too late, or too early, is an answer and no loss."""
        for _ in range(2_000):
            try:
                return deed()
            except (Conflict, NotFound) as error:
                refused[name, error.code] += 1
                pause.wait(0.002 * random.random())
        raise AssertionError(f"never got to {name}")

    def write(n):
        author, judge = people[n % 2], people[2 if n % 3 else 1 - n % 2]
        key, body = KEYS[n % 3], text(f"word{n}", key=KEYS[n % 3])
        name = {"kind": "time_classes", "key": key}
        try:
            start.wait()
            mine = until(lambda: g.propose_policy(ws, author, text=body), "propose")
            assert g.approve_policy(ws, judge, **name, sha256=mine.sha256).version == mine.version
            published = g.publish_policy(ws, people[n % 2], **name)
            assert published.sha256 == mine.sha256
            current_policies(ws)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    def acknowledge(person):
        try:
            start.wait()
            for key in KEYS * 3:
                name = {"kind": "time_classes", "key": key}

                def say(name=name):
                    found = g.acknowledgements(ws, person, **name)
                    return g.acknowledge_policy(ws, person, **name, sha256=found.sha256)

                until(say, "acknowledge")
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    start, pause = threading.Barrier(WRITERS + 2), threading.Event()
    threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    threads += [threading.Thread(target=acknowledge, args=(cast[p],)) for p in ("ann", "bob")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert failures == []

    from geartrain.stores.decisions.models import Acknowledgement, Approval, AuditEvent, PolicyVersion

    rows = list(PolicyVersion.objects.all())
    for n, key in enumerate(KEYS):
        numbers = [r.version for r in rows if r.key == key]
        assert numbers == list(range(1, 1 + len(range(n, WRITERS, 3))))
        chain = [r for r in rows if r.key == key]
        assert [r.status for r in chain] == ["superseded"] * (len(chain) - 1) + ["published"]
        assert [r.effective_to for r in chain[:-1]] == [r.effective_from for r in chain[1:]]
    assert sorted(r.body for r in rows) == sorted(text(f"word{n}", key=KEYS[n % 3]) for n in range(WRITERS))
    assert Approval.objects.count() == WRITERS
    verbs = Counter(AuditEvent.objects.values_list("verb", flat=True))
    assert {v: verbs[v] for v in ("save_draft", "propose_policy", "approve_policy", "publish_policy")} == dict.fromkeys(
        ("save_draft", "propose_policy", "approve_policy", "publish_policy"), WRITERS
    )
    assert verbs["acknowledge_policy"] == Acknowledgement.objects.count()
    assert g.verify_policies(ws) == []
    assert {p.version for k in KEYS if (p := current_policies(ws).get("time_classes", k))} <= {16, 17}
