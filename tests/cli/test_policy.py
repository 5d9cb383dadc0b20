"""geartrain policy, as a stranger's script sees it."""

import json
import sys

import pytest

from geartrain.cli.main import run
from geartrain.services.access import operator
from geartrain.services.people import create_user
from geartrain.services.workspace import init_workspace


@pytest.fixture
def call(capsys, monkeypatch, ws):
    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["geartrain", "policy", *map(str, arguments), "-w", str(ws.path)])
        capsys.readouterr()
        try:
            run()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        return (code, *capsys.readouterr())

    return call


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    ws = init_workspace(tmp_path_factory.mktemp("policy") / "ws")
    for name, role in (("fay", "finance"), ("ann", "seller"), ("rita", "revops")):
        create_user(ws, operator(), email=f"{name}@example.com", password="three-unrelated-words", roles=[role])
    return ws


@pytest.fixture
def ws(home):
    return home


def answer(result):
    code, out, err = result
    assert code == 0, err
    return json.loads(out)


def test_from_a_template_to_an_acknowledgement(call, ws):
    assert call("new", "time_classes", "mine")[0] == 0
    file = ws.policies / "time_classes" / "mine.yaml"
    assert call("new", "time_classes", "mine")[0] == 2
    assert call("check", file)[:2] == (0, "Nothing is wrong.\n")

    proposed = answer(call("propose", file, "--summary", "First", "--format", "json"))
    assert (proposed["version"], proposed["status"], proposed["author"]) == (1, "in_review", "operator")
    code, _, err = call("approve", file)
    assert code == 2
    assert "wrote themselves" in err
    assert call("approve", "time_classes/mine", "--as", "ann@example.com")[0] == 2
    assert answer(call("approve", "time_classes", "mine", "--as", "fay@example.com", "--format", "json"))["approved_at"]
    published = answer(call("publish", "mine", "--effective-from", "2026-01-01", "--format", "json"))
    assert (published["status"], published["effective_from"]) == ("published", "2026-01-01T00:00:00Z")

    assert answer(call("ack", "mine", "--as", "ann@example.com", "--format", "json"))["version"] == 1
    shown = answer(call("show", "mine", "--format", "json"))
    assert shown["body"] == file.read_text()
    assert [a["approver"] for a in shown["approvals"]] == ["fay@example.com"]
    assert (shown["acknowledgements"]["done"], shown["acknowledgements"]["asked"]) == (1, 3)

    file.write_text(file.read_text().replace('core: ["…"]', "core: [call]"))
    code, out, _ = call("diff", file, "--format", "csv")
    assert out == "path,change,old,new\nspec.core[0],changed,…,call\n"
    assert call("propose", file, "--as", "rita@example.com")[0] == 0
    assert call("reject", "mine", "--as", "fay@example.com")[0] == 2
    assert call("approve", file)[0] == 0
    assert answer(call("publish", "mine", "--material", "--format", "json"))["version"] == 2
    code, _, err = call("ack", "mine", "--sha256", published["sha256"], "--as", "ann@example.com")
    assert code == 2
    assert "version 2" in err
    listed = answer(call("list", "--kind", "time_classes", "--format", "json"))["policies"]
    assert [(p["key"], p["source"], p["version"]) for p in listed] == [
        ("default", "shipped", 1),
        ("mine", "published", 2),
    ]
    code, out, _ = call("show", "time_classes/mine")
    assert "time_classes/mine" in out
    assert "Acknowledged by 0 of 3" in out
    assert answer(call("retire", "mine", "--reason", "Over.", "--format", "json"))["reason"] == "Over."


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("new", "time_clases", "x"), "Did you mean 'time_classes'"),
        (("new", "time_classes", "X Y"), "is no key"),
        (("check", "nowhere.yaml"), "cannot be read"),
        (("schema", "nonsense"), "no kind of policy"),
        (("show", "time_classes/none"), "no time classes 'none'"),
        (("show", "time_classes/default@7"), "version 7"),
        (("approve", "time_classes/none"), "No version of"),
        (("publish", "time_classes/none", "--effective-from", "soon"), "not a date"),
        (("retire", "time_classes/none", "--reason", "x"), "is published"),
        (("ack", "time_classes/none"), "is published"),
        (("show", "a", "b", "c"), "more than the name"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(call, arguments, says):
    code, _, err = call(*arguments)
    assert code == 2
    assert says in " ".join(err.split())
    assert "Traceback" not in err


def test_check_ends_with_2_and_the_line(call, ws, tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text("kind: time_classes\nkey: x\nname: X\nowner: revops\ndefinition: D\nspec:\n  coar: [call]\n")
    code, out, _ = call("check", file, "--format", "json")
    assert code == 2
    assert {(i["code"], i["where"].rpartition(":")[2]) for i in json.loads(out)["issues"]} == {
        ("policy_key_unknown", "7"),
        ("policy_key_missing", "6"),
    }
    assert call("propose", file)[0] == 2
    assert call("save", file)[0] == 0


def test_schema_is_json_schema(call):
    schema = json.loads(call("schema", "time_classes")[1])
    assert set(schema["required"]) == {"kind", "key", "name", "owner", "definition", "spec"}
