"""The page Initiatives: what end users adopted stands beside every plan to automate more, for those who see costs."""

import pytest

REGISTER = """kind: technology_register
key: default
name: Tools
owner: revops
definition: All of them.
spec:
  tools: [{name: CRM, category: CRM/SFA, assigned_when: is_active, purchased: 100, annual_cost: 1000}]
"""


@pytest.fixture
def registered(site):
    file = site.ws.policies / "tools.yaml"
    file.write_text(REGISTER)
    yield site
    file.unlink()


def shown(client):
    return client.get("/initiatives/").content.decode()


def test_adoption_stands_beside_the_plans(sign_in, registered):
    assert "End users&#x27; adoption" in shown(sign_in("ops"))
    assert "End users&#x27; adoption" not in shown(sign_in("ann"))


def test_without_a_register_nothing_is_said_of_it(sign_in, site):
    assert "End users&#x27; adoption" not in shown(sign_in("ops"))
