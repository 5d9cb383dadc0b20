"""Drafts, checks, differences, exports, and who may see and do what."""

import pytest

from geartrain.kernel.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
from geartrain.services import governance as g
from geartrain.services.commitments import my_work
from tests.services.conftest import hire

NAME = {"kind": "time_classes", "key": "selling"}


@pytest.fixture
def cast(embedded):
    return hire(embedded)


def publish(ws, cast, text, **how):
    g.propose_policy(ws, cast["rita"], text=text)
    g.approve_policy(ws, cast["fay"], **NAME)
    return g.publish_policy(ws, cast["rolf"], **NAME, **how)


def test_somebody_elses_draft_is_not_written_over(embedded, cast, text):
    first = g.save_draft(embedded, cast["rita"], text=text("call"))
    with pytest.raises(StaleVersion, match=r"rita@example\.com"):
        g.save_draft(embedded, cast["rolf"], text=text("demo"))
    both = g.save_draft(embedded, cast["rolf"], text=text("demo"), replaces=first.sha256)
    assert (both.version, both.author, both.authors) == (
        1,
        "rita@example.com",
        ("rita@example.com", "rolf@example.com"),
    )
    g.propose_policy(embedded, cast["fay"], **NAME)
    for name in ("rita", "rolf"):
        with pytest.raises(Forbidden):
            g.approve_policy(embedded, cast[name], **NAME)
    with pytest.raises(StaleVersion):
        g.approve_policy(embedded, cast["fay"], **NAME, sha256=first.sha256)
    assert str(g.approve_policy(embedded, cast["fay"], **NAME, sha256=both.sha256).status) == "approved"


def test_what_is_published_is_not_proposed_again(embedded, cast, text):
    publish(embedded, cast, text("call"))
    with pytest.raises(Conflict, match="published already"):
        g.propose_policy(embedded, cast["rita"], text=text("call"))


def test_a_wrong_text_may_be_a_draft_and_no_more(embedded, cast, text):
    wrong = text("call").replace("core:", "coar:")
    g.save_draft(embedded, cast["rita"], text=wrong)
    with pytest.raises(Invalid, match=r"selling@1:\d+: .*core"):
        g.propose_policy(embedded, cast["rita"], **NAME)
    assert str(g.get_policy(embedded, cast["rita"], **NAME).info.status) == "draft"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("", "mapping"),
        ("kind: time_classes\nkey: [", "not YAML"),
        ("kind: nonsense\nkey: x\n", "no kind of policy 'nonsense'"),
        ("kind: time_classes\nkey: ../x\n", "no key"),
        ("kind: time_classes\n", "no key"),
        ("kind: time_classes\nkey: x\nname: \ud800\n", "half of a character"),
        ("kind: time_classes\nkey: x\0\n", "NUL"),
        ("#" * 1_000_001, "longer"),
    ],
)
def test_what_is_no_policy_is_no_draft(embedded, cast, body, says):
    with pytest.raises(Invalid, match=says):
        g.save_draft(embedded, cast["rita"], text=body)


def test_check_names_the_line(embedded, cast, text):
    def check(body):
        found = g.check_policy(embedded, cast["rita"], text=body, where="p.yaml")
        return [(i.code, str(i.level), i.where) for i in found]

    assert check(text("call")) == []
    assert check(text("call", more="audience: [seler]\n")) == [("policy_role_unknown", "error", "p.yaml:6")]
    assert check(text("call", more="review_by: 2020-01-01\n")) == [("policy_review_past", "error", "p.yaml:6")]
    publish(embedded, cast, text("call"))
    assert check(text("demo", more="version: 7\n")) == [("policy_version_differs", "warning", "p.yaml:6")]
    rules = (
        "kind: data_quality\nkey: q\nname: Q\nowner: revops\ndefinition: D\nspec:\n  rules:\n"
        "    - {key: a, object: account, dimension: validity, severity: low, says: x,\n       check: 1 +}\n"
    )
    assert all(w.startswith("p.yaml:") for _, _, w in check(rules))
    assert check(rules)


def test_diff_is_by_line_and_by_value(embedded, cast, text):
    publish(embedded, cast, text("call", "demo"))
    g.save_draft(embedded, cast["rita"], text=text("call", "visit", more="notes: New.\n"))
    found = g.diff_policies(embedded, cast["rita"], **NAME)
    assert [(c.path, c.change, c.old, c.new) for c in found.changes] == [
        ("spec.core[1]", "changed", "demo", "visit"),
        ("notes", "added", None, "New."),
    ]
    assert "-  core: [call, demo]\n+  core: [call, visit]\n" in found.text
    assert g.compare_texts("a: 1", "a: 1", old="", new="").text == ""
    keyed = g.compare_texts(
        "r: [{key: a, w: 1}, {key: b, w: 2}]", "r: [{key: b, w: 3}, {key: a, w: 1}]", old="", new=""
    )
    assert [(c.path, c.old, c.new) for c in keyed.changes] == [("r[b].w", 2, 3)]


def test_export_is_byte_for_byte(embedded, cast, text, tmp_path):
    odd = "\ufeff# é\r\n" + text("call").replace("\n", "\r\n").rstrip("\r\n")
    publish(embedded, cast, odd)
    g.save_draft(embedded, cast["rita"], text=text("demo"))
    (file,) = g.export_policies(embedded, cast["ann"], folder=tmp_path / "out")
    assert file.read_bytes() == odd.encode()
    assert file.relative_to(tmp_path / "out").as_posix() == "time_classes/selling.yaml"
    g.propose_policy(embedded, cast["rita"], **NAME)
    every = g.export_policies(embedded, cast["rita"], folder=tmp_path / "all", every_version=True)
    assert [f.name for f in every] == ["selling@1.yaml", "selling@2.yaml"]


def test_what_is_not_published_does_not_exist_for_sellers(embedded, cast, text):
    g.propose_policy(embedded, cast["rita"], text=text("call"))
    for name in ("ann", "bob"):
        with pytest.raises(NotFound):
            g.get_policy(embedded, cast[name], **NAME)
        assert "selling" not in {r.key for r in g.list_policies(embedded, cast[name])}
    for name in ("dee", "fay", "rolf"):
        assert str(g.get_policy(embedded, cast[name], **NAME).info.status) == "in_review"
    for deed in (
        lambda who: g.save_draft(embedded, who, text=text("x")),
        lambda who: g.propose_policy(embedded, who, **NAME),
        lambda who: g.approve_policy(embedded, who, **NAME),
        lambda who: g.reject_policy(embedded, who, **NAME, reason="x"),
        lambda who: g.publish_policy(embedded, who, **NAME),
        lambda who: g.retire_policy(embedded, who, **NAME, reason="x"),
    ):
        for name in ("ann", "bob", "dee"):
            with pytest.raises(Forbidden):
                deed(cast[name])


def test_sellers_see_their_own_word_only(embedded, cast, text):
    v1 = publish(embedded, cast, text("call", more="audience: [seller]\n"))
    g.acknowledge_policy(embedded, cast["cleo"], **NAME, sha256=v1.sha256)
    g.acknowledge_policy(embedded, cast["cleo"], **NAME, sha256=v1.sha256)
    seen = g.acknowledgements(embedded, cast["ann"], **NAME)
    assert ([p.person for p in seen.people], seen.done, seen.asked) == (["ann@example.com"], 1, 2)
    assert [p.version for p in g.acknowledgements(embedded, cast["rita"], **NAME).people] == [None, 1]


def test_review_by_is_owed_by_the_owner_until_the_next_version(embedded, cast, text, clock):
    publish(embedded, cast, text("call", more="review_by: 2026-06-30\n"))
    (work,) = my_work(embedded, cast["rolf"])
    assert (work.kind, work.assignee, work.due.isoformat()) == ("policy_review", "revops", "2026-07-01T00:00:00")
    assert (work.subject, work.source) == ("policy/time_classes/selling", "policy/time_classes/selling@1")
    clock.on("2026-07-02")
    assert [(str(w.state), w.outstanding) for w in my_work(embedded, cast["rolf"])] == [("breached", True)]
    publish(embedded, cast, text("demo", more="review_by: 2027-06-30\n"))
    (work,) = my_work(embedded, cast["rolf"])
    assert work.source.endswith("@2")
    g.retire_policy(embedded, cast["rita"], **NAME, reason="Over.")
    assert my_work(embedded, cast["rolf"]) == []


def test_one_deed_is_one_event_with_the_hash(embedded, cast, text):
    found = publish(embedded, cast, text("call"))
    from geartrain.stores.decisions.models import AuditEvent

    events = list(AuditEvent.objects.all())
    assert [e.verb for e in events] == ["save_draft", "propose_policy", "approve_policy", "publish_policy"]
    assert {e.detail["sha256"] for e in events} == {found.sha256}
    assert {e.subject for e in events} == {"policy/time_classes/selling"}
