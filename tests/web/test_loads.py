"""Bringing files in through the page: shown first, then loaded."""

import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from geartrain.web.tasks import State, get_task

CAMPAIGNS = b"campaign_id,name,cost\nc1,Spring,1000.50\nc2,Summer,lots\nc1,Spring,1000.50\n"


def upload(client, name="campaign.csv", content=CAMPAIGNS, **more):
    form = {"source": "folder", "files": SimpleUploadedFile(name, content), **more}
    return client.post("/loads/new/", form)


def finished(client, address):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        page = client.get(address).content.decode()
        if "hx-trigger" not in page.split('<main id="main"')[1].split("<progress")[0]:
            return page
        time.sleep(0.05)
    raise AssertionError("It did not end.")


def test_shows_what_would_be_loaded_then_loads_it(sign_in):
    client = sign_in("ops")
    tried = upload(client)["Location"]
    page = finished(client, tried)
    assert "This would be loaded" in page
    assert "list" in page or "lots" in page
    assert "Spring" not in client.get("/records/campaign/").content.decode(), "nothing is loaded yet"
    loaded = client.post(f"{tried}confirm/")["Location"]
    page = finished(client, loaded)
    assert "Every page shows the new state now" in page
    assert "Spring" in client.get("/records/campaign/").content.decode()
    assert client.post(f"{tried}confirm/").status_code == 404, "the files are gone"
    assert "ops@example.com" in client.get("/loads/").content.decode()


def test_throws_away_what_is_not_wanted(sign_in, site):
    client = sign_in("ops")
    before = set((site.ws.data / "uploads").glob("*"))
    tried = upload(client, content=b"campaign_id,name\nc9,Never\n")["Location"]
    finished(client, tried)
    assert client.post(f"{tried}stop/").status_code == 302
    assert set((site.ws.data / "uploads").glob("*")) == before
    assert "Never" not in client.get("/records/campaign/").content.decode()


def test_a_strangers_task_is_not_there(sign_in):
    tried = upload(sign_in("ops"))["Location"]
    other = sign_in("admin")
    assert other.get(tried).status_code == 404
    assert other.post(f"{tried}confirm/").status_code == 404
    assert other.post(f"{tried}stop/").status_code == 404


@pytest.mark.parametrize(
    ("name", "content"),
    [("virus.exe", b"x"), ("unicorn.csv", b"a,b\n1,2\n"), ("campaign.csv", b"\x00\xff\x00"), ("campaign.xlsx", b"no")],
)
def test_files_that_cannot_be_read_are_said_not_a_crash(name, content, sign_in):
    client = sign_in("ops")
    page = finished(client, upload(client, name, content)["Location"])
    assert "Something went wrong on our side" not in page


def test_a_mapping_reaches_nothing_beside_the_files(sign_in, site):
    client = sign_in("ops")
    mapping = b"load:\n  - {file: ../../../secret, type: campaign, columns: {campaign_id: a, name: a}}\n"
    answer = upload(client, mapping=SimpleUploadedFile("m.yaml", mapping))
    page = finished(client, answer["Location"])
    assert (site.ws.data / "secret").read_text().strip() not in page
    task_id = answer["Location"].split("/")[-2]
    from geartrain.services import people

    task = get_task(people.actor_of(site.ws, "ops@example.com"), task_id)
    assert task.state is State.failed or not any(t["loaded"] for t in task.result["types"].values())
