"""geartrain writeback and roe enforce --propose, as a person types them."""

import json

import pytest
from typer.testing import CliRunner

from geartrain.cli.main import app
from geartrain.kernel.errors import GeartrainError
from tests.services.trying import workspace
from tests.stores.crm.servers import HANDLERS, Served, environment

ROE = """\
kind: rules_of_engagement
key: engagement
name: Rules
owner: revops
definition: Who owns what.
spec:
  axes: {named: ["yes", "no"]}
  clauses:
    - {key: named, when: "named = 'yes'", owner: cleo}
    - {key: rest, when: "named = 'no'", owner: ann}
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    ws = workspace(tmp_path)
    monkeypatch.chdir(ws.path)

    def call(*words, code=0):
        done = CliRunner().invoke(app, [*words, "--format", "json"])
        if code == 2:
            assert isinstance(done.exception, GeartrainError)
            return f"{done.exception.message} {done.exception.hint}"
        assert done.exit_code == code, done.output
        return json.loads(done.stdout)

    return call


def test_from_rules_of_engagement_to_the_crm_and_back(run, tmp_path, monkeypatch):
    served = Served(HANDLERS["salesforce"])
    for name, value in environment("salesforce", served.url).items():
        monkeypatch.setenv(name, value)
    served.world.put("Account", "001A", OwnerId="ann")
    (tmp_path / "roe.yaml").write_text(ROE)
    (tmp_path / "accounts.csv").write_text("account_id,owner_id,named\n001A,ann,yes\n001B,ann,no\n")
    asked = ["roe", "enforce", str(tmp_path / "roe.yaml"), "--records", str(tmp_path / "accounts.csv")]
    asked += ["--propose", "--system", "salesforce", "--as-of", "2026-11-01"]
    (one,) = run(*asked)["outbox"]["proposed"]
    assert (one["state"], one["changes"]) == ("proposed", {"owner_id": {"from": "ann", "to": "cleo"}})
    assert run(*asked)["outbox"]["known"] == 1
    assert run("writeback", "preview")["items"][0]["fields"] == {"OwnerId": "cleo"}
    run("writeback", "approve", str(one["id"]))
    assert run("writeback", "send")["counts"] == {"would_write": 1}
    assert served.world.writes == []
    assert run("writeback", "send", "--apply")["counts"] == {"written": 1}
    assert served.world.writes == [("Account", "001A", {"OwnerId": "cleo"})]
    assert run("writeback", "list", "--state", "sent")["write_backs"][0]["before"] == {"owner_id": "ann"}
    (back,) = run("writeback", "revert", str(one["id"]))["proposed"]
    assert run("writeback", "cancel", str(back["id"]), "--reason", "no")["write_backs"][0]["state"] == "cancelled"
    served.close()


def test_a_file_of_changes_and_what_is_wrong_with_one(run, tmp_path):
    file = tmp_path / "owners.csv"
    file.write_text("Id,OwnerId\n001A,cleo\n")
    told = run("writeback", "propose", str(file), "--type", "account", "--system", "hubspot")
    assert told["proposed"][0]["changes"] == {"owner_id": {"to": "cleo"}}
    told = run("writeback", "propose", str(file), "--type", "account")
    assert told["issues"][0]["code"] == "write_back_nowhere"
    file.write_text("record,to\nx,y\n")
    assert "no column 'field'" in run("writeback", "propose", str(file), "--type", "account", code=2)
    assert "--type" in run("writeback", "propose", str(file), code=2)
    assert "There is no state" in run("writeback", "list", "--state", "x", code=2)
    assert "GEARTRAIN_HUBSPOT_TOKEN" in run("writeback", "preview", code=1)["issues"][0]["message"]
