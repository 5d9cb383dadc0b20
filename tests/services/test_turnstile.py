"""Those who ask together are answered together, and one who cannot be answered spoils it for nobody else."""

from threading import Event, Thread

from geartrain.services.turnstile import Turnstile


def test_one_that_fails_fails_alone():
    turnstile, held, go, worked = Turnstile(), Event(), Event(), []

    def work(asked):
        if asked == ["first"]:
            held.set()
            go.wait(10)
        worked.append(tuple(asked))
        if "bad" in asked:
            raise ValueError("bad")
        return [a.upper() for a in asked]

    found = {}

    def ask(key):
        try:
            found[key] = turnstile.ask("one", key, work)
        except ValueError as error:
            found[key] = str(error)

    threads = [Thread(target=ask, args=("first",))]
    threads[0].start()
    held.wait(10)
    for key in ("a", "bad", "b"):
        threads.append(Thread(target=ask, args=(key,)))
        threads[-1].start()
        while len(turnstile._waiting.get("one", ())) < len(threads) - 1:
            pass
    go.set()
    for thread in threads:
        thread.join(10)
    assert found == {"first": "FIRST", "a": "A", "bad": "bad", "b": "B"}
    assert worked == [("first",), ("a", "bad", "b"), ("a",), ("bad",), ("b",)]
