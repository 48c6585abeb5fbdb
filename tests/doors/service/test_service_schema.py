"""The OpenAPI document is kept: requests made from it never meet a failure of the server, nor an answer that it does not tell of."""

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error

EXAMPLES = 6  # requests of each operation


def test_requests_made_from_the_document_never_fail_the_server(running):
    schema = schemathesis.openapi.from_url(f"{running.url}/v1/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:
        people = "/people" in operation.path or "/tokens" in operation.path or "/hooks" in operation.path
        who = "admin" if people or "/incidents" in operation.path or "/notices" in operation.path else "lead"
        _ask(operation, {"authorization": f"Bearer {running.tokens[who]}"})


def _ask(operation, headers):
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=[*HealthCheck],
        derandomize=True,
        database=None,
    )
    @given(case=operation.as_strategy())
    def asked(case):
        case.validate_response(case.call(headers=headers), checks=[not_a_server_error])

    asked()
