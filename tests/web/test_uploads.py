import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from geartrain.kernel.errors import Invalid, NotFound
from geartrain.web.uploads import drop_upload, find_upload, keep_upload


@pytest.fixture(autouse=True)
def _django(site):
    """Uploaded files read Django's settings."""


@pytest.fixture
def ws(site):
    return site.ws


def file(name, content=b"a,b\n1,2\n"):
    return SimpleUploadedFile(name, content)


def packed(*names, content=b"a\n1\n"):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content)  # no clock: the name of a test must not change
    return out.getvalue()


def test_keeps_files_until_they_are_dropped(ws):
    key, folder, mapping = keep_upload(ws, [file("opportunity.csv")], file("m.yaml", b"types: {}"))
    assert [p.name for p in folder.iterdir()] == ["opportunity.csv"]
    assert find_upload(ws, key) == (folder, mapping)
    drop_upload(ws, key)
    with pytest.raises(NotFound):
        find_upload(ws, key)


def test_takes_archives_apart_without_their_folders(ws):
    names = ("deep/er/account.csv", "..\\..\\user.csv", "../../../lead.csv", "__MACOSX/._x.csv", ".hidden.csv", "d/")
    _, folder, _ = keep_upload(ws, [file("export.ZIP", packed(*names))])
    assert sorted(p.name for p in folder.iterdir()) == ["account.csv", "lead.csv", "user.csv"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("evil.exe", b""),
        ("noextension", b""),
        ("a.zip", b"not a zip"),
        ("a.zip", packed("run.sh")),
        ("a.zip", packed("x/a.csv", "y/a.csv")),
        ("a.zip", packed("a.csv", content=b"x" * 1000)[:-60]),
    ],
    ids=["extension", "no extension", "no archive", "foreign entry", "one name twice", "cut off"],
)
def test_refuses_what_cannot_be_loaded_and_leaves_nothing(ws, name, content):
    root = ws.data / "uploads"
    before = set(root.iterdir()) if root.exists() else set()
    with pytest.raises(Invalid):
        keep_upload(ws, [file(name, content)])
    assert set(root.iterdir()) == before


def test_refuses_no_file_and_one_name_twice(ws):
    with pytest.raises(Invalid):
        keep_upload(ws, [])
    with pytest.raises(Invalid):
        keep_upload(ws, [file("a.csv"), file("a.csv")])


@pytest.mark.parametrize("key", ["", "..", "../../decisions", "0" * 32, "g" * 32])
def test_a_key_leads_nowhere_else(ws, key):
    with pytest.raises(NotFound):
        find_upload(ws, key)
