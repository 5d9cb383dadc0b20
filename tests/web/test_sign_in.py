"""Signing in through the company's provider, and with a second factor: real servers, real codes."""

import base64
import hmac
import re
import subprocess
import sys
from contextlib import contextmanager
from socket import socket
from time import time
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from geartrain.services import people
from geartrain.services.access import Role, operator
from geartrain.services.audit import list_events
from geartrain.services.workspace import SETTINGS, init_workspace, open_workspace
from tests.web.cast import PASSWORD
from tests.web.conftest import serving
from tests.web.provider import CLIENT, SECRET


def free_port() -> int:
    with socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextmanager
def provider(callback):
    port = free_port()
    command = [sys.executable, "-m", "tests.web.provider", str(port), callback]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def workspace(folder, more=""):
    ws = init_workspace(folder, name="Meshed & Sons")
    with (ws.path / SETTINGS).open("a") as file:
        file.write(more)
    ws = open_workspace(ws.path)
    for email, roles in (("ann@example.com", [Role.seller]), ("gone@example.com", [Role.seller]),
                         ("money@example.com", [Role.finance]), ("admin@example.com", [Role.admin])):  # fmt: skip
        people.create_user(ws, operator(), email=email, name=email[:3], password=PASSWORD, roles=roles)
    people.set_active(ws, operator(), email="gone@example.com", active=False)
    return ws


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A site that takes people from the provider only, and the provider."""
    port = free_port()
    callback = f"http://127.0.0.1:{port}/sign-in/oidc/company/login/callback/"
    with provider(callback) as issuer:
        more = f'[sign_in]\npassword = false\noidc_issuer = "{issuer}"\noidc_client_id = "{CLIENT}"\n'
        ws = workspace(tmp_path_factory.mktemp("oidc") / "w", f'{more}oidc_client_secret = "{SECRET}"\n')
        with serving(ws.path, port=port) as (url, _):
            yield ws, url.rstrip("/"), issuer


def through(url, issuer, who, *, tamper=None):
    """Sign in by way of the provider; the last answer and the session."""
    session = requests.Session()
    first = session.get(f"{url}/sign-in/oidc/company/login/", allow_redirects=False)
    at = first.headers["Location"]
    assert at.startswith(issuer)
    asked = parse_qs(urlsplit(at).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert SECRET not in at
    ask = session.get(at, allow_redirects=False)
    ask = session.get(f"{issuer}{ask.headers['Location']}&who={who}", allow_redirects=False)
    ask = session.get(f"{issuer}{ask.headers['Location']}", allow_redirects=False)
    back = ask.headers["Location"]
    return session.get(tamper(back) if tamper else back), session


def test_who_was_added_comes_in_by_their_verified_address(company):
    ws, url, issuer = company
    for _ in range(2):  # the second time by the connection made the first time
        page, session = through(url, issuer, "ann@example.com")
        assert page.status_code == 200
        assert "ann@example.com" in session.get(f"{url}/account/").text
    verbs = [(e.verb, e.actor) for e in list_events(ws, operator(), verb="sign_in")]
    assert ("sign_in", "ann@example.com") in verbs


@pytest.mark.parametrize("who", ["stranger@example.com", "unverified:ann@example.com", "gone@example.com"])
def test_nobody_else_does(company, who):
    _, url, issuer = company
    page, session = through(url, issuer, who)
    assert "Nobody added you here" in page.text
    assert session.get(f"{url}/account/", allow_redirects=False).status_code == 302


def test_an_answer_that_was_not_asked_for_is_refused(company):
    _, url, issuer = company
    for wrong in (lambda b: re.sub("state=[^&]+", "state=other", b), lambda b: re.sub("code=[^&]+", "code=other", b)):
        page, session = through(url, issuer, "ann@example.com", tamper=wrong)
        assert "did not let you in" in page.text
        assert session.get(f"{url}/account/", allow_redirects=False).status_code == 302


def test_a_password_opens_nothing_where_it_may_not(company):
    _, url, _ = company
    session = requests.Session()
    page = session.get(f"{url}/sign-in/")
    assert 'name="password"' not in page.text
    assert "your company account" in page.text
    form = {"login": "ann@example.com", "password": PASSWORD, "csrfmiddlewaretoken": "x" * 32}
    session.post(f"{url}/sign-in/", form, cookies={"csrftoken": "x" * 32})
    assert session.get(f"{url}/account/", allow_redirects=False).status_code == 302


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A site where finance needs a second factor."""
    ws = workspace(tmp_path_factory.mktemp("mfa") / "w", '[sign_in]\ntwo_factor = ["finance"]\n')
    with serving(ws.path) as (url, _):
        yield ws, url.rstrip("/")


def post(session, url, **form):
    return session.post(url, {**form, "csrfmiddlewaretoken": session.cookies["csrftoken"]}, headers={"Referer": url})


def sign_in(url, login):
    session = requests.Session()
    session.get(f"{url}/sign-in/")
    return post(session, f"{url}/sign-in/", login=login, password=PASSWORD), session


def code(secret, step):
    """RFC 6238 with six digits, as an authenticator app works it out."""
    mac = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at : at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def test_the_second_factor_is_set_up_asked_for_and_taken_away(guarded):
    ws, url = guarded
    page, session = sign_in(url, "money@example.com")
    assert "Set up the second factor" in page.text
    assert "Set up the second factor" in session.get(f"{url}/metrics/").text
    step = int(time()) // 30
    wrong = post(session, f"{url}/account/second-factor/totp/activate/", code="000000")
    assert "Incorrect code" in wrong.text
    secret = re.search(r"<code class=\"break\">(\w+)</code>", wrong.text).group(1)
    codes = post(session, f"{url}/account/second-factor/totp/activate/", code=code(secret, step)).text
    assert "of 10 are left" in codes
    recovery = re.search(r'<pre class="code">(\w+)', codes).group(1)
    assert "Metrics" in session.get(f"{url}/metrics/").text
    assert secret not in (ws.data / "decisions.sqlite3").read_bytes().decode("latin-1")
    page, other = sign_in(url, "money@example.com")
    assert "Enter the code" in page.text
    assert other.get(f"{url}/metrics/", allow_redirects=False).status_code == 302
    assert "Incorrect code" in post(other, f"{url}/account/second-factor/authenticate/", code="123456").text
    post(other, f"{url}/account/second-factor/authenticate/", code=recovery)
    assert other.get(f"{url}/metrics/", allow_redirects=False).status_code == 200
    _, third = sign_in(url, "money@example.com")
    post(third, f"{url}/account/second-factor/authenticate/", code=recovery)
    assert third.get(f"{url}/metrics/", allow_redirects=False).status_code == 302
    people.reset_second_factor(ws, operator(), email="money@example.com")
    page, _ = sign_in(url, "money@example.com")
    assert "Set up the second factor" in page.text
    verbs = {e.verb for e in list_events(ws, operator(), subject="user/money@example.com")}
    assert {"add_second_factor", "reset_second_factor"} <= verbs


def test_others_need_none_but_may_have_one(guarded):
    _, url = guarded
    _, session = sign_in(url, "ann@example.com")
    assert session.get(f"{url}/metrics/", allow_redirects=False).status_code == 200
    assert "Set it up" in session.get(f"{url}/account/second-factor/").text
    assert requests.get(f"{url}/account/second-factor/", allow_redirects=False).status_code == 302


def test_settings_that_would_keep_everybody_out_are_refused(tmp_path):
    from geartrain.kernel.errors import Invalid

    for more in ("password = false", 'oidc_issuer = "http://example.com"', 'two_factor = ["boss"]',
                 'oidc_issuer = "https://example.com"'):  # fmt: skip
        ws = init_workspace(tmp_path / str(len(more)))
        with (ws.path / SETTINGS).open("a") as file:
            file.write(f"[sign_in]\n{more}\n")
        with pytest.raises(Invalid, match="sign_in"):
            open_workspace(ws.path)
