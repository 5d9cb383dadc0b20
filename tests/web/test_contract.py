"""Random requests made from the OpenAPI document, against a real server."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from geartrain import web
from geartrain.services import people
from geartrain.services.access import Permission

EXAMPLES = 25


@pytest.fixture(scope="session")
def key(company):
    admin = people.actor_of(company.ws, "admin@example.com")
    return people.create_token(company.ws, admin, name="contract", permissions=list(Permission))[0]


@pytest.fixture(scope="session")
def document(company):
    return schemathesis.openapi.from_dict(web.openapi())


schema = schemathesis.pytest.from_fixture("document")


@schema.exclude(method=["DELETE"]).parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_request_ends_in_an_error_of_ours(case, served, key):
    answer = case.call(base_url=served, headers={"Authorization": f"Bearer {key}"})
    case.validate_response(answer, checks=[not_a_server_error, response_schema_conformance, content_type_conformance])
