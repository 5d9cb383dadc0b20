"""What people of the sample say: biases that can be seen, and the same every time."""

from datetime import date, datetime, timedelta

from geartrain.sample.calls import CATEGORIES, Caller, Week, weekly_calls

SELLERS = ("U0003", "U0004", "U0005")
CALLERS = [Caller("U0002", "bob@x", "sales_manager", None, None, None)]
CALLERS += [Caller(u, f"{u}@x", "account_executive", "U0002", None, None) for u in SELLERS]
CAME = dict.fromkeys(SELLERS, 1_000_000.0)


def weeks(count=60, current=False):
    found = []
    for n in range(count):
        gone = n % 13 / 13
        booked = dict.fromkeys(SELLERS, gone * 1_000_000)
        at = datetime(2024, 1, 1) + timedelta(weeks=n)
        times = (at, at + timedelta(days=1), at + timedelta(days=2))
        found.append(
            Week(f"Q{n // 13}", date(2024, 1, 1) + timedelta(weeks=n), 1 - gone, booked, {}, {}, CAME, CAME, *times,
                 current=current)
        )  # fmt: skip
    return found


def bias(spoken, user):
    said = [float(s.amount) for week in spoken for s in week if (s.user, s.category, s.kind) == (user, "call", "own")]
    return sum(said) / len(said) / 1_000_000 - 1


def test_people_lean_as_they_are_known_to():
    spoken = list(weekly_calls(CALLERS, weeks(), seed=1))
    ann, cleo, eve = (bias(spoken, u) for u in SELLERS)
    assert abs(ann) < 0.15
    assert eve > ann + 0.2
    assert cleo < ann - 0.1


def test_a_commit_holds_no_more_than_the_call_and_that_no_more_than_the_best_case():
    for week in weekly_calls(CALLERS, weeks(), seed=1):
        said = {(s.user, s.category): s.amount for s in week if s.kind == "own"}
        for user in {u for u, _ in said}:
            commit, best, call = (said[user, c] for c in CATEGORIES)
            assert commit <= call <= best


def test_overrides_are_by_the_manager_with_a_reason_and_in_time():
    made = [(s, w) for w, week in zip(weeks(), weekly_calls(CALLERS, weeks(), seed=1), strict=True) for s in week]
    overrides = [(s, w) for s, w in made if s.kind == "manager"]
    assert overrides
    assert all(s.note and s.by == "bob@x" and s.at < w.locks for s, w in overrides)


def test_the_same_seed_says_the_same_and_quiet_people_say_nothing_this_week():
    one, other = (list(weekly_calls(CALLERS, weeks(), seed=7)) for _ in range(2))
    assert one == other
    assert {s.user for week in weekly_calls(CALLERS, weeks(3, True), seed=7, quiet=["U0003"]) for s in week} <= {
        "U0002", "U0004", "U0005",
    }  # fmt: skip
