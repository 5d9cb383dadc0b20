"""What may be written over what is there."""

import pytest

from geartrain.process.write_back import Change, Seen, Verdict, WriteBackPolicy, judge, same

OWNER = Change("salesforce", "lead", "1", {"owner_id": {"from": "u1", "to": "u2"}}, "test")


@pytest.mark.parametrize(
    ("now", "tried", "verdict"),
    [
        ("u1", None, Verdict.write),
        ("u2", None, Verdict.found),
        ("u3", None, Verdict.conflict),
        (None, None, Verdict.conflict),
        ("u1", "1", Verdict.write),  # the write did not arrive
        ("u2", "0", Verdict.found),  # it did
        ("u1", "0", Verdict.conflict),  # it did, perhaps, and somebody took it back
    ],
)
def test_what_is_there_decides(now, tried, verdict):
    before = None if tried is None else Seen({"owner_id": "u1"}, tried)
    assert judge(OWNER, Seen({"owner_id": now}, "1"), tried=before).verdict is verdict


def test_a_record_that_is_not_there_is_gone():
    assert judge(OWNER, None).verdict is Verdict.gone


def test_only_what_differs_is_written():
    both = Change("hubspot", "lead", "1", {"a": {"to": 5}, "b": {"from": "", "to": "x"}}, "test")
    assert judge(both, Seen({"a": "5.00", "b": None}, "1")).values == {"b": "x"}


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (None, "", True), (True, "true", True), ("5.0", 5, True), ("05", "5", False), ("1e3", "1000", False),
        ("a", "A", False), ("0.00", 0, True), ("-1.50", "-1.5", True), ("nan", "nan", True), (False, None, False),
    ],
)  # fmt: skip
def test_two_sources_say_the_same(one, other, alike):
    assert same(one, other) is alike


def test_the_key_is_that_of_the_change_and_its_cause():
    again = Change("salesforce", "lead", "1", {"owner_id": {"to": "u2", "from": "u1"}}, "test", "another reason")
    assert again.key == OWNER.key
    assert Change("salesforce", "lead", "1", OWNER.changes, "other").key != OWNER.key


def test_what_is_not_named_is_refused():
    policy = WriteBackPolicy(allowed={"salesforce": {"lead": {"object": "Lead", "fields": {"owner_id": "OwnerId"}}}})
    assert policy.refused("salesforce", "lead", {"owner_id": {}}) == ""
    assert "lead.email" in policy.refused("salesforce", "lead", {"email": {}})
    assert "account" in policy.refused("salesforce", "account", {"owner_id": {}})
    assert "hubspot" in policy.refused("hubspot", "lead", {"owner_id": {}})
