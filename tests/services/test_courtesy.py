"""Background work lets those ahead go first, but not for ever."""

import time
from threading import Event, Thread

from geartrain.services.courtesy import ahead, give_way, in_background


def test_background_waits_until_nobody_is_ahead():
    began, done = Event(), Event()

    def work():
        with in_background():
            began.set()
            give_way(20)
            done.set()

    with ahead(), ahead():
        thread = Thread(target=work)
        thread.start()
        began.wait(5)
        assert not done.wait(0.05)
    thread.join(5)
    assert done.is_set()


def test_its_patience_ends_and_others_never_wait():
    with ahead():
        start = time.perf_counter()
        give_way(20)
        with in_background():
            give_way(0.02)
        give_way(20)
        assert 0.02 <= time.perf_counter() - start < 10
