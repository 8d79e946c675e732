"""infra/openapi.yaml against the deployed API: every response is one that it describes.

schemathesis generates requests from the description, valid and not, and checks each response's
status, content type, headers and body; then each status that a client can provoke is provoked.
"""

import json

import pytest
import requests
import schemathesis
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    create_test,
)
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ecom_pipeline.cli import ecom
from ecom_pipeline.local import deploy, tokens
from ecom_pipeline_tests.builders import payload
from ecom_pipeline_tests.pipeline import api_world

pytestmark = pytest.mark.usefixtures("whole_line")

ROUTES = (
    "/me/invoices",
    "/me/items",
    "/me/invoices/{no}",
    "/invoices/{no}",
    "/customers/{id}/invoices",
    "/customers/{id}/items",
)
INVOICES = tuple(route for route in ROUTES if route.endswith("{no}"))
STAFFS = tuple(route for route in ROUTES if not route.startswith("/me"))
MINE = {"no": "C7100005", "id": api_world.ALICE}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

MADE_UP = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    # its metaclass has an untyped __iter__
    suppress_health_check=list(HealthCheck),  # pyright: ignore[reportArgumentType]
)

schema = schemathesis.openapi.from_dict(yaml.safe_load((deploy.INFRA / "openapi.yaml").read_text()))
OPERATIONS = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]


@pytest.fixture(scope="module")
def world(whole_line):
    return api_world.build(whole_line)


@pytest.fixture(scope="module")
def headers(whole_line, world):
    """Return what opens every route: the producer's key, and a token of a customer on the staff."""
    attribute = {"Name": "custom:customer_id", "Value": api_world.ALICE}
    token = tokens.of_user(whole_line, "clerk", [attribute], [tokens.STAFF])
    return {"Authorization": token, "x-api-key": world.api_key}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
def test_every_answer_is_one_that_is_described(operation, world, headers):
    """With each example of the description, each border of its types, and made-up requests."""

    def check(case):
        case.call_and_validate(base_url=world.url, headers=headers, checks=CHECKS, timeout=30)

    asked = HypothesisTestConfig(
        project=schema.config, modes=list(HypothesisTestMode), settings=MADE_UP
    )
    create_test(operation=operation, test_func=check, config=asked)()


def answers(world, headers, route, path=MINE, **query):
    """Ask, check the answer against its description, and return it."""
    names = {name: value for name, value in path.items() if f"{{{name}}}" in route}
    case = schema[route]["GET"].Case(path_parameters=names, query=query)
    return case.call_and_validate(base_url=world.url, headers=headers, checks=CHECKS, timeout=30)


@pytest.mark.parametrize("route", ROUTES)
def test_each_answer_of_a_read_can_be_had_and_is_as_described(world, headers, route):
    found = answers(world, headers, route)
    assert found.status_code == 200
    assert found.headers["cache-control"] == ["private, no-cache"]
    (etag,) = found.headers["etag"]
    same = answers(world, headers | {"If-None-Match": etag}, route)
    assert (same.status_code, same.content) == (304, b"")
    assert answers(world, headers, route, unknown="x").status_code == 400
    assert answers(world, {}, route).status_code == 401
    other = world.alice if route in STAFFS else world.staff
    assert answers(world, {"Authorization": other}, route).status_code == 403
    described = {int(status) for status in schema.raw_schema["paths"][route]["get"]["responses"]}
    expected = {200, 304, 400, 401, 403, 429, 503}
    if "{" in route:
        nowhere = {"no": "7199999", "id": "1" * 19}
        assert answers(world, headers, route, nowhere).status_code == 404
        expected |= {404}
    if route in INVOICES:
        later = answers(world, headers, route, after="not-yet")
        assert (later.status_code, later.headers["retry-after"]) == (202, ["1"])
        expected |= {202}
    assert described == expected


def test_a_receipt_of_the_api_leads_to_what_was_sent(world):
    """Without an event_id the API gives one: it is the receipt all the same."""
    carol = tokens.for_customer(world.settings, api_world.CAROL)
    event = payload(InvoiceNo="7100011", CustomerID=api_world.CAROL, InvoiceDate=api_world.DAY)
    del event["event_id"]
    (result,) = world.post(event).json()["results"]
    path = f"/me/invoices/7100011?after={result['event_id']}"
    assert world.get(path, carol).status_code in {200, 202}
    api_world.wait_for(world, "7100011", result["event_id"])
    (line,) = world.get(path, carol).json()["lines"]
    assert line["event_id"] == result["event_id"]


def test_the_commands_ask_as_staff_and_make_tokens(world, whole_line, monkeypatch):
    monkeypatch.setenv("ECOM_HOME", str(whole_line.home))
    monkeypatch.setenv("ECOM_ENDPOINT_URL", whole_line.endpoint_url)
    monkeypatch.setenv("ECOM_REDSHIFT_PORT", str(whole_line.redshift_port))

    def said(*arguments):
        done = CliRunner().invoke(ecom, arguments)
        assert done.exit_code == 0, done.output
        return done.output.strip()

    token = said("token", "--customer", api_world.BOB)
    listed = world.get("/me/invoices", token).json()["invoices"]
    assert json.loads(said("customer", api_world.BOB, "--json")) == listed
    (item,) = json.loads(said("customer", api_world.BOB, "--items", "--json"))
    assert (item["stock_code"], item["pieces"]) == (api_world.CANARY, 12)
    assert world.hers[1] in said("invoice", "C7100005")
    assert world.get("/me/invoices", said("token", "--staff")).status_code == 403
    assert CliRunner().invoke(ecom, ["token"]).exit_code == 2


@pytest.mark.parametrize(
    ("body", "changes", "status"),
    [
        (b"[]", {}, 400),
        (b"{", {}, 400),
        (b"[" * 50_000, {}, 400),
        (b"[" + b",".join([b"{}"] * 501) + b"]", {}, 413),
        (b" " * 700_000, {}, 413),
        (b"<event/>", {"Content-Type": "text/xml"}, 415),
        (b"{}", {"x-api-key": "guessed"}, 403),
    ],
    ids=["nothing", "half", "too deep", "too many", "too long", "XML", "another's key"],
)
def test_what_is_no_batch_of_events_is_refused_as_described(world, headers, body, changes, status):
    sent = headers | {"Content-Type": "application/json"} | changes
    answer = requests.post(f"{world.url}/events", data=body, headers=sent, timeout=30)
    assert answer.status_code == status
    schema["/events"]["POST"].validate_response(answer)
