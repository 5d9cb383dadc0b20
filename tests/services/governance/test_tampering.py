"""What the database refuses whoever writes, and what `verify_policies` finds where somebody got past it."""

from hashlib import sha256

import pytest
from django.db import DatabaseError, connection, transaction

from geartrain.services import governance as g
from tests.services.conftest import hire

NAME = {"kind": "time_classes", "key": "selling"}


@pytest.fixture
def register(ws, clock, cast, text):
    """v1 published and acknowledged by Ann, v2 under review, rejected once."""
    g.propose_policy(ws, cast["rita"], text=text("call"))
    g.approve_policy(ws, cast["fay"], **NAME)
    v1 = g.publish_policy(ws, cast["rolf"], **NAME)
    g.acknowledge_policy(ws, cast["ann"], **NAME, sha256=v1.sha256)
    g.propose_policy(ws, cast["rita"], text=text("demo"))
    g.reject_policy(ws, cast["fay"], **NAME, reason="Not yet.")
    g.propose_policy(ws, cast["rita"], text=text("demo", "call"))
    return ws


def run(*statements):
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


APPROVAL = "INSERT INTO decisions_approval (policy_version_id, approver, verdict, comment, round, at, sha256) "
WORD = "INSERT INTO decisions_acknowledgement (policy_version_id, person, at, sha256) "
COPY = """INSERT INTO decisions_policyversion (kind, key, version, status, sha256, author, authors, round, summary,
    created_at, saved_at, published_by, material, retired_by, reason, body, published_at, effective_from)
    SELECT kind, key, {version}, '{status}', sha256, author, authors, round, summary, created_at, saved_at, '',
    material, '', '', body, {at}, {at} FROM decisions_policyversion WHERE version = 1"""


@pytest.mark.parametrize(
    ("deed", "says"),
    [
        ("UPDATE decisions_policyversion SET body = 'x' WHERE version = 1", "immutable"),
        ("UPDATE decisions_policyversion SET sha256 = 'x', body = 'x' WHERE version = 1", "immutable"),
        ("UPDATE decisions_policyversion SET body = 'x' WHERE version = 2", "immutable"),
        ("UPDATE decisions_policyversion SET effective_from = '2020-01-01 00:00:00+00' WHERE version = 1", "immutable"),
        ("UPDATE decisions_policyversion SET effective_to = '2030-01-01 00:00:00+00' WHERE version = 1", "immutable"),
        ("UPDATE decisions_policyversion SET author = 'eve' WHERE version = 2", "keeps its name"),
        ("UPDATE decisions_policyversion SET version = 3 WHERE version = 2", "keeps its name"),
        ("UPDATE decisions_policyversion SET status = 'draft' WHERE version = 1", "move that way|constraint"),
        ("UPDATE decisions_policyversion SET status = 'approved' WHERE version = 2", "approved by an approval"),
        ("UPDATE decisions_policyversion SET status = 'published' WHERE version = 2", "move that way|constraint"),
        ("DELETE FROM decisions_policyversion WHERE version = 2", "never taken out"),
        (COPY.format(version=3, status="published", at="created_at"), "starts as a draft"),
        (COPY.format(version=4, status="draft", at="NULL"), "without gaps"),
        (COPY.format(version=3, status="draft", at="NULL"), "policy_one_open|constraint"),
        (
            APPROVAL + "SELECT id, author, 'approved', '', round, created_at, sha256 "
            "FROM decisions_policyversion WHERE version = 2",
            "never approves",
        ),
        (
            APPROVAL + "SELECT id, upper(author), 'approved', '', round, created_at, sha256 "
            "FROM decisions_policyversion WHERE version = 2",
            "never approves",
        ),
        (
            APPROVAL + "SELECT id, 'eve', 'approved', '', round, created_at, 'x' "
            "FROM decisions_policyversion WHERE version = 2",
            "text under review",
        ),
        (
            APPROVAL + "SELECT id, 'eve', 'approved', '', round, created_at, sha256 "
            "FROM decisions_policyversion WHERE version = 1",
            "text under review",
        ),
        ("UPDATE decisions_approval SET verdict = 'approved'", "append-only"),
        ("DELETE FROM decisions_approval", "append-only"),
        ("UPDATE decisions_acknowledgement SET person = 'eve'", "append-only"),
        ("DELETE FROM decisions_acknowledgement", "append-only"),
        (
            WORD + "SELECT id, 'eve', created_at, sha256 FROM decisions_policyversion WHERE version = 2",
            "of a published text",
        ),
        (WORD + "SELECT id, 'eve', created_at, 'x' FROM decisions_policyversion WHERE version = 1", "published text"),
    ],
)
def test_the_database_refuses(register, deed, says):
    with pytest.raises(DatabaseError, match=says):
        run(deed)
    assert g.verify_policies(register) == []


def test_replacing_a_row_is_refused_too(embedded, clock, text):
    cast = hire(embedded)
    g.propose_policy(embedded, cast["rita"], text=text("call"))
    g.approve_policy(embedded, cast["fay"], **NAME)
    for table in ("decisions_approval", "decisions_policyversion"):
        with pytest.raises(DatabaseError, match=r"append-only|never taken out|without gaps|starts as"):
            run(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")


NEW_TEXT = "UPDATE decisions_policyversion SET body = 'kind: x' WHERE version = 1"


@pytest.mark.parametrize(
    ("deeds", "codes"),
    [
        ([NEW_TEXT], ["policy_text_altered"]),
        (
            [NEW_TEXT + " AND 1 = 1", "update sha"],
            ["policy_text_altered", "policy_not_approved", "acknowledgement_altered"],
        ),
        (["UPDATE decisions_approval SET approver = 'rita@example.com'"], ["approval_of_author", "approval_altered"]),
        (["DELETE FROM decisions_approval WHERE round = 1"], ["approval_missing", "policy_not_approved"]),
        (["DELETE FROM decisions_acknowledgement"], ["acknowledgement_missing"]),
        (["UPDATE decisions_acknowledgement SET sha256 = 'x'"], ["acknowledgement_altered"]),
        (
            ["UPDATE decisions_acknowledgement SET person = 'eve'"],
            ["acknowledgement_altered", "acknowledgement_missing"],
        ),
        (["UPDATE decisions_policyversion SET version = 4 WHERE version = 2"], ["policy_gap", "policy_not_in_trail"]),
        (
            ["UPDATE decisions_policyversion SET material = NOT material WHERE version = 1"],
            ["policy_publication_altered"],
        ),
        (
            ["UPDATE decisions_policyversion SET effective_from = '2020-01-01 00:00:00' WHERE version = 1"],
            ["policy_publication_altered"],
        ),
    ],
)
def test_what_got_past_the_database_is_found(embedded, clock, text, deeds, codes):
    cast = hire(embedded)
    g.propose_policy(embedded, cast["rita"], text=text("call"))
    g.approve_policy(embedded, cast["fay"], **NAME)
    v1 = g.publish_policy(embedded, cast["rolf"], **NAME)
    g.acknowledge_policy(embedded, cast["ann"], **NAME, sha256=v1.sha256)
    g.propose_policy(embedded, cast["rita"], text=text("demo"))
    assert g.verify_policies(embedded) == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TRIGGER {name}")
    digest = sha256(b"kind: x").hexdigest()
    run(
        *(
            f"UPDATE decisions_policyversion SET sha256 = '{digest}' WHERE version = 1" if d == "update sha" else d
            for d in deeds
        )
    )
    found = g.verify_policies(embedded)
    assert {i.code for i in found} >= set(codes)
    assert all(i.where.startswith("policy/time_classes/selling@") and i.hint for i in found)
