"""Random requests made from the OpenAPI document, against a real server."""

import os

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from geartrain import web
from geartrain.services import people
from geartrain.services.access import Permission

# So many a route; more by GEARTRAIN_CONTRACT_EXAMPLES.
EXAMPLES = int(os.environ.get("GEARTRAIN_CONTRACT_EXAMPLES", "20"))
CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]
# Keeping people out would end the very token that asks.
LEFT_OUT = {("DELETE", "/api/v1/people/{email}")}

bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="session")
def headers(company):
    web.configure(company.ws)
    admin = people.actor_of(company.ws, "admin@example.com")
    key, _ = people.create_token(company.ws, admin, name="contract", permissions=list(Permission))
    return {"Authorization": f"Bearer {key}"}


def test_no_request_ends_in_an_error_of_ours(headers, served):
    walked = 0
    for found in schemathesis.openapi.from_dict(web.openapi()).get_all_operations():
        operation = found.ok()
        if (operation.method.upper(), operation.path) in LEFT_OUT:
            continue

        @bounded
        @given(operation.as_strategy())
        def asked(case):
            answer = case.call(base_url=served, headers=headers)
            case.validate_response(answer, checks=CHECKS)

        asked()
        walked += 1
    assert walked >= 10
